//! Plays: runs of playbooks for an account, a member or the tenant.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A play.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Play {
    /// Its id.
    pub id: Uuid,
    /// The playbook's id.
    pub playbook: String,
    /// The version of the methodology it was planned by.
    pub version: i32,
    /// The playbook's name when it was started.
    pub name: String,
    /// The playbook's category.
    pub category: String,
    /// `account`, `member` or `tenant`.
    pub subject: String,
    /// The account's id.
    pub account_id: Option<Uuid>,
    /// The account's external id.
    pub external_id: Option<String>,
    /// The account's name.
    pub account: Option<String>,
    /// The member it is for.
    pub member_id: Option<Uuid>,
    /// `stage`, `alert`, `renewal` or `hand`.
    pub cause: String,
    /// The alert that started it.
    pub alert_id: Option<Uuid>,
    /// What makes it one.
    pub once: String,
    /// The day its days count from.
    pub anchor_on: NaiveDate,
    /// The tenant's day it was started.
    pub started_on: NaiveDate,
    /// By whom.
    pub started_by: String,
    /// The day by which its goal should be reached.
    pub ends_on: Option<NaiveDate>,
    /// What it is for.
    pub goal: String,
    /// Whether data decides about the goal.
    pub goal_by_data: bool,
    /// `running`, `paused`, `reached`, `missed`, `done` or `stopped`.
    pub state: String,
    /// The day it was paused.
    pub paused_on: Option<NaiveDate>,
    /// The day it ended.
    pub ended_on: Option<NaiveDate>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Why.
    pub end_reason: String,
    /// The account's score when it began.
    pub score_before: Option<f64>,
    /// Its band.
    pub band_before: Option<String>,
    /// Whether its playbook is no longer in the methodology.
    pub playbook_gone: bool,
    /// How many tasks it has, without those that were cancelled.
    pub tasks: i64,
    /// How many of them are open.
    pub open: i64,
    /// How many open ones are overdue on the day that was asked for.
    pub overdue: i64,
    /// The next day something is due.
    pub next_on: Option<NaiveDate>,
}

/// The columns of plays; the parameter with this number is the day that "overdue" is told from.
fn select(today: usize) -> String {
    format!(
        "SELECT p.id, p.playbook, p.version, p.name, p.category, p.subject, p.account_id, a.external_id,
           a.name AS account, p.member_id, p.cause, p.alert_id, p.once, p.anchor_on, p.started_on, p.started_by,
           p.ends_on, p.goal, p.goal_by_data, p.state, p.paused_on, p.ended_on, p.ended_by, p.end_reason,
           p.score_before, p.band_before, p.playbook_gone, t.tasks, t.open, t.overdue, t.next_on
         FROM plays p LEFT JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
         CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state <> 'cancelled') AS tasks,
             count(*) FILTER (WHERE state = 'open') AS open,
             count(*) FILTER (WHERE state = 'open' AND due_on < ${today}) AS overdue,
             min(due_on) FILTER (WHERE state = 'open') AS next_on
           FROM tasks t WHERE t.tenant_id = p.tenant_id AND t.play_id = p.id) t"
    )
}

/// A play to be started.
#[derive(Debug, Clone)]
pub struct NewPlay {
    /// Its id.
    pub id: Uuid,
    /// The playbook's id.
    pub playbook: String,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// `account`, `member` or `tenant`.
    pub subject: &'static str,
    /// The account it is for.
    pub account: Option<Uuid>,
    /// The member it is for.
    pub member: Option<Uuid>,
    /// Why.
    pub cause: &'static str,
    /// The alert that starts it.
    pub alert: Option<Uuid>,
    /// What makes it one: the same is started once, ever.
    pub once: String,
    /// The day its days count from.
    pub anchor: NaiveDate,
    /// The day by which its goal should be reached.
    pub ends_on: Option<NaiveDate>,
    /// What it is for.
    pub goal: String,
    /// Whether data decides about the goal.
    pub goal_by_data: bool,
}

/// Starts plays; returns the ids of those that were not started before.
pub async fn insert(
    tx: &mut TenantTx,
    plays: &[NewPlay],
    version: i32,
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<Vec<Uuid>> {
    if plays.is_empty() {
        return Ok(Vec::new());
    }
    let text = |of: fn(&NewPlay) -> &str| plays.iter().map(|p| of(p).to_owned()).collect::<Vec<_>>();
    sqlx::query_scalar(
        "INSERT INTO plays (tenant_id, id, playbook, version, name, category, subject, account_id, member_id, cause, alert_id,
           once, anchor_on, started_on, started_at, started_by, ends_on, goal, goal_by_data, state, score_before, band_before)
         SELECT $1, x.id, x.playbook, $2, x.name, x.category, x.subject, x.account, x.member, x.cause, x.alert, x.once,
           x.anchor, $3, $4, $5, x.ends_on, x.goal, x.by_data, 'running', s.score, s.band
         FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[], $12::uuid[], $13::text[],
           $14::uuid[], $15::text[], $16::date[], $17::date[], $18::text[], $19::bool[])
           AS x (id, playbook, name, category, subject, account, member, cause, alert, once, anchor, ends_on, goal, by_data)
         LEFT JOIN account_states s ON s.tenant_id = $1 AND s.account_id = x.account
         ON CONFLICT (tenant_id, once) DO NOTHING RETURNING id",
    )
    .bind(tx.tenant())
    .bind(version)
    .bind(on)
    .bind(at)
    .bind(by)
    .bind(plays.iter().map(|p| p.id).collect::<Vec<_>>())
    .bind(text(|p| &p.playbook))
    .bind(text(|p| &p.name))
    .bind(text(|p| &p.category))
    .bind(text(|p| p.subject))
    .bind(plays.iter().map(|p| p.account).collect::<Vec<_>>())
    .bind(plays.iter().map(|p| p.member).collect::<Vec<_>>())
    .bind(text(|p| p.cause))
    .bind(plays.iter().map(|p| p.alert).collect::<Vec<_>>())
    .bind(text(|p| &p.once))
    .bind(plays.iter().map(|p| p.anchor).collect::<Vec<_>>())
    .bind(plays.iter().map(|p| p.ends_on).collect::<Vec<_>>())
    .bind(text(|p| &p.goal))
    .bind(plays.iter().map(|p| p.goal_by_data).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}

/// Which plays are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one account.
    pub account: Option<Uuid>,
    /// Of the accounts of one member, or for the member.
    pub member: Option<Uuid>,
    /// Of one playbook.
    pub playbook: Option<String>,
    /// Those that are over, instead of those that run or are paused.
    pub over: bool,
    /// Of one category.
    pub category: Option<String>,
    /// In one state.
    pub state: Option<String>,
}

const WHERE: &str = " WHERE ($1::uuid IS NULL OR p.account_id = $1)
       AND ($2::uuid IS NULL OR a.owner_id = $2 OR p.member_id = $2) AND ($3::text IS NULL OR p.playbook = $3)
       AND ($5::text IS NOT NULL OR (p.ended_at IS NOT NULL) = $4) AND ($5::text IS NULL OR p.state = $5)
       AND ($6::text IS NULL OR p.category = $6)";

macro_rules! filtered {
    ($query:expr, $filter:expr) => {
        $query
            .bind($filter.account)
            .bind($filter.member)
            .bind(&$filter.playbook)
            .bind($filter.over)
            .bind(&$filter.state)
            .bind(&$filter.category)
    };
}

/// Plays, those with overdue tasks first; with how many there are in all.
pub async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    today: NaiveDate,
    offset: i64,
    limit: i64,
) -> Result<(Vec<Play>, i64)> {
    let select = select(7);
    let rows = format!(
        "{select}{WHERE} ORDER BY p.ended_on DESC NULLS FIRST, t.overdue DESC, t.next_on NULLS LAST, p.id OFFSET $8 LIMIT $9"
    );
    let rows = filtered!(sqlx::query_as(sqlx::AssertSqlSafe(rows)), filter);
    let rows = rows.bind(today).bind(offset).bind(limit).fetch_all(tx.conn()).await?;
    let count = format!(
        "SELECT count(*) FROM plays p LEFT JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id{WHERE}"
    );
    let count =
        filtered!(sqlx::query_scalar(sqlx::AssertSqlSafe(count)), filter).fetch_one(tx.conn()).await?;
    Ok((rows, count))
}

/// A page of plays in the order they were started, after the one with an id.
pub async fn page(
    tx: &mut TenantTx,
    filter: &Filter,
    today: NaiveDate,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Play>> {
    let sql = format!("{}{WHERE} AND ($8::uuid IS NULL OR p.id > $8) ORDER BY p.id LIMIT $9", select(7));
    let rows = filtered!(sqlx::query_as(sqlx::AssertSqlSafe(sql)), filter);
    rows.bind(today).bind(after).bind(limit).fetch_all(tx.conn()).await
}

/// Some plays as of a day.
pub async fn by_ids(tx: &mut TenantTx, ids: &[Uuid], today: NaiveDate) -> Result<Vec<Play>> {
    let sql = format!("{} WHERE p.id = ANY($2) ORDER BY p.started_on DESC, p.id", select(1));
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(today).bind(ids).fetch_all(tx.conn()).await
}

/// The plays that an alert started, or that were started for it.
pub async fn of_alert(tx: &mut TenantTx, alert: Uuid, today: NaiveDate) -> Result<Vec<Play>> {
    let sql = format!("{} WHERE p.alert_id = $2 ORDER BY p.started_on DESC, p.id", select(1));
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(today).bind(alert).fetch_all(tx.conn()).await
}

/// One play as of a day.
pub async fn find(tx: &mut TenantTx, id: Uuid, today: NaiveDate) -> Result<Option<Play>> {
    Ok(by_ids(tx, &[id], today).await?.pop())
}

/// Ends plays that are not over, and cancels what is open of them; returns the ids of those it ended.
pub async fn end(
    tx: &mut TenantTx,
    ids: &[Uuid],
    state: &str,
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<Vec<Uuid>> {
    let ended: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE plays SET state = $2, end_reason = $3, ended_by = $4, ended_at = $5, ended_on = $6, paused_on = NULL
         WHERE id = ANY($1) AND ended_at IS NULL RETURNING id",
    )
    .bind(ids)
    .bind(state)
    .bind(reason)
    .bind(by)
    .bind(at)
    .bind(on)
    .fetch_all(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE tasks SET state = 'cancelled', done_at = $2, done_on = $3, done_by = $4
         WHERE play_id = ANY($1) AND state = 'open'",
    )
    .bind(&ended)
    .bind(at)
    .bind(on)
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(ended)
}

/// Takes a play up again that a person stopped or paused; what was cancelled with it is open again.
pub async fn resume(tx: &mut TenantTx, id: Uuid) -> Result<bool> {
    let ended_at: Option<Option<DateTime<Utc>>> = sqlx::query_scalar(
        "SELECT ended_at FROM plays WHERE id = $1 AND state IN ('stopped', 'paused') FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(tx.conn())
    .await?;
    let Some(ended_at) = ended_at else { return Ok(false) };
    sqlx::query(
        "UPDATE plays SET state = 'running', ended_at = NULL, ended_on = NULL, ended_by = NULL, end_reason = '',
           paused_on = NULL WHERE id = $1",
    )
    .bind(id)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "UPDATE tasks SET state = 'open', done_at = NULL, done_on = NULL, done_by = NULL
         WHERE play_id = $1 AND state = 'cancelled' AND done_at = $2",
    )
    .bind(id)
    .bind(ended_at)
    .execute(tx.conn())
    .await?;
    Ok(true)
}

/// Pauses a running play.
pub async fn pause(tx: &mut TenantTx, id: Uuid, on: NaiveDate) -> Result<bool> {
    let done =
        sqlx::query("UPDATE plays SET state = 'paused', paused_on = $2 WHERE id = $1 AND state = 'running'")
            .bind(id)
            .bind(on)
            .execute(tx.conn())
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Moves a play: the day its days count from, its end, and what it is for when that changed.
pub async fn shift(
    tx: &mut TenantTx,
    id: Uuid,
    anchor: NaiveDate,
    ends_on: Option<NaiveDate>,
    once: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE plays p SET anchor_on = $2, ends_on = $3, once = coalesce($4, once)
         WHERE p.id = $1 AND p.ended_at IS NULL
           AND NOT EXISTS (SELECT FROM plays o WHERE o.tenant_id = p.tenant_id AND o.once = $4 AND o.id <> p.id)",
    )
    .bind(id)
    .bind(anchor)
    .bind(ends_on)
    .bind(once)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that the playbooks of plays are gone: their tasks are done by hand.
pub async fn abandon(tx: &mut TenantTx, ids: &[Uuid]) -> Result<()> {
    sqlx::query("UPDATE plays SET playbook_gone = true, goal_by_data = false WHERE id = ANY($1)")
        .bind(ids)
        .execute(tx.conn())
        .await?;
    sqlx::query("UPDATE tasks SET by_data = false WHERE play_id = ANY($1) AND state = 'open'")
        .bind(ids)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// How plays of a playbook ended, and what the accounts' scores did.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Followed {
    /// The playbook's id.
    pub playbook: String,
    /// Its name as last used.
    pub name: String,
    /// Plays that run or are paused.
    pub running: i64,
    /// Plays whose goal data found reached.
    pub reached: i64,
    /// Plays whose goal was missed.
    pub missed: i64,
    /// Plays that were done without a goal that data decides.
    pub done: i64,
    /// Plays that were stopped.
    pub stopped: i64,
    /// Plays of accounts with a score when they began and one 30 days after they ended, or now.
    pub compared: i64,
    /// Of those, how many accounts stand higher than when the play began.
    pub higher: i64,
}

/// What followed the plays of each playbook that began on or after a day.
pub async fn followed(tx: &mut TenantTx, since: NaiveDate) -> Result<Vec<Followed>> {
    sqlx::query_as(
        "SELECT p.playbook, (array_agg(p.name ORDER BY p.started_at DESC))[1] AS name,
           count(*) FILTER (WHERE p.ended_at IS NULL) AS running, count(*) FILTER (WHERE p.state = 'reached') AS reached,
           count(*) FILTER (WHERE p.state = 'missed') AS missed, count(*) FILTER (WHERE p.state = 'done') AS done,
           count(*) FILTER (WHERE p.state = 'stopped') AS stopped,
           count(*) FILTER (WHERE p.ended_at IS NOT NULL AND p.score_before IS NOT NULL AND s.score IS NOT NULL) AS compared,
           count(*) FILTER (WHERE p.ended_at IS NOT NULL AND s.score > p.score_before) AS higher
         FROM plays p LEFT JOIN account_states s ON s.tenant_id = p.tenant_id AND s.account_id = p.account_id
         WHERE p.started_on >= $1 GROUP BY p.playbook ORDER BY count(*) DESC, p.playbook",
    )
    .bind(since)
    .fetch_all(tx.conn())
    .await
}

/// Onboardings that data judged on days of a stretch: how many reached their goal, of how many. Of the accounts of
/// one CSM (`Some(None)`: without one) and of one segment, where these are given.
pub async fn onboardings(
    tx: &mut TenantTx,
    owner: Option<Option<Uuid>>,
    segment: Option<&str>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<(i64, i64)> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE p.state = 'reached'), count(*)
         FROM plays p JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
         LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         WHERE p.category = 'onboarding' AND p.goal_by_data AND p.state IN ('reached', 'missed')
           AND p.ended_on BETWEEN $1 AND $2 AND (NOT $3 OR a.owner_id IS NOT DISTINCT FROM $4)
           AND ($5::text IS NULL OR coalesce(a.pinned_segment, s.segment) = $5)",
    )
    .bind(from)
    .bind(to)
    .bind(owner.is_some())
    .bind(owner.flatten())
    .bind(segment)
    .fetch_one(tx.conn())
    .await
}

/// Running plays that an account's entry into a stage began since a moment, and of which nothing is done yet.
pub async fn idle_of_stage(
    tx: &mut TenantTx,
    account: Uuid,
    stage: &str,
    since: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT p.id FROM plays p WHERE p.account_id = $1 AND p.cause = 'stage' AND p.started_at >= $3
           AND starts_with(p.once, $1::text || '/stage:' || $2 || ':') AND p.ended_at IS NULL
           AND NOT EXISTS (SELECT FROM tasks t WHERE t.tenant_id = p.tenant_id AND t.play_id = p.id
                             AND t.state IN ('done', 'skipped'))",
    )
    .bind(account)
    .bind(stage)
    .bind(since)
    .fetch_all(tx.conn())
    .await
}
