//! What comes in meanwhile: messages and statements of products, files of people. Everybody sends until they have an
//! answer, to whichever replica gives one, as SDKs and people do.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use uuid::Uuid;

use super::world::{ACCOUNTS, Company};
use crate::support::server;

/// What was sent and answered.
#[derive(Default)]
pub(super) struct Sent {
    /// Tenant, account, message id.
    pub(super) messages: Vec<(Uuid, String, String)>,
    /// Tenant, external id: accounts that were stated.
    pub(super) accounts: Vec<(Uuid, String)>,
    /// Tenant, account, message id: each is the only one of its account, and a rule is true because of it.
    pub(super) signals: Vec<(Uuid, String, String)>,
    /// Tenant, account, day of renewal: the account's only contract, whose window is open.
    pub(super) contracts: Vec<(Uuid, String, NaiveDate)>,
}

/// Sends until it is over: messages about accounts that are there, messages about accounts that come later, and those
/// accounts; some of it twice.
pub(super) fn send(company: &Company, addresses: &Mutex<Vec<String>>, seed: u64, over: &AtomicBool) -> Sent {
    let mut dice = StdRng::seed_from_u64(seed);
    let (tenant, mut sent) = (company.scope.tenant_id(), Sent::default());
    let until_answered = |method: &str, path: &str, body: &str, dice: &mut StdRng| {
        loop {
            let address = addresses.lock().unwrap()[dice.random_range(0..2)].clone();
            if let Some((200 | 201, _)) = server::send(&address, method, path, &company.key, body) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    };
    let mut batch = 0;
    // The last late account is stated before it is over, so that nobody waits for it in vain.
    while !over.load(Ordering::SeqCst) || batch % 10 != 0 {
        let late = format!("late-{}", batch / 10);
        let messages: Vec<_> = (0..5)
            .map(|n| {
                let account = match dice.random_range(0..4) {
                    0 => late.clone(),
                    _ => format!("a{}", dice.random_range(0..ACCOUNTS)),
                };
                let id = format!("{}-{batch}-{n}", company.slug);
                sent.messages.push((tenant, account.clone(), id.clone()));
                json!({ "type": "track", "event": "Dashboard Viewed", "messageId": id,
                        "userId": format!("u{}", dice.random_range(0..20)), "context": { "groupId": account } })
            })
            .collect();
        let body = json!({ "batch": messages }).to_string();
        for _ in 0..dice.random_range(1..=2) {
            until_answered("POST", "/v1/batch", &body, &mut dice);
        }
        if batch % 10 == 9 {
            sent.accounts.push((tenant, late.clone()));
            let body = json!({ "name": late }).to_string();
            until_answered("PUT", &format!("/api/v1/accounts/{late}"), &body, &mut dice);
            for (method, path, body) in follow(company, &late, &mut sent) {
                for _ in 0..dice.random_range(1..=2) {
                    until_answered(method, &path, &body, &mut dice);
                }
            }
        }
        batch += 1;
        thread::sleep(Duration::from_millis(dice.random_range(0..60)));
    }
    sent
}

/// What is said of a new account: a contract that renews soon, and that its champion has gone.
fn follow(company: &Company, account: &str, sent: &mut Sent) -> [(&'static str, String, String); 2] {
    let (tenant, renews_on) = (company.scope.tenant_id(), company.renews_on);
    sent.contracts.push((tenant, account.to_owned(), renews_on));
    let contract = json!({ "account": account, "start_date": renews_on - Days::new(365), "end_date": renews_on,
                           "arr_minor": 5_000_000 });
    let id = format!("{}-{account}-gone", company.slug);
    sent.signals.push((tenant, account.to_owned(), id.clone()));
    let message = json!({ "type": "track", "event": "Champion Change", "messageId": id, "userId": "u0",
                          "context": { "groupId": account } });
    [
        ("PUT", format!("/api/v1/contracts/{account}-C1"), contract.to_string()),
        ("POST", "/v1/batch".to_owned(), json!({ "batch": [message] }).to_string()),
    ]
}

/// Imports files by the command line until it is over. Some imports are killed under way and begun again.
pub(super) fn import(
    company: &Company,
    holdfast: impl Fn() -> Command,
    seed: u64,
    over: &AtomicBool,
) -> Sent {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut sent = Sent::default();
    let dir = std::env::temp_dir().join(format!("holdfast-chaos-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("accounts.csv");
    for round in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        let ids: Vec<String> = (0..100).map(|n| format!("file-{round}-{n}")).collect();
        let rows: String = ids.iter().map(|id| format!("{id},Account {id}\n")).collect();
        std::fs::write(&file, format!("external_id,name\n{rows}")).unwrap();
        loop {
            let mut importing = holdfast()
                .args(["import", "accounts", file.to_str().unwrap(), "--tenant", &company.slug])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if dice.random_range(0..3) == 0 {
                thread::sleep(Duration::from_millis(dice.random_range(0..500)));
                // One that has ended already cannot be killed, which is as well.
                let _ = importing.kill();
            }
            if importing.wait().unwrap().success() {
                break;
            }
        }
        sent.accounts.extend(ids.into_iter().map(|id| (company.scope.tenant_id(), id)));
    }
    std::fs::remove_dir_all(&dir).unwrap();
    sent
}
