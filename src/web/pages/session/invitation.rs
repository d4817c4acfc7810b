//! `GET` and `POST /invitations/{token}`.

use askama::Template;

use crate::web::ui::{Bare, filters};

/// The form posts `name` and `password` to its own address. Someone who has a log-in already gives only the
/// password.
#[derive(Clone, Debug, Template)]
#[template(path = "session/invitation.html")]
pub struct InvitationPage {
    /// The frame.
    pub bare: Bare,
    /// The tenant one is invited to.
    pub tenant: String,
    /// Who invited: `Ana Pérez`.
    pub invited_by: String,
    /// The role, as words: `a CSM`.
    pub role: String,
    /// The address the invitation went to.
    pub email: String,
    /// Whether this address has a log-in already.
    pub known: bool,
    /// What was typed as a name.
    pub name: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
    /// The address the form posts to.
    pub action: String,
}
