//! `GET` and `POST /sign-in`.

use askama::Template;

use crate::web::ui::{Bare, Notice, filters};

/// The form posts `email`, `password` and `next` to `/sign-in`.
#[derive(Clone, Debug, Template)]
#[template(path = "session/sign_in.html")]
pub struct SignInPage {
    /// The frame.
    pub bare: Bare,
    /// What was typed, after a failed try.
    pub email: String,
    /// Path to go to afterwards; the handler must have checked that it is local.
    pub next: String,
    /// Why it failed (alike for known and unknown addresses), or that one has signed out.
    pub notice: Option<Notice>,
    /// Log-ins of a demo: (who, address, password), printed below the form; empty otherwise.
    pub demo: Vec<(String, String, String)>,
}
