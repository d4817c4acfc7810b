//! Tenancy is a type: who may see what is decided by which transaction a query is handed.

use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

/// The right to act inside one tenant. Only the look-ups in [`super::platform`] and
/// [`super::queue`] can make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope {
    tenant_id: Uuid,
    time_zone: Tz,
    currency: String,
}

impl TenantScope {
    pub(super) fn new(tenant_id: Uuid, time_zone: &str, currency: String) -> Self {
        TenantScope { tenant_id, time_zone: time_zone.parse().unwrap_or(Tz::UTC), currency }
    }

    /// The tenant's id, for keys of caches and limits. It opens nothing by itself.
    pub fn tenant_id(&self) -> Uuid {
        self.tenant_id
    }

    /// The time zone in which this tenant's days begin.
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// The ISO code of the currency in which this tenant adds up money.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The tenant's calendar day of a moment.
    pub fn day_of(&self, at: chrono::DateTime<chrono::Utc>) -> NaiveDate {
        crate::clock::day_in(self.time_zone, at)
    }
}

/// A transaction that sees one tenant and nothing else. Dropped without [`TenantTx::commit`] it leaves no trace.
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    tenant_id: Uuid,
}

impl TenantTx {
    pub(super) async fn begin(
        mut tx: Transaction<'static, Postgres>,
        scope: &TenantScope,
    ) -> super::Result<Self> {
        sqlx::query(
            "SELECT set_config('role', 'holdfast_tenant', true), set_config('app.tenant_id', $1, true)",
        )
        .bind(scope.tenant_id.to_string())
        .execute(&mut *tx)
        .await?;
        Ok(TenantTx { tx, tenant_id: scope.tenant_id })
    }

    pub(super) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The tenant of this transaction, for the `tenant_id` column of inserts.
    pub(super) fn tenant(&self) -> Uuid {
        self.tenant_id
    }

    /// Makes everything done in this transaction durable.
    ///
    /// # Errors
    /// When the server cannot confirm it; then nothing was kept, or the connection broke before the answer came.
    pub async fn commit(self) -> super::Result<()> {
        self.tx.commit().await
    }
}

/// A transaction for the look-ups that find out which tenant is meant.
pub struct PlatformTx {
    tx: Transaction<'static, Postgres>,
}

impl PlatformTx {
    pub(super) async fn begin(mut tx: Transaction<'static, Postgres>) -> super::Result<Self> {
        sqlx::query("SELECT set_config('role', 'holdfast_platform', true)").execute(&mut *tx).await?;
        Ok(PlatformTx { tx })
    }

    pub(super) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Makes everything done in this transaction durable.
    ///
    /// # Errors
    /// As [`TenantTx::commit`].
    pub async fn commit(self) -> super::Result<()> {
        self.tx.commit().await
    }
}
