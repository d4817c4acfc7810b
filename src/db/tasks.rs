//! Tasks: steps of plays, touchpoints, and what people or rules add.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{Result, TenantTx};

/// A task.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Task {
    /// Its id.
    pub id: Uuid,
    /// The account's id; none for a task of a member or of the tenant.
    pub account_id: Option<Uuid>,
    /// The account's external id.
    pub external_id: Option<String>,
    /// The account's name.
    pub account: Option<String>,
    /// The play it belongs to.
    pub play_id: Option<Uuid>,
    /// The play's name.
    pub play: Option<String>,
    /// Its place in the playbook.
    pub position: i32,
    /// The alert it belongs to.
    pub alert_id: Option<Uuid>,
    /// `play`, `touchpoint`, `rule` or `hand`.
    pub source: String,
    /// What is to be done.
    pub title: String,
    /// `task`, `meeting`, `training`, `milestone` or `validation`.
    pub kind: String,
    /// The phase of the playbook.
    pub phase: String,
    /// How long it takes, in words.
    pub duration: String,
    /// What belongs to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// What people noted.
    pub note: String,
    /// The role that does it.
    pub role: Option<String>,
    /// The member who does it; none is unassigned.
    pub owner_id: Option<Uuid>,
    /// Whether somebody gave it to them, rather than their role.
    pub owner_by_hand: bool,
    /// First planned day.
    pub from_on: Option<NaiveDate>,
    /// The day it was planned to be due.
    pub planned_on: Option<NaiveDate>,
    /// The day it is due.
    pub due_on: Option<NaiveDate>,
    /// Whether it was planned before its play began.
    pub late: bool,
    /// Whether data may close it.
    pub by_data: bool,
    /// `open`, `done`, `skipped` or `cancelled`.
    pub state: String,
    /// The day it was done.
    pub done_on: Option<NaiveDate>,
    /// By whom.
    pub done_by: Option<String>,
}

const SELECT: &str = "SELECT t.id, t.account_id, a.external_id, a.name AS account, t.play_id, p.name AS play, t.position,
    t.alert_id, t.source, t.title, t.kind, t.phase, t.duration, t.details, t.deliverables, t.note, t.role, t.owner_id, t.owner_by_hand,
    t.from_on, t.planned_on, t.due_on, t.late, t.by_data, t.state, t.done_on, t.done_by
  FROM tasks t LEFT JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
  LEFT JOIN plays p ON p.tenant_id = t.tenant_id AND p.id = t.play_id";

/// A task to be added.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Its id.
    pub id: Uuid,
    /// The account it is about.
    pub account: Option<Uuid>,
    /// The play it belongs to.
    pub play: Option<Uuid>,
    /// Its place in the playbook.
    pub position: i32,
    /// The alert it belongs to.
    pub alert: Option<Uuid>,
    /// `play`, `touchpoint`, `rule` or `hand`.
    pub source: &'static str,
    /// The touchpoint's id.
    pub touchpoint: Option<String>,
    /// What makes it one, where it is not a play's.
    pub once: Option<String>,
    /// What is to be done.
    pub title: String,
    /// `task`, `meeting`, `training`, `milestone` or `validation`.
    pub kind: &'static str,
    /// The phase of the playbook.
    pub phase: String,
    /// How long it takes.
    pub duration: String,
    /// What belongs to it.
    pub details: Vec<String>,
    /// What it yields.
    pub deliverables: Vec<String>,
    /// The role that does it; none is the account's CSM.
    pub role: Option<String>,
    /// The member who does it, where that is said by hand.
    pub owner: Option<Uuid>,
    /// First planned day.
    pub from: Option<NaiveDate>,
    /// The day it was planned to be due.
    pub planned: Option<NaiveDate>,
    /// The day it is due.
    pub due: Option<NaiveDate>,
    /// Whether it was planned before its play began.
    pub late: bool,
    /// Whether data may close it.
    pub by_data: bool,
}

/// Adds tasks; returns the ids of those that were not there yet.
pub async fn insert(tx: &mut TenantTx, tasks: &[NewTask], at: DateTime<Utc>) -> Result<Vec<Uuid>> {
    if tasks.is_empty() {
        return Ok(Vec::new());
    }
    let text = |of: fn(&NewTask) -> &str| tasks.iter().map(|t| of(t).to_owned()).collect::<Vec<_>>();
    let list = |of: fn(&NewTask) -> &Vec<String>| -> Vec<Value> {
        tasks.iter().map(|t| serde_json::json!(of(t))).collect()
    };
    sqlx::query_scalar(
        "INSERT INTO tasks (tenant_id, id, account_id, play_id, position, alert_id, source, touchpoint, once, title, kind,
           phase, duration, details, deliverables, role, owner_id, owner_by_hand, from_on, planned_on, due_on, late, by_data,
           state, created_at)
         SELECT $1, x.id, x.account, x.play, x.position, x.alert, x.source, x.touchpoint, x.once, left(x.title, 500), x.kind,
           x.phase, x.duration, ARRAY(SELECT jsonb_array_elements_text(x.details)),
           ARRAY(SELECT jsonb_array_elements_text(x.deliverables)), x.role,
           coalesce(x.owner, holder_of($1, x.account, x.role)), x.owner IS NOT NULL, x.begins, x.planned, x.due, x.late,
           x.by_data, 'open', $2
         FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::uuid[], $8::text[], $9::text[], $10::text[],
           $11::text[], $12::text[], $13::text[], $14::text[], $15::jsonb[], $16::jsonb[], $17::text[], $18::uuid[],
           $19::date[], $20::date[], $21::date[], $22::bool[], $23::bool[])
           AS x (id, account, play, position, alert, source, touchpoint, once, title, kind, phase, duration, details,
                 deliverables, role, owner, begins, planned, due, late, by_data)
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(tx.tenant())
    .bind(at)
    .bind(tasks.iter().map(|t| t.id).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.account).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.play).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.position).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.alert).collect::<Vec<_>>())
    .bind(text(|t| t.source))
    .bind(tasks.iter().map(|t| t.touchpoint.clone()).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.once.clone()).collect::<Vec<_>>())
    .bind(text(|t| &t.title))
    .bind(text(|t| t.kind))
    .bind(text(|t| &t.phase))
    .bind(text(|t| &t.duration))
    .bind(list(|t| &t.details))
    .bind(list(|t| &t.deliverables))
    .bind(tasks.iter().map(|t| t.role.clone()).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.owner).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.from).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.planned).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.due).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.late).collect::<Vec<_>>())
    .bind(tasks.iter().map(|t| t.by_data).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}

/// Which tasks are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one account.
    pub account: Option<Uuid>,
    /// Of one play.
    pub play: Option<Uuid>,
    /// Of one member.
    pub owner: Option<Uuid>,
    /// Without an owner only.
    pub unassigned: bool,
    /// Due on or after this day.
    pub from: Option<NaiveDate>,
    /// Due on or before this day.
    pub to: Option<NaiveDate>,
    /// Done, skipped and cancelled ones too.
    pub over: bool,
    /// Of one kind.
    pub kind: Option<String>,
    /// From one source: `play`, `touchpoint`, `rule` or `hand`.
    pub source: Option<String>,
    /// Without a day only.
    pub undated: bool,
}

const WHERE: &str = " WHERE ($1::uuid IS NULL OR t.account_id = $1) AND ($2::uuid IS NULL OR t.play_id = $2)
       AND ($3::uuid IS NULL OR t.owner_id = $3) AND (NOT $4 OR t.owner_id IS NULL)
       AND ($5::date IS NULL OR t.due_on >= $5) AND ($6::date IS NULL OR t.due_on <= $6)
       AND ($7 OR t.state = 'open') AND ($8::text IS NULL OR t.kind = $8)
       AND ($9::text IS NULL OR t.source = $9) AND (NOT $10 OR t.due_on IS NULL)
       AND ($2::uuid IS NOT NULL OR p.state IS DISTINCT FROM 'paused')";

macro_rules! filtered {
    ($query:expr, $filter:expr) => {
        $query
            .bind($filter.account)
            .bind($filter.play)
            .bind($filter.owner)
            .bind($filter.unassigned)
            .bind($filter.from)
            .bind($filter.to)
            .bind($filter.over)
            .bind(&$filter.kind)
            .bind(&$filter.source)
            .bind($filter.undated)
    };
}

/// Tasks by due day, those without one last; with how many there are in all. Tasks of paused plays are left out.
pub async fn list(tx: &mut TenantTx, filter: &Filter, offset: i64, limit: i64) -> Result<(Vec<Task>, i64)> {
    let rows = format!(
        "{SELECT}{WHERE} ORDER BY t.due_on NULLS LAST, t.play_id, t.position, t.id OFFSET $11 LIMIT $12"
    );
    let rows = filtered!(sqlx::query_as(sqlx::AssertSqlSafe(rows)), filter);
    let rows = rows.bind(offset).bind(limit).fetch_all(tx.conn()).await?;
    let count = format!(
        "SELECT count(*) FROM tasks t LEFT JOIN plays p ON p.tenant_id = t.tenant_id AND p.id = t.play_id{WHERE}"
    );
    let count =
        filtered!(sqlx::query_scalar(sqlx::AssertSqlSafe(count)), filter).fetch_one(tx.conn()).await?;
    Ok((rows, count))
}

/// A page of tasks in the order they were added, after the one with an id.
pub async fn page(tx: &mut TenantTx, filter: &Filter, after: Option<Uuid>, limit: i64) -> Result<Vec<Task>> {
    let sql = format!("{SELECT}{WHERE} AND ($11::uuid IS NULL OR t.id > $11) ORDER BY t.id LIMIT $12");
    filtered!(sqlx::query_as(sqlx::AssertSqlSafe(sql)), filter)
        .bind(after)
        .bind(limit)
        .fetch_all(tx.conn())
        .await
}

/// How many tasks are when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Counts {
    /// Due before the day that was asked for.
    pub overdue: i64,
    /// Due on it.
    pub today: i64,
    /// Due in the seven days after it.
    pub week: i64,
    /// Due later.
    pub later: i64,
    /// Without a day.
    pub undated: i64,
}

impl Counts {
    /// All of them.
    pub fn all(&self) -> i64 {
        self.overdue + self.today + self.week + self.later + self.undated
    }
}

/// How many tasks are when, as of a day.
pub async fn counts(tx: &mut TenantTx, filter: &Filter, today: NaiveDate) -> Result<Counts> {
    let sql = format!(
        "SELECT count(*) FILTER (WHERE t.due_on < $11) AS overdue, count(*) FILTER (WHERE t.due_on = $11) AS today,
           count(*) FILTER (WHERE t.due_on > $11 AND t.due_on <= $11 + 7) AS week,
           count(*) FILTER (WHERE t.due_on > $11 + 7) AS later, count(*) FILTER (WHERE t.due_on IS NULL) AS undated
         FROM tasks t LEFT JOIN plays p ON p.tenant_id = t.tenant_id AND p.id = t.play_id{WHERE}"
    );
    filtered!(sqlx::query_as(sqlx::AssertSqlSafe(sql)), filter).bind(today).fetch_one(tx.conn()).await
}

/// Some tasks.
pub async fn by_ids(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Task>> {
    let sql = format!("{SELECT} WHERE t.id = ANY($1) ORDER BY t.due_on NULLS LAST, t.position, t.id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ids).fetch_all(tx.conn()).await
}

/// The tasks that an alert asks for beside its plays.
pub async fn of_alert(tx: &mut TenantTx, alert: Uuid) -> Result<Vec<Task>> {
    let sql =
        format!("{SELECT} WHERE t.alert_id = $1 AND t.play_id IS NULL ORDER BY t.due_on NULLS LAST, t.id");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(alert).fetch_all(tx.conn()).await
}

/// One task.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Task>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// Ends open tasks as `done`, `skipped` or `cancelled`; returns the ids of those it ended.
pub async fn end(
    tx: &mut TenantTx,
    ids: &[Uuid],
    state: &str,
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "UPDATE tasks SET state = $2, done_at = $3, done_on = $4, done_by = $5 WHERE id = ANY($1) AND state = 'open'
         RETURNING id",
    )
    .bind(ids)
    .bind(state)
    .bind(at)
    .bind(on)
    .bind(by)
    .fetch_all(tx.conn())
    .await
}

/// Opens tasks again that are done or skipped and whose play still runs, or ended because they were done; returns the
/// ids of those it opened.
pub async fn reopen(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    sqlx::query(
        "UPDATE plays SET state = 'running', ended_at = NULL, ended_on = NULL, ended_by = NULL WHERE state = 'done'
           AND id IN (SELECT play_id FROM tasks WHERE id = ANY($1) AND state IN ('done', 'skipped'))",
    )
    .bind(ids)
    .execute(tx.conn())
    .await?;
    sqlx::query_scalar(
        "UPDATE tasks t SET state = 'open', done_at = NULL, done_on = NULL, done_by = NULL
         WHERE t.id = ANY($1) AND t.state IN ('done', 'skipped') AND NOT EXISTS
           (SELECT FROM plays p WHERE p.tenant_id = t.tenant_id AND p.id = t.play_id AND p.ended_at IS NOT NULL)
         RETURNING t.id",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await
}

/// The running plays of tasks that have nothing open any more and no goal that data decides.
pub async fn finished_plays(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT p.id FROM plays p WHERE p.ended_at IS NULL AND NOT p.goal_by_data
           AND p.id IN (SELECT play_id FROM tasks WHERE id = ANY($1))
           AND NOT EXISTS (SELECT FROM tasks t WHERE t.tenant_id = p.tenant_id AND t.play_id = p.id AND t.state = 'open')",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await
}

/// Gives open tasks to a member by hand; to whoever plays their role with none.
pub async fn assign(tx: &mut TenantTx, ids: &[Uuid], member: Option<Uuid>) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "UPDATE tasks SET owner_by_hand = $2 IS NOT NULL,
           owner_id = CASE WHEN $2 IS NULL THEN holder_of(tenant_id, account_id, role) ELSE $2 END
         WHERE id = ANY($1) AND state = 'open' RETURNING id",
    )
    .bind(ids)
    .bind(member)
    .fetch_all(tx.conn())
    .await
}

/// Moves open tasks, each to a day of its own or to none; returns the ids of those it moved.
pub async fn put_off(tx: &mut TenantTx, days: &[(Uuid, Option<NaiveDate>)]) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "UPDATE tasks t SET due_on = x.due FROM unnest($1::uuid[], $2::date[]) AS x (id, due)
         WHERE t.id = x.id AND t.state = 'open' RETURNING t.id",
    )
    .bind(days.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(days.iter().map(|(_, due)| *due).collect::<Vec<_>>())
    .fetch_all(tx.conn())
    .await
}

/// The dates of an open task of a play, by its place.
#[derive(Debug, Clone)]
pub struct Dates {
    /// Its place in the playbook.
    pub position: i32,
    /// First planned day.
    pub from: Option<NaiveDate>,
    /// The day it was planned to be due.
    pub planned: Option<NaiveDate>,
    /// The day it is due.
    pub due: Option<NaiveDate>,
    /// Whether it was planned before its play began.
    pub late: bool,
}

/// Plans the open tasks of a play anew.
pub async fn plan_anew(tx: &mut TenantTx, play: Uuid, dates: &[Dates]) -> Result<()> {
    sqlx::query(
        "UPDATE tasks t SET from_on = x.begins, planned_on = x.planned, due_on = x.due, late = x.late
         FROM unnest($2::int[], $3::date[], $4::date[], $5::date[], $6::bool[]) AS x (position, begins, planned, due, late)
         WHERE t.play_id = $1 AND t.position = x.position AND t.state = 'open'",
    )
    .bind(play)
    .bind(dates.iter().map(|d| d.position).collect::<Vec<_>>())
    .bind(dates.iter().map(|d| d.from).collect::<Vec<_>>())
    .bind(dates.iter().map(|d| d.planned).collect::<Vec<_>>())
    .bind(dates.iter().map(|d| d.due).collect::<Vec<_>>())
    .bind(dates.iter().map(|d| d.late).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What people noted about a task.
pub async fn set_note(tx: &mut TenantTx, id: Uuid, note: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE tasks SET note = $2 WHERE id = $1")
        .bind(id)
        .bind(note)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}
