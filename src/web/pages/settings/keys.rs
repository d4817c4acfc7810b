//! `/settings/keys`: keys of integrations.
//!
//! Forms: `POST /settings/keys` (`name`, `scope`) creates; `POST /settings/keys/{id}/revoke` revokes.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::{EmptyState, Shell, filters};

/// All keys; a new one shows its secret once.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/keys.html")]
pub struct KeysPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// The key just made.
    pub created: Option<NewKey>,
    /// What is wrong with the name typed.
    pub name_error: Option<String>,
    /// One a row.
    pub keys: Vec<KeyRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// A key just made: the only time its secret is seen.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// Its secret.
    pub secret: String,
    /// A call that proves it works, to paste into a terminal.
    pub example: String,
}

/// A key.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// For the URL of the form.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Write` or `Read`.
    pub scope: String,
    /// Its first letters: `hf_w_8Kd…`.
    pub prefix: String,
    /// `12 Jan 2026 by Ana Pérez`.
    pub created: String,
    /// `4 min ago`, `never`.
    pub last_used: String,
    /// When it was revoked; such a key stays in the list.
    pub revoked: Option<String>,
}
