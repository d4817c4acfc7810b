//! The pool, and the one way to begin a transaction.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Executor, Row};

use super::tenant::{PlatformTx, TenantScope, TenantTx};

/// The schema, built into the binary.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// A handle on the database. Nothing outside `db` can reach the pool in it.
#[expect(clippy::disallowed_types, reason = "the one place that holds a pool")]
#[derive(Clone)]
pub struct Db {
    pool: sqlx::PgPool,
}

/// Why a database role may not serve.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// Row security does not apply to this role, so tenants would not be kept apart.
    #[error(
        "refusing to start: the database role {role:?} {why}, so row security would not keep tenants apart; \
         connect as a role that is neither superuser nor BYPASSRLS"
    )]
    Bypasses {
        /// The offending role.
        role: String,
        /// In which way it bypasses.
        why: &'static str,
    },
    /// A needed role is missing or not granted.
    #[error(
        "refusing to start: the role {0:?} is missing or not granted to this login; run `holdfast migrate`"
    )]
    Missing(&'static str),
    /// The question could not be asked.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Db {
    /// Connects. `max_connections` bounds what this process may hold open.
    ///
    /// # Errors
    /// When the URL cannot be read or the server does not answer within ten seconds.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Db, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?.application_name("holdfast").options([
            ("statement_timeout", "120000"),
            ("idle_in_transaction_session_timeout", "60000"),
            // The ROLLBACK below warns when there is nothing to roll back, which is nearly always.
            ("client_min_messages", "error"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(10))
            .after_release(|conn, _| {
                // A cancelled `begin()` can hand a connection back inside its transaction, with a tenant set in it.
                Box::pin(async move { conn.execute("ROLLBACK").await.map(|_| true) })
            })
            .connect_with(options)
            .await?;
        Ok(Db { pool })
    }

    /// Applies every migration that is not yet applied.
    ///
    /// # Errors
    /// When a migration fails, or one that was applied differs from the one built in.
    pub async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        MIGRATOR.run(&self.pool).await
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Checks that row security applies to everything this process will do.
    ///
    /// # Errors
    /// Names the role and in which way it would bypass row security.
    pub async fn check_role(&self) -> Result<(), RoleError> {
        let rows = sqlx::query(
            "SELECT rolname, rolsuper, rolbypassrls, rolname = current_user AS me FROM pg_roles
             WHERE rolname = current_user OR (rolname IN ('holdfast_tenant', 'holdfast_platform')
                   AND pg_has_role(current_user, oid, 'MEMBER'))",
        )
        .fetch_all(&self.pool)
        .await?;
        for row in &rows {
            let why = match (row.get::<bool, _>("rolsuper"), row.get::<bool, _>("rolbypassrls")) {
                (true, _) => "is a superuser",
                (_, true) => "has BYPASSRLS",
                _ => continue,
            };
            return Err(RoleError::Bypasses { role: row.get("rolname"), why });
        }
        for needed in ["holdfast_tenant", "holdfast_platform"] {
            if !rows.iter().any(|row| row.get::<&str, _>("rolname") == needed) {
                return Err(RoleError::Missing(needed));
            }
        }
        Ok(())
    }

    /// Begins a transaction inside one tenant.
    ///
    /// # Errors
    /// When no connection is free in time or the server is away.
    pub async fn write(&self, scope: &TenantScope) -> super::Result<TenantTx> {
        TenantTx::begin(self.pool.begin().await?, scope).await
    }

    /// Begins a read-only transaction inside one tenant, with one snapshot for all of its queries.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn read(&self, scope: &TenantScope) -> super::Result<TenantTx> {
        let tx = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        TenantTx::begin(tx, scope).await
    }

    /// Begins a transaction for what happens before a tenant is known.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn platform(&self) -> super::Result<PlatformTx> {
        PlatformTx::begin(self.pool.begin().await?).await
    }

    /// What a connection fresh from the pool stands in: role, tenant setting, transaction state. For the test that no
    /// request leaves anything behind.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn standing(&self) -> super::Result<(String, String, String)> {
        sqlx::query_as(
            "SELECT current_user::text, coalesce(current_setting('app.tenant_id', true), ''),
                    CASE WHEN now() = statement_timestamp() THEN 'outside' ELSE 'inside a transaction' END",
        )
        .fetch_one(&self.pool)
        .await
    }

    /// Listens to a channel of `NOTIFY` on a connection of its own.
    ///
    /// # Errors
    /// When no connection is free in time or the server is away.
    pub async fn listen(&self, channel: &str) -> super::Result<Listener> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(channel).await?;
        Ok(Listener(listener))
    }

    /// Has the planner look at all tables, for whoever has just filled them. Otherwise the server does so by and by.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn analyze(&self) -> super::Result<()> {
        sqlx::query("ANALYZE").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes every connection; waits for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Connections open and idle, for `/metrics`.
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }
}

/// What is told on a channel.
pub struct Listener(PgListener);

impl Listener {
    /// The next word; none when the connection broke and what was said meanwhile is lost.
    ///
    /// # Errors
    /// When the server is away or the pool closed.
    pub async fn next(&mut self) -> super::Result<Option<String>> {
        Ok(self.0.try_recv().await?.map(|told| told.payload().to_owned()))
    }
}
