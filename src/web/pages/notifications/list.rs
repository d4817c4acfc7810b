//! `/notifications`: what I was told, unread first.
//!
//! Forms: `POST /notifications/read` marks all as read and `…/unread` (`at`) takes that back;
//! `POST /notifications/{id}/read` and `…/unread` do so with one entry.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::events::tone;
use crate::app::Error;
use crate::db::{self, notices};
use crate::domain::timeline::Kind;
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Member, Query};
use crate::web::respond::{Done, Page};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// Rows of a page.
const SIZE: i64 = 50;

/// Which page.
#[derive(Debug, Deserialize)]
pub struct Params {
    #[serde(default = "first")]
    page: i64,
}

fn first() -> i64 {
    1
}

/// What I was told.
#[derive(Clone, Debug, Template)]
#[template(path = "notifications/list.html")]
pub struct NotificationsPage {
    /// The frame.
    pub shell: Shell,
    /// How much is unread, as a sentence.
    pub count: String,
    /// Whether anything is.
    pub any_unread: bool,
    /// One a row.
    pub rows: Vec<Row>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// The ways on.
    pub pager: Pager,
}

/// Something I was told.
#[derive(Clone, Debug)]
pub struct Row {
    /// The entry, for the URLs of forms.
    pub id: Uuid,
    /// Where its cause is.
    pub href: String,
    /// How grave.
    pub tone: Tone,
    /// `critical`; empty where nobody graded it.
    pub severity: String,
    /// The account; empty for what concerns the company.
    pub account: String,
    /// One line.
    pub title: String,
    /// More.
    pub body: String,
    /// What it is, and who did it.
    pub what: String,
    /// `4 min ago`.
    pub when: String,
    /// Whether it was read.
    pub read: bool,
}

/// The list.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Page<NotificationsPage>> {
    let now = web.app.clock.now();
    let page = params.page.clamp(1, 10_000);
    let mut tx = web.app.db.read(&member.scope).await?;
    let me = member.membership.member_id;
    let (unread, total) = notices::count(&mut tx, me).await?;
    let told = notices::list(&mut tx, me, (page - 1) * SIZE, SIZE).await?;
    drop(tx);
    let row = |told: notices::Told| {
        let kind = Kind::parse(&told.kind).map_or("", Kind::label);
        Row {
            id: told.entry_id,
            href: paths::entry(told.entry_id),
            tone: tone(told.severity.as_deref()),
            severity: told.severity.unwrap_or_default(),
            account: told.account.unwrap_or_default(),
            title: told.title,
            body: told.body,
            what: if kind.is_empty() { told.actor } else { format!("{kind}, {}", told.actor) },
            when: format::ago(told.at, now),
            read: told.read_at.is_some(),
        }
    };
    let empty = || {
        let text = "When something happens to your accounts, it stands here within seconds.";
        EmptyState::new("bell", "Nothing yet", text)
            .action("Choose what you are told", "/settings/notifications")
    };
    let href = |page: i64| paths::with_query(paths::NOTIFICATIONS, &[("page", &page.to_string())]);
    Ok(Page(NotificationsPage {
        count: if unread == 0 {
            "Nothing unread".to_owned()
        } else {
            format!("{} unread", format::number(unread))
        },
        any_unread: unread > 0,
        empty: (total == 0).then(empty),
        rows: told.into_iter().map(row).collect(),
        pager: Pager::numbered(page, SIZE, total, "notification", href),
        shell: member.shell(Room::Elsewhere),
    }))
}

/// Marks all as read.
pub async fn read_all(State(web): State<Web>, member: Member) -> Result<Done> {
    let (marked, at) = web.app.mark_read(&member.scope, member.membership.member_id, None).await?;
    let text = format!("{} read.", format::count(i64::try_from(marked).unwrap_or(i64::MAX), "notification"));
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    Ok(Done::to(paths::NOTIFICATIONS, text).undo("/notifications/unread", &[("at", at.as_str())]))
}

/// Which were marked as read.
#[derive(Debug, Deserialize)]
pub struct At {
    at: DateTime<Utc>,
}

/// Takes back that all were read.
pub async fn unread_all(State(web): State<Web>, member: Member, Form(form): Form<At>) -> Result<Done> {
    web.app.mark_unread(&member.scope, member.membership.member_id, None, Some(form.at)).await?;
    Ok(Done::to(paths::NOTIFICATIONS, "They are unread again."))
}

/// Marks one as read.
pub async fn read(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Done> {
    known(&web, &member, id).await?;
    web.app.mark_read(&member.scope, member.membership.member_id, Some(id)).await?;
    Ok(Done::to(paths::NOTIFICATIONS, "Read.").undo(format!("/notifications/{id}/unread"), &[]))
}

/// Takes back that one was read.
pub async fn unread(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Done> {
    known(&web, &member, id).await?;
    web.app.mark_unread(&member.scope, member.membership.member_id, Some(id), None).await?;
    Ok(Done::to(paths::NOTIFICATIONS, "Unread again."))
}

async fn known(web: &Web, member: &Member, entry: Uuid) -> Result<()> {
    let mut tx = web.app.db.read(&member.scope).await?;
    db::notices::cause(&mut tx, entry).await?.ok_or(Error::NotFound)?;
    Ok(())
}
