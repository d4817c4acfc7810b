//! `/settings/…`. Every page of it shows the same list of rooms at the left: [`SettingsNav`].

use askama::Template;
use chrono::{DateTime, Utc};

use crate::db::{self, TenantScope, TenantTx};
use crate::web::ui::{filters, format, html_safe};

pub mod audit;
pub mod import;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod members;
pub mod metrics;
pub mod notifications;
pub mod outgoing;
pub mod quarantine;
pub mod rates;
pub mod roles;
pub mod rules;
pub mod sources;
pub mod templates;
pub mod upload;

/// The rooms of the settings. To add one: a variant, and its line in [`SettingsRoom::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsRoom {
    /// `/settings/members`
    Members,
    /// `/settings/roles`
    Roles,
    /// `/settings/keys`
    Keys,
    /// `/settings/sources`
    Sources,
    /// `/settings/quarantine`
    Quarantine,
    /// `/settings/imports`
    Imports,
    /// `/settings/metrics`
    Metrics,
    /// `/studio`
    Methodology,
    /// `/settings/rules`
    Rules,
    /// `/settings/rates`
    Rates,
    /// `/settings/templates`
    Templates,
    /// `/settings/outgoing`
    Outgoing,
    /// `/settings/notifications`
    Notifications,
    /// `/settings/jobs`
    Jobs,
    /// `/settings/audit`
    Audit,
}

impl SettingsRoom {
    /// Room, label, address, icon.
    pub const ALL: &[(SettingsRoom, &'static str, &'static str, &'static str)] = &[
        (SettingsRoom::Members, "Members", "/settings/members", "users"),
        (SettingsRoom::Roles, "Roles", "/settings/roles", "user"),
        (SettingsRoom::Keys, "API keys", "/settings/keys", "key-round"),
        (SettingsRoom::Sources, "Sources", "/settings/sources", "activity"),
        (SettingsRoom::Quarantine, "Quarantine", "/settings/quarantine", "triangle-alert"),
        (SettingsRoom::Imports, "Imports", "/settings/imports", "upload"),
        (SettingsRoom::Metrics, "Metrics", "/settings/metrics", "gauge"),
        (SettingsRoom::Methodology, "Methodology", "/studio", "layers"),
        (SettingsRoom::Rules, "Rules", "/settings/rules", "circle-alert"),
        (SettingsRoom::Rates, "Exchange rates", "/settings/rates", "refresh-cw"),
        (SettingsRoom::Templates, "Mail templates", "/settings/templates", "mail"),
        (SettingsRoom::Outgoing, "Outgoing", "/settings/outgoing", "send"),
        (SettingsRoom::Notifications, "What I am told", "/settings/notifications", "bell"),
        (SettingsRoom::Jobs, "Background work", "/settings/jobs", "clock"),
        (SettingsRoom::Audit, "Audit log", "/settings/audit", "list-checks"),
    ];
}

/// The list at the left of every settings page.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/nav.html")]
pub struct SettingsNav {
    /// The room shown.
    pub room: SettingsRoom,
    /// Messages in quarantine, as text; empty for none.
    pub quarantined: String,
    /// Jobs that failed for good, as text; empty for none.
    pub failed: String,
}

html_safe!(SettingsNav);

impl SettingsNav {
    /// The list as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(tx: &mut TenantTx, room: SettingsRoom) -> db::Result<Self> {
        let waiting: i64 = db::quarantine::counts(tx).await?.iter().map(|(_, _, n)| n).sum();
        let failed = db::jobs::list::failed(tx).await?;
        let figure = |n: i64| if n == 0 { String::new() } else { format::short(n as f64) };
        Ok(SettingsNav { room, quarantined: figure(waiting), failed: figure(failed) })
    }
}

/// `22 Nov, 09:14:31` by the tenant's clock.
fn moment(at: DateTime<Utc>, now: DateTime<Utc>, scope: &TenantScope) -> String {
    let (at, now) = (at.with_timezone(&scope.time_zone()), now.with_timezone(&scope.time_zone()));
    format!("{}, {}", format::date_near(at.date_naive(), now.date_naive()), at.format("%H:%M:%S"))
}
