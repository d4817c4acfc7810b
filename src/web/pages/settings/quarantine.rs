//! `/settings/quarantine`: messages that could not be counted, with the reason.
//!
//! Forms: `POST /settings/quarantine/{id}/replay`, `POST /settings/quarantine/{id}/dismiss`, and for all that
//! the filters show `POST /settings/quarantine/replay` with the filters as fields. Block `list` answers htmx.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::{Chip, EmptyState, Pager, SelectFilter, Shell, filters};

/// The messages, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/quarantine.html", blocks = ["list"])]
pub struct QuarantinePage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may replay and dismiss.
    pub may_edit: bool,
    /// Reason and source.
    pub selects: Vec<SelectFilter>,
    /// What is in force.
    pub chips: Vec<Chip>,
    /// The filters in force as hidden fields of "replay all": (name, value).
    pub filters: Vec<(String, String)>,
    /// `1,204 messages`.
    pub count: String,
    /// One page.
    pub rows: Vec<QuarantineRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// Ways on; its target is `#list`.
    pub pager: Pager,
}

/// One message.
#[derive(Clone, Debug)]
pub struct QuarantineRow {
    /// For the URLs of the forms.
    pub id: String,
    /// `22 Nov, 09:14:31`.
    pub received: String,
    /// The key's name.
    pub source: String,
    /// `track: Report Exported`.
    pub what: String,
    /// What is wrong, in a sentence.
    pub reason: String,
    /// What to do about it: `Send a group call for this user, then replay`.
    pub remedy: String,
    /// The message as it came, indented JSON (cut at a few KB).
    pub raw: String,
    /// Whether a replay can change anything.
    pub can_replay: bool,
}
