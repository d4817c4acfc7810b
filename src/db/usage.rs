//! What of a methodology is in use: who would notice if it were gone.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Result, TenantTx};

/// Where an account can be, by what was last worked out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a segment, pinned or by rule.
    Segment,
    /// In a stage.
    Stage,
    /// In a band.
    Band,
    /// Scored by a model.
    Model,
    /// With an open renewal, under a strategy.
    Strategy,
}

/// Accounts in business by where they are, for the ids given; ids without accounts are missing.
pub async fn placed(tx: &mut TenantTx, place: Place, ids: &[String]) -> Result<Vec<(String, i64)>> {
    let column = match place {
        Place::Segment => "coalesce(a.pinned_segment, s.segment)",
        Place::Stage => "s.stage",
        Place::Band => "s.band",
        Place::Model => "s.model",
        Place::Strategy => "CASE WHEN s.renewal_open THEN s.strategy END",
    };
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {column}, count(*) FROM accounts a
         LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         WHERE a.churned_on IS NULL AND {column} = ANY($1) GROUP BY 1 ORDER BY 1"
    )))
    .bind(ids)
    .fetch_all(tx.conn())
    .await
}

/// For how many accounts (or members, or the tenant) plays of some playbooks run, by playbook.
pub async fn plays(tx: &mut TenantTx, playbooks: &[String]) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT playbook, count(DISTINCT coalesce(account_id, member_id, tenant_id)) FROM plays
         WHERE ended_at IS NULL AND playbook = ANY($1) GROUP BY 1 ORDER BY 1",
    )
    .bind(playbooks)
    .fetch_all(tx.conn())
    .await
}

/// How many accounts have an alert of some rules that a person is asked to deal with, by rule.
pub async fn alerts(tx: &mut TenantTx, rules: &[String]) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT rule, count(DISTINCT account_id) FROM alerts
         WHERE closed_at IS NULL AND asks AND state <> 'proposed' AND rule = ANY($1) GROUP BY 1 ORDER BY 1",
    )
    .bind(rules)
    .fetch_all(tx.conn())
    .await
}

/// How many accounts have an open item in some pipelines, by pipeline.
pub async fn pipelines(tx: &mut TenantTx, pipelines: &[String]) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT pipeline, count(DISTINCT account_id) FROM pipeline_items
         WHERE state = 'open' AND pipeline = ANY($1) GROUP BY 1 ORDER BY 1",
    )
    .bind(pipelines)
    .fetch_all(tx.conn())
    .await
}

/// How many accounts have an open item in some steps (`pipeline/step`), by step.
pub async fn steps(tx: &mut TenantTx, steps: &[String]) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT pipeline || '/' || step, count(DISTINCT account_id) FROM pipeline_items
         WHERE state = 'open' AND pipeline || '/' || step = ANY($1) GROUP BY 1 ORDER BY 1",
    )
    .bind(steps)
    .fetch_all(tx.conn())
    .await
}

/// Accounts that have a value of each of some own fields; fields without any are missing.
pub async fn fields(tx: &mut TenantTx, names: &[String]) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT f.name, count(*) FROM accounts a JOIN unnest($1::text[]) AS f (name) ON jsonb_exists(a.fields, f.name)
         GROUP BY 1 ORDER BY 1",
    )
    .bind(names)
    .fetch_all(tx.conn())
    .await
}

/// Accounts whose own field has one of some values, by value.
pub async fn choices(tx: &mut TenantTx, field: &str, values: &[String]) -> Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "SELECT fields ->> $1, count(*) FROM accounts WHERE fields ->> $1 = ANY($2) GROUP BY 1 ORDER BY 1",
    )
    .bind(field)
    .bind(values)
    .fetch_all(tx.conn())
    .await
}

/// Accounts looked at in one statement.
const CHUNK: i64 = 500;

/// Accounts that ever had data of each of some metrics, counted until there are `most` of each; metrics without any
/// are missing. Of each account only the month of `today` is read, which carries the last news of every metric.
pub async fn series(
    tx: &mut TenantTx,
    names: &[String],
    today: NaiveDate,
    most: i64,
) -> Result<Vec<(String, i64)>> {
    let known = super::metrics::list(tx).await?;
    let wanted = known.into_iter().filter(|metric| names.contains(&metric.name));
    let mut counts: BTreeMap<i32, (String, i64)> =
        wanted.map(|metric| (metric.id, (metric.name, 0))).collect();
    let mut after = Uuid::nil();
    while counts.values().any(|(_, accounts)| *accounts < most) {
        let ids = super::accounts::ids_after(tx, after, CHUNK).await?;
        let Some(last) = ids.last() else { break };
        after = *last;
        for stored in super::metrics::stored(tx, &ids, today, NaiveDate::MAX, NaiveDate::MAX).await? {
            let runs = stored.runs().map_err(|error| super::Error::Decode(Box::new(error)))?;
            for run in runs.iter().filter(|run| !run.rows.is_empty()) {
                if let Some((_, accounts)) = counts.get_mut(&run.metric) {
                    *accounts = (*accounts + 1).min(most);
                }
            }
        }
    }
    Ok(counts.into_values().filter(|(_, accounts)| *accounts > 0).collect())
}
