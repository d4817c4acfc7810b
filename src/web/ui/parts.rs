//! The small things every page is made of.

use askama::Template;

use super::{Delta, Tone, filters, format, html_safe};

/// A person's initials in a disc, with the name beside it unless `bare`.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/avatar.html")]
pub struct Avatar {
    name: String,
    initials: String,
    hue: u32,
    bare: bool,
}

impl Avatar {
    /// Initials are the first letters of the first and last word; the colour follows from the name.
    pub fn new(name: &str) -> Self {
        let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
        let first = words.next();
        let initials: String =
            first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect();
        let hue = name.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into())) % 6;
        Self { name: name.into(), initials, hue, bare: false }
    }

    /// Only the disc, for where the name stands beside it anyway; the name becomes its title.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }
}

/// One step of the path above a page; the last one has no link.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// What it says.
    pub label: String,
    /// Where it leads, `None` for the page itself.
    pub href: Option<String>,
}

/// One tab; each is a page of its own.
#[derive(Clone, Debug)]
pub struct Tab {
    /// What it says.
    pub label: String,
    /// The page it opens.
    pub href: String,
    /// A small figure beside the label, such as the number of contacts.
    pub count: Option<String>,
    /// Whether this is the page shown.
    pub current: bool,
}

/// A row of tabs, each with its own URL.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "ui/tabs.html")]
pub struct Tabs {
    label: String,
    tabs: Vec<Tab>,
}

impl Tabs {
    /// `label` names the row to screen readers.
    pub fn new(label: &str) -> Self {
        Self { label: label.into(), tabs: Vec::new() }
    }

    /// Adds a tab.
    #[must_use]
    pub fn tab(mut self, label: &str, href: impl Into<String>, current: bool) -> Self {
        self.tabs.push(Tab { label: label.into(), href: href.into(), count: None, current });
        self
    }

    /// Puts a figure beside the tab added last.
    #[must_use]
    pub fn count(mut self, n: i64) -> Self {
        if let Some(tab) = self.tabs.last_mut() {
            tab.count = Some(format::number(n));
        }
        self
    }
}

/// What an empty list says: what is missing, why, and what to do next.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/empty_state.html")]
pub struct EmptyState {
    icon: &'static str,
    title: String,
    text: String,
    actions: Vec<(String, String)>,
}

impl EmptyState {
    /// `icon` is a name of the sprite.
    pub fn new(icon: &'static str, title: &str, text: &str) -> Self {
        Self { icon, title: title.into(), text: text.into(), actions: Vec::new() }
    }

    /// A next step as a link; the first is the main one.
    #[must_use]
    pub fn action(mut self, label: &str, href: &str) -> Self {
        self.actions.push((label.into(), href.into()));
        self
    }
}

/// A figure that is never alone: its change, target or date stands with it, and it opens to its cause.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/stat_tile.html")]
pub struct StatTile {
    name: String,
    value: String,
    unit: String,
    delta: Option<Delta>,
    note: String,
    href: Option<String>,
}

impl StatTile {
    /// `note` is the target or date that gives the figure its meaning.
    pub fn new(name: &str, value: impl Into<String>, note: &str) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            unit: String::new(),
            delta: None,
            note: note.into(),
            href: None,
        }
    }

    /// A small word after the figure: `accounts`, `of 160`.
    #[must_use]
    pub fn unit(mut self, unit: &str) -> Self {
        self.unit = unit.into();
        self
    }

    /// What changed.
    #[must_use]
    pub fn delta(mut self, delta: Delta) -> Self {
        self.delta = Some(delta);
        self
    }

    /// What the figure is made of.
    #[must_use]
    pub fn link(mut self, href: &str) -> Self {
        self.href = Some(href.into());
        self
    }
}

/// Progress of a long work, with counts.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/progress_bar.html")]
pub struct ProgressBar {
    label: String,
    done: i64,
    total: Option<i64>,
    text: String,
}

impl ProgressBar {
    /// `total` is `None` while it is not known; `what` is a singular noun such as `row`.
    pub fn new(label: &str, done: i64, total: Option<i64>, what: &str) -> Self {
        let text = match total {
            Some(total) => format!("{} of {}", format::number(done), format::count(total, what)),
            None => format::count(done, what),
        };
        Self { label: label.into(), done, total, text }
    }

    /// Says it in other words than the bar counts.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.text = text.into();
        self
    }
}

/// A sentence set apart: what happened, what was kept, what to do.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/notice.html")]
pub struct Notice {
    tone: Tone,
    icon: &'static str,
    title: String,
    text: String,
}

impl Notice {
    /// `tone` chooses colour and icon.
    pub fn new(tone: Tone, title: &str, text: &str) -> Self {
        let icon = match tone {
            Tone::Good => "check",
            Tone::None => "info",
            Tone::Watch => "triangle-alert",
            Tone::Risk | Tone::Critical => "circle-alert",
        };
        Self { tone, icon, title: title.into(), text: text.into() }
    }
}

html_safe!(Avatar, Tabs, EmptyState, StatTile, ProgressBar, Notice);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_all_kinds_of_names() {
        let table =
            [("Ana María Pérez", "AP"), ("Prince", "P"), ("", ""), ("🚀 Rocket", "R"), ("נועה לוי", "נל")];
        for (name, want) in table {
            assert_eq!(Avatar::new(name).initials, want, "{name}");
        }
    }
}
