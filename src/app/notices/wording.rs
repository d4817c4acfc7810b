//! What news say: in mails, in Slack, to machines.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::db::notices::News;
use crate::domain::notice::Severity;
use crate::domain::timeline::Kind;

/// Where an entry of the journal opens its cause; nothing when nobody said where Holdfast is reached.
pub fn link(public_url: &str, entry: Uuid) -> String {
    if public_url.is_empty() { String::new() } else { format!("{public_url}/entries/{entry}") }
}

/// `Northwind: logins fell by a third`.
pub fn headline(news: &News) -> String {
    match &news.account {
        Some(account) => format!("{account}: {}", news.title),
        None => news.title.clone(),
    }
}

/// An address with a name, as mail wants it.
pub fn address(name: &str, email: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_control() && !"\"\\<>".contains(*c)).collect();
    if plain.trim().is_empty() { email.to_owned() } else { format!("\"{}\" <{email}>", plain.trim()) }
}

/// The text of a mail about one thing.
pub fn mail(news: &News, kind: Kind, severity: Option<Severity>, public_url: &str) -> String {
    let mut text = format!("{}\n", headline(news));
    if !news.body.trim().is_empty() {
        text += &format!("\n{}\n", news.body.trim());
    }
    let grave = severity.map(|severity| format!(", {}", severity.label().to_lowercase())).unwrap_or_default();
    text += &format!("\n{}{grave}, by {}\n", kind.label(), news.actor);
    text += &foot(public_url, Some(news.id));
    text
}

/// The way to the cause, and to the settings.
pub fn foot(public_url: &str, entry: Option<Uuid>) -> String {
    if public_url.is_empty() {
        return "\n-- \nYou choose what you are told in Holdfast, under Notifications.\n".to_owned();
    }
    let open = entry.map(|entry| format!("\nOpen: {}\n", link(public_url, entry))).unwrap_or_default();
    format!("{open}\n-- \nYou choose what you are told: {public_url}/settings/notifications\n")
}

/// The body of a Slack-compatible webhook.
pub fn slack(news: &News, kind: Kind, severity: Option<Severity>, public_url: &str) -> String {
    let link = link(public_url, news.id);
    let headline = slack_text(&headline(news));
    let first = if link.is_empty() { format!("*{headline}*") } else { format!("*<{link}|{headline}>*") };
    let grave = severity.map(|severity| format!(" \u{b7} {}", severity.label())).unwrap_or_default();
    let second = format!("{}{grave} \u{b7} {}", kind.label(), slack_text(&news.actor));
    let body: String = slack_text(news.body.trim()).chars().take(600).collect();
    let text =
        [first, body, second].into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    json!({ "text": text }).to_string()
}

/// Text without the characters that Slack takes for commands and links.
pub fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The payload of a webhook, after Standard Webhooks: what, when, and the thing itself.
pub fn payload(news: &News, kind: Kind, public_url: &str) -> String {
    let account = news.external_id.as_ref().zip(news.account.as_ref());
    let details = if news.data.is_null() { json!({}) } else { news.data.clone() };
    json!({
        "type": kind.word(),
        "timestamp": news.at,
        "data": {
            "id": news.id,
            "group": kind.group().word(),
            "account": account.map(|(id, name)| json!({ "external_id": id, "name": name })),
            "about": news.about,
            "actor": news.actor,
            "severity": news.severity,
            "title": news.title,
            "body": news.body,
            "details": details,
            "url": Some(link(public_url, news.id)).filter(|link| !link.is_empty()).map(Value::String),
        }
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_an_address() {
        let table = [
            ("Ada Byron", "\"Ada Byron\" <ada@example.com>"),
            ("Eve\" <eve@evil.example>, \"", "\"Eve eve@evil.example,\" <ada@example.com>"),
            ("\r\nBcc: all@example.com", "\"Bcc: all@example.com\" <ada@example.com>"),
            ("", "ada@example.com"),
        ];
        for (name, want) in table {
            assert_eq!(address(name, "ada@example.com"), want);
        }
    }

    #[test]
    fn slack_is_given_no_commands() {
        assert_eq!(
            slack_text("<!channel> & <https://evil.example|us>"),
            "&lt;!channel&gt; &amp; &lt;https://evil.example|us&gt;"
        );
    }
}
