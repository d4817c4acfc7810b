//! One message: what it says, and whether it can ever be counted.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The largest message, in bytes.
pub const MAX_BYTES: usize = 32 * 1024;
/// The deepest nesting of a message.
pub const MAX_DEPTH: usize = 64;
/// How far in the future a message may lie after its clock's skew is taken out.
const MAX_AHEAD_HOURS: i64 = 24;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something happened.
    Track,
    /// Who a user is.
    Identify,
    /// Which account a user belongs to, and what is known of it.
    Group,
    /// A page was seen.
    Page,
    /// A screen was seen.
    Screen,
    /// Two ids are one user.
    Alias,
}

impl Kind {
    /// The word on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Track => "track",
            Kind::Identify => "identify",
            Kind::Group => "group",
            Kind::Page => "page",
            Kind::Screen => "screen",
            Kind::Alias => "alias",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Kind> {
        [Kind::Track, Kind::Identify, Kind::Group, Kind::Page, Kind::Screen, Kind::Alias]
            .into_iter()
            .find(|kind| kind.name() == word)
    }

    /// Whether it is use of the product: what `*` in the metric catalogue counts.
    pub fn is_usage(self) -> bool {
        matches!(self, Kind::Track | Kind::Page | Kind::Screen)
    }
}

/// A sound message.
#[derive(Debug, Clone)]
pub struct Message {
    /// First 128 bits of the SHA-256 of `message_id`: what makes it count once.
    pub id: Uuid,
    /// The sender's id; one is made for messages without.
    pub message_id: String,
    /// What it is.
    pub kind: Kind,
    /// Event, page or screen name; empty for the other kinds.
    pub name: String,
    /// Who did it: the user id, else the anonymous id.
    pub user_id: Option<String>,
    /// `groupId` of a group message, `context.groupId` of any other.
    pub group_id: Option<String>,
    /// `previousId` of an alias.
    pub previous_id: Option<String>,
    /// When it happened, the sender's skew taken out.
    pub occurred_at: DateTime<Utc>,
    /// `properties`, as sent.
    pub properties: Option<Box<str>>,
    /// `traits`, as sent.
    pub traits: Option<Box<str>>,
    /// The whole message, as sent.
    pub raw: Box<str>,
    /// The batch's `sentAt`.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Why a message can never be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    /// A word for programs.
    pub reason: &'static str,
    /// A sentence that says what to do.
    pub detail: String,
}

fn unsound(reason: &'static str, detail: impl Into<String>) -> Unsound {
    Unsound { reason, detail: detail.into() }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(rename = "type", default)]
    kind: Value,
    #[serde(default)]
    message_id: Value,
    #[serde(default)]
    event: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    user_id: Value,
    #[serde(default)]
    anonymous_id: Value,
    #[serde(default)]
    group_id: Value,
    #[serde(default)]
    previous_id: Value,
    #[serde(default)]
    timestamp: Value,
    #[serde(default)]
    original_timestamp: Value,
    #[serde(default)]
    sent_at: Value,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
    #[serde(borrow, default)]
    traits: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Context {
    #[serde(default)]
    group_id: Value,
}

/// When and how a message came.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The kind its path names; none in a batch.
    pub kind: Option<Kind>,
    /// When the request arrived.
    pub received_at: DateTime<Utc>,
    /// The batch's `sentAt`.
    pub sent_at: Option<DateTime<Utc>>,
    /// The batch's common context.
    pub context: Option<&'a RawValue>,
    /// Whether times are meant as written (`/v1/import`), so that no skew is taken out.
    pub historical: bool,
}

/// Reads one message.
///
/// # Errors
/// Says why it can never be counted.
pub fn read(raw: &RawValue, arrival: Arrival<'_>) -> Result<Message, Unsound> {
    let text = raw.get();
    check_text(text)?;
    if !text.starts_with('{') {
        return Err(unsound("not_an_object", "A message must be a JSON object."));
    }
    // Reading it whole finds what jsonb would refuse: lone surrogates, numbers out of range.
    serde_json::from_str::<Value>(text)
        .map_err(|e| unsound("invalid_json", format!("The message cannot be read: {e}.")))?;
    let wire: Wire<'_> = serde_json::from_str(text)
        .map_err(|e| unsound("invalid_json", format!("The message cannot be read: {e}.")))?;
    let kind = kind_of(&wire, arrival)?;
    let name = name_of(&wire, kind)?;
    let sent_at = arrival.sent_at.or_else(|| word(&wire.sent_at).as_deref().and_then(parse_time));
    let occurred_at = occurred_at(&wire, arrival, sent_at)?;
    let context: Context = wire
        .context
        .or(arrival.context)
        .and_then(|context| serde_json::from_str(context.get()).ok())
        .unwrap_or_default();
    let group_id = match kind {
        Kind::Group => Some(
            word(&wire.group_id)
                .ok_or_else(|| unsound("no_group_id", "A group message needs a \"groupId\"."))?,
        ),
        _ => word(&context.group_id),
    };
    let message_id = word(&wire.message_id).unwrap_or_else(|| Uuid::new_v4().to_string());
    Ok(Message {
        id: id_of(&message_id),
        message_id,
        kind,
        name,
        user_id: word(&wire.user_id).or_else(|| word(&wire.anonymous_id)),
        group_id,
        previous_id: word(&wire.previous_id),
        occurred_at,
        properties: object(wire.properties),
        traits: object(wire.traits),
        raw: text.into(),
        sent_at,
    })
}

fn kind_of(wire: &Wire<'_>, arrival: Arrival<'_>) -> Result<Kind, Unsound> {
    match (arrival.kind, word(&wire.kind)) {
        (Some(kind), _) => Ok(kind),
        (None, Some(word)) => Kind::parse(&word).ok_or_else(|| {
            unsound(
                "unknown_type",
                format!("The type {word:?} is not one of track, identify, group, page, screen, alias."),
            )
        }),
        (None, None) => Err(unsound("no_type", "A message in a batch needs a \"type\".")),
    }
}

fn name_of(wire: &Wire<'_>, kind: Kind) -> Result<String, Unsound> {
    let name = match kind {
        Kind::Track => word(&wire.event)
            .ok_or_else(|| unsound("no_event_name", "A track message needs an event name in \"event\"."))?,
        Kind::Page | Kind::Screen => word(&wire.name).unwrap_or_else(|| kind.name().to_owned()),
        _ => String::new(),
    };
    if name.chars().count() > 200 {
        return Err(unsound("name_too_long", "An event name may have 200 characters."));
    }
    Ok(name)
}

/// Segment's rule: what the sender's clock was off by is the time it was sent less the time it arrived.
///
/// RudderStack's SDKs put the moment of the call into `originalTimestamp`, always, and a time the caller stated into
/// `timestamp`; Segment forwards messages with both, the skew already out of `timestamp`. So where both are there,
/// `timestamp` is meant as written.
fn occurred_at(
    wire: &Wire<'_>,
    arrival: Arrival<'_>,
    sent_at: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, Unsound> {
    let (stated, as_written) = match (&wire.timestamp, &wire.original_timestamp) {
        (Value::Null, Value::Null) => return Ok(arrival.received_at),
        (Value::Null, original) => (original, false),
        (stated, original) => (stated, !original.is_null()),
    };
    let time = word(stated).as_deref().and_then(parse_time).ok_or_else(|| {
        unsound("bad_timestamp", format!("The time {stated} is not ISO 8601, such as 2027-01-31T09:30:00Z."))
    })?;
    let time = match sent_at {
        Some(sent) if !arrival.historical && !as_written => time + (arrival.received_at - sent),
        _ => time,
    };
    let earliest = DateTime::from_timestamp(946_684_800, 0).unwrap_or_default();
    let latest = arrival.received_at + Duration::hours(MAX_AHEAD_HOURS);
    if time < earliest || time > latest {
        return Err(unsound(
            "bad_timestamp",
            format!("The time {stated} lies before the year 2000 or more than a day ahead."),
        ));
    }
    Ok(time)
}

/// The id under which a message counts once.
pub fn id_of(message_id: &str) -> Uuid {
    let digest = Sha256::digest(message_id.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if !s.trim().is_empty() => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn object(raw: Option<&RawValue>) -> Option<Box<str>> {
    raw.map(RawValue::get).filter(|text| text.starts_with('{')).map(Box::from)
}

/// Reads an ISO 8601 time; one without a zone is UTC.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%z"].iter().find_map(|format| {
        DateTime::parse_from_str(text, format)
            .map(|t| t.to_utc())
            .or_else(|_| NaiveDateTime::parse_from_str(text, format).map(|t| t.and_utc()))
            .ok()
    })
}

/// What can be seen without reading: size, depth, and `\u0000`, which PostgreSQL cannot store.
fn check_text(text: &str) -> Result<(), Unsound> {
    if text.len() > MAX_BYTES {
        return Err(unsound(
            "too_large",
            format!("A message may have {MAX_BYTES} bytes; this one has {}.", text.len()),
        ));
    }
    let bytes = text.as_bytes();
    let (mut depth, mut in_string, mut at) = (0_usize, false, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => {
                if bytes[at..].starts_with(b"\\u0000") {
                    return Err(unsound("null_character", "Text may not contain the character \\u0000."));
                }
                at += 1;
            }
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(unsound(
                        "too_deep",
                        format!("A message may be nested {MAX_DEPTH} levels deep."),
                    ));
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival() -> Arrival<'static> {
        Arrival {
            kind: None,
            received_at: parse_time("2027-03-01T12:00:00Z").unwrap(),
            sent_at: None,
            context: None,
            historical: false,
        }
    }

    fn read_text(text: &str, arrival: Arrival<'_>) -> Result<Message, &'static str> {
        read(serde_json::from_str(text).unwrap(), arrival).map_err(|u| u.reason)
    }

    #[test]
    fn unsound_messages_are_named() {
        let deep = format!(
            r#"{{"type":"track","event":"x","properties":{{"a":{}{}}}}}"#,
            "[".repeat(70),
            "]".repeat(70)
        );
        let large =
            format!(r#"{{"type":"track","event":"x","properties":{{"a":"{}"}}}}"#, "a".repeat(33_000));
        for (text, reason) in [
            (r#""hello""#, "not_an_object"),
            (r#"{"event":"x"}"#, "no_type"),
            (r#"{"type":"dance"}"#, "unknown_type"),
            (r#"{"type":"track"}"#, "no_event_name"),
            (r#"{"type":"track","event":"  "}"#, "no_event_name"),
            (r#"{"type":"track","event":{"a":1}}"#, "no_event_name"),
            (r#"{"type":"group","userId":"u"}"#, "no_group_id"),
            (r#"{"type":"track","event":"a\u0000b"}"#, "null_character"),
            (r#"{"type":"track","event":"x","properties":{"\u0000":1}}"#, "null_character"),
            (r#"{"type":"track","event":"x","properties":{"a":"\ud800"}}"#, "invalid_json"),
            (r#"{"type":"track","event":"x","properties":{"a":1e999}}"#, "invalid_json"),
            (r#"{"type":"track","event":"x","timestamp":"yesterday"}"#, "bad_timestamp"),
            (r#"{"type":"track","event":"x","timestamp":"1969-07-20T20:17:00Z"}"#, "bad_timestamp"),
            (r#"{"type":"track","event":"x","timestamp":"2027-03-03T12:00:00Z"}"#, "bad_timestamp"),
            (deep.as_str(), "too_deep"),
            (large.as_str(), "too_large"),
        ] {
            assert_eq!(read_text(text, arrival()).unwrap_err(), reason, "{text:.80}");
        }
    }

    #[test]
    fn an_escaped_backslash_before_u0000_is_text() {
        assert!(read_text(r#"{"type":"track","event":"a\\u0000"}"#, arrival()).is_ok());
    }

    #[test]
    fn skew_is_taken_out_by_sent_at() {
        // The sender's clock is one hour slow: it says 10:50 happened, 11:00 sent; it is 12:00 here.
        let slow = Arrival { sent_at: parse_time("2027-03-01T11:00:00Z"), ..arrival() };
        let text = r#"{"type":"track","event":"x","timestamp":"2027-03-01T10:50:00.000Z"}"#;
        assert_eq!(read_text(text, slow).unwrap().occurred_at, parse_time("2027-03-01T11:50:00Z").unwrap());
        let imported = Arrival { historical: true, ..slow };
        assert_eq!(
            read_text(text, imported).unwrap().occurred_at,
            parse_time("2027-03-01T10:50:00Z").unwrap()
        );
    }

    #[test]
    fn a_time_beside_the_original_one_is_meant_as_written() {
        let slow = Arrival { sent_at: parse_time("2027-03-01T11:00:00Z"), ..arrival() };
        for (times, occurred) in [
            (r#""originalTimestamp":"2027-03-01T10:50:00Z""#, "2027-03-01T11:50:00Z"),
            (
                r#""timestamp":"2027-02-20T08:00:00Z","originalTimestamp":"2027-03-01T10:50:00Z""#,
                "2027-02-20T08:00:00Z",
            ),
        ] {
            let text = format!(r#"{{"type":"track","event":"x",{times}}}"#);
            assert_eq!(read_text(&text, slow).unwrap().occurred_at, parse_time(occurred).unwrap(), "{times}");
        }
    }

    #[test]
    fn times_in_the_shapes_that_sdks_send() {
        for text in [
            "2027-03-01T10:50:00Z",
            "2027-03-01T11:50:00+01:00",
            "2027-03-01T10:50:00.000000+00:00",
            "2027-03-01T10:50:00",
            "2027-03-01 10:50:00",
            "2027-03-01T10:50:00.000+0000",
        ] {
            assert_eq!(parse_time(text), parse_time("2027-03-01T10:50:00Z"), "{text}");
        }
    }

    #[test]
    fn who_and_where() {
        let message = read_text(
            r#"{"type":"track","event":"x","anonymousId":7,"context":{"groupId":"acme"},"messageId":"m"}"#,
            arrival(),
        )
        .unwrap();
        assert_eq!(message.user_id.as_deref(), Some("7"));
        assert_eq!(message.group_id.as_deref(), Some("acme"));
        assert_eq!(message.id, id_of("m"));
    }
}
