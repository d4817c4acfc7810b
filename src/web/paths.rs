//! Every URL that more than one place names, as a function.

use std::fmt::Write as _;

use crate::domain::timeline::{Group, Kind};

/// A path segment or query value, percent-encoded.
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// The list of accounts.
pub const ACCOUNTS: &str = "/accounts";
/// Today.
pub const TODAY: &str = "/";
/// What is to be done.
pub const TASKS: &str = "/tasks";
/// The templates of the methodology and what runs of them.
pub const PLAYBOOKS: &str = "/playbooks";
/// How the tenant works: the version in force, drafts and versions.
pub const STUDIO: &str = "/studio";
/// Alerts.
pub const ALERTS: &str = "/alerts";
/// What happened in all accounts.
pub const ACTIVITY: &str = "/activity";
/// The clocks of all tickets.
pub const SUPPORT: &str = "/support";
/// Sign-in.
pub const SIGN_IN: &str = "/sign-in";

/// An account's first page.
pub fn account(external_id: &str) -> String {
    format!("/accounts/{}", encode(external_id))
}

/// One of an account's tabs: `health`, `usage`, `people`, `support`, `contracts`.
pub fn account_tab(external_id: &str, tab: &str) -> String {
    format!("/accounts/{}/{tab}", encode(external_id))
}

/// An alert.
pub fn alert(id: uuid::Uuid) -> String {
    format!("{ALERTS}/{id}")
}

/// What is done with an alert: `close`, `reopen`, `snooze`, `dismiss`, `assign`, `play`.
pub fn alert_verb(id: uuid::Uuid, verb: &str) -> String {
    format!("{ALERTS}/{id}/{verb}")
}

/// A play.
pub fn play(id: uuid::Uuid) -> String {
    format!("/plays/{id}")
}

/// A template of plays.
pub fn playbook(id: &str) -> String {
    format!("{PLAYBOOKS}/{}", encode(id))
}

/// A task.
pub fn task(id: uuid::Uuid) -> String {
    format!("{TASKS}/{id}")
}

/// A ticket's page.
pub fn ticket(id: uuid::Uuid) -> String {
    format!("{SUPPORT}/tickets/{id}")
}

/// What members were told.
pub const NOTIFICATIONS: &str = "/notifications";
/// Where messages and webhooks go.
pub const OUTGOING: &str = "/settings/outgoing";

/// An entry of the journal, which leads on to its cause.
pub fn entry(id: uuid::Uuid) -> String {
    format!("/entries/{id}")
}

/// The page on which one sees what an entry of the journal is about.
pub fn cause(kind: Kind, about: Option<uuid::Uuid>, account: Option<&str>) -> String {
    let tab = |tab: &str| account.map(|account| account_tab(account, tab));
    let of_account = match (kind, kind.group()) {
        (Kind::StormHeld, _) => Some(ALERTS.to_owned()),
        (Kind::Notice, _) if account.is_none() && about.is_some() => Some(OUTGOING.to_owned()),
        (_, Group::Alerts) => about.map(alert),
        (_, Group::Pipelines) => about.map(item),
        (Kind::TaskAdded | Kind::TaskDone | Kind::TaskChanged, _) => about.map(task),
        (_, Group::Plays) => about.map(play),
        (_, Group::Support) => about.map(ticket),
        (Kind::ContractChanged, _) => tab("contracts"),
        (_, Group::Renewal) => about.map(renewal).or_else(|| tab("contracts")),
        (_, Group::Health) => tab("health"),
        (_, Group::Lifecycle) => tab("lifecycle"),
        (_, Group::Touches) => tab("timeline"),
    };
    of_account.unwrap_or_else(|| account.map_or(NOTIFICATIONS.to_owned(), crate::web::paths::account))
}

/// What is in pipelines.
pub const PIPELINES: &str = "/pipelines";

/// An item of a pipeline.
pub fn item(id: uuid::Uuid) -> String {
    format!("{PIPELINES}/items/{id}")
}

/// A renewal's page.
pub fn renewal(id: uuid::Uuid) -> String {
    format!("/renewals/{id}")
}

/// A draft's first page.
pub fn draft(id: uuid::Uuid) -> String {
    format!("{STUDIO}/drafts/{id}")
}

/// A version of the methodology.
pub fn version(version: i32) -> String {
    format!("{STUDIO}/versions/{version}")
}

/// A path with the query parameters that are not empty.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let query: Vec<String> = parameters
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// A path to return to, if it is one of ours; `/` otherwise. `//host` and `/\host` lead elsewhere in browsers.
pub fn local(path: &str) -> &str {
    let bytes = path.as_bytes();
    let ours = bytes.first() == Some(&b'/')
        && !matches!(bytes.get(1), Some(b'/' | b'\\'))
        && !path.contains(|c: char| c.is_control());
    if ours { path } else { TODAY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_returned_to() {
        assert_eq!(local("/accounts?q=a"), "/accounts?q=a");
        for path in ["", "https://evil.example", "//evil.example", "/\\evil.example", "accounts", "/\n//evil"]
        {
            assert_eq!(local(path), "/", "{path:?}");
        }
    }

    #[test]
    fn ids_survive_urls() {
        assert_eq!(account("a/b ü"), "/accounts/a%2Fb%20%C3%BC");
        assert_eq!(with_query("/accounts", &[("q", "a&b"), ("band", "")]), "/accounts?q=a%26b");
    }
}
