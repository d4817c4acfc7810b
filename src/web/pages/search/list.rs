//! `GET /search?q=`: the jump box. Block `hits` answers htmx, the page everyone else.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::members::Role;
use crate::db;
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Page, vary};
use crate::web::ui::shell::Room;
use crate::web::ui::{HealthBadge, Shell, filters};
use crate::web::{Web, paths};

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    q: String,
}

/// Accounts first, then pages and actions.
#[derive(Clone, Debug, Template)]
#[template(path = "search/list.html", blocks = ["hits"])]
pub struct SearchPage {
    /// The frame.
    pub shell: Shell,
    /// What was asked.
    pub q: String,
    /// Accounts that match, best first, at most eight.
    pub accounts: Vec<AccountHit>,
    /// Pages and actions that match: (icon of the sprite, label, URL).
    pub pages: Vec<(&'static str, String, String)>,
}

/// An account found.
#[derive(Clone, Debug)]
pub struct AccountHit {
    /// Its name.
    pub name: String,
    /// Its id at the tenant.
    pub external_id: String,
    /// Its page.
    pub href: String,
    /// Its score.
    pub health: HealthBadge,
}

/// Accounts named at most.
const MOST: i64 = 8;

/// Where one can jump to: icon, label, further words it is found by, address, and the role it needs.
const PAGES: &[(&str, &str, &str, &str, Role)] = &[
    ("sun", "Today", "home start", "/", Role::Executive),
    ("building-2", "Accounts", "customers list", "/accounts", Role::Executive),
    ("user", "My accounts", "mine customers", "/accounts?csm=me", Role::Csm),
    ("circle-alert", "Alerts", "open tasks cta risk rules snoozed", "/alerts", Role::Executive),
    ("activity", "Activity", "timeline journal history what happened", "/activity", Role::Executive),
    ("list-checks", "Rules", "alerts storm guard settings", "/settings/rules", Role::Executive),
    ("refresh-cw", "Renewals", "contracts calendar", "/renewals", Role::Executive),
    ("triangle-alert", "Overdue renewals", "late contracts", "/accounts?renewal=overdue", Role::Executive),
    ("list-checks", "Tasks", "my to do due overdue calendar", "/tasks", Role::Executive),
    ("layers", "Playbooks", "plays templates running start", "/playbooks", Role::Executive),
    ("users", "Load", "team capacity csm ratio coverage unassigned", "/team", Role::Executive),
    ("user", "Roles", "who plays role owner settings", "/settings/roles", Role::Executive),
    ("life-buoy", "Support", "tickets sla clocks answers", "/support", Role::Executive),
    ("chart-pie", "Portfolio", "arr bands board revenue", "/portfolio", Role::Executive),
    (
        "user",
        "Judgement against the model",
        "overrides set by hand who was right",
        "/portfolio/overrides",
        Role::Executive,
    ),
    ("users", "Members", "invite people roles settings", "/settings/members", Role::Executive),
    ("database", "Sources", "events arrived sdk settings", "/settings/sources", Role::Executive),
    ("ban", "Quarantine", "rejected waiting replay events", "/settings/quarantine", Role::Executive),
    ("upload", "Imports", "csv upload accounts contracts contacts", "/settings/imports", Role::Executive),
    ("gauge", "Metrics", "catalogue events counters gauges", "/settings/metrics", Role::Executive),
    ("layers", "Methodology", "pack health model segments", "/studio", Role::Executive),
    ("activity", "Backtests", "auc lift churn prediction past studio", "/studio/backtests", Role::Executive),
    ("key-round", "API keys", "write read integration", "/settings/keys", Role::Admin),
    ("file-text", "Audit log", "history changes who", "/settings/audit", Role::Executive),
    ("bell", "Notifications", "told news alerts unread", "/notifications", Role::Executive),
    (
        "bell",
        "What I am told",
        "notifications mail digest quiet hours",
        "/settings/notifications",
        Role::Executive,
    ),
    ("mail", "Mail templates", "email merge fields preview", "/settings/templates", Role::Executive),
    ("send", "Outgoing", "webhooks slack mail endpoints deliveries", "/settings/outgoing", Role::Executive),
    ("key-round", "Change password", "account sign in", "/password", Role::Executive),
    ("book-open", "API reference", "rest openapi docs", "/api/docs", Role::Executive),
];

/// The hits for htmx, the page for everyone else.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let q = params.q.trim().to_owned();
    let mut accounts = Vec::new();
    if !q.is_empty() {
        let words = Wording::of(&web, &member).await?;
        let mut tx = web.app.db.read(&member.scope).await?;
        let found = db::accounts::search(&mut tx, &q, MOST).await?;
        accounts.extend(found.iter().map(|account| AccountHit {
            name: account.name.clone(),
            external_id: account.external_id.clone(),
            href: paths::account(&account.external_id),
            health: words.badge(account),
        }));
    }
    let page = SearchPage { shell: member.shell(Room::Elsewhere), pages: pages(&member, &q), q, accounts };
    Ok(vary(if part { Page(page.as_hits()).into_response() } else { Page(page).into_response() }))
}

fn pages(member: &Member, q: &str) -> Vec<(&'static str, String, String)> {
    let q = q.to_lowercase();
    let matches = |label: &str, also: &str| {
        let label = label.to_lowercase();
        label.contains(&q) || also.split(' ').any(|word| !q.is_empty() && word.starts_with(&q))
    };
    PAGES
        .iter()
        .filter(|(_, label, also, _, role)| member.may(*role) && matches(label, also))
        .map(|(icon, label, _, href, _)| (*icon, (*label).to_owned(), (*href).to_owned()))
        .collect()
}
