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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_is_the_page_without_its_frame() {
        let page = ErrorPage {
            bare: Bare::default(),
            status: 404,
            title: "There is no such page".into(),
            text: "It may have moved.".into(),
            request_id: "01JD4M9Z7Q".into(),
        };
        let part = page.as_part().to_string();
        assert!(part.contains("There is no such page") && part.contains("01JD4M9Z7Q"));
        assert!(!part.contains("<html"));
        assert!(page.to_string().contains("<html"));
    }
}
