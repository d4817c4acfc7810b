//! A client that goes away in the middle of a request must not leave its tenant on a pooled connection.

use std::time::Duration;

use holdfast::db::{self, Db};
use sqlx::ConnectOptions;

use crate::support::{House, server_url, with_database};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_connection_keeps_a_tenant_after_a_storm_of_cancelled_requests() {
    let house = House::new().await;
    let home = house.tenant("acme").await;
    house.accounts(&home, &["a1"]).await;
    let url = with_database(&server_url(), &house.database).to_url_lossy();
    let db = Db::connect(url.as_str(), 3).await.unwrap();
    let mut tasks = Vec::new();
    for round in 0..600_u64 {
        let (db, scope) = (db.clone(), home.scope.clone());
        tasks.push(tokio::spawn(async move {
            let request = async {
                let mut tx = if round % 2 == 0 { db.read(&scope).await? } else { db.write(&scope).await? };
                db::accounts::search(&mut tx, "Account", 5).await?;
                tx.commit().await
            };
            // Cancelled at any point between not begun and done.
            drop(tokio::time::timeout(Duration::from_micros(round * 7 % 2_500), request).await);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for _ in 0..60 {
        // On a connection left inside its transaction this would still be the tenant's role and setting.
        let (role, tenant, state) = db.standing().await.unwrap();
        assert_eq!((role.as_str(), tenant.as_str()), ("holdfast", ""), "{state}");
    }
}
