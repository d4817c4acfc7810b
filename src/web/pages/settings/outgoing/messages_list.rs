//! `/settings/outgoing/messages`: mails and Slack messages, and what became of them.
//! `POST …/messages/{id}/retry` puts one back that failed or expired.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::HERE;
use crate::app::members::Role;
use crate::db::messages::{self, Message};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Admin, Id, Member, Query};
use crate::web::pages::settings::{SettingsNav, SettingsRoom, moment};
use crate::web::paths;
use crate::web::respond::{Done, Page};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, SelectFilter, Shell, Tone, filters, format};

/// Rows of a page.
const SIZE: i64 = 50;
/// States and what they are called.
const STATES: [(&str, &str); 4] =
    [("queued", "Queued"), ("sent", "Sent"), ("failed", "Failed"), ("expired", "Expired")];

/// Which messages.
#[derive(Debug, Deserialize)]
pub struct Params {
    #[serde(default)]
    state: String,
    #[serde(default = "first")]
    page: i64,
}

fn first() -> i64 {
    1
}

/// Messages, newest first.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/messages.html")]
pub struct MessagesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// By state.
    pub select: SelectFilter,
    /// One a row.
    pub rows: Vec<Row>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// The ways on.
    pub pager: Pager,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Row {
    /// For the URL of the form.
    pub id: String,
    /// `Mail` or `Slack`.
    pub channel: &'static str,
    /// To whom.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// `Sent`.
    pub state: &'static str,
    /// How good that is.
    pub tone: Tone,
    /// `22 Nov, 09:14:31`, and what comes next.
    pub when: String,
    /// What went wrong.
    pub error: String,
    /// Whether it can be tried again.
    pub retriable: bool,
}

/// The list. What is in mails is for those who may change it.
pub async fn show(
    State(web): State<Web>,
    Admin(member): Admin,
    Query(params): Query<Params>,
) -> Result<Page<MessagesPage>> {
    let state = STATES.iter().map(|(word, _)| *word).find(|word| *word == params.state);
    let page = params.page.clamp(1, 10_000);
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Outgoing).await?;
    let rows = messages::list(&mut tx, state, (page - 1) * SIZE, SIZE).await?;
    let counts = messages::counts(&mut tx).await?;
    drop(tx);
    let total = counts.iter().filter(|(word, _)| state.is_none_or(|s| s == word)).map(|(_, n)| n).sum();
    let href = |page: i64| {
        let query = [("state", state.unwrap_or_default()), ("page", &page.to_string())];
        paths::with_query(&format!("{HERE}/messages"), &query)
    };
    let empty = || {
        EmptyState::new("mail", "No messages", "Mails and Slack messages stand here once they are written.")
    };
    let may_edit = member.may(Role::Admin);
    Ok(Page(MessagesPage {
        empty: rows.is_empty().then(empty),
        rows: rows.into_iter().map(|message| row(&web, &member, message)).collect(),
        pager: Pager::numbered(page, SIZE, total, "message", href),
        select: SelectFilter::new("state", "State", "Any state", STATES, state),
        shell: member.shell(Room::Settings),
        nav,
        may_edit,
    }))
}

fn row(web: &Web, member: &Member, message: Message) -> Row {
    let now = web.app.clock.now();
    let (state, tone) = match message.state.as_str() {
        "sent" => ("Sent", Tone::Good),
        "failed" => ("Failed", Tone::Critical),
        "expired" => ("Expired", Tone::None),
        _ if message.attempts > 0 => ("Tried again", Tone::Watch),
        _ => ("Queued", Tone::None),
    };
    let at = |at| moment(at, now, &member.scope);
    let when = match message.ended_at {
        Some(ended) => at(ended),
        None if message.next_at > now => {
            format!("{}, goes out {}", at(message.created_at), at(message.next_at))
        }
        None => at(message.created_at),
    };
    Row {
        id: message.id.to_string(),
        channel: if message.channel == "slack" { "Slack" } else { "Mail" },
        to: message.recipient,
        subject: message.subject,
        body: message.body,
        state,
        tone,
        when,
        error: format::sentence(&message.last_error.unwrap_or_default()),
        retriable: matches!(message.state.as_str(), "failed" | "expired"),
    }
}

/// Puts one back.
pub async fn retry(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.retry_message(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(format!("{HERE}/messages"), "It is queued again."))
}
