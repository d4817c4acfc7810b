//! Who looks after how much.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Result, TenantTx};

/// Accounts of one segment that one member has.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Owned {
    /// The CSM; none for accounts without one.
    pub owner_id: Option<Uuid>,
    /// The segment, by hand or by rule.
    pub segment: Option<String>,
    /// Accounts in business.
    pub accounts: i64,
    /// Their ARR in the tenant's currency.
    pub arr_base_minor: i64,
}

/// Accounts in business by their CSM and segment; of one member where one is given.
pub async fn owned(tx: &mut TenantTx, member: Option<Uuid>) -> Result<Vec<Owned>> {
    sqlx::query_as(
        "SELECT a.owner_id, coalesce(a.pinned_segment, s.segment) AS segment, count(*) AS accounts,
           coalesce(sum(s.arr_base_minor), 0)::bigint AS arr_base_minor
         FROM accounts a LEFT JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         WHERE a.churned_on IS NULL AND ($1::uuid IS NULL OR a.owner_id = $1) GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .bind(member)
    .fetch_all(tx.conn())
    .await
}

/// Accounts for which a member plays a role.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Played {
    /// The role.
    pub role: String,
    /// Who plays it; none where nobody does.
    pub member_id: Option<Uuid>,
    /// For how many accounts in business.
    pub accounts: i64,
}

/// Who plays some roles for how many accounts.
pub async fn played(tx: &mut TenantTx, roles: &[String]) -> Result<Vec<Played>> {
    sqlx::query_as(
        "SELECT r.role, m.id AS member_id, count(*) AS accounts FROM roles r CROSS JOIN accounts a
         LEFT JOIN account_roles ar ON ar.tenant_id = r.tenant_id AND ar.account_id = a.id AND ar.role = r.role
         LEFT JOIN members m ON m.tenant_id = r.tenant_id AND m.removed_at IS NULL
           AND m.id = coalesce(ar.member_id, r.member_id, CASE WHEN r.follows = 'owner' THEN a.owner_id END)
         WHERE a.tenant_id = r.tenant_id AND a.churned_on IS NULL AND r.role = ANY($1) GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .bind(roles)
    .fetch_all(tx.conn())
    .await
}

/// Open tasks of a member.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Busy {
    /// The member; none for tasks that nobody does.
    pub owner_id: Option<Uuid>,
    /// Open tasks.
    pub open: i64,
    /// Overdue ones.
    pub overdue: i64,
}

/// Open tasks by who does them, as of a day. Tasks of paused plays are left out.
pub async fn busy(tx: &mut TenantTx, today: NaiveDate) -> Result<Vec<Busy>> {
    sqlx::query_as(
        "SELECT t.owner_id, count(*) AS open, count(*) FILTER (WHERE t.due_on < $1) AS overdue
         FROM tasks t LEFT JOIN plays p ON p.tenant_id = t.tenant_id AND p.id = t.play_id
         WHERE t.state = 'open' AND p.state IS DISTINCT FROM 'paused' GROUP BY 1",
    )
    .bind(today)
    .fetch_all(tx.conn())
    .await
}

/// Days over which meetings are counted.
pub const MEETING_DAYS: i64 = 90;

/// A meeting that was planned with an account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PlannedMeeting {
    /// The account.
    pub account_id: Uuid,
    /// Its day.
    pub due_on: NaiveDate,
    /// `open`, `done`, `skipped` or `cancelled`.
    pub state: String,
    /// The day on which it ended, however.
    pub done_on: Option<NaiveDate>,
}

/// The meetings of accounts due on days of a stretch.
pub async fn planned_meetings(
    tx: &mut TenantTx,
    accounts: &[Uuid],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<PlannedMeeting>> {
    sqlx::query_as(
        "SELECT account_id, due_on, state, done_on FROM tasks
         WHERE account_id = ANY($1) AND kind = 'meeting' AND due_on BETWEEN $2 AND $3",
    )
    .bind(accounts)
    .bind(from)
    .bind(to)
    .fetch_all(tx.conn())
    .await
}

/// Meetings that were planned, and how many of them took place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Meetings {
    /// Planned: steps of playbooks, touchpoints and reviews whose day has come, but not those that were called off.
    pub scheduled: i64,
    /// Those of them that were ticked as done.
    pub attended: i64,
}

impl Meetings {
    /// Those of an account in the [`MEETING_DAYS`] to a day, as they stood on it; as [`meetings`] counts.
    pub fn of(planned: &[PlannedMeeting], day: NaiveDate) -> Meetings {
        let since = day - chrono::Duration::days(MEETING_DAYS);
        let mut held = Meetings::default();
        for one in planned.iter().filter(|one| (since..=day).contains(&one.due_on)) {
            let ended = one.done_on.is_some_and(|on| on <= day).then_some(one.state.as_str());
            if ended != Some("cancelled") && (one.due_on < day || ended.is_some()) {
                held.scheduled += 1;
                held.attended += i64::from(ended == Some("done"));
            }
        }
        held
    }

    /// The figure of a base measure's name.
    pub fn measure(&self, name: &str) -> Option<f64> {
        Some(match name {
            "meetings_scheduled" => self.scheduled as f64,
            "meetings_attended" => self.attended as f64,
            _ => return None,
        })
    }
}

/// Meetings with customers due since a day. Until today is over, one that is still open may yet take place.
pub async fn meetings(tx: &mut TenantTx, since: NaiveDate, today: NaiveDate) -> Result<Meetings> {
    sqlx::query_as(
        "SELECT count(*) AS scheduled, count(*) FILTER (WHERE state = 'done') AS attended FROM tasks
         WHERE kind = 'meeting' AND account_id IS NOT NULL AND state <> 'cancelled' AND due_on >= $1
           AND (due_on < $2 OR due_on = $2 AND state <> 'open')",
    )
    .bind(since)
    .bind(today)
    .fetch_one(tx.conn())
    .await
}
