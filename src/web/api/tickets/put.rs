//! `PUT /api/v1/tickets/{external_id}`.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::TicketDetail;
use super::show::detail;
use crate::app::Error;
use crate::app::tickets::Stated;
use crate::db;
use crate::db::accounts::Change;
use crate::domain::ticket::{Severity, Status};
use crate::web::Web;
use crate::web::api::{Result, common};
use crate::web::extract::{Path, Posted, WriteKey};

/// What you state of a ticket. Whatever is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account": "acme",
    "subject": "Nobody can sign in",
    "severity": "high",
    "channel": "email",
    "requester": "ada@acme.example",
    "opened_at": "2027-01-31T09:30:00Z",
    "updated_at": "2027-01-31T09:30:00Z"
}))]
pub struct TicketStatement {
    /// External id of its account; a new ticket needs one.
    account: Option<String>,
    /// What it is about, at most 500 characters; a new ticket without one is called by its external id.
    subject: Option<String>,
    /// `low`, `medium`, `high` or `critical`; a new ticket is `medium`.
    severity: Option<String>,
    /// The level of support; a new ticket is at the lowest. Another one than before starts a new response clock.
    level: Option<i32>,
    /// Why it is at that level, or open again.
    reason: Option<String>,
    /// `open`, `pending` or `resolved`; follows from `resolved_at` where that is given.
    status: Option<String>,
    /// How it came, at most 100 characters.
    channel: Option<String>,
    /// Who asked, at most 300 characters.
    requester: Option<String>,
    /// Address of the member who works on it; null takes them away.
    #[serde(default, deserialize_with = "common::given")]
    #[schema(value_type = Option<String>)]
    assignee_email: Option<Option<String>>,
    /// How content the requester was with the solution, 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    csat: Option<i32>,
    /// When it was opened; now for a new ticket.
    opened_at: Option<DateTime<Utc>>,
    /// When it was first answered.
    responded_at: Option<DateTime<Utc>>,
    /// When it was resolved.
    resolved_at: Option<DateTime<Utc>>,
    /// The moment of this word: one that is older than what is known changes nothing. Now when it is not given.
    updated_at: Option<DateTime<Utc>>,
}

impl TicketStatement {
    async fn stated(self, web: &Web, key: &WriteKey, external_id: String) -> Result<Stated> {
        let severity = self.severity.map(|word| {
            Severity::parse(&word)
                .ok_or_else(|| Error::invalid("severity", "must be low, medium, high or critical"))
        });
        let status = self.status.map(|word| {
            Status::parse(&word).ok_or_else(|| Error::invalid("status", "must be open, pending or resolved"))
        });
        let assignee = match self.assignee_email {
            None => None,
            Some(None) => Some(None),
            Some(Some(email)) => {
                let known = db::members::ids_by_email(&mut web.app.db.read(&key.scope).await?).await?;
                let email = email.trim().to_lowercase();
                let found = known.into_iter().find(|(address, _)| *address == email).map(|(_, id)| id);
                let unknown = || Error::invalid("assignee_email", "is not the address of a member");
                Some(Some(found.ok_or_else(unknown)?))
            }
        };
        Ok(Stated {
            external_id,
            account: self.account,
            subject: self.subject,
            severity: severity.transpose()?,
            level: self.level,
            reason: self.reason,
            status: status.transpose()?,
            channel: self.channel,
            requester: self.requester,
            assignee,
            csat: self.csat,
            opened_at: self.opened_at,
            responded_at: self.responded_at,
            resolved_at: self.resolved_at,
            updated_at: self.updated_at,
        })
    }
}

/// Create or update a ticket.
///
/// Idempotent: the same request twice changes nothing the second time, and one whose `updated_at` is older than what
/// is known changes nothing at all. Its clocks are worked out at once by the policies of your methodology; it counts
/// for metrics fed by the events `ticket`, `critical_ticket`, `ticket_escalated` and the like, once however often it
/// is stated.
#[utoipa::path(
    put,
    path = "/v1/tickets/{external_id}",
    operation_id = "putTicket",
    tag = "Tickets",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded; 1 to 200 characters", example = "4711")),
    request_body(content = TicketStatement, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "It was there", body = TicketDetail),
        (status = 201, description = "It was created", body = TicketDetail,
            headers(("location" = String, description = "Where it can be read"))),
    ),
    security(("writeKey" = []))
)]
pub async fn put(
    Posted { web, key, id: Path(external_id), body: statement }: Posted<
        WriteKey,
        Path<String>,
        TicketStatement,
    >,
) -> Result<Response> {
    let stated = statement.stated(&web, &key, external_id).await?;
    let (whole, change) = web.app.put_ticket(&key.scope, &stated, &key.actor()).await?;
    let location = format!("/api/v1/tickets/{}", crate::web::paths::encode(&whole.ticket.external_id));
    let body = axum::Json(detail(&web, &key.scope, whole).await?);
    Ok(if change == Change::Created {
        (StatusCode::CREATED, [(LOCATION, location)], body).into_response()
    } else {
        body.into_response()
    })
}
