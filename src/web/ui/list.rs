//! What lists need: sortable columns, filters, chips, pages.

use askama::Template;

use super::{filters, format, html_safe};

/// The head of a column; with `href` it sorts.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/column.html")]
pub struct Column {
    label: String,
    numeric: bool,
    href: Option<String>,
    /// `Some(true)` while the list is sorted by this column downwards.
    sorted_down: Option<bool>,
}

impl Column {
    /// A column of text that does not sort.
    pub fn new(label: &str) -> Self {
        Self { label: label.into(), numeric: false, href: None, sorted_down: None }
    }

    /// Numbers stand at the right.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    /// `href` is the page sorted by this column, the other way round when `sorted_down` is set.
    #[must_use]
    pub fn sortable(mut self, href: impl Into<String>, sorted_down: Option<bool>) -> Self {
        self.href = Some(href.into());
        self.sorted_down = sorted_down;
        self
    }
}

/// One choice of a [`SelectFilter`].
#[derive(Clone, Debug)]
pub struct Choice {
    /// The value in the query string, empty for "any".
    pub value: String,
    /// What it says.
    pub label: String,
    /// Whether it is the one in force.
    pub selected: bool,
}

/// A filter as a select that shows what is chosen: `Band: any`, `Red`.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/select_filter.html")]
pub struct SelectFilter {
    name: String,
    label: String,
    choices: Vec<Choice>,
    on: bool,
}

impl SelectFilter {
    /// `name` is the query parameter, `any` the text of the empty choice, `current` the value in force.
    pub fn new<V, L>(
        name: &str,
        label: &str,
        any: &str,
        choices: impl IntoIterator<Item = (V, L)>,
        current: Option<&str>,
    ) -> Self
    where
        V: Into<String>,
        L: Into<String>,
    {
        let current = current.unwrap_or_default();
        let first = (String::new(), any.to_owned());
        let rest = choices.into_iter().map(|(value, label)| (value.into(), label.into()));
        let choices = std::iter::once(first)
            .chain(rest)
            .map(|(value, label)| Choice { selected: value == current, value, label })
            .collect();
        Self { name: name.into(), label: label.into(), choices, on: !current.is_empty() }
    }
}

/// A filter in force, with the link that takes it away.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/chip.html")]
pub struct Chip {
    label: String,
    remove: String,
}

impl Chip {
    /// `label` as in `Segment: Enterprise`; `remove` is the URL without this filter.
    pub fn new(label: impl Into<String>, remove: impl Into<String>) -> Self {
        Self { label: label.into(), remove: remove.into() }
    }
}

/// Where one is in a list, and the ways on. Numbered or by key: both only need the two links.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "ui/pager.html")]
pub struct Pager {
    text: String,
    previous: Option<String>,
    next: Option<String>,
    /// The htmx target that is swapped instead of the page, empty for none.
    target: String,
}

impl Pager {
    /// A numbered page: `page` counts from 1; `href` makes the URL of a page.
    pub fn numbered(page: i64, size: i64, total: i64, what: &str, href: impl Fn(i64) -> String) -> Self {
        let (from, to) = (((page - 1) * size + 1).min(total), (page * size).min(total));
        let text = match total {
            0 => String::new(),
            _ => format!(
                "{}\u{2013}{} of {}",
                format::number(from),
                format::number(to),
                format::count(total, what)
            ),
        };
        Self {
            text,
            previous: (page > 1).then(|| href(page - 1)),
            next: (page * size < total).then(|| href(page + 1)),
            target: String::new(),
        }
    }

    /// A page by key, where the total is not counted.
    pub fn keyset(text: impl Into<String>, previous: Option<String>, next: Option<String>) -> Self {
        Self { text: text.into(), previous, next, target: String::new() }
    }

    /// Swap only this element (`#list`) where htmx is present.
    #[must_use]
    pub fn target(mut self, selector: &str) -> Self {
        self.target = selector.into();
        self
    }
}

html_safe!(Column, SelectFilter, Chip, Pager);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_ends_where_the_list_does() {
        let href = |page| format!("/accounts?page={page}");
        let first = Pager::numbered(1, 50, 160, "account", href);
        assert_eq!((first.text.as_str(), first.previous.is_none()), ("1\u{2013}50 of 160 accounts", true));
        let last = Pager::numbered(4, 50, 160, "account", href);
        assert_eq!(last.text, "151\u{2013}160 of 160 accounts");
        assert_eq!((last.previous.as_deref(), last.next), (Some("/accounts?page=3"), None));
        assert_eq!(Pager::numbered(1, 50, 0, "account", href).text, "");
    }
}
