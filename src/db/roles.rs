//! Who plays the roles of the methodology, in the whole tenant and for single accounts.

use uuid::Uuid;

use super::{Result, TenantTx};

/// A role and who plays it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Role {
    /// Its id in the methodology.
    pub role: String,
    /// What people call it.
    pub name: String,
    /// `owner` (the account's CSM), `member` or `nobody`.
    pub follows: String,
    /// The member, for `member`.
    pub member_id: Option<Uuid>,
    /// Open tasks of it that nobody does.
    pub unassigned: i64,
}

/// Adds roles that are not known yet; who plays the known ones stays.
pub async fn ensure(tx: &mut TenantTx, roles: &[(String, String, bool)]) -> Result<()> {
    sqlx::query(
        "INSERT INTO roles (tenant_id, role, name, follows)
         SELECT $1, x.role, x.name, CASE WHEN x.owner THEN 'owner' ELSE 'nobody' END
         FROM unnest($2::text[], $3::text[], $4::bool[]) AS x (role, name, owner)
         ON CONFLICT (tenant_id, role) DO UPDATE SET name = excluded.name WHERE roles.name <> excluded.name",
    )
    .bind(tx.tenant())
    .bind(roles.iter().map(|r| r.0.clone()).collect::<Vec<_>>())
    .bind(roles.iter().map(|r| r.1.clone()).collect::<Vec<_>>())
    .bind(roles.iter().map(|r| r.2).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Every role, by name.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Role>> {
    sqlx::query_as(
        "SELECT r.role, r.name, r.follows, r.member_id,
           (SELECT count(*) FROM tasks t WHERE t.role = r.role AND t.state = 'open' AND t.owner_id IS NULL) AS unassigned
         FROM roles r ORDER BY r.name, r.role",
    )
    .fetch_all(tx.conn())
    .await
}

/// Says who plays a role; false for an unknown one. What is open goes to them.
pub async fn set(tx: &mut TenantTx, role: &str, follows: &str, member: Option<Uuid>) -> Result<bool> {
    let done = sqlx::query("UPDATE roles SET follows = $2, member_id = $3 WHERE role = $1")
        .bind(role)
        .bind(follows)
        .bind(member)
        .execute(tx.conn())
        .await?;
    hand_over(tx, None).await?;
    Ok(done.rows_affected() == 1)
}

/// Says who plays a role for one account; with none whoever plays it everywhere. What is open goes to them.
pub async fn set_for_account(
    tx: &mut TenantTx,
    account: Uuid,
    role: &str,
    member: Option<Uuid>,
) -> Result<()> {
    sqlx::query("DELETE FROM account_roles WHERE account_id = $1 AND role = $2")
        .bind(account)
        .bind(role)
        .execute(tx.conn())
        .await?;
    if let Some(member) = member {
        sqlx::query(
            "INSERT INTO account_roles (tenant_id, account_id, role, member_id) VALUES ($1, $2, $3, $4)",
        )
        .bind(tx.tenant())
        .bind(account)
        .bind(role)
        .bind(member)
        .execute(tx.conn())
        .await?;
    }
    hand_over(tx, Some(account)).await
}

/// Roles that somebody plays for one account only.
pub async fn of_account(tx: &mut TenantTx, account: Uuid) -> Result<Vec<(String, Uuid)>> {
    sqlx::query_as("SELECT role, member_id FROM account_roles WHERE account_id = $1 ORDER BY role")
        .bind(account)
        .fetch_all(tx.conn())
        .await
}

/// The members who play some roles, for an account where one is given.
pub async fn holders(tx: &mut TenantTx, roles: &[String], account: Option<Uuid>) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "SELECT DISTINCT h FROM unnest($2::text[]) AS r (role), holder_of($1, $3, r.role) AS h WHERE h IS NOT NULL",
    )
    .bind(tx.tenant())
    .bind(roles)
    .bind(account)
    .fetch_all(tx.conn())
    .await
}

/// Those of some roles that nobody plays for an account.
pub async fn vacant(tx: &mut TenantTx, roles: &[String], account: Uuid) -> Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT r.role FROM unnest($2::text[]) AS r (role) WHERE holder_of($1, $3, r.role) IS NULL",
    )
    .bind(tx.tenant())
    .bind(roles)
    .bind(account)
    .fetch_all(tx.conn())
    .await
}

async fn hand_over(tx: &mut TenantTx, account: Option<Uuid>) -> Result<()> {
    sqlx::query("SELECT hand_over($1, $2)").bind(tx.tenant()).bind(account).execute(tx.conn()).await?;
    Ok(())
}
