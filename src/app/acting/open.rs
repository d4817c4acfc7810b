//! From proposed alerts to open ones: the storm guard, and what rules do when they open.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::start::{Cause, Starting, Subject, playbook_in, started};
use super::{ACTOR, task_kind};
use crate::app::methodology::InForce;
use crate::app::pipelines::{Wish, granted};
use crate::app::{Actor, App, Error, Result};
use crate::db::alerts::Alert;
use crate::db::tasks::NewTask;
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope};
use crate::domain::pack::schema::{self, Action, Anchor, Verb};
use crate::domain::timeline::Kind;

/// Alerts opened in one transaction.
const CHUNK: i64 = 200;

impl App {
    /// Opens proposed alerts, or holds those of a rule back that is true of too many accounts at once. Without `all`,
    /// those of a run that is still seeing every account wait for its end. Returns how many were opened.
    ///
    /// # Errors
    /// When the database fails; what is opened stays opened.
    pub async fn settle_alerts(&self, scope: &TenantScope, all: bool) -> Result<usize> {
        let Some(in_force) = self.methodology(scope).await? else { return Ok(0) };
        let now = self.clock.now();
        let today = scope.day_of(now);
        let mut tx = self.db.write(scope).await?;
        let wanting = db::alerts::wanting(&mut tx, today, all).await?;
        if wanting.is_empty() {
            db::storms::clear(&mut tx, now).await?;
            tx.commit().await?;
            return Ok(0);
        }
        db::alerts::lock_proposals(&mut tx).await?;
        let (share, least, accounts) = db::storms::limits(&mut tx).await?;
        let limit = (f64::from(share) * accounts as f64).floor().max(f64::from(least)) as i64;
        let mut pass = Vec::new();
        for rule in db::alerts::wanting(&mut tx, today, all).await? {
            let storm = rule.waiting || (!rule.released && rule.proposed + rule.opened > limit);
            if !storm {
                pass.push(rule.rule);
                continue;
            }
            let held = db::alerts::hold(&mut tx, &rule.rule).await?;
            if db::storms::notice(&mut tx, &rule.rule, &rule.name, held, accounts, now, today).await? {
                let title = format!("“{}” would open on {held} of {accounts} accounts", rule.name);
                let entry = Entry::new(Kind::StormHeld, None, now, title);
                let entry = Entry {
                    severity: Some("high"),
                    body: "It waits for a manager to let it pass or to refuse it.".to_owned(),
                    data: json!({ "rule": rule.rule, "accounts": held, "limit": limit, "managers": true }),
                    ..entry
                };
                db::timeline::append(&mut tx, &[entry], now).await?;
            }
        }
        db::storms::clear(&mut tx, now).await?;
        tx.commit().await?;
        let mut opened = 0;
        for rule in pass {
            opened += self.open_alerts(scope, &in_force, &rule, "proposed").await?;
        }
        Ok(opened)
    }

    /// A manager's word about a rule that is true of too many accounts: its alerts are opened, or set aside until
    /// their condition has cleared.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing of that id waits.
    pub async fn decide_storm(
        &self,
        scope: &TenantScope,
        id: Uuid,
        release: bool,
        actor: &Actor,
    ) -> Result<db::storms::Storm> {
        let now = self.clock.now();
        let Some(in_force) = self.methodology(scope).await? else { return Err(Error::NotFound) };
        let mut tx = self.db.write(scope).await?;
        let decision = if release { "released" } else { "refused" };
        let storm = db::storms::decide(&mut tx, id, decision, &actor.0, now).await?.ok_or(Error::NotFound)?;
        if !release {
            db::alerts::refuse(&mut tx, &storm.rule, now).await?;
        }
        let words = if release { "let pass" } else { "refused" };
        let title = format!("“{}” on {} accounts: {words}", storm.name, storm.accounts);
        let entry = Entry::new(Kind::StormHeld, None, now, title);
        db::timeline::append(&mut tx, &[Entry { actor: actor.0.clone(), ..entry }], now).await?;
        let detail = json!({ "rule": storm.rule, "accounts": storm.accounts });
        db::audit::record(&mut tx, now, &actor.0, &format!("storm.{decision}"), &storm.rule, detail).await?;
        tx.commit().await?;
        if release {
            self.open_alerts(scope, &in_force, &storm.rule, "held").await?;
        }
        Ok(storm)
    }

    /// Opens what waits of a rule, a chunk at a time, and does what the rule says.
    async fn open_alerts(
        &self,
        scope: &TenantScope,
        in_force: &InForce,
        rule: &str,
        state: &str,
    ) -> Result<usize> {
        let mut opened = 0;
        loop {
            let now = self.clock.now();
            let mut tx = self.db.write(scope).await?;
            let alerts = db::alerts::open_some(&mut tx, rule, state, CHUNK).await?;
            if alerts.is_empty() {
                return Ok(opened);
            }
            opened += alerts.len();
            let mut doing = Doing::default();
            for alert in &alerts {
                doing.open(in_force, alert, now);
            }
            let today = scope.day_of(now);
            let plays = started(&mut tx, in_force, &doing.starting, ACTOR, now, today).await?;
            doing.entries.extend(plays);
            doing.entries.extend(granted(&mut tx, std::mem::take(&mut doing.wishes), now, today).await?);
            db::tasks::insert(&mut tx, &doing.tasks, now).await?;
            db::timeline::append(&mut tx, &doing.entries, now).await?;
            tx.commit().await?;
        }
    }
}

/// What opening some alerts comes to.
#[derive(Default)]
struct Doing {
    starting: Vec<Starting>,
    tasks: Vec<NewTask>,
    wishes: Vec<Wish>,
    entries: Vec<Entry>,
}

impl Doing {
    fn open(&mut self, in_force: &InForce, alert: &Alert, now: chrono::DateTime<chrono::Utc>) {
        let entry = |kind, title: String, what: &str| Entry {
            about: Some(alert.id),
            member: alert.owner_id,
            severity: severity(&alert.severity),
            once: Some(format!("{what}:{}", alert.id)),
            ..Entry::new(kind, Some(alert.account_id), now, title)
        };
        if alert.asks {
            let opened = entry(Kind::AlertOpened, alert.title.clone(), "opened");
            let data = json!({ "rule": alert.rule, "evidence": alert.evidence, "due_on": alert.due_on });
            self.entries.push(Entry { body: alert.reasons.join("\n"), data, ..opened });
        }
        for role in &alert.escalated {
            let told = entry(Kind::AlertEscalated, alert.title.clone(), &format!("escalated:{role}"));
            let data = json!({ "roles": [role], "rule": alert.rule });
            self.entries.push(Entry { body: alert.reasons.join("\n"), data, ..told });
        }
        let Some(rule) = in_force.file.rules.iter().find(|rule| *rule.id == *alert.rule) else { return };
        for (at, action) in rule.actions.iter().enumerate() {
            self.act(in_force, alert, rule, at, action, &entry);
        }
    }

    fn act(
        &mut self,
        in_force: &InForce,
        alert: &Alert,
        rule: &schema::Rule,
        at: usize,
        action: &Action,
        entry: &dyn Fn(Kind, String, &str) -> Entry,
    ) {
        let title = action.title.as_ref().map_or_else(|| rule.name.to_string(), ToString::to_string);
        let body = alert.reasons.join("\n");
        let mut tell = |kind, data| {
            let told = entry(kind, title.clone(), &format!("action:{at}"));
            self.entries.push(Entry { body: body.clone(), data, ..told });
        };
        match action.verb {
            Verb::Cta => {}
            Verb::Notify => tell(
                Kind::Notice,
                json!({ "roles": action.role.iter().map(|r| &**r).collect::<Vec<_>>(), "rule": alert.rule }),
            ),
            Verb::Opportunity => {
                let told = entry(Kind::Opportunity, title.clone(), &format!("action:{at}"));
                let data = json!({ "offer": action.offer.as_deref(), "rule": alert.rule, "alert": alert.id });
                let told = Entry { body: body.clone(), data, ..told };
                self.wishes.push(Wish::new(in_force, alert, rule, (at, action), ACTOR, told));
            }
            // Whoever reads the journal makes a mail of it.
            Verb::Email => {
                tell(Kind::Email, json!({ "template": action.template.as_deref(), "rule": alert.rule }))
            }
            Verb::Task => self.tasks.push(task(alert, at, action, title)),
            Verb::Playbook | Verb::Renewal => {
                let playbook = action.playbook.as_ref().and_then(|id| playbook_in(in_force, id));
                if let Some((playbook, anchor)) = playbook
                    .and_then(|at| Some((at, anchor(alert, in_force.file.playbooks.get(at)?.anchor)?)))
                {
                    let subject = match in_force.file.playbooks[playbook].subject {
                        schema::Subject::Account => Some(Subject::Account(alert.account_id)),
                        schema::Subject::Member => alert.owner_id.map(Subject::Member),
                        schema::Subject::Tenant => Some(Subject::Tenant),
                    };
                    let id = &in_force.file.playbooks[playbook].id;
                    self.starting.extend(subject.map(|subject| Starting {
                        playbook,
                        anchor,
                        cause: Cause::Alert,
                        alert: Some(alert.id),
                        subject,
                        once: format!("{}/alert:{}:{id}", alert.account_id, alert.id),
                    }));
                }
            }
        }
    }
}

/// The day a playbook's days count from when an alert starts it.
pub(in crate::app) fn anchor(alert: &Alert, anchor: Anchor) -> Option<NaiveDate> {
    let stored = |key: &str| alert.anchors.get(key).and_then(|day| day.as_str()?.parse().ok());
    match anchor {
        Anchor::Trigger => Some(alert.opened_on),
        Anchor::Start => stored("start").or(Some(alert.opened_on)),
        Anchor::StageEntry => stored("stage_entry").or(Some(alert.opened_on)),
        Anchor::Renewal => stored("renewal"),
    }
}

fn task(alert: &Alert, at: usize, action: &Action, title: String) -> NewTask {
    NewTask {
        id: Uuid::now_v7(),
        account: Some(alert.account_id),
        play: None,
        position: 0,
        alert: Some(alert.id),
        source: "rule",
        touchpoint: None,
        once: Some(format!("alert:{}:{at}", alert.id)),
        title,
        kind: task_kind(None),
        phase: String::new(),
        duration: String::new(),
        details: alert.reasons.clone(),
        deliverables: Vec::new(),
        role: action.owner.as_ref().map(ToString::to_string),
        owner: None,
        from: None,
        planned: alert.due_on,
        due: alert.due_on,
        late: false,
        by_data: false,
    }
}

fn severity(word: &str) -> Option<&'static str> {
    ["low", "medium", "high", "critical"].into_iter().find(|known| *known == word)
}
