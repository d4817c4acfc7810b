//! Rows of support tickets.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

use super::ColumnSpec;
use super::cells::{Cells, Checked, unknown_account};
use super::mapping::column;
use super::rows::{Fate, Rows, one_at_a_time};
use crate::app::methodology::InForce;
use crate::app::tickets::{Desk, MOST, Stated, put_in};
use crate::app::{Actor, Error};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::ticket::{Severity, Status};

pub(super) const COLUMNS: &[ColumnSpec] = &[
    column(
        "external_id",
        &["id", "ticket_id", "ticket", "number"],
        true,
        "Your own id, at most 200 characters",
    ),
    column(
        "account",
        &["account_id", "account_external_id", "customer", "customer_id", "organization"],
        true,
        "External id of the account",
    ),
    column("subject", &["title", "summary"], false, "What it is about"),
    column("severity", &["priority"], false, "low, medium (normal), high or critical (urgent)"),
    column("level", &["tier"], false, "Level of support; the lowest unless stated"),
    column("status", &["state"], false, "open (new), pending (hold) or resolved (solved, closed)"),
    column("channel", &["via"], false, "How it came, such as email"),
    column("requester", &["requester_email", "from"], false, "Who asked"),
    column("assignee_email", &["assignee", "agent"], false, "Address of the member who works on it"),
    column(
        "opened_at",
        &["opened", "created_at", "created"],
        true,
        "Such as 2027-01-31T09:30:00Z; UTC unless it says otherwise",
    ),
    column(
        "responded_at",
        &["first_response_at", "first_reply_at", "answered_at"],
        false,
        "When it was first answered",
    ),
    column("resolved_at", &["solved_at", "closed_at"], false, "When it was resolved"),
    column("csat", &["rating", "satisfaction"], false, "Satisfaction with the solution, 1 to 5"),
    column(
        "updated_at",
        &["updated"],
        false,
        "The moment of this row: an older one than is known changes nothing",
    ),
];

/// What rows of tickets are checked against.
#[derive(Clone)]
pub(super) struct Tickets {
    desk: Arc<Desk>,
    members: Arc<HashMap<String, Uuid>>,
}

impl Tickets {
    pub(super) async fn load(
        tx: &mut TenantTx,
        scope: &TenantScope,
        in_force: Option<Arc<InForce>>,
    ) -> db::Result<Self> {
        let members = db::members::ids_by_email(tx).await?.into_iter().collect();
        Ok(Tickets { desk: Arc::new(Desk::load(tx, scope, in_force).await?), members: Arc::new(members) })
    }
}

impl Rows for Tickets {
    type Row = Stated;

    /// An empty cell leaves its field as it is: helpdesks leave cells empty for what they do not know yet.
    fn read(&self, cells: &Cells<'_>) -> Checked<Stated> {
        let [subject, requester, channel, _] = MOST;
        let text =
            |field: &str, most| Ok::<_, String>(Some(cells.text(field, most)?).filter(|t| !t.is_empty()));
        let assignee = match cells.get("assignee_email") {
            "" => None,
            address => match self.members.get(&address.to_lowercase()) {
                Some(id) => Some(Some(*id)),
                None => {
                    let why = format_args!("no member has the address {address:?}");
                    return cells.wrong("assignee_email", why);
                }
            },
        };
        let opened_at = moment(cells, "opened_at")?;
        if opened_at.is_none() {
            return cells.wrong("opened_at", "is empty");
        }
        let resolved_at = moment(cells, "resolved_at")?;
        let status = word(cells, "status", status)?;
        Ok(Stated {
            external_id: cells.needed("external_id", 200)?.to_owned(),
            account: Some(cells.needed("account", 200)?.to_owned()),
            subject: text("subject", subject)?.map(str::to_owned),
            severity: word(cells, "severity", severity)?,
            level: cells.whole("level", 1, 99)?,
            reason: None,
            status,
            channel: text("channel", channel)?.map(str::to_owned),
            requester: text("requester", requester)?.map(str::to_owned),
            assignee,
            csat: cells.whole("csat", 1, 5)?,
            opened_at,
            responded_at: moment(cells, "responded_at")?,
            resolved_at,
            updated_at: moment(cells, "updated_at")?,
        })
    }

    async fn store(&self, tx: &mut TenantTx, rows: &[&Stated], now: DateTime<Utc>) -> db::Result<Vec<Fate>> {
        let actor = Actor("import".to_owned());
        let mut fates = vec![Err(String::new()); rows.len()];
        for wave in one_at_a_time(rows.iter().map(|row| row.external_id.as_str())) {
            let stated: Vec<&Stated> = wave.iter().map(|&at| rows[at]).collect();
            let put = put_in(tx, &self.desk, &stated, now, &actor).await.map_err(as_db)?;
            for (&at, fate) in wave.iter().zip(put) {
                fates[at] = match fate {
                    Ok((_, change)) => Ok(change),
                    Err(refused) if refused.field == "account" => {
                        Err(unknown_account(rows[at].account.as_deref().unwrap_or_default()))
                    }
                    Err(refused) => Err(format!("{}: {}", refused.field, refused.message)),
                };
            }
        }
        Ok(fates)
    }
}

/// What is no failure of the database is one of what it holds.
fn as_db(error: Error) -> db::Error {
    match error {
        Error::Unavailable(error) => error,
        other => db::Error::Decode(anyhow::Error::from(other).into()),
    }
}

/// `2027-01-31T09:30:00Z`, `2027-01-31 09:30`: UTC unless it says otherwise.
fn moment(cells: &Cells<'_>, field: &str) -> Checked<Option<DateTime<Utc>>> {
    let text = cells.get(field);
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Some(at.to_utc()));
    }
    let plain = text.trim_end_matches(" UTC");
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let zoned = ["%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%dT%H:%M:%S%.f%z"];
    let zoned = zoned.iter().find_map(|format| DateTime::parse_from_str(text, format).ok());
    let read = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(plain, format).ok());
    match (zoned, read) {
        (Some(at), _) => Ok(Some(at.to_utc())),
        (None, Some(at)) => Ok(Some(at.and_utc())),
        (None, None) => cells.wrong(field, format_args!("{text:?} is no time such as 2027-01-31T09:30:00Z")),
    }
}

fn word<T>(cells: &Cells<'_>, field: &str, meaning: impl Fn(&str) -> Option<T>) -> Checked<Option<T>> {
    match cells.get(field) {
        "" => Ok(None),
        text => match meaning(&text.to_lowercase()) {
            Some(meant) => Ok(Some(meant)),
            None => cells.wrong(field, format_args!("{text:?} is none of those known")),
        },
    }
}

fn severity(word: &str) -> Option<Severity> {
    match word {
        "normal" => Some(Severity::Medium),
        "urgent" => Some(Severity::Critical),
        word => Severity::parse(word),
    }
}

fn status(word: &str) -> Option<Status> {
    match word {
        "new" => Some(Status::Open),
        "hold" | "on hold" | "on-hold" => Some(Status::Pending),
        "solved" | "closed" => Some(Status::Resolved),
        word => Status::parse(word),
    }
}
