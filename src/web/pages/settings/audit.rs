//! `/settings/audit`: who did what, when. Block `list` answers htmx.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::{Avatar, Chip, EmptyState, Pager, SelectFilter, Shell, filters};

/// The log, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/audit.html", blocks = ["list"])]
pub struct AuditPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Free text in force.
    pub q: String,
    /// Who, what kind.
    pub selects: Vec<SelectFilter>,
    /// What is in force.
    pub chips: Vec<Chip>,
    /// One page.
    pub rows: Vec<AuditRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on; its target is `#list`.
    pub pager: Pager,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// `22 Nov, 09:14:31`.
    pub when: String,
    /// Who: a member, a key, or the system.
    pub who: Avatar,
    /// `Revoked API key`.
    pub what: String,
    /// `Production backend`.
    pub subject: String,
    /// Where it is, if it still is.
    pub href: Option<String>,
    /// Field by field: `role: csm → manager`.
    pub change: String,
}
