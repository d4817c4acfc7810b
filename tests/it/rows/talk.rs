//! What tests of requirements say to the service, and how they read its answers.

use holdfast::app::Actor;
use holdfast::app::keys::KeyScope;
use holdfast::app::methodology::pack_source;
use holdfast::app::tenants::NewTenant;
use holdfast::domain::pack::Overrides;
use serde_json::{Value, json};

use crate::support::{Home, House};

/// A tenant on a pack with parameters of its own.
pub async fn tenant_with(house: &House, pack: &str, parameters: &[(&str, &str)]) -> Home {
    let set = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let overrides = Overrides { preset: None, set };
    let new = NewTenant { name: pack, slug: Some(pack), time_zone: "UTC", currency: None };
    let (actor, source) = (Actor::command_line(), pack_source(pack).unwrap());
    let scope = house.app.create_tenant_with(&new, &source, &overrides, &actor).await.unwrap();
    let write_key = house.app.create_key(&scope, "backend", KeyScope::Write, &actor).await.unwrap();
    let read_key = house.app.create_key(&scope, "warehouse", KeyScope::Read, &actor).await.unwrap();
    Home { scope, slug: pack.to_owned(), write_key, read_key }
}

/// Imports accounts by id, first day, months of their one contract, and its ARR in whole units; then works.
pub async fn accounts(house: &House, home: &Home, rows: &[(&str, &str, u32, u64)]) {
    let mut names = "external_id,name,start_date\n".to_owned();
    let mut contracts = "external_id,account,start_date,term_months,arr,seats\n".to_owned();
    for (id, start, months, arr) in rows {
        names += &format!("{id},Account {id},{start}\n");
        contracts += &format!("{id}-C1,{id},{start},{months},{arr},10\n");
    }
    house.import(home, "accounts", &names).await;
    house.import(home, "contracts", &contracts).await;
    house.work().await;
}

/// Imports figures (account, metric, day, value), then works.
pub async fn figures(house: &House, home: &Home, rows: &[(&str, &str, &str, f64)]) {
    let rows: String =
        rows.iter().map(|(a, metric, day, value)| format!("{a},{metric},{day},{value}\n")).collect();
    house.import(home, "metrics", &format!("account,metric,date,value\n{rows}")).await;
    house.work().await;
}

/// The morning of a day: what recurs is done.
pub async fn morning(house: &House, date: &str) {
    house.set(&format!("{date}T06:00:00Z"));
    holdfast::jobs::schedule::enqueue_due(&house.app).await.unwrap();
    house.work().await;
}

/// Reads from the API.
pub async fn get(house: &House, home: &Home, path: &str) -> Value {
    let answer = house.http().get(&format!("/api/v1{path}")).authorization_bearer(&home.read_key).await;
    assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
    answer.json()
}

/// The rows of a list of the API.
pub async fn list(house: &House, home: &Home, path: &str) -> Vec<Value> {
    get(house, home, path).await["data"].as_array().unwrap().clone()
}

/// Tells the API something that it takes.
pub async fn tell(house: &House, home: &Home, method: &str, path: &str, body: Value) -> Value {
    let (http, url) = (house.http(), format!("/api/v1{path}"));
    let request = if method == "PUT" { http.put(&url) } else { http.post(&url) };
    let answer = request.authorization_bearer(&home.write_key).json(&body).await;
    assert!(answer.status_code().is_success(), "{method} {path}: {}", answer.text());
    answer.json()
}

/// Sets an account's score by hand.
pub async fn health(house: &House, home: &Home, account: &str, score: f64) {
    let body = json!({ "score": score, "reason": "As told" });
    tell(house, home, "PUT", &format!("/accounts/{account}/override"), body).await;
    house.work().await;
}

/// The one play of a playbook for an account, and all its tasks in their order.
pub async fn play(house: &House, home: &Home, account: &str, playbook: &str) -> (Value, Vec<Value>) {
    let plays = list(house, home, &format!("/plays?account={account}&playbook={playbook}")).await;
    assert_eq!(plays.len(), 1, "{playbook} runs once for {account}: {plays:?}");
    let id = plays[0]["id"].as_str().unwrap();
    let tasks = list(house, home, &format!("/tasks?play={id}&all=true&limit=200")).await;
    (plays[0].clone(), tasks)
}

/// One field of each.
pub fn each<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[field].as_str().unwrap_or("none")).collect()
}

/// How many entries a list in each has.
pub fn sizes(rows: &[Value], field: &str) -> Vec<usize> {
    rows.iter().map(|row| row[field].as_array().map_or(0, Vec::len)).collect()
}
