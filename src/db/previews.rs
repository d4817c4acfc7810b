//! What drafts would do to every account.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{Result, TenantTx};

/// A preview: which revision of which draft, over which version in force, as of which day.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredPreview {
    /// Identity.
    pub id: Uuid,
    /// The draft.
    pub draft_id: Uuid,
    /// Its revision.
    pub revision: i32,
    /// The version in force it was compared with.
    pub over_version: i32,
    /// The day accounts were worked out for.
    pub day: NaiveDate,
    /// The job that makes it.
    pub job_id: Option<Uuid>,
    /// When it was asked for.
    pub started_at: DateTime<Utc>,
    /// By whom.
    pub started_by: String,
    /// When all accounts were done.
    pub finished_at: Option<DateTime<Utc>>,
    /// What came of it, once it is finished.
    pub summary: Option<serde_json::Value>,
}

/// One account before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The account.
    pub account_id: Uuid,
    /// Its segment.
    pub segment_before: Option<String>,
    /// Its segment by the draft.
    pub segment_after: Option<String>,
    /// Its score.
    pub score_before: Option<f64>,
    /// Its score by the draft.
    pub score_after: Option<f64>,
    /// Its band.
    pub band_before: Option<String>,
    /// Its band by the draft.
    pub band_after: Option<String>,
    /// Its ARR, minor units of the tenant's currency; none without an exchange rate.
    pub arr_base_minor: Option<i64>,
    /// Rules that newly fire.
    pub started: Vec<String>,
    /// Rules that no longer fire.
    pub stopped: Vec<String>,
}

/// An [`Outcome`] with the account's names.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct OutcomeRow {
    /// Identity in the tenant's own systems.
    pub external_id: String,
    /// Display name.
    pub name: String,
    /// Its segment.
    pub segment_before: Option<String>,
    /// Its segment by the draft.
    pub segment_after: Option<String>,
    /// Its score.
    pub score_before: Option<f64>,
    /// Its score by the draft.
    pub score_after: Option<f64>,
    /// Its band.
    pub band_before: Option<String>,
    /// Its band by the draft.
    pub band_after: Option<String>,
    /// Its ARR, minor units of the tenant's currency; none without an exchange rate.
    pub arr_base_minor: Option<i64>,
    /// Rules that newly fire.
    pub started: Vec<String>,
    /// Rules that no longer fire.
    pub stopped: Vec<String>,
}

/// Which accounts of a preview. Everything that is given must hold; a band or segment given as `None` means that
/// there is none.
#[derive(Debug, Clone, Default)]
pub struct OutcomeFilter {
    /// In this band now.
    pub band_before: Option<Option<String>>,
    /// In this band by the draft.
    pub band_after: Option<Option<String>>,
    /// In this segment now.
    pub segment_before: Option<Option<String>>,
    /// This rule newly fires.
    pub started: Option<String>,
    /// This rule no longer fires.
    pub stopped: Option<String>,
    /// Only accounts whose band changes.
    pub moved: bool,
}

/// The order of a preview's accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutcomeOrder {
    /// By revenue.
    #[default]
    Revenue,
    /// By name.
    Name,
    /// By the score in force.
    Before,
    /// By the score to come.
    After,
    /// By how far the score moves, up or down.
    Change,
}

impl OutcomeOrder {
    fn sql(self) -> &'static str {
        match self {
            OutcomeOrder::Revenue => "p.arr_base_minor",
            OutcomeOrder::Name => "lower(a.name)",
            OutcomeOrder::Before => "p.score_before",
            OutcomeOrder::After => "p.score_after",
            OutcomeOrder::Change => "p.score_after - p.score_before",
        }
    }
}

const COLUMNS: &str =
    "id, draft_id, revision, over_version, day, job_id, started_at, started_by, finished_at, summary";

/// The newest preview of a draft.
pub async fn newest(tx: &mut TenantTx, draft: Uuid) -> Result<Option<StoredPreview>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM methodology_previews WHERE draft_id = $1 ORDER BY started_at DESC, id DESC LIMIT 1"
    )))
    .bind(draft)
    .fetch_optional(tx.conn())
    .await
}

/// A preview by its id.
pub async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<StoredPreview>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM methodology_previews WHERE id = $1")))
        .bind(id)
        .fetch_optional(tx.conn())
        .await
}

/// What a new preview is about.
#[derive(Debug, Clone, Copy)]
pub struct NewPreview<'a> {
    /// The draft.
    pub draft: Uuid,
    /// Its revision.
    pub revision: i32,
    /// The version in force.
    pub over: i32,
    /// The day.
    pub day: NaiveDate,
    /// Who asks for it.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// For how long previews of what is no draft any more are kept.
const KEPT_DAYS: i64 = 30;

/// Begins a preview in place of earlier ones of the draft, forgets old ones of what is no draft any more, and returns
/// its id.
pub async fn begin(tx: &mut TenantTx, new: &NewPreview<'_>) -> Result<Uuid> {
    sqlx::query(
        "DELETE FROM methodology_previews p USING methodologies m
         WHERE m.tenant_id = p.tenant_id AND m.id = p.draft_id
           AND (m.id = $1 OR (m.status <> 'draft' AND p.started_at < $2))",
    )
    .bind(new.draft)
    .bind(new.at - Duration::days(KEPT_DAYS))
    .execute(tx.conn())
    .await?;
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO methodology_previews (tenant_id, id, draft_id, revision, over_version, day, started_at, started_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(new.draft)
    .bind(new.revision)
    .bind(new.over)
    .bind(new.day)
    .bind(new.at)
    .bind(new.by)
    .execute(tx.conn())
    .await?;
    Ok(id)
}

/// Notes which job makes a preview.
pub async fn set_job(tx: &mut TenantTx, id: Uuid, job: Option<Uuid>) -> Result<()> {
    sqlx::query("UPDATE methodology_previews SET job_id = $2 WHERE id = $1")
        .bind(id)
        .bind(job)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets what an attempt that was broken off has left.
pub async fn clear(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM methodology_preview_accounts WHERE preview_id = $1")
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Adds accounts to a preview.
pub async fn add(tx: &mut TenantTx, id: Uuid, outcomes: &[Outcome]) -> Result<()> {
    macro_rules! column {
        ($field:ident) => {
            outcomes.iter().map(|o| o.$field.clone()).collect::<Vec<_>>()
        };
    }
    // Lists of lists do not go through unnest.
    let listed = |rules: &[String]| serde_json::json!(rules);
    sqlx::query(
        "INSERT INTO methodology_preview_accounts (tenant_id, preview_id, account_id, segment_before, segment_after,
           score_before, score_after, band_before, band_after, arr_base_minor, started, stopped)
         SELECT $1, $2, a, sb, sa, cb, ca, bb, ba, arr, ARRAY(SELECT jsonb_array_elements_text(st)),
           ARRAY(SELECT jsonb_array_elements_text(sp))
         FROM unnest($3::uuid[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[], $9::text[],
           $10::bigint[], $11::jsonb[], $12::jsonb[]) AS x (a, sb, sa, cb, ca, bb, ba, arr, st, sp)",
    )
    .bind(tx.tenant())
    .bind(id)
    .bind(column!(account_id))
    .bind(column!(segment_before))
    .bind(column!(segment_after))
    .bind(column!(score_before))
    .bind(column!(score_after))
    .bind(column!(band_before))
    .bind(column!(band_after))
    .bind(column!(arr_base_minor))
    .bind(outcomes.iter().map(|o| listed(&o.started)).collect::<Vec<_>>())
    .bind(outcomes.iter().map(|o| listed(&o.stopped)).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends a preview with what came of it.
pub async fn finish(
    tx: &mut TenantTx,
    id: Uuid,
    summary: &serde_json::Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query("UPDATE methodology_previews SET summary = $2, finished_at = $3 WHERE id = $1")
        .bind(id)
        .bind(summary)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

const SELECT: &str =
    "SELECT a.external_id, a.name, p.segment_before, p.segment_after, p.score_before, p.score_after,
        p.band_before, p.band_after, p.arr_base_minor, p.started, p.stopped
     FROM methodology_preview_accounts p
     JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id WHERE p.preview_id = ";

/// A page of a preview's accounts, the most revenue first.
pub async fn page(
    tx: &mut TenantTx,
    id: Uuid,
    filter: &OutcomeFilter,
    offset: i64,
    limit: i64,
) -> Result<Vec<OutcomeRow>> {
    page_by(tx, id, filter, (OutcomeOrder::Revenue, true), offset, limit).await
}

/// A page of a preview's accounts in an order, downwards or up; those without a value come last.
pub async fn page_by(
    tx: &mut TenantTx,
    id: Uuid,
    filter: &OutcomeFilter,
    (order, down): (OutcomeOrder, bool),
    offset: i64,
    limit: i64,
) -> Result<Vec<OutcomeRow>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(id);
    push_filter(&mut query, filter);
    query.push(" ORDER BY ").push(order.sql()).push(if down { " DESC" } else { " ASC" });
    query.push(" NULLS LAST, a.external_id OFFSET ").push_bind(offset);
    query.push(" LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}

/// How many accounts of a preview a filter takes.
pub async fn count(tx: &mut TenantTx, id: Uuid, filter: &OutcomeFilter) -> Result<i64> {
    let mut query =
        QueryBuilder::new("SELECT count(*) FROM methodology_preview_accounts p WHERE p.preview_id = ");
    query.push_bind(id);
    push_filter(&mut query, filter);
    query.build_query_scalar().fetch_one(tx.conn()).await
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &OutcomeFilter) {
    for (column, wanted) in [
        ("band_before", &filter.band_before),
        ("band_after", &filter.band_after),
        ("segment_before", &filter.segment_before),
    ] {
        if let Some(wanted) = wanted {
            query.push(" AND p.").push(column).push(" IS NOT DISTINCT FROM ").push_bind(wanted.clone());
        }
    }
    for (column, rule) in [("started", &filter.started), ("stopped", &filter.stopped)] {
        if let Some(rule) = rule {
            query.push(" AND p.").push(column).push(" @> ARRAY[").push_bind(rule.clone()).push("]");
        }
    }
    if filter.moved {
        query.push(" AND p.band_before IS DISTINCT FROM p.band_after");
    }
}

/// A preview's accounts after an external id, in their order: the way through all of them in chunks.
pub async fn rows_after(tx: &mut TenantTx, id: Uuid, after: &str, limit: i64) -> Result<Vec<OutcomeRow>> {
    let mut query = QueryBuilder::new(SELECT);
    query.push_bind(id).push(" AND a.external_id > ").push_bind(after.to_owned());
    query.push(" ORDER BY a.external_id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx.conn()).await
}
