//! What a page says, read as its reader would.

use scraper::{ElementRef, Html, Selector};

/// Something of each element that a CSS selector finds, in the page's order.
pub fn select<T>(html: &str, selector: &str, of: impl Fn(ElementRef<'_>) -> T) -> Vec<T> {
    Html::parse_document(html).select(&Selector::parse(selector).unwrap()).map(of).collect()
}

/// The text of each element found, white space folded. What stands in a block of its own is a word of its own.
pub fn texts(html: &str, selector: &str) -> Vec<String> {
    select(html, selector, |e| {
        let mut text = String::new();
        read(e, &mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn read(element: ElementRef<'_>, text: &mut String) {
    for child in element.children() {
        if let Some(inner) = ElementRef::wrap(child) {
            let gap = if BLOCKS.contains(&inner.value().name()) { " " } else { "" };
            text.push_str(gap);
            read(inner, text);
            text.push_str(gap);
        } else if let Some(said) = child.value().as_text() {
            text.push_str(said);
        }
    }
}

/// Elements that a browser sets apart from what is beside them.
const BLOCKS: &[&str] = &[
    "article", "aside", "br", "dd", "details", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2",
    "h3", "h4", "header", "hr", "legend", "li", "nav", "ol", "option", "p", "pre", "section", "summary",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
];

/// An attribute of each element found; empty where it is not there.
pub fn attributes(html: &str, selector: &str, name: &str) -> Vec<String> {
    select(html, selector, |e| e.attr(name).unwrap_or_default().to_owned())
}
