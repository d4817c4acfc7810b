//! `GET /events`: what the bell shows, as server-sent events; and `GET /events/latest`: the same, once, for where such a
//! connection does not hold.
//!
//! An event `bell` says how much is unread and what grave has come. Its id is the moment up to which that was looked
//! at: a connection that was cut begins there again, so that nothing grave goes by unseen.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::app::notices::Ring;
use crate::db::TenantScope;
use crate::db::notices::Told;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::ui::Tone;
use crate::web::{Web, paths};

/// How often an open stream asks whether its session is still good.
const CHECK: Duration = Duration::from_secs(20);
/// A comment this often keeps proxies from cutting a quiet connection.
const COMMENT: Duration = Duration::from_secs(15);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(5);
/// Older than this, what is grave is no longer worth a toast.
const TOASTS_FOR: chrono::Duration = chrono::Duration::hours(1);

/// Since when.
#[derive(Debug, Deserialize)]
pub struct Since {
    after: Option<DateTime<Utc>>,
}

/// What the bell shows.
#[derive(Debug, Serialize)]
pub struct Bell {
    /// How much is unread, up to a hundred.
    unread: i64,
    /// What grave came since.
    grave: Vec<Grave>,
    /// Up to when that was looked at.
    until: DateTime<Utc>,
}

/// Something grave.
#[derive(Debug, Serialize)]
struct Grave {
    text: String,
    href: String,
    tone: &'static str,
}

impl Bell {
    fn of(ring: Ring) -> Self {
        let grave = |told: &Told| Grave {
            text: told.account.iter().chain([&told.title]).cloned().collect::<Vec<_>>().join(": "),
            href: paths::entry(told.entry_id),
            tone: tone(told.severity.as_deref()).class(),
        };
        Bell { unread: ring.unread, grave: ring.grave.iter().map(grave).collect(), until: ring.until }
    }
}

/// The tone of a severity.
pub fn tone(severity: Option<&str>) -> Tone {
    match severity {
        Some("critical") => Tone::Critical,
        Some("high") => Tone::Risk,
        Some("medium") => Tone::Watch,
        _ => Tone::None,
    }
}

/// An open stream.
struct Open {
    web: Web,
    token: String,
    scope: TenantScope,
    member: Uuid,
    after: DateTime<Utc>,
    /// How much the browser was told is unread; nothing yet at the beginning.
    shown: Option<i64>,
    bell: watch::Receiver<u64>,
    over: watch::Receiver<bool>,
}

/// Tells what the bell shows now, and again whenever that changes, until the session ends.
pub async fn stream(
    State(web): State<Web>,
    member: Member,
    Query(since): Query<Since>,
    headers: HeaderMap,
) -> Response {
    let id = member.membership.member_id;
    let (bell, over) = web.live.subscribe(&web.app.db, (member.scope.tenant_id(), id));
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let after = since_when(seen.or(since.after), web.app.clock.now());
    let open =
        Open { web, token: member.token, scope: member.scope, member: id, after, shown: None, bell, over };
    let events = futures_util::stream::unfold(open, |mut open| async move {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(COMMENT)).into_response();
    // What buffers answers, such as nginx, passes this one on as it comes.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response.headers_mut().insert(unbuffered.0, unbuffered.1);
    response
}

impl Open {
    /// The next event; none ends the stream.
    async fn next(&mut self) -> Option<Event> {
        let first = self.shown.is_none();
        if first {
            self.bell.mark_unchanged();
        } else {
            self.rung().await?;
        }
        loop {
            if *self.over.borrow() {
                return None;
            }
            let ring = self.web.app.bell(&self.scope, self.member, self.after).await.ok()?;
            self.after = ring.until;
            // Every bell rings when the database is listened to again: most often nothing has changed.
            if self.shown != Some(ring.unread) || !ring.grave.is_empty() {
                self.shown = Some(ring.unread);
                let bell = Bell::of(ring);
                let event = Event::default().event("bell").id(stamp(bell.until)).json_data(bell).ok()?;
                return Some(if first { event.retry(RETRY) } else { event });
            }
            self.rung().await?;
        }
    }

    /// Waits until the bell rings; none when the session or the process ends.
    async fn rung(&mut self) -> Option<()> {
        loop {
            let rung = tokio::select! {
                rung = self.bell.changed() => rung.is_ok(),
                _ = self.over.changed() => return None,
                () = tokio::time::sleep(CHECK) => false,
            };
            if !self.session_is_good().await {
                return None;
            }
            if rung {
                return Some(());
            }
        }
    }

    /// Whether the session is still there, in the same tenant.
    async fn session_is_good(&self) -> bool {
        let session = self.web.app.session(&self.token).await.ok().flatten();
        let place = session.and_then(|(session, _)| session.membership);
        place.is_some_and(|place| place.scope == self.scope && place.member_id == self.member)
    }
}

/// What the bell shows, once.
pub async fn latest(
    State(web): State<Web>,
    member: Member,
    Query(since): Query<Since>,
) -> Result<axum::Json<Bell>> {
    let after = since_when(since.after, web.app.clock.now());
    let ring = web.app.bell(&member.scope, member.membership.member_id, after).await?;
    Ok(axum::Json(Bell::of(ring)))
}

fn since_when(after: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    after.map_or(now, |after| after.max(now - TOASTS_FOR))
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
