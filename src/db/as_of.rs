//! The list of accounts as it was said on a past day: the same queries over other rows.
//!
//! Names, owners, tags and fields are known as of now only. Who looks at a past day sees its scores, bands, segments,
//! ARR and renewals as they were stored then; tone and stage follow from the methodology.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Postgres, QueryBuilder};

use super::{Result, TenantTx};

/// A past day to list accounts as of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AsOf {
    /// A day with scores.
    pub day: NaiveDate,
    /// When it ended: accounts first heard of later were not there.
    pub until: DateTime<Utc>,
    /// The tone of each band of the methodology versions that day's scores were made with: (version, band, tone).
    pub tones: Vec<(i32, String, String)>,
    /// Number of the lifecycle's first day.
    pub first_day: i32,
    /// Base stages in order: (id, first day, last day).
    pub stages: Vec<(String, i32, Option<i32>)>,
}

/// The versions of the methodology that the scores of a day were made with.
pub async fn versions_on(tx: &mut TenantTx, day: NaiveDate) -> Result<Vec<i32>> {
    sqlx::query_scalar("SELECT DISTINCT version FROM scores_on($1) ORDER BY 1")
        .bind(day)
        .fetch_all(tx.conn())
        .await
}

impl AsOf {
    /// Puts the day's rows in place of the tables `accounts` and `account_states`, for a query that follows.
    pub(super) fn push(&self, query: &mut QueryBuilder<Postgres>, with_stages: bool) {
        let (mut versions, mut bands, mut tones) = (Vec::new(), Vec::new(), Vec::new());
        for (version, band, tone) in &self.tones {
            versions.push(*version);
            bands.push(band.clone());
            tones.push(tone.clone());
        }
        query.push(
            "WITH account_states AS (
               SELECT c.tenant_id, d.account_id, d.day, d.computed_at, d.segment, d.model, d.score, d.band,
                      CASE WHEN NOT d.stale OR t.tone <> 'good' THEN t.tone END AS tone,
                      d.coverage::float8 AS coverage, d.stale, NULL::float8 AS score_before, NULL::text AS band_before,
                      NULL::date AS before_day, NULL::text AS why, d.arr_base_minor AS arr_minor,
                      (SELECT currency FROM tenants) AS currency, d.arr_base_minor, d.renewal_date,
                      NULL::bool AS renewal_open, NULL::text AS strategy, ",
        );
        if with_stages {
            self.push_stage(query);
        } else {
            query.push("NULL::text AS stage, NULL::int AS stage_day ");
        }
        query
            .push(" FROM scores_on(")
            .push_bind(self.day)
            .push(") d JOIN public.accounts c ON c.id = d.account_id ");
        if with_stages {
            query.push("CROSS JOIN LATERAL (SELECT ").push_bind(self.day).push(
                " - coalesce(c.start_date, (SELECT min(k.start_date) FROM contracts k WHERE k.account_id = c.id)) + ",
            );
            query.push_bind(self.first_day).push(" AS number) n ");
        }
        query.push("LEFT JOIN unnest(").push_bind(versions).push("::int[], ").push_bind(bands);
        query.push("::text[], ").push_bind(tones);
        query.push("::text[]) AS t (version, band, tone) ON t.version = d.version AND t.band = d.band),\n");
        // Who had a score that day was in business, whatever became known of its end since.
        query.push(
            "accounts AS (
               SELECT c.tenant_id, c.id, c.external_id, c.name, c.owner_id, c.start_date,
                      NULL::text AS pinned_segment, c.tags, c.fields,
                      CASE WHEN NOT s.scored AND c.churned_on <= ",
        );
        query.push_bind(self.day).push(
            " THEN c.churned_on END AS churned_on, c.created_at, c.updated_at, c.last_event_at
               FROM public.accounts c CROSS JOIN LATERAL (SELECT EXISTS (
                 SELECT FROM account_states d WHERE d.account_id = c.id) AS scored) s
               WHERE s.scored OR c.created_at < ",
        );
        query.push_bind(self.until).push(")\n");
    }

    fn push_stage(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("CASE");
        for (id, from, to) in &self.stages {
            query.push(" WHEN n.number >= ").push_bind(*from);
            if let Some(to) = to {
                query.push(" AND n.number <= ").push_bind(*to);
            }
            query.push(" THEN ").push_bind(id.clone());
        }
        query.push(" ELSE NULL::text END AS stage, n.number AS stage_day");
    }
}
