//! What a page says, read as its reader would.

use scraper::{ElementRef, Html, Selector};

/// Something of each element that a CSS selector finds, in the page's order.
pub fn select<T>(html: &str, selector: &str, of: impl Fn(ElementRef<'_>) -> T) -> Vec<T> {
    Html::parse_document(html).select(&Selector::parse(selector).unwrap()).map(of).collect()
}

/// The text of each element found, white space folded.
pub fn texts(html: &str, selector: &str) -> Vec<String> {
    select(html, selector, |e| e.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" "))
}

/// An attribute of each element found; empty where it is not there.
pub fn attributes(html: &str, selector: &str, name: &str) -> Vec<String> {
    select(html, selector, |e| e.attr(name).unwrap_or_default().to_owned())
}
