//! The facts a score is made from: what was known of some accounts, as of a day.
//!
//! Series carry when each figure became known. Accounts and contracts are rows that are overwritten, so what they
//! said on a past day stands beside them, kept by triggers: [`versions`]. Today's scoring never reads it.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::contracts::Contract;
use super::metrics::{Stored, stored};
use super::{Result, TenantTx};
use crate::domain::series::{Broken, Run, in_effect};

/// What is stated of an account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AccountRow {
    /// Account.
    pub id: Uuid,
    /// Start as stated.
    pub start_date: Option<NaiveDate>,
    /// Segment set by hand.
    pub pinned_segment: Option<String>,
    /// Own fields.
    pub fields: serde_json::Value,
    /// When Holdfast first heard of it.
    pub created_at: DateTime<Utc>,
}

/// A contract of one of them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ContractRow {
    /// Account.
    pub account_id: Uuid,
    /// The contract.
    #[sqlx(flatten)]
    pub contract: Contract,
}

/// A renewal of which somebody said that nothing of it is renewed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Lost {
    /// The account.
    pub account_id: Uuid,
    /// The day its contracts would have renewed on.
    pub renews_on: NaiveDate,
    /// The day from which that was known.
    pub closed_on: NaiveDate,
}

/// The facts of some accounts. Accounts and contracts are sorted by account.
#[derive(Debug, Clone)]
pub struct FactRows {
    /// The accounts.
    pub accounts: Vec<AccountRow>,
    /// Their contracts, oldest first.
    pub contracts: Vec<ContractRow>,
    /// Their renewals that are lost.
    pub lost: Vec<Lost>,
    /// Their series, of those that have any; [`Span::open`] reads them.
    pub series: Vec<Stored>,
    /// What they were loaded for.
    pub span: Span,
}

/// The days that facts are loaded for.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Figures are read after this day.
    pub counters_from: NaiveDate,
    /// A gauge's last sample holds when it was taken after this day.
    pub gauges_from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The last day whose knowledge counts.
    pub known_by: NaiveDate,
}

/// The series of one account.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// By metric, day and known day.
    pub runs: Vec<Run>,
    /// Days up to the beginning of the span with events, each with the day on which that became known, without those
    /// of which something later was known by then.
    pub earlier_events: Vec<(NaiveDate, NaiveDate)>,
}

impl Span {
    /// Opens what is stored of an account.
    ///
    /// # Errors
    /// When its bytes are broken.
    pub fn open(&self, stored: &Stored) -> std::result::Result<Opened, Broken> {
        let mut runs = stored.runs()?;
        let mut earlier_events = Vec::new();
        for run in &mut runs {
            run.rows.retain(|row| {
                if row.known_on > self.known_by || row.day > self.to {
                    return false;
                }
                if row.day > self.counters_from {
                    return true;
                }
                if row.is_usage() {
                    in_effect(&mut earlier_events, row.day, row.known_on);
                }
                row.is_sample() && row.day > self.gauges_from
            });
        }
        runs.retain(|run| !run.rows.is_empty());
        Ok(Opened { runs, earlier_events })
    }
}

/// Loads what is needed to score accounts on every day up to the span's last.
pub async fn load(tx: &mut TenantTx, ids: &[Uuid], span: Span) -> Result<FactRows> {
    let accounts = sqlx::query_as(
        "SELECT id, start_date, pinned_segment, fields, created_at FROM accounts WHERE id = ANY($1) ORDER BY id",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let contracts = sqlx::query_as(
        "SELECT account_id, external_id, start_date, end_date, term_months, arr_minor, currency, seats, ended_on
         FROM contracts WHERE account_id = ANY($1) ORDER BY account_id, start_date, id",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let lost = sqlx::query_as(
        "SELECT account_id, renews_on, closed_on FROM renewals WHERE account_id = ANY($1) AND outcome = 'churned'",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let series = stored(tx, ids, span.counters_from, span.to, span.known_by).await?;
    Ok(FactRows { accounts, contracts, lost, series, span })
}

/// What was stated of an account from a day on, until its next version.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AccountVersion {
    /// Account.
    pub account_id: Uuid,
    /// The tenant's day on which it was stated.
    pub known_on: NaiveDate,
    /// Start as stated.
    pub start_date: Option<NaiveDate>,
    /// Segment set by hand.
    pub pinned_segment: Option<String>,
    /// Own fields.
    pub fields: serde_json::Value,
}

/// What was stated of a contract from a day on, until its next version.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ContractVersion {
    /// The contract's id.
    pub contract_id: Uuid,
    /// The tenant's day on which it was stated.
    pub known_on: NaiveDate,
    /// Whose it was then.
    pub account_id: Uuid,
    /// The contract.
    #[sqlx(flatten)]
    pub contract: Contract,
}

/// Every version of some accounts and of all contracts that ever were theirs.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// By account and day.
    pub accounts: Vec<AccountVersion>,
    /// By contract and day.
    pub contracts: Vec<ContractVersion>,
}

/// What was stated of some accounts and their contracts, and when.
pub async fn versions(tx: &mut TenantTx, ids: &[Uuid]) -> Result<Versions> {
    let accounts = sqlx::query_as(
        "SELECT account_id, known_on, start_date, pinned_segment, fields FROM account_history
         WHERE account_id = ANY($1) ORDER BY account_id, known_on",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let contracts = sqlx::query_as(
        "SELECT h.contract_id, h.known_on, h.account_id, c.external_id, h.start_date, h.end_date, h.term_months,
                h.arr_minor, h.currency, h.seats, h.ended_on
         FROM contract_history h JOIN contracts c ON c.tenant_id = h.tenant_id AND c.id = h.contract_id
         WHERE h.contract_id IN (SELECT contract_id FROM contract_history WHERE account_id = ANY($1))
         ORDER BY h.contract_id, h.known_on",
    )
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(Versions { accounts, contracts })
}
