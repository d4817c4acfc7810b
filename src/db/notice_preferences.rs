//! How members want to be told, and the days of their digests.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use super::{Result, TenantTx};
use crate::domain::notice::{Preferences, Severity};
use crate::domain::timeline::Group;

/// A member who can be told.
#[derive(Debug, Clone)]
pub struct Hearer {
    /// The member.
    pub id: Uuid,
    /// Their name, as the journal names who did something.
    pub name: String,
    /// Their address.
    pub email: String,
    /// admin, manager, csm or executive.
    pub role: String,
    /// Since when they belong.
    pub since: DateTime<Utc>,
    /// How they want it; none when they never said.
    pub preferences: Option<Preferences>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    email: String,
    role: String,
    created_at: DateTime<Utc>,
    app_groups: Option<Vec<String>>,
    mail_groups: Option<Vec<String>>,
    digest_groups: Option<Vec<String>>,
    min_severity: Option<String>,
    quiet_from: Option<NaiveTime>,
    quiet_until: Option<NaiveTime>,
    time_zone: Option<String>,
    digest_minute: Option<i32>,
}

fn groups(words: Option<Vec<String>>) -> Vec<Group> {
    words.into_iter().flatten().filter_map(|word| Group::parse(&word)).collect()
}

impl Row {
    fn hearer(self) -> Hearer {
        let preferences = self.time_zone.map(|zone| Preferences {
            app: groups(self.app_groups),
            mail: groups(self.mail_groups),
            digest: groups(self.digest_groups),
            min_severity: self.min_severity.as_deref().and_then(Severity::parse),
            quiet: self.quiet_from.zip(self.quiet_until),
            zone: zone.parse().unwrap_or(chrono_tz::Tz::UTC),
            digest_minute: self.digest_minute.and_then(|minute| u16::try_from(minute).ok()),
        });
        Hearer {
            id: self.id,
            name: self.name,
            email: self.email,
            role: self.role,
            since: self.created_at,
            preferences,
        }
    }
}

/// Every member who belongs, or one of them.
pub async fn hearers(tx: &mut TenantTx, only: Option<Uuid>) -> Result<Vec<Hearer>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT m.id, u.name, u.email, m.role, m.created_at, p.app_groups, p.mail_groups, p.digest_groups, p.min_severity,
                p.quiet_from, p.quiet_until, p.time_zone, p.digest_minute
         FROM members m JOIN users u ON u.id = m.user_id
         LEFT JOIN notification_preferences p ON p.tenant_id = m.tenant_id AND p.member_id = m.id
         WHERE m.removed_at IS NULL AND ($1::uuid IS NULL OR m.id = $1) ORDER BY m.id",
    )
    .bind(only)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Row::hearer).collect())
}

/// Stores how a member wants it.
pub async fn put(
    tx: &mut TenantTx,
    member: Uuid,
    preferences: &Preferences,
    now: DateTime<Utc>,
) -> Result<()> {
    let words = |groups: &[Group]| groups.iter().map(|group| group.word().to_owned()).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO notification_preferences (tenant_id, member_id, app_groups, mail_groups, digest_groups, min_severity,
                                               quiet_from, quiet_until, time_zone, digest_minute, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (tenant_id, member_id) DO UPDATE SET
           app_groups = excluded.app_groups, mail_groups = excluded.mail_groups,
           digest_groups = excluded.digest_groups, min_severity = excluded.min_severity,
           quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, time_zone = excluded.time_zone,
           digest_minute = excluded.digest_minute, updated_at = excluded.updated_at",
    )
    .bind(tx.tenant())
    .bind(member)
    .bind(words(&preferences.app))
    .bind(words(&preferences.mail))
    .bind(words(&preferences.digest))
    .bind(preferences.min_severity.map(Severity::word))
    .bind(preferences.quiet.map(|(from, _)| from))
    .bind(preferences.quiet.map(|(_, until)| until))
    .bind(preferences.zone.name())
    .bind(preferences.digest_minute.map(i32::from))
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Claims a member's digest of a day; false when somebody has made it.
pub async fn claim_digest(
    tx: &mut TenantTx,
    member: Uuid,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO digests (tenant_id, member_id, day, made_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant())
    .bind(member)
    .bind(day)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The last digest of each member: its day, and when it was made.
pub async fn last_digests(tx: &mut TenantTx) -> Result<Vec<(Uuid, NaiveDate, DateTime<Utc>)>> {
    sqlx::query_as(
        "SELECT DISTINCT ON (member_id) member_id, day, made_at FROM digests ORDER BY member_id, day DESC",
    )
    .fetch_all(tx.conn())
    .await
}

/// Renewals near, of accounts a member owns: name, renewal date, ARR in the tenant's currency.
pub async fn renewals_near(
    tx: &mut TenantTx,
    member: Uuid,
    today: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<(String, NaiveDate, Option<i64>)>> {
    sqlx::query_as(
        "SELECT a.name, s.renewal_date, s.arr_base_minor
         FROM accounts a JOIN account_states s ON s.tenant_id = a.tenant_id AND s.account_id = a.id
         WHERE a.owner_id = $1 AND a.churned_on IS NULL AND s.renewal_date BETWEEN $2 AND $3
         ORDER BY s.renewal_date, a.name LIMIT 50",
    )
    .bind(member)
    .bind(today)
    .bind(until)
    .fetch_all(tx.conn())
    .await
}

/// Open tasks of a member that are due by a day, the longest overdue first: what, of which account, when.
pub async fn tasks_due(
    tx: &mut TenantTx,
    member: Uuid,
    until: NaiveDate,
) -> Result<Vec<(String, Option<String>, NaiveDate)>> {
    sqlx::query_as(
        "SELECT t.title, a.name, t.due_on
         FROM tasks t LEFT JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.account_id
         WHERE t.owner_id = $1 AND t.state = 'open' AND t.due_on <= $2 ORDER BY t.due_on, a.name, t.title, t.id LIMIT 50",
    )
    .bind(member)
    .bind(until)
    .fetch_all(tx.conn())
    .await
}
