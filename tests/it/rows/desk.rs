//! A tenant on a pack at a moment, and how a test speaks to it.

use std::collections::BTreeSet;

use holdfast::app::Actor;
use holdfast::app::keys::KeyScope;
use holdfast::app::members::Role;
use holdfast::app::work::Work;
use serde_json::{Value, json};

use crate::support::html::texts;
use crate::support::{Browser, Home, House};

/// A tenant on a pack with a CSM, `casey@acme.example`; rules may open on any number of accounts at once.
pub struct Desk {
    pub house: House,
    pub home: Home,
}

impl Desk {
    /// At noon of a day.
    pub async fn on(pack: &str, day: &str) -> Desk {
        let house = House::at(&format!("{day}T12:00:00Z")).await;
        let home = house.tenant_on("acme", pack).await;
        house.member(&home, "casey@acme.example", Role::Csm).await;
        house.app.set_storm_limits(&home.scope, 100.0, 1_000, &Actor::command_line()).await.unwrap();
        Desk { house, home }
    }

    /// Imports rows under a head.
    pub async fn import<T: AsRef<str>>(&self, kind: &str, head: &str, rows: impl IntoIterator<Item = T>) {
        let rows: String = rows.into_iter().map(|row| format!("{}\n", row.as_ref())).collect();
        self.house.import(&self.home, kind, &format!("{head}\n{rows}")).await;
    }

    /// Accounts that began on days.
    pub async fn accounts(&self, rows: &[(&str, &str)]) {
        let rows = rows.iter().map(|(id, start)| format!("{id},Account {id},{start}"));
        self.import("accounts", "external_id,name,start_date", rows).await;
    }

    /// Figures of metrics: (account, metric, day, figure).
    pub async fn figures(&self, rows: &[(&str, &str, &str, f64)]) {
        let rows = rows.iter().map(|(account, metric, day, n)| format!("{account},{metric},{day},{n}"));
        self.import("metrics", "account,metric,date,value", rows).await;
    }

    /// What a CRM tells of an account, as traits of a group.
    pub async fn traits(&self, account: &str, traits: Value) {
        let now = self.house.clock.now().to_rfc3339();
        let id = format!("{account}-{}", uuid::Uuid::now_v7());
        let message = json!({ "type": "group", "userId": "crm", "groupId": account, "messageId": id, "timestamp": now,
            "traits": traits });
        self.house.send(&self.home, &[message]).await;
    }

    /// Sets a score by hand.
    pub async fn score(&self, account: &str, score: f64) {
        let body = json!({ "score": score, "reason": "As the case has it" });
        self.send("PUT", &format!("/accounts/{account}/override"), body).await;
    }

    /// Does everything that is due.
    pub async fn work(&self) {
        self.house.work().await;
    }

    /// The day's run at noon of a day.
    pub async fn day(&self, day: &str) {
        self.house.set(&format!("{day}T12:00:00Z"));
        let date = day.parse().unwrap();
        self.house.app.score_all(&self.home.scope, date, &Work::unwatched()).await.unwrap();
        self.house.work().await;
    }

    /// What the API answers.
    pub async fn get(&self, path: &str) -> Value {
        let http = self.house.http();
        let answer = http.get(&format!("/api/v1{path}")).authorization_bearer(&self.home.read_key).await;
        assert_eq!(answer.status_code(), 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// A list of the API.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        self.get(path).await["data"].as_array().unwrap().clone()
    }

    /// Tells the API something it takes.
    pub async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_send(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Tells the API something.
    pub async fn try_send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let (http, path) = (self.house.http(), format!("/api/v1{path}"));
        let request = match method {
            "PUT" => http.put(&path),
            _ => http.post(&path),
        };
        let answer = request.authorization_bearer(&self.home.write_key).json(&body).await;
        (answer.status_code().as_u16(), serde_json::from_str(&answer.text()).unwrap_or(Value::Null))
    }

    /// Publishes the pack with other parameters.
    pub async fn publish(&self, pack: &str, parameters: Value) {
        let source = holdfast::app::methodology::pack_source(pack).unwrap();
        let body = json!({ "source": source, "parameters": parameters });
        let draft = self.send("POST", "/methodology/drafts", body).await;
        let actor = Actor::command_line();
        let key =
            self.house.app.create_key(&self.home.scope, "manage", KeyScope::Manage, &actor).await.unwrap();
        let path = format!("/api/v1/methodology/drafts/{}/publish", draft["id"].as_str().unwrap());
        let body = json!({ "revision": draft["revision"] });
        let answer = self.house.http().post(&path).authorization_bearer(&key).json(&body).await;
        assert_eq!(answer.status_code(), 200, "{}", answer.text());
        self.work().await;
    }

    /// The CSM's browser.
    pub async fn casey(&self) -> Browser {
        self.house.sign_in("casey@acme.example").await
    }

    /// The browser of an administrator, who comes to the company now.
    pub async fn admin(&self) -> Browser {
        self.house.member(&self.home, "robin@acme.example", Role::Admin).await;
        self.house.sign_in("robin@acme.example").await
    }

    /// The rules that raised something of an account, whatever became of it: alerts, notices, opportunities and mails.
    pub async fn rules(&self, account: &str) -> BTreeSet<String> {
        let alerts = self.list(&format!("/alerts?account={account}&state=any&limit=200")).await;
        let entries = self.list(&format!("/accounts/{account}/timeline?limit=200")).await;
        let of_alerts = alerts.iter().map(|alert| &alert["rule"]);
        let told =
            entries.iter().filter(|e| ["notice", "opportunity", "email"].iter().any(|k| e["kind"] == *k));
        let rules = of_alerts.chain(told.map(|entry| &entry["data"]["rule"]));
        rules.filter_map(|rule| rule.as_str().map(str::to_owned)).collect()
    }

    /// The alert that a rule opened on an account.
    pub async fn alert(&self, account: &str, rule: &str) -> Value {
        let found = self.list(&format!("/alerts?account={account}&rule={rule}&state=any")).await;
        assert_eq!(found.len(), 1, "{rule} of {account}: {found:?}");
        found[0].clone()
    }

    /// The one play of a playbook that runs for an account, and its tasks in the playbook's order.
    pub async fn play(&self, account: &str, playbook: &str) -> (Value, Vec<Value>) {
        let found = self.list(&format!("/plays?account={account}&playbook={playbook}")).await;
        assert_eq!(found.len(), 1, "{playbook} runs once for {account}: {found:?}");
        let id = found[0]["id"].as_str().unwrap();
        (found[0].clone(), self.list(&format!("/tasks?play={id}&all=true&limit=200")).await)
    }

    /// The card of what an account's segment is given, as text.
    pub async fn coverage(&self, browser: &Browser, account: &str) -> String {
        texts(&browser.get(&format!("/accounts/{account}")).await.text(), "#coverage").join(" ")
    }
}

/// Checks which rules fire of each account: (what is promised, account, rules).
pub async fn expect_rules(desk: &Desk, cases: &[(&str, &str, &[&str])]) {
    for (row, account, rules) in cases {
        let fired = desk.rules(account).await;
        let rules: BTreeSet<String> = rules.iter().map(|rule| (*rule).to_owned()).collect();
        assert_eq!(fired, rules, "{row}: {account}");
    }
}

/// A field of each value, as text.
pub fn column(values: &[Value], field: &str) -> Vec<String> {
    values.iter().map(|value| value[field].as_str().unwrap_or("none").to_owned()).collect()
}
