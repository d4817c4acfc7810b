//! `/api/v1/alerts`: what rules raise, and what is done with it.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::common::{self, Money, Page};
use super::{Refusal, Result};
use crate::app::Error;
use crate::db;
use crate::db::alerts::{Alert, Filter, Which};
use crate::domain::expr::Evidence;
use crate::web::Web;
use crate::web::extract::{Json, Path, Query, ReadKey, WriteKey};

/// What a rule raised for a person to act upon.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertDetail {
    /// Its id. Ids grow in the order in which alerts are raised.
    pub id: Uuid,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: String,
    /// The rule's id in the methodology.
    #[schema(example = "usage-drop")]
    pub rule: String,
    /// The rule's name when it was raised.
    pub rule_name: String,
    /// Whether the rule is no longer in the methodology: then nothing closes the alert by itself.
    pub rule_gone: bool,
    /// What is to be done.
    #[schema(example = "Engagement campaign")]
    pub title: String,
    /// `low`, `medium`, `high` or `critical`.
    #[schema(example = "high")]
    pub severity: String,
    /// `risk`, `engagement`, `expansion`, `renewal` or `advocacy`.
    #[schema(example = "risk")]
    pub category: String,
    /// `open`, `snoozed`, `dismissed`, `held` (waits for a manager) or `closed`.
    #[schema(example = "open")]
    pub state: String,
    /// What made it true, in sentences.
    #[schema(example = json!(["Logins over 30 days fell 30 %: 300 → 210"]))]
    pub reasons: Vec<String>,
    /// The same for machines.
    pub evidence: Vec<EvidenceDetail>,
    /// The member who owns it; null for nobody.
    pub owner: Option<String>,
    /// The role that owns it.
    pub role: Option<String>,
    /// Roles that were told beyond the owner.
    pub escalated_to: Vec<String>,
    /// When it was raised.
    pub opened_at: DateTime<Utc>,
    /// The day by which it should be dealt with.
    pub due_on: Option<NaiveDate>,
    /// The day on which it comes back.
    pub snoozed_until: Option<NaiveDate>,
    /// What people noted about it.
    pub note: String,
    /// How it ended; null while it has not.
    pub closed: Option<Closed>,
    /// The account's ARR in the tenant's currency.
    pub arr: Option<Money>,
}

/// A value that made a rule true.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceDetail {
    /// What was looked at.
    #[schema(example = "Logins over 30 days")]
    pub what: String,
    /// Its value; for a fall the percentage. Null when nothing was known.
    pub value: Option<common::Figure>,
    /// For a fall: the figure of the window before.
    pub before: Option<f64>,
    /// For a fall: the figure of this window.
    pub now: Option<f64>,
    /// What it was held against; empty for what is simply true.
    #[schema(example = "at least 30")]
    pub test: String,
}

/// The end of an alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct Closed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: String,
    /// `done`, `cleared`, `dismissed`, `refused` or `churned`.
    #[schema(example = "done")]
    pub reason: String,
}

impl AlertDetail {
    fn of(alert: Alert, today: NaiveDate, currency: &str) -> Self {
        let state = match alert.state.as_str() {
            "open" if alert.dismissed_at.is_some() => Which::Dismissed.word(),
            "open" if alert.snoozed_until.is_some_and(|day| day > today) => Which::Snoozed.word(),
            "proposed" | "held" => Which::Held.word(),
            "closed" => Which::Closed.word(),
            _ => Which::Open.word(),
        };
        let evidence: Vec<Evidence> = serde_json::from_value(alert.evidence).unwrap_or_default();
        let evidence = evidence.into_iter().map(|one| EvidenceDetail {
            value: common::Figure::of(&one.value),
            before: one.fall.map(|(before, _)| before),
            now: one.fall.map(|(_, now)| now),
            what: one.what,
            test: one.test,
        });
        AlertDetail {
            id: alert.id,
            account: alert.external_id,
            rule: alert.rule,
            rule_name: alert.name,
            rule_gone: alert.rule_gone,
            title: alert.title,
            severity: alert.severity,
            category: alert.category,
            state: state.to_owned(),
            reasons: alert.reasons,
            evidence: evidence.collect(),
            owner: alert.owner_name,
            role: alert.role,
            escalated_to: alert.escalated,
            opened_at: alert.opened_at,
            due_on: alert.due_on,
            snoozed_until: alert.snoozed_until,
            note: alert.note,
            closed: alert.closed_at.map(|at| Closed {
                at,
                by: alert.closed_by.unwrap_or_default(),
                reason: alert.close_reason.unwrap_or_default(),
            }),
            arr: alert
                .arr_base_minor
                .map(|amount_minor| Money { amount_minor, currency: currency.to_owned() }),
        }
    }
}

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlertQuery {
    /// `open` (without those put off or set aside), `snoozed`, `dismissed`, `held`, `closed` or `any`; `open` unless
    /// stated.
    state: Option<String>,
    /// Of one account.
    account: Option<String>,
    /// Of one rule.
    rule: Option<String>,
    /// Of one severity.
    severity: Option<String>,
    /// Of one category.
    category: Option<String>,
    /// Of one member, by their address; `none` for those without an owner.
    owner: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[serde(default = "common::default_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

/// List alerts.
///
/// In the order in which they were raised.
#[utoipa::path(
    get,
    path = "/v1/alerts",
    operation_id = "listAlerts",
    tag = "Alerts",
    params(AlertQuery),
    responses((status = 200, description = "A page of alerts", body = Page<AlertDetail>)),
    security(("readKey" = []))
)]
pub async fn list(
    State(web): State<Web>,
    key: ReadKey,
    Query(query): Query<AlertQuery>,
) -> Result<axum::Json<Page<AlertDetail>>> {
    let rows = common::rows(query.limit)?;
    let after: Option<Uuid> = common::after(query.cursor.as_deref())?;
    let today = web.app.clock.today(key.scope.time_zone());
    let which = match query.state.as_deref() {
        None => Which::Open,
        Some(word) => Which::parse(word).ok_or_else(|| {
            let all: Vec<&str> = Which::ALL.iter().map(|which| which.word()).collect();
            Refusal::parameter("state", format!("must be one of {}", all.join(", ")))
        })?,
    };
    let mut tx = web.app.db.read(&key.scope).await?;
    let mut filter = Filter {
        which,
        rule: query.rule,
        severity: query.severity,
        category: query.category,
        unassigned: query.owner.as_deref() == Some("none"),
        ..Filter::default()
    };
    if let Some(id) = &query.account {
        let known = db::accounts::id_of(&mut tx, id).await?;
        filter.account = Some(known.ok_or_else(|| Refusal::not_found("account", id))?);
    }
    if let Some(email) = query.owner.as_deref().filter(|owner| *owner != "none") {
        let known = db::members::id_of_email(&mut tx, email).await?;
        filter.owner = Some(known.ok_or_else(|| Refusal::not_found("member", email))?);
    }
    let found = db::alerts::page(&mut tx, &filter, today, after, rows).await?;
    let detail = |alert: Alert| AlertDetail::of(alert, today, key.scope.currency());
    Ok(axum::Json(Page::of(found, query.limit, |alert| alert.id, detail)))
}

/// Show an alert.
#[utoipa::path(
    get,
    path = "/v1/alerts/{id}",
    operation_id = "getAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The alert", body = AlertDetail)),
    security(("readKey" = []))
)]
pub async fn show(
    State(web): State<Web>,
    key: ReadKey,
    Path(id): Path<String>,
) -> Result<axum::Json<AlertDetail>> {
    detail(&web, &key.scope, &id).await
}

async fn detail(web: &Web, scope: &db::TenantScope, id: &str) -> Result<axum::Json<AlertDetail>> {
    let today = web.app.clock.today(scope.time_zone());
    let mut tx = web.app.db.read(scope).await?;
    let alert = db::alerts::find(&mut tx, parse(id)?).await?;
    let alert = alert.ok_or_else(|| Refusal::not_found("alert", id))?;
    Ok(axum::Json(AlertDetail::of(alert, today, scope.currency())))
}

fn parse(id: &str) -> Result<Uuid> {
    id.parse().map_err(|_| Refusal::not_found("alert", id))
}

fn named(error: Error, id: &str) -> Refusal {
    match error {
        Error::NotFound => Refusal::not_found("alert", id),
        other => other.into(),
    }
}

/// What is noted while closing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseStatement {
    /// What was done.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Talked to Rosa; training is booked")]
    note: String,
}

/// Close an alert as dealt with.
///
/// Its rule may open anew from the next day on. One that is closed already stays as it is.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/close",
    operation_id = "closeAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = CloseStatement,
    responses((status = 200, description = "It is closed", body = AlertDetail)),
    security(("writeKey" = []))
)]
pub async fn close(
    State(web): State<Web>,
    key: WriteKey,
    Path(id): Path<String>,
    Json(stated): Json<CloseStatement>,
) -> Result<axum::Json<AlertDetail>> {
    web.app.close_alerts(&key.scope, &[parse(&id)?], &stated.note, &key.actor()).await?;
    detail(&web, &key.scope, &id).await
}

/// Open an alert again.
///
/// One that was closed or dismissed by hand, or snoozed.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/reopen",
    operation_id = "reopenAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "It is open", body = AlertDetail),
        (status = 409, description = "It cannot be opened: its condition has cleared, or its rule has opened anew"),
    ),
    security(("writeKey" = []))
)]
pub async fn reopen(
    State(web): State<Web>,
    key: WriteKey,
    Path(id): Path<String>,
) -> Result<axum::Json<AlertDetail>> {
    let alert = parse(&id)?;
    let now = detail(&web, &key.scope, &id).await?.0;
    let (scope, actor) = (&key.scope, key.actor());
    let opened = match now.state.as_str() {
        "dismissed" => web.app.dismiss_alert(scope, alert, None, &actor).await,
        "snoozed" => web.app.snooze_alert(scope, alert, None, &actor).await,
        _ => web.app.reopen_alert(scope, alert, &actor).await,
    };
    opened.map_err(|error| named(error, &id))?;
    detail(&web, &key.scope, &id).await
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeStatement {
    /// The day on which it comes back, from tomorrow on, a year ahead at most; null takes the snooze back.
    #[serde(deserialize_with = "common::read_day")]
    #[schema(example = "2027-03-08")]
    until: Option<NaiveDate>,
}

/// Put an open alert off.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/snooze",
    operation_id = "snoozeAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = SnoozeStatement,
    responses(
        (status = 200, description = "It is put off", body = AlertDetail),
        (status = 409, description = "It is not open"),
    ),
    security(("writeKey" = []))
)]
pub async fn snooze(
    State(web): State<Web>,
    key: WriteKey,
    Path(id): Path<String>,
    Json(stated): Json<SnoozeStatement>,
) -> Result<axum::Json<AlertDetail>> {
    let done = web.app.snooze_alert(&key.scope, parse(&id)?, stated.until, &key.actor()).await;
    done.map_err(|error| named(error, &id))?;
    detail(&web, &key.scope, &id).await
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissStatement {
    /// Why nothing is to be done.
    #[schema(min_length = 1, max_length = 2000, example = "They told us of the summer break")]
    reason: String,
}

/// Set an open alert aside.
///
/// It is not shown, nor opened again, before its condition has cleared.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/dismiss",
    operation_id = "dismissAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = DismissStatement,
    responses(
        (status = 200, description = "It is set aside", body = AlertDetail),
        (status = 409, description = "It is not open"),
    ),
    security(("writeKey" = []))
)]
pub async fn dismiss(
    State(web): State<Web>,
    key: WriteKey,
    Path(id): Path<String>,
    Json(stated): Json<DismissStatement>,
) -> Result<axum::Json<AlertDetail>> {
    let done = web.app.dismiss_alert(&key.scope, parse(&id)?, Some(&stated.reason), &key.actor()).await;
    done.map_err(|error| named(error, &id))?;
    detail(&web, &key.scope, &id).await
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignStatement {
    /// The member's address; null for whoever plays the role of the alert.
    #[schema(example = "maya@example.com")]
    owner: Option<String>,
}

/// Give an alert to a member.
#[utoipa::path(
    post,
    path = "/v1/alerts/{id}/assign",
    operation_id = "assignAlert",
    tag = "Alerts",
    params(("id" = String, Path, description = "Its id")),
    request_body = AssignStatement,
    responses(
        (status = 200, description = "It is theirs", body = AlertDetail),
        (status = 409, description = "It is closed"),
    ),
    security(("writeKey" = []))
)]
pub async fn assign(
    State(web): State<Web>,
    key: WriteKey,
    Path(id): Path<String>,
    Json(stated): Json<AssignStatement>,
) -> Result<axum::Json<AlertDetail>> {
    let member = match &stated.owner {
        None => None,
        Some(email) => {
            let mut tx = web.app.db.read(&key.scope).await?;
            let known = db::members::id_of_email(&mut tx, email).await?;
            Some(known.ok_or_else(|| Error::invalid("owner", "is not the address of a member"))?)
        }
    };
    let done = web.app.assign_alert(&key.scope, parse(&id)?, member, &key.actor()).await;
    done.map_err(|error| named(error, &id))?;
    detail(&web, &key.scope, &id).await
}
