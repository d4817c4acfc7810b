//! `/settings/members`: who may come in, as what.
//!
//! Forms: `POST /settings/members` (`email`, `role`) invites; `POST /settings/members/{id}/role` (`role`)
//! changes; `POST /settings/members/{id}/remove` removes.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::{Avatar, Shell, filters};

/// Members and open invitations.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/members.html")]
pub struct MembersPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// Roles to choose from: (value, label, what it may do).
    pub roles: Vec<(String, String, String)>,
    /// One a row.
    pub members: Vec<MemberRow>,
    /// Open invitations.
    pub invitations: Vec<InvitationRow>,
    /// What was typed as an address, after an error.
    pub email: String,
    /// What is wrong with it.
    pub email_error: Option<String>,
    /// The link of the invitation just made, to be handed over; shown once.
    pub invited: Option<(String, String)>,
}

/// A member.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// For the URLs of the forms.
    pub id: String,
    /// Name with initials.
    pub avatar: Avatar,
    /// Address.
    pub email: String,
    /// Value of the role.
    pub role: String,
    /// The role as a word.
    pub role_text: String,
    /// `2 h ago`, `never`.
    pub last_seen: String,
    /// Accounts they look after: `41`.
    pub accounts: String,
    /// The visitor themself: cannot be removed or demoted here.
    pub is_me: bool,
}

/// An open invitation.
#[derive(Clone, Debug)]
pub struct InvitationRow {
    /// Address.
    pub email: String,
    /// The role as a word.
    pub role: String,
    /// `expires in 6 days`.
    pub expires: String,
    /// `POST` here takes it back.
    pub revoke: String,
}
