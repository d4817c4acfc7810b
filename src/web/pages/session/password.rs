//! `GET` and `POST /password`.

use askama::Template;

use crate::web::ui::{Shell, filters};

/// The form posts `current`, `password` and `again` to `/password`.
#[derive(Clone, Debug, Template)]
#[template(path = "session/password.html")]
pub struct PasswordPage {
    /// The frame.
    pub shell: Shell,
    /// What is wrong with the current password.
    pub current_error: Option<String>,
    /// What is wrong with the new one.
    pub password_error: Option<String>,
    /// What is wrong with its repetition.
    pub again_error: Option<String>,
}
