//! The frame around every page: rail, top bar, menus, toasts.

use askama::Template;

use super::{Avatar, Tone, filters, html_safe};

/// The rooms of the rail. To add one: a variant, and its line in [`Room::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// `/`
    Today,
    /// `/alerts`
    Alerts,
    /// `/accounts`
    Accounts,
    /// `/renewals`
    Renewals,
    /// `/playbooks`, `/plays`, `/tasks`, `/team`
    Playbooks,
    /// `/support`
    Support,
    /// `/portfolio`
    Portfolio,
    /// `/settings/…`
    Settings,
    /// A page outside the rail, such as a search or the change of a password.
    Elsewhere,
}

impl Room {
    /// Room, label, address and icon, in the order of the rail.
    pub const ALL: &[(Room, &'static str, &'static str, &'static str)] = &[
        (Room::Today, "Today", "/", "sun"),
        (Room::Alerts, "Alerts", "/alerts", "circle-alert"),
        (Room::Accounts, "Accounts", "/accounts", "building-2"),
        (Room::Renewals, "Renewals", "/renewals", "refresh-cw"),
        (Room::Playbooks, "Playbooks", "/playbooks", "list-checks"),
        (Room::Support, "Support", "/support", "life-buoy"),
        (Room::Portfolio, "Portfolio", "/portfolio", "chart-pie"),
        (Room::Settings, "Settings", "/settings/members", "settings"),
    ];
}

/// How the member wants it: by the system, light or dark. Remembered by the cookie `theme`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The value of the cookie, of `data-theme`, and of the form field `theme` of `POST /theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a cookie or form value; anything unknown is the system's.
    pub fn parse(name: &str) -> Theme {
        match name {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }
}

/// A tenant the member may switch to.
#[derive(Clone, Debug)]
pub struct TenantChoice {
    /// What `POST /tenant` takes in its field `tenant`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The member's role there, as a word.
    pub role: String,
    /// Whether it is the one in use.
    pub current: bool,
}

/// What the frame of a signed-in page prints.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Where in the rail the page is.
    pub room: Room,
    /// The tenant's name.
    pub tenant: String,
    /// Every tenant of the member; the switcher appears from two on.
    pub tenants: Vec<TenantChoice>,
    /// The member's name.
    pub member: String,
    /// The member's address.
    pub email: String,
    /// The member's role here, as a word.
    pub role: String,
    /// From the cookie.
    pub theme: Theme,
    /// Set when the page shows another day than today: the day, and the link back to today.
    pub as_of: Option<(String, String)>,
    /// What was just done.
    pub toasts: Vec<Toast>,
    /// Path and query of this page, where `POST /theme` and `POST /tenant` return to.
    pub here: String,
    /// What the member was told and has not read, up to a hundred.
    pub unread: i64,
}

impl Shell {
    /// The figure at the bell: `7`, `99+`.
    pub fn unread_text(&self) -> String {
        if self.unread > 99 { "99+".to_owned() } else { self.unread.to_string() }
    }

    /// The member's initials, beside which the layout prints the name.
    pub fn avatar(&self) -> Avatar {
        Avatar::new(&self.member).bare()
    }
}

/// The frame of pages for visitors: sign-in, invitation, errors.
#[derive(Clone, Debug, Default)]
pub struct Bare {
    /// From the cookie.
    pub theme: Theme,
}

/// A short word that something was done, with Undo where it can be undone.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/toast.html")]
pub struct Toast {
    tone: Tone,
    text: String,
    undo: Option<(String, Vec<(String, String)>)>,
}

impl Toast {
    /// Something worked.
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Good, text: text.into(), undo: None }
    }

    /// Something did not.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { tone: Tone::Critical, text: text.into(), undo: None }
    }

    /// Offers to undo: a `POST` to `action` with these hidden fields.
    #[must_use]
    pub fn undo(mut self, action: &str, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.undo = Some((action.into(), fields));
        self
    }
}

html_safe!(Toast);
