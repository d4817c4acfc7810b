//! What is under way for accounts, as the engine of effects reads it, and what it last noticed.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};
use crate::domain::effects::{Book, BookedAlert, BookedPlay, BookedTouch};

/// What was last noticed of an account.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    /// Account.
    pub account: Uuid,
    /// The day it was acted upon.
    pub acted_on: NaiveDate,
    /// Base stage.
    pub stage: Option<String>,
    /// Overlays beside it.
    pub overlays: Vec<String>,
    /// Segment.
    pub segment: Option<String>,
    /// Band.
    pub band: Option<String>,
    /// Whether it left a stage with criteria unmet, or is about to.
    pub behind: bool,
}

/// Makes sure that nobody else acts on accounts until the transaction ends. Comes before every other lock.
pub async fn lock(tx: &mut TenantTx, ids: &[Uuid]) -> Result<()> {
    let locked: Vec<Uuid> = sqlx::query_scalar(
        "SELECT account_id FROM account_marks WHERE account_id = ANY($1) ORDER BY account_id FOR UPDATE",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    if locked.len() < ids.len() {
        sqlx::query(
            "INSERT INTO account_marks (tenant_id, account_id)
             SELECT $1, id FROM accounts WHERE id = ANY($2) ORDER BY id
             ON CONFLICT (tenant_id, account_id) DO UPDATE SET acted_on = account_marks.acted_on",
        )
        .bind(tx.tenant())
        .bind(ids)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// What is under way for accounts on a day. Those of which nothing is known are missing.
pub async fn load(tx: &mut TenantTx, ids: &[Uuid], day: NaiveDate) -> Result<HashMap<Uuid, Book>> {
    let mut books = marks(tx, ids).await?;
    alerts(tx, ids, day, &mut books).await?;
    plays(tx, ids, &mut books).await?;
    moments_and_touches(tx, ids, day, &mut books).await?;
    Ok(books)
}

async fn marks(tx: &mut TenantTx, ids: &[Uuid]) -> Result<HashMap<Uuid, Book>> {
    type Row = (Uuid, Option<NaiveDate>, Option<String>, Vec<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT account_id, acted_on, stage, overlays, segment, band FROM account_marks WHERE account_id = ANY($1)",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let book = |(id, acted_on, stage, overlays, segment, band): Row| {
        (id, Book { acted_on, stage, overlays, segment, band, ..Book::default() })
    };
    Ok(rows.into_iter().map(book).collect())
}

async fn alerts(
    tx: &mut TenantTx,
    ids: &[Uuid],
    day: NaiveDate,
    books: &mut HashMap<Uuid, Book>,
) -> Result<()> {
    type Row = (Uuid, Uuid, String, String, DateTime<Utc>, Vec<String>, bool, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT account_id, id, rule, state, opened_at, escalated, rule_gone, closed_at IS NOT NULL FROM alerts
         WHERE account_id = ANY($1) AND closed_at IS NULL
         UNION ALL
         SELECT account_id, id, rule, state, opened_at, escalated, rule_gone, true FROM alerts
         WHERE account_id = ANY($1) AND (opened_on = $2 OR closed_on = $2) AND closed_at IS NOT NULL
         ORDER BY 1, 5, 2",
    )
    .bind(ids)
    .bind(day)
    .fetch_all(tx.conn())
    .await?;
    for (account, id, rule, state, opened_at, escalated, rule_gone, closed) in rows {
        let book = books.entry(account).or_default();
        if closed {
            book.opened_today.push(rule);
        } else {
            let open = state == "open";
            book.alerts.push(BookedAlert { id, rule, open, opened_at, escalated, rule_gone });
        }
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct PlayRow {
    account_id: Uuid,
    id: Uuid,
    playbook: String,
    once: String,
    anchor_on: NaiveDate,
    ends_on: Option<NaiveDate>,
    state: String,
    playbook_gone: bool,
    positions: Vec<i32>,
    tasks: Vec<Uuid>,
    open_tasks: i64,
}

async fn plays(tx: &mut TenantTx, ids: &[Uuid], books: &mut HashMap<Uuid, Book>) -> Result<()> {
    let rows: Vec<PlayRow> = sqlx::query_as(
        "SELECT p.account_id, p.id, p.playbook, p.once, p.anchor_on, p.ends_on, p.state, p.playbook_gone,
                coalesce(array_agg(t.position ORDER BY t.position) FILTER (WHERE t.by_data), '{}') AS positions,
                coalesce(array_agg(t.id ORDER BY t.position) FILTER (WHERE t.by_data), '{}') AS tasks,
                count(t.id) AS open_tasks
         FROM plays p LEFT JOIN tasks t ON t.tenant_id = p.tenant_id AND t.play_id = p.id AND t.state = 'open'
         WHERE p.account_id = ANY($1) AND p.ended_at IS NULL
         GROUP BY p.tenant_id, p.id",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    for row in rows {
        let positions = row.positions.iter().filter_map(|at| usize::try_from(*at).ok());
        books.entry(row.account_id).or_default().plays.push(BookedPlay {
            id: row.id,
            playbook: row.playbook,
            once: without_account(&row.once),
            anchor: row.anchor_on,
            ends_on: row.ends_on,
            paused: row.state == "paused",
            playbook_gone: row.playbook_gone,
            by_data: positions.zip(row.tasks).collect(),
            open_tasks: usize::try_from(row.open_tasks).unwrap_or_default(),
        });
    }
    let started: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT account_id, once FROM plays WHERE account_id = ANY($1)")
            .bind(ids)
            .fetch_all(tx.conn())
            .await?;
    for (account, once) in started {
        books.entry(account).or_default().started.push(without_account(&once));
    }
    Ok(())
}

/// A play's key begins with its account.
fn without_account(once: &str) -> String {
    once.split_once('/').map_or(once, |(_, rest)| rest).to_owned()
}

async fn moments_and_touches(
    tx: &mut TenantTx,
    ids: &[Uuid],
    day: NaiveDate,
    books: &mut HashMap<Uuid, Book>,
) -> Result<()> {
    let moments: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT account_id, moment FROM moments WHERE account_id = ANY($1)")
            .bind(ids)
            .fetch_all(tx.conn())
            .await?;
    for (account, moment) in moments {
        books.entry(account).or_default().moments.push(moment);
    }
    let touches: Vec<(Uuid, Uuid, String, NaiveDate, bool)> = sqlx::query_as(
        "SELECT account_id, id, touchpoint, planned_on, state = 'open' FROM tasks
         WHERE account_id = ANY($1) AND source = 'touchpoint' AND touchpoint IS NOT NULL
           AND (planned_on >= $2 OR state = 'open')",
    )
    .bind(ids)
    .bind(day)
    .fetch_all(tx.conn())
    .await?;
    for (account, task, touchpoint, due, open) in touches {
        books.entry(account).or_default().touches.push(BookedTouch { task, touchpoint, due, open });
    }
    Ok(())
}

/// The company's own touchpoints: those ahead of a day, and those still open.
pub async fn company_touches(tx: &mut TenantTx, day: NaiveDate) -> Result<Vec<BookedTouch>> {
    let touches: Vec<(Uuid, String, NaiveDate, bool)> = sqlx::query_as(
        "SELECT id, touchpoint, planned_on, state = 'open' FROM tasks
         WHERE account_id IS NULL AND source = 'touchpoint' AND touchpoint IS NOT NULL
           AND (planned_on >= $1 OR state = 'open')",
    )
    .bind(day)
    .fetch_all(tx.conn())
    .await?;
    let booked = |(task, touchpoint, due, open)| BookedTouch { task, touchpoint, due, open };
    Ok(touches.into_iter().map(booked).collect())
}

/// Notes what was noticed, of accounts that are locked.
pub async fn mark(tx: &mut TenantTx, marks: &[Mark]) -> Result<()> {
    for mark in marks.iter().filter(|mark| mark.overlays.len() > 1) {
        sqlx::query("UPDATE account_marks SET overlays = $2 WHERE account_id = $1")
            .bind(mark.account)
            .bind(&mark.overlays)
            .execute(tx.conn())
            .await?;
    }
    // Most accounts have one overlay at most, which spares an array of arrays.
    let one = |mark: &Mark| mark.overlays.first().filter(|_| mark.overlays.len() == 1).cloned();
    sqlx::query(
        "UPDATE account_marks m SET acted_on = x.acted_on, stage = x.stage, segment = x.segment, band = x.band,
           behind = x.behind,
           overlays = CASE WHEN x.many THEN m.overlays WHEN x.overlay IS NULL THEN '{}' ELSE ARRAY[x.overlay] END
         FROM unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::bool[])
              AS x (id, acted_on, stage, segment, band, behind, overlay, many)
         WHERE m.account_id = x.id AND (m.acted_on, m.stage, m.segment, m.band, m.behind) IS DISTINCT FROM
               (x.acted_on, x.stage, x.segment, x.band, x.behind)
            OR m.account_id = x.id AND NOT x.many AND m.overlays IS DISTINCT FROM
               CASE WHEN x.overlay IS NULL THEN '{}' ELSE ARRAY[x.overlay] END",
    )
    .bind(marks.iter().map(|m| m.account).collect::<Vec<_>>())
    .bind(marks.iter().map(|m| m.acted_on).collect::<Vec<_>>())
    .bind(marks.iter().map(|m| m.stage.clone()).collect::<Vec<_>>())
    .bind(marks.iter().map(|m| m.segment.clone()).collect::<Vec<_>>())
    .bind(marks.iter().map(|m| m.band.clone()).collect::<Vec<_>>())
    .bind(marks.iter().map(|m| m.behind).collect::<Vec<_>>())
    .bind(marks.iter().map(one).collect::<Vec<_>>())
    .bind(marks.iter().map(|m| m.overlays.len() > 1).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends what is under way for accounts that have left.
pub async fn depart(
    tx: &mut TenantTx,
    accounts: &[Uuid],
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<()> {
    for ending in [
        "UPDATE alerts SET state = 'closed', closed_at = $2, closed_on = $3, closed_by = $4, close_reason = 'churned'
         WHERE account_id = ANY($1) AND closed_at IS NULL",
        "UPDATE plays SET state = 'stopped', ended_at = $2, ended_on = $3, ended_by = $4, end_reason = 'The account has left.'
         WHERE account_id = ANY($1) AND ended_at IS NULL",
        "UPDATE tasks SET state = 'cancelled', done_at = $2, done_on = $3, done_by = $4
         WHERE account_id = ANY($1) AND state = 'open' AND source <> 'hand'",
    ] {
        sqlx::query(ending).bind(accounts).bind(at).bind(on).bind(by).execute(tx.conn()).await?;
    }
    Ok(())
}
