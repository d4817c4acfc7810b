//! Every migration is applied on top of sample data of the one before.

use std::borrow::Cow;

use holdfast::db::MIGRATOR;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor};
use uuid::Uuid;

use crate::support::{admin_url, connect, server_url, with_database};

/// Rows as they were written by the schema of each migration, in its order.
const SAMPLES: &[&str] = &[
    include_str!("samples/0001.sql"),
    include_str!("samples/0002.sql"),
    include_str!("samples/0003.sql"),
    include_str!("samples/0004.sql"),
    include_str!("samples/0005.sql"),
    include_str!("samples/0006.sql"),
    include_str!("samples/0007.sql"),
    include_str!("samples/0008.sql"),
    include_str!("samples/0009.sql"),
    include_str!("samples/0010.sql"),
    include_str!("samples/0011.sql"),
    include_str!("samples/0012.sql"),
    include_str!("samples/0013.sql"),
    include_str!("samples/0014.sql"),
    include_str!("samples/0015.sql"),
    include_str!("samples/0016.sql"),
    include_str!("samples/0018.sql"),
    include_str!("samples/0019.sql"),
    include_str!("samples/0021.sql"),
];

#[tokio::test]
async fn each_migration_keeps_the_data_of_the_one_before() {
    assert_eq!(
        MIGRATOR.iter().count(),
        SAMPLES.len(),
        "a migration needs its sample: what its schema's rows look like"
    );
    let name = format!("m_{}", Uuid::new_v4().simple());
    let mut server = connect(&server_url().parse().unwrap()).await;
    server.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let mut login = connect(&with_database(&server_url(), &name)).await;
    for (at, sample) in SAMPLES.iter().enumerate() {
        let migrations: Vec<_> = MIGRATOR.iter().take(at + 1).cloned().collect();
        let upto = Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT };
        upto.run_direct(None, &mut login, false).await.unwrap();
        // Row security does not apply to the superuser, who therefore writes for any tenant.
        let mut admin = connect(&with_database(&admin_url(), &name)).await;
        admin.execute(AssertSqlSafe((*sample).to_owned())).await.unwrap();
        let rows: i64 =
            sqlx::query_scalar("SELECT count(*) FROM tenants").fetch_one(&mut admin).await.unwrap();
        assert_eq!(rows, 1, "after migration {}", at + 1);
        admin.close().await.unwrap();
    }
    let mut admin = connect(&with_database(&admin_url(), &name)).await;
    let kept: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM members) + (SELECT count(*) FROM accounts) + (SELECT count(*) FROM contracts)
              + (SELECT count(*) FROM events) + (SELECT count(*) FROM metric_days) + (SELECT count(*) FROM scores)",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!(kept, 6);
}
