//! Acting upon what is true: the half of [`domain::effects`](crate::domain::effects) that writes.
//!
//! It runs inside the transaction that scores accounts for today, after [`db::book::lock`]: two processes never act
//! on one account at once, and every row it writes has a key of its own, so that nothing is done twice. Alerts are
//! only proposed here; [`App::settle_alerts`] opens them, or holds them back where a rule is true of too many.

mod greet;
mod open;
mod start;
mod touch;

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

pub(in crate::app) use open::anchor;
pub(in crate::app) use start::{Cause, Starting, Subject, playbook_in, roles, shift, started};
pub(crate) use touch::PLAN_CADENCES;

use super::Result;
use super::methodology::InForce;
use super::scoring::Standing;
use crate::db::alerts::NewAlert;
use crate::db::book::Mark;
use crate::db::tasks::NewTask;
use crate::db::timeline::Entry;
use crate::db::{self, TenantTx};
use crate::domain::effects::{self, Book, Effect, Ending};
use crate::domain::facts::Facts;
use crate::domain::methodology::Evaluation;
use crate::domain::pack::Text;
use crate::domain::pack::schema::{RuleCategory, Severity, TaskKind, Verb};
use crate::domain::timeline::Kind;

/// Who acts by itself.
pub(super) const ACTOR: &str = "Holdfast";

/// Acting on some accounts: what is under way for them, and what is to be written.
pub(in crate::app) struct Acts {
    at: DateTime<Utc>,
    today: NaiveDate,
    batch: Option<String>,
    books: HashMap<Uuid, Book>,
    marks: Vec<Mark>,
    entries: Vec<Entry>,
    entered: Vec<db::stages::Entry>,
    left: Vec<(Uuid, String)>,
    moments: Vec<(Uuid, String)>,
    proposals: Vec<NewAlert>,
    cleared: Vec<Uuid>,
    orphaned: Vec<Uuid>,
    escalated: Vec<(Uuid, String, Entry)>,
    starting: Vec<Starting>,
    moved: Vec<(Uuid, usize, NaiveDate, String)>,
    ticked: Vec<(Uuid, Uuid, Uuid)>,
    ended: Vec<(Uuid, Uuid, Ending)>,
    abandoned: Vec<Uuid>,
    touches: Vec<NewTask>,
    untouched: Vec<Uuid>,
    lapsed: Vec<Uuid>,
    departed: Vec<Uuid>,
    new: Vec<Uuid>,
}

impl Acts {
    /// Locks accounts and reads what is under way for them. `batch` names the run that sees every account.
    pub(in crate::app) async fn begin(
        tx: &mut TenantTx,
        ids: &[Uuid],
        at: DateTime<Utc>,
        today: NaiveDate,
        batch: Option<&str>,
    ) -> Result<Acts> {
        db::book::lock(tx, ids).await?;
        Ok(Acts {
            at,
            today,
            batch: batch.map(str::to_owned),
            books: db::book::load(tx, ids, today).await?,
            marks: Vec::new(),
            entries: Vec::new(),
            entered: Vec::new(),
            left: Vec::new(),
            moments: Vec::new(),
            proposals: Vec::new(),
            cleared: Vec::new(),
            orphaned: Vec::new(),
            escalated: Vec::new(),
            starting: Vec::new(),
            moved: Vec::new(),
            ticked: Vec::new(),
            ended: Vec::new(),
            abandoned: Vec::new(),
            touches: Vec::new(),
            untouched: Vec::new(),
            lapsed: Vec::new(),
            departed: Vec::new(),
            new: Vec::new(),
        })
    }

    /// Works out what follows for one account. `why` says in one line what moved its score.
    pub(in crate::app) fn follow(
        &mut self,
        in_force: &InForce,
        account: Uuid,
        facts: &Facts,
        evaluation: &Evaluation,
        standing: &Standing,
        why: &str,
    ) {
        let book = self.books.remove(&account).unwrap_or_default();
        if standing.churned_on.is_none() && greet::is_new(facts.start_date, self.today) {
            self.new.push(account);
        }
        let effects = if standing.churned_on.is_some() {
            effects::depart(&book)
        } else {
            effects::follow(&in_force.methodology, &in_force.file, facts, evaluation, &book, self.at)
        };
        let seen = Seen { in_force, account, facts, evaluation, why };
        for effect in effects {
            self.take(&seen, effect);
        }
        let text = |id: &Option<crate::domain::Id>| id.as_deref().map(str::to_owned);
        self.marks.push(Mark {
            account,
            acted_on: self.today,
            stage: text(&evaluation.stage),
            overlays: evaluation.overlays.iter().map(ToString::to_string).collect(),
            segment: text(&evaluation.segment),
            // Without a score there is no band, and the last one is what the next is held against.
            band: text(&evaluation.band).or(book.band),
            behind: evaluation.behind(),
        });
    }

    fn entry(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn take(&mut self, seen: &Seen<'_>, effect: Effect) {
        let account = seen.account;
        match effect {
            Effect::EnterStage { stage, on } => self.enter(seen, stage, on),
            Effect::LeaveStage { stage } => self.left.push((account, stage)),
            Effect::ChangeSegment { from } => self.segment(seen, from),
            Effect::ChangeBand { from } => self.band(seen, from),
            Effect::ReachMoment { moment } => {
                let moment = &seen.in_force.methodology.lifecycle.moments[moment];
                self.moments.push((account, moment.id.to_string()));
                let once = format!("moment:{account}:{}", moment.id);
                let entry = Entry::new(Kind::MomentReached, Some(account), self.at, &*moment.name);
                self.entry(Entry { once: Some(once), data: json!({ "moment": &*moment.id }), ..entry });
            }
            Effect::Propose { rule } => {
                let proposal = self.proposal(seen, rule);
                self.proposals.push(proposal);
            }
            Effect::Clear { alert, .. } => self.cleared.push(alert),
            Effect::Orphan { alert } => self.orphaned.push(alert),
            Effect::Escalate { alert, rule, role } => self.escalate(seen, alert, rule, role),
            Effect::Start { playbook, anchor, cause, once } => {
                let cause = match cause {
                    effects::Cause::Stage => Cause::Stage,
                    effects::Cause::Renewal => Cause::Renewal,
                };
                let subject = Subject::Account(account);
                let start = Starting {
                    playbook,
                    anchor,
                    cause,
                    alert: None,
                    subject,
                    once: format!("{account}/{once}"),
                };
                self.starting.push(start);
            }
            Effect::Move { play, playbook, anchor, once } => {
                self.moved.push((play, playbook, anchor, format!("{account}/{once}")));
            }
            Effect::Tick { task, play } => self.ticked.push((account, task, play)),
            Effect::End { play, ending } => self.ended.push((account, play, ending)),
            Effect::Abandon { play } => self.abandoned.push(play),
            Effect::Touch { touchpoint, due } => {
                if let Some(task) = touch::task(&seen.in_force.file, Some(account), touchpoint, due) {
                    self.touches.push(task);
                }
            }
            Effect::Untouch { task } => self.untouched.push(task),
            Effect::Lapse { task } => self.lapsed.push(task),
            Effect::Depart => self.departed.push(account),
        }
    }

    fn enter(&mut self, seen: &Seen<'_>, stage: usize, on: NaiveDate) {
        let account = seen.account;
        let stage = &seen.in_force.methodology.lifecycle.stages[stage];
        let overlay = matches!(stage.span, crate::domain::lifecycle::StageSpan::Overlay(_));
        self.entered.push(db::stages::Entry {
            account_id: account,
            stage: stage.id.to_string(),
            overlay,
            entered_on: on,
            left_on: None,
        });
        let held = seen.facts.stage_pin.is_some() && !overlay;
        let entry = Entry::new(Kind::StageEntered, Some(account), self.at, format!("Entered {}", stage.name));
        self.entry(Entry {
            once: Some(format!("stage:{account}:{}:{on}:{}", stage.id, self.today)),
            data: json!({ "stage": &*stage.id, "on": on, "overlay": overlay, "by_hand": held }),
            ..entry
        });
    }

    fn segment(&mut self, seen: &Seen<'_>, from: Option<String>) {
        // The first segment of a new account is no news.
        let Some(from) = from else { return };
        let segments = &seen.in_force.methodology.segments;
        let name =
            |id: &str| segments.iter().find(|s| *s.id == *id).map_or(id.to_owned(), |s| s.name.to_string());
        let to = seen.evaluation.segment.as_deref();
        let words = format!("{} → {}", name(&from), to.map_or("no segment".to_owned(), name));
        let entry = Entry::new(Kind::SegmentChanged, Some(seen.account), self.at, words);
        self.entry(Entry { data: json!({ "from": from, "to": to }), ..entry });
    }

    fn band(&mut self, seen: &Seen<'_>, from: String) {
        let bands = &seen.in_force.methodology.health.bands;
        let at = |id: &str| bands.iter().position(|band| *band.id == *id);
        let name = |id: &str| at(id).map_or(id.to_owned(), |at| bands[at].name.to_string());
        let Some(to) = seen.evaluation.band.as_deref() else { return };
        let worse = at(&from) < at(to);
        let grave = at(to).is_some_and(|at| seen.in_force.tone(at).is_at_risk());
        let entry = Entry::new(
            Kind::BandChanged,
            Some(seen.account),
            self.at,
            format!("{} → {}", name(&from), name(to)),
        );
        self.entry(Entry {
            severity: (worse && grave).then_some("high"),
            body: seen.why.to_owned(),
            data: json!({ "from": from, "to": to, "score": seen.evaluation.health.health, "worse": worse }),
            ..entry
        });
    }

    fn proposal(&self, seen: &Seen<'_>, at: usize) -> NewAlert {
        let rule = &seen.in_force.file.rules[at];
        let evidence = seen.in_force.methodology.evidence(seen.facts, at);
        let cta = rule.actions.iter().find(|action| action.verb == Verb::Cta);
        let firing = seen.evaluation.rules.iter().find(|firing| firing.rule == at);
        let stage_entry = seen
            .in_force
            .methodology
            .lifecycle
            .stages
            .iter()
            .position(|stage| Some(&*stage.id) == seen.evaluation.stage.as_deref());
        let stage_entry =
            stage_entry.and_then(|at| effects::entered_on(&seen.in_force.methodology, seen.facts, at));
        let text = |text: &Text| text.to_string();
        NewAlert {
            id: Uuid::now_v7(),
            account: seen.account,
            rule: text(&rule.id),
            name: text(&rule.name),
            title: cta.and_then(|cta| cta.title.as_ref()).map_or_else(|| text(&rule.name), text),
            category: category(rule.category),
            severity: severity(rule.severity),
            asks: rule.actions.iter().any(|action| asks(action.verb)),
            reasons: evidence.iter().map(crate::domain::expr::Evidence::line).collect(),
            evidence: serde_json::to_value(&evidence).unwrap_or(Value::Null),
            anchors: json!({
                "start": seen.facts.start_date,
                "stage_entry": stage_entry,
                "renewal": seen.evaluation.renewal.as_ref().map(|renewal| renewal.date),
            }),
            role: cta.and_then(|cta| cta.owner.as_ref()).map(text),
            escalated: firing
                .map(|f| f.escalate.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            due_on: self.today.checked_add_days(Days::new(days_to_act(rule.severity))),
        }
    }

    fn escalate(&mut self, seen: &Seen<'_>, alert: Uuid, rule: usize, role: String) {
        let rule = &seen.in_force.file.rules[rule];
        let title = rule
            .escalate
            .iter()
            .find(|e| *e.to == *role)
            .and_then(|e| e.title.as_ref())
            .map_or_else(|| rule.name.to_string(), ToString::to_string);
        let entry = Entry::new(Kind::AlertEscalated, Some(seen.account), self.at, title);
        let entry = Entry {
            about: Some(alert),
            severity: Some(severity(rule.severity)),
            data: json!({ "roles": [role], "rule": &*rule.id }),
            once: Some(format!("escalated:{role}:{alert}")),
            ..entry
        };
        self.escalated.push((alert, role, entry));
    }

    /// Writes everything.
    pub(in crate::app) async fn write(mut self, tx: &mut TenantTx, in_force: &InForce) -> Result<()> {
        let (at, today) = (self.at, self.today);
        db::stages::leave(tx, &self.left, today).await?;
        db::stages::enter(tx, &self.entered).await?;
        db::stages::reach(tx, &self.moments, today).await?;
        self.alerts(tx, in_force).await?;
        self.plays(tx, in_force).await?;
        self.depart(tx).await?;
        self.entries.extend(greet::greetings(tx, &in_force.file, &self.new, at).await?);
        db::tasks::insert(tx, &self.touches, at).await?;
        for (tasks, state) in [(&self.untouched, "cancelled"), (&self.lapsed, "skipped")] {
            if !tasks.is_empty() {
                db::tasks::end(tx, tasks, state, ACTOR, at, today).await?;
            }
        }
        self.marks.sort_by_key(|mark| mark.account);
        db::book::mark(tx, &self.marks).await?;
        db::timeline::append(tx, &self.entries, at).await?;
        Ok(())
    }

    async fn alerts(&mut self, tx: &mut TenantTx, in_force: &InForce) -> Result<()> {
        let (at, today) = (self.at, self.today);
        if !self.cleared.is_empty() {
            let closed = db::alerts::close(tx, &self.cleared, "cleared", ACTOR, "", at, today).await?;
            for alert in closed.into_iter().filter(|alert| alert.asks && alert.dismissed_at.is_none()) {
                let entry = Entry::new(Kind::AlertCleared, Some(alert.account_id), at, alert.title);
                let once = Some(format!("cleared:{}", alert.id));
                self.entries.push(Entry { about: Some(alert.id), once, ..entry });
            }
        }
        if !self.orphaned.is_empty() {
            db::alerts::orphan(tx, &self.orphaned).await?;
        }
        for (alert, role, entry) in std::mem::take(&mut self.escalated) {
            if db::alerts::escalate(tx, alert, &role).await? {
                self.entries.push(entry);
            }
        }
        db::alerts::propose(tx, &self.proposals, in_force.version, self.batch.as_deref(), at, today).await?;
        Ok(())
    }

    async fn plays(&mut self, tx: &mut TenantTx, in_force: &InForce) -> Result<()> {
        let (at, today) = (self.at, self.today);
        let tasks: Vec<Uuid> = self.ticked.iter().map(|(_, task, _)| *task).collect();
        if !tasks.is_empty() {
            let done = db::tasks::end(tx, &tasks, "done", "data", at, today).await?;
            for task in db::tasks::by_ids(tx, &done).await? {
                let entry = Entry::new(Kind::TaskDone, task.account_id, at, task.title);
                let once = Some(format!("done:{}:{today}", task.id));
                let data = json!({ "by": "data" });
                self.entries.push(Entry { about: Some(task.id), once, data, ..entry });
            }
        }
        for (account, play, ending) in std::mem::take(&mut self.ended) {
            let ended = db::plays::end(tx, &[play], ending.word(), "", ACTOR, at, today).await?;
            for play in db::plays::by_ids(tx, &ended, today).await? {
                let kind = match ending {
                    Ending::Reached => Kind::PlayReached,
                    Ending::Missed => Kind::PlayMissed,
                    Ending::Done => Kind::PlayDone,
                };
                let entry = Entry::new(kind, Some(account), at, play.name);
                let once = Some(format!("ended:{}:{today}", play.id));
                self.entries.push(Entry { about: Some(play.id), body: play.goal, once, ..entry });
            }
        }
        if !self.abandoned.is_empty() {
            db::plays::abandon(tx, &self.abandoned).await?;
        }
        for (play, playbook, anchor, once) in std::mem::take(&mut self.moved) {
            start::shift(tx, in_force, play, playbook, anchor, Some(&once), today).await?;
        }
        let started = started(tx, in_force, &self.starting, ACTOR, at, today).await?;
        self.entries.extend(started);
        Ok(())
    }

    /// Ends what is under way for accounts that have left.
    async fn depart(&mut self, tx: &mut TenantTx) -> Result<()> {
        if self.departed.is_empty() {
            return Ok(());
        }
        db::book::depart(tx, &self.departed, ACTOR, self.at, self.today).await?;
        Ok(())
    }
}

/// One account as it was found.
struct Seen<'a> {
    in_force: &'a InForce,
    account: Uuid,
    facts: &'a Facts,
    evaluation: &'a Evaluation,
    why: &'a str,
}

/// Whether an action leaves something for a person to do. Telling somebody, writing to the customer and what opens by
/// its date anyway do not.
fn asks(verb: Verb) -> bool {
    match verb {
        Verb::Cta | Verb::Playbook | Verb::Opportunity | Verb::Task => true,
        Verb::Notify | Verb::Email | Verb::Renewal => false,
    }
}

/// Days within which an alert should be dealt with.
fn days_to_act(severity: Severity) -> u64 {
    match severity {
        Severity::Critical => 1,
        Severity::High => 3,
        Severity::Medium => 7,
        Severity::Low => 14,
    }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn category(category: RuleCategory) -> &'static str {
    match category {
        RuleCategory::Risk => "risk",
        RuleCategory::Engagement => "engagement",
        RuleCategory::Expansion => "expansion",
        RuleCategory::Renewal => "renewal",
        RuleCategory::Advocacy => "advocacy",
    }
}

pub(super) fn task_kind(kind: Option<TaskKind>) -> &'static str {
    match kind.unwrap_or(TaskKind::Task) {
        TaskKind::Task => "task",
        TaskKind::Meeting => "meeting",
        TaskKind::Training => "training",
        TaskKind::Milestone => "milestone",
        TaskKind::Validation => "validation",
    }
}
