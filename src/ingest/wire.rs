//! The wire format of Segment's HTTP tracking API, as its SDKs really speak it.
//!
//! The body is parsed whatever its Content-Type says. A batch is taken apart without reading its messages, so that
//! one bad message cannot spoil the others.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Kind;
use super::message::parse_time;

/// The largest body after decompression, in bytes.
pub const MAX_BODY: usize = 4 * 1024 * 1024;
/// The most messages in one batch.
pub const MAX_MESSAGES: usize = 2_500;

/// What a path asks for: one message of a kind, or a batch, as it happens or from the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// One message.
    One(Kind),
    /// Messages as they happen.
    Batch,
    /// Messages of the past, whose times are meant as written.
    Import,
}

impl Endpoint {
    /// The endpoint of the last segment of a path, in Segment's long form or the short one of analytics.js.
    pub fn parse(word: &str) -> Option<Endpoint> {
        Some(match word {
            "track" | "t" => Endpoint::One(Kind::Track),
            "identify" | "i" => Endpoint::One(Kind::Identify),
            "group" | "g" => Endpoint::One(Kind::Group),
            "page" | "p" => Endpoint::One(Kind::Page),
            "screen" | "s" => Endpoint::One(Kind::Screen),
            "alias" | "a" => Endpoint::One(Kind::Alias),
            "batch" | "b" => Endpoint::Batch,
            "import" => Endpoint::Import,
            _ => return None,
        })
    }
}

/// A request taken apart.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// What it was sent to.
    pub endpoint: Endpoint,
    /// The write key, when it is in the body.
    pub write_key: Option<String>,
    /// When the sender's clock said it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// The batch's common context, for messages that have none.
    pub context: Option<&'a RawValue>,
    /// The messages, unread.
    pub messages: Vec<&'a RawValue>,
}

/// Why a request can never be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not JSON.
    #[error("the body is not valid JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// A batch without messages.
    #[error("a batch needs an array of messages in \"batch\"")]
    NoBatch,
    /// Too many messages.
    #[error("a batch may hold {MAX_MESSAGES} messages; this one has {0}: split it")]
    TooMany(usize),
}

impl WireError {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            WireError::NotJson(_) => "invalid_json",
            WireError::NotAnObject => "not_an_object",
            WireError::NoBatch => "no_batch",
            WireError::TooMany(_) => "too_many_messages",
        }
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "writeKey", borrow, default)]
    write_key: Option<&'a RawValue>,
    #[serde(rename = "sentAt", borrow, default)]
    sent_at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    batch: Option<&'a RawValue>,
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// Takes a request apart.
///
/// # Errors
/// When the body is no JSON object, or a batch without or with too many messages.
pub fn parse(body: &[u8], endpoint: Endpoint) -> Result<Envelope<'_>, WireError> {
    let batched = !matches!(endpoint, Endpoint::One(_));
    let whole: &RawValue = serde_json::from_slice(body).map_err(|e| WireError::NotJson(e.to_string()))?;
    if !whole.get().starts_with('{') {
        return Err(WireError::NotAnObject);
    }
    let head: Head<'_> = serde_json::from_str(whole.get()).map_err(|e| WireError::NotJson(e.to_string()))?;
    let messages = match (batched, head.batch) {
        (true, Some(batch)) => {
            serde_json::from_str::<Vec<&RawValue>>(batch.get()).map_err(|_| WireError::NoBatch)?
        }
        (true, None) => return Err(WireError::NoBatch),
        (false, _) => vec![whole],
    };
    if messages.len() > MAX_MESSAGES {
        return Err(WireError::TooMany(messages.len()));
    }
    Ok(Envelope {
        endpoint,
        write_key: text(head.write_key),
        sent_at: text(head.sent_at).as_deref().and_then(parse_time).filter(|_| batched),
        context: head.context.filter(|_| batched),
        messages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_batches_and_single_messages_apart() {
        let body = br#" {"batch":[{"a":1}, "odd", {"b":2}],"sentAt":"2027-01-01T00:00:00Z","writeKey":"k"} "#;
        let batch = parse(body, Endpoint::Batch).unwrap();
        assert_eq!(batch.messages.len(), 3);
        assert_eq!(batch.write_key.as_deref(), Some("k"));
        assert!(batch.sent_at.is_some());
        assert_eq!(parse(br#"{"event":"x"}"#, Endpoint::One(Kind::Track)).unwrap().messages.len(), 1);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(parse(b"{", Endpoint::Batch).unwrap_err().code(), "invalid_json");
        assert_eq!(parse(b"[]", Endpoint::Batch).unwrap_err(), WireError::NotAnObject);
        assert_eq!(parse(b"{}", Endpoint::Batch).unwrap_err(), WireError::NoBatch);
        assert_eq!(parse(br#"{"batch":{}}"#, Endpoint::Batch).unwrap_err(), WireError::NoBatch);
        let many = format!("{{\"batch\":[{}]}}", vec!["{}"; 2501].join(","));
        assert_eq!(parse(many.as_bytes(), Endpoint::Batch).unwrap_err(), WireError::TooMany(2501));
    }

    #[test]
    fn survives_any_depth() {
        let deep = format!("{{\"batch\":[{}{}]}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(deep.as_bytes(), Endpoint::Batch).unwrap().messages.len(), 1);
    }
}
