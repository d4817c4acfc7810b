//! What a visitor sees when something did not work: a safe sentence, and a request id to quote.

use askama::Template;

use crate::web::ui::{Bare, filters};

/// The same page for not found, forbidden, too many tries and our own faults. Its block `part` answers htmx.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html", blocks = ["part"])]
pub struct ErrorPage {
    /// The frame.
    pub bare: Bare,
    /// The HTTP status.
    pub status: u16,
    /// What happened: `There is no such page`.
    pub title: String,
    /// What was kept and what to do.
    pub text: String,
    /// Ties the page to the log.
    pub request_id: String,
}
