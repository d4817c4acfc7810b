//! `/settings/…`. Every page of it shows the same list of rooms at the left: [`SettingsNav`].

use askama::Template;

use crate::web::ui::{filters, html_safe};

pub mod audit;
pub mod imports;
pub mod keys;
pub mod members;
pub mod methodology;
pub mod metrics;
pub mod quarantine;
pub mod sources;

/// The rooms of the settings. To add one: a variant, and its line in [`SettingsRoom::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsRoom {
    /// `/settings/members`
    Members,
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
    /// `/settings/methodology`
    Methodology,
    /// `/settings/audit`
    Audit,
}

impl SettingsRoom {
    /// Room, label, address, icon.
    pub const ALL: [(SettingsRoom, &'static str, &'static str, &'static str); 8] = [
        (SettingsRoom::Members, "Members", "/settings/members", "users"),
        (SettingsRoom::Keys, "API keys", "/settings/keys", "key-round"),
        (SettingsRoom::Sources, "Sources", "/settings/sources", "activity"),
        (SettingsRoom::Quarantine, "Quarantine", "/settings/quarantine", "triangle-alert"),
        (SettingsRoom::Imports, "Imports", "/settings/imports", "upload"),
        (SettingsRoom::Metrics, "Metrics", "/settings/metrics", "gauge"),
        (SettingsRoom::Methodology, "Methodology", "/settings/methodology", "layers"),
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
}

html_safe!(SettingsNav);
