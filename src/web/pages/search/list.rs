//! `GET /search?q=`: the jump box. Block `hits` answers htmx, the page everyone else.

use askama::Template;

use crate::web::ui::{HealthBadge, Shell, filters};

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
