//! What holds once everything has come to rest, whatever happened before.
//!
//! To add one: a line in [`INVARIANTS`]; its query returns a line for each thing that is missing or there twice. What
//! was sent stands in `chaos.messages` and `chaos.accounts`, which slots fell due in `chaos.slots`.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use holdfast::db;
use holdfast::jobs::schedule::RECURRING;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use uuid::Uuid;

use super::traffic::Sent;
use super::world::{Company, World};

const INVARIANTS: &[(&str, &str)] = &[
    ("all work is done", "SELECT kind || ', tried ' || attempts || coalesce(': ' || last_error, '') FROM jobs
         WHERE finished_at IS NULL AND (run_at <= now() OR attempts > 0)"),
    (
        "no work failed for good",
        "SELECT kind || ': ' || last_error FROM jobs WHERE finished_at IS NOT NULL AND last_error IS NOT NULL",
    ),
    (
        "nobody holds what is over",
        "SELECT kind FROM jobs WHERE finished_at IS NOT NULL AND (claim IS NOT NULL OR locked_until IS NOT NULL)",
    ),
    (
        "each slot of recurring work was done once",
        "SELECT s.dedupe || ' of ' || s.tenant_id || ': ' || count(j.id) FROM chaos.slots s
         LEFT JOIN jobs j ON j.tenant_id = s.tenant_id AND j.dedupe = s.dedupe AND j.finished_at IS NOT NULL
         WHERE s.must GROUP BY s.tenant_id, s.dedupe HAVING count(j.id) <> 1",
    ),
    (
        "no slot is there that did not fall due",
        "SELECT j.dedupe FROM jobs j WHERE j.kind IN (SELECT split_part(dedupe, ':', 1) FROM chaos.slots)
           AND j.dedupe LIKE '%:____-__-__' AND NOT EXISTS (SELECT FROM chaos.slots s WHERE s.tenant_id = j.tenant_id AND s.dedupe = j.dedupe)",
    ),
    (
        "each message is stored once, with its account",
        "SELECT m.message_id || ': ' || count(e.id) FROM chaos.messages m
         LEFT JOIN accounts a ON a.tenant_id = m.tenant_id AND a.external_id = m.account
         LEFT JOIN events e ON e.tenant_id = m.tenant_id AND e.message_id = m.message_id AND e.account_id = a.id
         GROUP BY m.tenant_id, m.message_id HAVING count(e.id) <> 1",
    ),
    (
        "no message is stored that nobody sent",
        "SELECT e.message_id FROM events e WHERE NOT EXISTS
           (SELECT FROM chaos.messages m WHERE m.tenant_id = e.tenant_id AND m.message_id = e.message_id)",
    ),
    ("nothing waits in quarantine", "SELECT message FROM quarantine WHERE state <> 'replayed'"),
    (
        "each account that was stated is there once",
        "SELECT s.external_id || ': ' || count(a.id) FROM chaos.accounts s
         LEFT JOIN accounts a ON a.tenant_id = s.tenant_id AND a.external_id = s.external_id
         GROUP BY s.tenant_id, s.external_id HAVING count(a.id) <> 1",
    ),
    ("no account waits for its score", "SELECT account_id::text FROM dirty_accounts"),
    (
        "each account has a score",
        "SELECT a.external_id FROM accounts a WHERE NOT EXISTS
           (SELECT FROM scores s WHERE s.tenant_id = a.tenant_id AND s.account_id = a.id)",
    ),
    (
        "what was set by hand ran out once",
        "SELECT a.external_id || ': ' || count(l.id) FROM overrides o
         JOIN accounts a ON a.tenant_id = o.tenant_id AND a.id = o.account_id
         LEFT JOIN audit_log l ON l.tenant_id = o.tenant_id AND l.action = 'override.expired' AND l.subject = a.external_id
         GROUP BY o.tenant_id, o.id, a.external_id, o.ended_at HAVING count(l.id) <> 1 OR o.ended_at IS NULL",
    ),
    ("every account was acted upon", "SELECT a.external_id FROM accounts a WHERE NOT EXISTS
        (SELECT FROM account_marks m WHERE m.tenant_id = a.tenant_id AND m.account_id = a.id AND m.acted_on IS NOT NULL)"),
    ("no alert is left proposed", "SELECT rule FROM alerts WHERE state = 'proposed'"),
    (
        "an alert that asks somebody is told of once",
        "SELECT a.rule || ': ' || count(l.id) FROM alerts a
         LEFT JOIN timeline l ON l.tenant_id = a.tenant_id AND l.about = a.id AND l.once LIKE '%:' || a.id AND l.kind = 'alert_opened'
         WHERE a.asks AND a.state = 'open' GROUP BY a.tenant_id, a.id, a.rule HAVING count(l.id) <> 1",
    ),
    (
        "a play runs once for an account and its anchor",
        "SELECT playbook || ': ' || count(*) FROM plays WHERE ended_at IS NULL
         GROUP BY tenant_id, account_id, playbook, anchor_on, cause HAVING count(*) > 1",
    ),
    (
        "a play has each of its tasks once, and some",
        "SELECT p.playbook || ': ' || count(t.id) FROM plays p
         LEFT JOIN tasks t ON t.tenant_id = p.tenant_id AND t.play_id = p.id
         GROUP BY p.tenant_id, p.id, p.playbook HAVING count(t.id) = 0 OR count(t.id) <> count(DISTINCT t.position)",
    ),
    (
        "a touchpoint is one task",
        "SELECT touchpoint || ' on ' || due_on || ': ' || count(*) FROM tasks WHERE touchpoint IS NOT NULL
         GROUP BY tenant_id, account_id, touchpoint, due_on HAVING count(*) > 1",
    ),
    (
        "a contract in its window is one renewal, opened once, with each of its three milestones once",
        "SELECT c.account || ': ' || concat_ws(', ', count(DISTINCT r.id), count(DISTINCT l.contract_id),
                  count(DISTINCT j.id), count(DISTINCT p.id), count(DISTINCT t.id), count(DISTINCT t.title))
         FROM chaos.contracts c JOIN accounts a ON a.tenant_id = c.tenant_id AND a.external_id = c.account
         LEFT JOIN renewals r ON r.tenant_id = a.tenant_id AND r.account_id = a.id
         LEFT JOIN renewal_contracts l ON l.tenant_id = r.tenant_id AND l.renewal_id = r.id
         LEFT JOIN timeline j ON j.tenant_id = a.tenant_id AND j.account_id = a.id AND j.kind = 'renewal_opened'
         LEFT JOIN plays p ON p.tenant_id = a.tenant_id AND p.account_id = a.id AND p.cause = 'renewal'
         LEFT JOIN tasks t ON t.tenant_id = p.tenant_id AND t.play_id = p.id AND t.kind = 'milestone'
         GROUP BY c.tenant_id, c.account
         HAVING (count(DISTINCT r.id), count(DISTINCT l.contract_id), count(DISTINCT j.id), count(DISTINCT p.id),
                 count(DISTINCT t.id), count(DISTINCT t.title)) <> (1, 1, 1, 1, 3, 3)
           OR bool_or((r.renews_on, p.anchor_on) IS DISTINCT FROM (c.renews_on, c.renews_on))",
    ),
    (
        "what makes a rule true is one alert",
        "SELECT s.account || ': ' || count(l.id) FROM chaos.signals s
         JOIN accounts a ON a.tenant_id = s.tenant_id AND a.external_id = s.account
         LEFT JOIN alerts l ON l.tenant_id = a.tenant_id AND l.account_id = a.id AND l.rule = 'stakeholder-changes'
         GROUP BY s.tenant_id, s.account HAVING count(l.id) <> 1",
    ),
    ("everything was told of", "SELECT kind || ': ' || title FROM timeline WHERE told_at IS NULL"),
    (
        "a manager is told of a grave alert once, under the bell and by mail",
        "SELECT j.title || ': ' || count(DISTINCT n.id) || ', ' || count(DISTINCT m.id) FROM timeline j
         JOIN members b ON b.tenant_id = j.tenant_id
         LEFT JOIN notifications n ON n.tenant_id = j.tenant_id AND n.entry_id = j.id AND n.member_id = b.id
         LEFT JOIN messages m ON m.tenant_id = j.tenant_id AND m.entry_id = j.id AND m.member_id = b.id
         WHERE j.kind = 'alert_opened' AND j.severity IN ('high', 'critical')
         GROUP BY j.tenant_id, j.id, j.title, b.id HAVING (count(DISTINCT n.id), count(DISTINCT m.id)) <> (1, 1)",
    ),
    (
        "a webhook is stored once for what it tells of",
        "SELECT j.kind || ' ' || j.id || ': ' || count(d.id) FROM webhook_endpoints e
         JOIN timeline j ON j.tenant_id = e.tenant_id AND j.kind = ANY (e.kinds)
         LEFT JOIN webhook_deliveries d ON d.tenant_id = j.tenant_id AND d.endpoint_id = e.id AND d.entry_id = j.id
         GROUP BY j.tenant_id, j.id, j.kind HAVING count(d.id) <> 1",
    ),
    (
        "no webhook tells of anything else",
        "SELECT d.type || ' ' || d.id FROM webhook_deliveries d
         JOIN webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
         LEFT JOIN timeline j ON j.tenant_id = d.tenant_id AND j.id = d.entry_id
         WHERE (j.kind = ANY (e.kinds) AND j.kind = d.type) IS NOT TRUE",
    ),
    ("each webhook was delivered", "SELECT type || ' ' || id || ' ' || state FROM webhook_deliveries WHERE state <> 'delivered'"),
    ("each draft was tried out", "SELECT id::text FROM methodology_previews WHERE finished_at IS NULL"),
    (
        "each message was counted later once",
        "SELECT event_id::text FROM quarantine GROUP BY tenant_id, event_id HAVING count(*) <> 1",
    ),
];

/// What came of it.
pub(super) struct Told {
    /// Invariant and a few examples of what breaks it.
    pub(super) broken: Vec<String>,
    /// How long it took until all of them held, or patience ran out.
    pub(super) after: Duration,
}

/// Waits until everything has come to rest, but no longer than patience lasts, and says what does not hold then.
pub(super) async fn hold(
    world: &World,
    founded: &[Company],
    sent: &[Sent],
    patience: Duration,
    hurry: bool,
) -> Told {
    let mut behind = world.house.behind().await;
    expect(world, founded, sent, patience, &mut behind).await;
    if hurry {
        // What a killed process was sending is held for a minute. That it may go out twice is part of the promise.
        let free = "UPDATE webhook_deliveries SET locked_until = NULL WHERE state = 'waiting'";
        behind.execute(free).await.unwrap();
    }
    let began = Instant::now();
    loop {
        // A second refusal is followed by minutes of waiting, which nobody does here.
        behind
            .execute(
                "UPDATE webhook_deliveries SET next_at = now() WHERE state = 'waiting' AND next_at > now()",
            )
            .await
            .unwrap();
        let mut broken = Vec::new();
        for (name, query) in INVARIANTS {
            let wrong: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe((*query).to_owned())).fetch_all(&mut behind).await.unwrap();
            if !wrong.is_empty() {
                broken.push(format!("{name}: {} times not: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]));
            }
        }
        if broken.is_empty() {
            broken = counted(world, sent).await;
            broken.extend(arrived(world, &mut behind).await);
        }
        let after = began.elapsed();
        if broken.is_empty() || after > patience {
            return Told { broken, after };
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Writes down what was sent and fell due, for the queries.
async fn expect(
    world: &World,
    founded: &[Company],
    sent: &[Sent],
    patience: Duration,
    behind: &mut PgConnection,
) {
    behind
        .execute(
            "CREATE SCHEMA chaos;
             CREATE TABLE chaos.messages (tenant_id uuid, account text, message_id text);
             CREATE TABLE chaos.accounts (tenant_id uuid, external_id text);
             CREATE TABLE chaos.signals (tenant_id uuid, account text);
             CREATE TABLE chaos.contracts (tenant_id uuid, account text, renews_on date);
             CREATE TABLE chaos.slots (tenant_id uuid, dedupe text, must boolean)",
        )
        .await
        .unwrap();
    for sent in sent {
        let messages = || sent.messages.iter().chain(&sent.signals);
        let tenants: Vec<Uuid> = messages().map(|(tenant, ..)| *tenant).collect();
        let accounts: Vec<&str> = messages().map(|(_, account, _)| account.as_str()).collect();
        let ids: Vec<&str> = messages().map(|(.., id)| id.as_str()).collect();
        sqlx::query("INSERT INTO chaos.messages SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])")
            .bind(tenants)
            .bind(accounts)
            .bind(ids)
            .execute(&mut *behind)
            .await
            .unwrap();
        let (tenants, ids): (Vec<Uuid>, Vec<&str>) =
            sent.accounts.iter().map(|(tenant, id)| (*tenant, id.as_str())).unzip();
        sqlx::query("INSERT INTO chaos.accounts SELECT * FROM unnest($1::uuid[], $2::text[])")
            .bind(tenants)
            .bind(ids)
            .execute(&mut *behind)
            .await
            .unwrap();
    }
    for (tenant, account, renews_on) in sent.iter().flat_map(|sent| &sent.contracts) {
        sqlx::query("INSERT INTO chaos.contracts VALUES ($1, $2, $3)")
            .bind(tenant)
            .bind(account)
            .bind(renews_on)
            .execute(&mut *behind)
            .await
            .unwrap();
    }
    for (tenant, account, _) in sent.iter().flat_map(|sent| &sent.signals) {
        sqlx::query("INSERT INTO chaos.signals VALUES ($1, $2)")
            .bind(tenant)
            .bind(account)
            .execute(&mut *behind)
            .await
            .unwrap();
    }
    behind.execute("CREATE INDEX ON chaos.messages (tenant_id, message_id); ANALYZE").await.unwrap();
    // What was due when a company was founded, and what fell due since; what falls due while we wait may be there.
    let created: HashMap<Uuid, chrono::DateTime<chrono::Utc>> =
        sqlx::query_as("SELECT id, created_at FROM tenants")
            .fetch_all(&mut *behind)
            .await
            .unwrap()
            .into_iter()
            .collect();
    let now = world.house.clock.now();
    for company in world.companies.iter().chain(founded) {
        let zone = company.scope.time_zone();
        let created = created[&company.scope.tenant_id()];
        let born = company.scope.day_of(created);
        for recurring in RECURRING {
            let mut slots: Vec<(String, bool)> = [(created, true), (now, true), (now + patience, false)]
                .into_iter()
                .filter_map(|(at, must)| Some((recurring.every.latest(zone, at)?, must)))
                .filter(|(slot, _)| slot.due.with_timezone(&zone).date_naive() >= born)
                .map(|(slot, must)| {
                    (format!("{}:{}", recurring.kind.word(), slot.word(recurring.every)), must)
                })
                .collect();
            slots.dedup_by(|next, slot| next.0 == slot.0);
            for (word, must) in slots {
                sqlx::query("INSERT INTO chaos.slots VALUES ($1, $2, $3)")
                    .bind(company.scope.tenant_id())
                    .bind(word)
                    .bind(must)
                    .execute(&mut *behind)
                    .await
                    .unwrap();
            }
        }
    }
}

/// The metric that counts messages has each once, whether its days were folded meanwhile or not.
async fn counted(world: &World, sent: &[Sent]) -> Vec<String> {
    let mut expected: HashMap<(Uuid, &str), i64> = HashMap::new();
    for (tenant, account, _) in sent.iter().flat_map(|sent| &sent.messages) {
        *expected.entry((*tenant, account)).or_default() += 1;
    }
    let mut broken = Vec::new();
    let (from, to) = ("2000-01-01".parse().unwrap(), "2100-01-01".parse().unwrap());
    for company in &world.companies {
        let mut tx = world.house.app.db.read(&company.scope).await.unwrap();
        let metric = db::metrics::find(&mut tx, "dashboard_viewed").await.unwrap().unwrap().id;
        for (&(_, account), &sent) in
            expected.iter().filter(|((tenant, _), _)| *tenant == company.scope.tenant_id())
        {
            let id = db::accounts::id_of(&mut tx, account).await.unwrap().unwrap();
            let days = db::metrics::series(&mut tx, id, metric, from, to).await.unwrap();
            let counted: i64 = days.iter().map(|day| day.count).sum();
            if counted != sent {
                broken.push(format!(
                    "{} of {}: {sent} messages sent, {counted} counted",
                    account, company.slug
                ));
            }
        }
    }
    broken
}

/// Exactly the webhooks that are stored have arrived and were taken, each under its id and word for word, however often.
async fn arrived(world: &World, behind: &mut PgConnection) -> Vec<String> {
    let stored: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT id, body FROM webhook_deliveries").fetch_all(behind).await.unwrap();
    let stored: HashMap<String, String> =
        stored.into_iter().map(|(id, body)| (id.to_string(), body)).collect();
    let (mut taken, mut broken) = (HashSet::new(), Vec::new());
    for got in world.receiver.got() {
        let id = got.header("webhook-id").to_owned();
        if stored.get(&id) != Some(&got.body) {
            broken.push(format!("{id} arrived and is not stored like that: {}", got.body));
        }
        if got.status == 200 {
            taken.insert(id);
        }
    }
    let missing = stored.keys().filter(|id| !taken.contains(*id));
    broken.extend(missing.map(|id| format!("{id} counts as delivered and was never taken")));
    broken
}
