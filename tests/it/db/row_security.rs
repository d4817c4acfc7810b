//! Row security, checked on the catalogue (so that no new table can be forgotten) and by trying.

use holdfast::db::{Db, RoleError};
use sqlx::{ConnectOptions, Executor, Row};

use crate::support::{House, admin_url, with_database};

/// Tables of the platform: they carry no tenant_id, and the tenant role must not read them at all.
const PLATFORM: [&str; 3] = ["sessions", "sign_in_attempts", "_sqlx_migrations"];
/// Tables whose row security follows another rule, tested below by trying.
const OWN_RULE: [&str; 2] = ["tenants", "users"];

#[tokio::test]
async fn every_table_keeps_tenants_apart() {
    let house = House::new().await;
    let mut behind = house.behind().await;
    let tables = sqlx::query(
        "SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
                c.relispartition AS partition,
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
                        AND a.attnotnull AND a.attnum = 1) AS tenant_first,
                EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'
                        AND pg_get_expr(p.polqual, p.polrelid) LIKE '%tenant_id = %NULLIF(current_setting%'
                        AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%tenant_id = %NULLIF(current_setting%')
                  AS policy,
                (SELECT k.conkey[1] = 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS key_leads,
                has_table_privilege('holdfast_tenant', c.oid, 'SELECT') AS tenant_reads,
                has_table_privilege('holdfast_platform', c.oid, 'SELECT') AS platform_reads,
                has_table_privilege('holdfast_tenant', c.oid, 'TRUNCATE') AS tenant_truncates
         FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    .fetch_all(&mut behind)
    .await
    .unwrap();
    assert!(tables.len() > 20, "the catalogue was read");
    for table in tables {
        let name: String = table.get("name");
        let is = |column: &str| table.get::<Option<bool>, _>(column).unwrap_or(false);
        assert!(!is("tenant_truncates"), "{name}: TRUNCATE ignores policies");
        if PLATFORM.contains(&name.as_str()) {
            assert!(!is("tenant_reads"), "{name} is not for tenants");
            continue;
        }
        assert!(is("enabled") && is("forced"), "{name}: row security must be enabled and forced");
        if is("partition") {
            assert!(
                !is("tenant_reads") && !is("platform_reads"),
                "{name}: partitions are read through their parent"
            );
        } else if !OWN_RULE.contains(&name.as_str()) {
            assert!(
                is("tenant_first") && is("policy") && is("key_leads"),
                "{name}: tenant_id, policy, primary key"
            );
        }
    }
    let loose: Vec<String> = sqlx::query_scalar(
        "SELECT k.conname FROM pg_constraint k
         JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
         WHERE k.contype = 'f' AND r.relname NOT IN ('tenants', 'users')
           AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id'
                           AND a.attnum = ANY (k.conkey))",
    )
    .fetch_all(&mut behind)
    .await
    .unwrap();
    assert_eq!(
        loose,
        Vec::<String>::new(),
        "foreign keys must carry tenant_id: row security does not guard them"
    );
}

#[tokio::test]
async fn without_a_tenant_there_are_no_rows_and_with_one_only_its_own() {
    let house = House::new().await;
    let (a, b) = (house.tenant("a").await, house.tenant("b").await);
    house.accounts(&a, &["one", "two"]).await;
    house.accounts(&b, &["three"]).await;
    let mut login =
        crate::support::connect(&with_database(&crate::support::server_url(), &house.database)).await;
    let count = "SELECT count(*) FROM accounts";
    // The owner of the table is no exception.
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut login).await.unwrap(), 0);
    login.execute("BEGIN; SET LOCAL ROLE holdfast_tenant").await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut login).await.unwrap(), 0);
    for (home, seen) in [(&a, 2), (&b, 1)] {
        sqlx::query("SELECT set_config('app.tenant_id', $1, true)")
            .bind(home.scope.tenant_id().to_string())
            .execute(&mut login)
            .await
            .unwrap();
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut login).await.unwrap(), seen);
        let tenants: i64 =
            sqlx::query_scalar("SELECT count(*) FROM tenants").fetch_one(&mut login).await.unwrap();
        assert_eq!(tenants, 1, "nobody sees that there are others");
    }
    // What was set for a transaction reads '' afterwards, which must mean nobody, not an error.
    login.execute("COMMIT; BEGIN; SET LOCAL ROLE holdfast_tenant").await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut login).await.unwrap(), 0);
    let stolen = sqlx::query("INSERT INTO audit_log (tenant_id, id, at, actor, action, subject) VALUES ($1, $1, now(), '', '', '')")
        .bind(a.scope.tenant_id())
        .execute(&mut login)
        .await;
    assert!(stolen.unwrap_err().to_string().contains("row-level security"));
}

#[tokio::test]
async fn a_tenant_sees_the_names_of_its_own_members_and_no_password() {
    let house = House::new().await;
    let (a, b) = (house.tenant("a").await, house.tenant("b").await);
    house.member(&a, "ada@example.com", holdfast::app::members::Role::Csm).await;
    house.member(&b, "bob@example.com", holdfast::app::members::Role::Csm).await;
    let mut tx = house.app.db.read(&a.scope).await.unwrap();
    let members = holdfast::db::members::list(&mut tx).await.unwrap();
    assert_eq!(members.iter().map(|m| m.email.as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
    let mut behind = house.behind().await;
    let reads: bool = sqlx::query_scalar(
        "SELECT has_column_privilege('holdfast_tenant', 'users', 'password_hash', 'SELECT')",
    )
    .fetch_one(&mut behind)
    .await
    .unwrap();
    assert!(!reads);
}

#[tokio::test]
async fn a_role_that_bypasses_row_security_may_not_serve() {
    let house = House::new().await;
    let admin = with_database(&admin_url(), &house.database).to_url_lossy();
    let db = Db::connect(admin.as_str(), 1).await.unwrap();
    let refusal = db.check_role().await.unwrap_err();
    assert!(matches!(refusal, RoleError::Bypasses { .. }), "{refusal}");
    assert!(refusal.to_string().contains("superuser"), "{refusal}");
    house.app.db.check_role().await.unwrap();
}
