//! Starting playbooks: one row of `plays`, one of `tasks` a step, dated from the anchor.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use super::task_kind;
use crate::app::Result;
use crate::app::methodology::InForce;
use crate::db::plays::NewPlay;
use crate::db::tasks::{Dates, NewTask};
use crate::db::timeline::Entry;
use crate::db::{self, TenantTx};
use crate::domain::calendar::add_days;
use crate::domain::pack::Text;
use crate::domain::pack::schema::{File, Verb};
use crate::domain::playbook::{Planned, Playbook};
use crate::domain::timeline::Kind;

/// Why a play is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Cause {
    Stage,
    Renewal,
    Alert,
    Hand,
}

impl Cause {
    fn word(self) -> &'static str {
        match self {
            Cause::Stage => "stage",
            Cause::Renewal => "renewal",
            Cause::Alert => "alert",
            Cause::Hand => "hand",
        }
    }
}

/// Whom a play is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Subject {
    Account(Uuid),
    Member(Uuid),
    Tenant,
}

impl Subject {
    fn account(self) -> Option<Uuid> {
        if let Subject::Account(id) = self { Some(id) } else { None }
    }

    fn member(self) -> Option<Uuid> {
        if let Subject::Member(id) = self { Some(id) } else { None }
    }

    fn word(self) -> &'static str {
        match self {
            Subject::Account(_) => "account",
            Subject::Member(_) => "member",
            Subject::Tenant => "tenant",
        }
    }
}

/// A playbook to be started.
#[derive(Debug, Clone)]
pub(in crate::app) struct Starting {
    /// Position in the methodology's playbooks.
    pub(in crate::app) playbook: usize,
    /// The day its days count from.
    pub(in crate::app) anchor: NaiveDate,
    /// Why.
    pub(in crate::app) cause: Cause,
    /// The alert that starts it.
    pub(in crate::app) alert: Option<Uuid>,
    /// Whom it is for.
    pub(in crate::app) subject: Subject,
    /// What makes it one in the tenant.
    pub(in crate::app) once: String,
}

/// Position of a playbook.
pub(in crate::app) fn playbook_in(in_force: &InForce, id: &str) -> Option<usize> {
    in_force.methodology.playbooks.iter().position(|playbook| *playbook.id == *id)
}

/// Starts playbooks that were not started for the same cause before; returns what is to be entered in the journal.
pub(in crate::app) async fn started(
    tx: &mut TenantTx,
    in_force: &InForce,
    starting: &[Starting],
    by: &str,
    at: DateTime<Utc>,
    on: NaiveDate,
) -> Result<Vec<Entry>> {
    let plays: Vec<NewPlay> = starting.iter().map(|start| play(in_force, start)).collect();
    let new: HashSet<Uuid> =
        db::plays::insert(tx, &plays, in_force.version, by, at, on).await?.into_iter().collect();
    let (mut tasks, mut entries) = (Vec::new(), Vec::new());
    for (start, play) in starting.iter().zip(&plays).filter(|(_, play)| new.contains(&play.id)) {
        tasks.extend(tasks_of(in_force, start, play.id, on));
        let entry = Entry::new(Kind::PlayStarted, play.account, at, &*play.name);
        entries.push(Entry {
            about: Some(play.id),
            actor: by.to_owned(),
            member: play.member,
            body: play.goal.clone(),
            data: json!({ "playbook": play.playbook, "cause": play.cause, "anchor": play.anchor }),
            once: Some(format!("started:{}", play.id)),
            ..entry
        });
    }
    db::tasks::insert(tx, &tasks, at).await?;
    Ok(entries)
}

fn play(in_force: &InForce, start: &Starting) -> NewPlay {
    let (compiled, file) =
        (&in_force.methodology.playbooks[start.playbook], &in_force.file.playbooks[start.playbook]);
    NewPlay {
        id: Uuid::now_v7(),
        playbook: compiled.id.to_string(),
        name: compiled.name.to_string(),
        category: file.category.to_string(),
        subject: start.subject.word(),
        account: start.subject.account(),
        member: start.subject.member(),
        cause: start.cause.word(),
        alert: start.alert,
        once: start.once.clone(),
        anchor: start.anchor,
        ends_on: ends_on(compiled, start.anchor),
        goal: file.goal.as_ref().map_or_else(String::new, ToString::to_string),
        goal_by_data: compiled.goal_when.is_some(),
    }
}

/// The last day of a play: by its length, else the day its last task is planned for.
fn ends_on(playbook: &Playbook, anchor: NaiveDate) -> Option<NaiveDate> {
    let by_length = playbook.days.and_then(|days| add_days(anchor, days - playbook.first_day));
    by_length.or_else(|| playbook.plan(anchor, None).iter().filter_map(|task| task.planned).max())
}

fn tasks_of(in_force: &InForce, start: &Starting, play: Uuid, on: NaiveDate) -> Vec<NewTask> {
    let (compiled, file) =
        (&in_force.methodology.playbooks[start.playbook], &in_force.file.playbooks[start.playbook]);
    let texts = |texts: &[Text]| texts.iter().map(ToString::to_string).collect();
    let text = |text: &Option<Text>| text.as_ref().map_or_else(String::new, ToString::to_string);
    let plan = compiled.plan(start.anchor, Some(on));
    let steps = plan.into_iter().zip(&compiled.tasks).zip(file.tasks.iter()).enumerate();
    steps
        .map(|(position, ((planned, compiled), task))| NewTask {
            id: Uuid::now_v7(),
            account: start.subject.account(),
            play: Some(play),
            position: i32::try_from(position).unwrap_or(i32::MAX),
            alert: start.alert,
            source: "play",
            touchpoint: None,
            once: None,
            title: planned.title.to_string(),
            kind: task_kind(task.kind),
            phase: text(&task.phase),
            duration: text(&task.duration),
            details: texts(&task.details),
            deliverables: texts(&task.deliverables),
            role: task.owner.as_ref().map(ToString::to_string),
            owner: start.subject.member(),
            from: planned.from,
            planned: planned.planned,
            due: planned.due,
            late: planned.late,
            by_data: compiled.done_when.is_some(),
        })
        .collect()
}

/// Moves a play to another anchor and plans what is open of it anew; `on` is today.
pub(in crate::app) async fn shift(
    tx: &mut TenantTx,
    in_force: &InForce,
    play: Uuid,
    playbook: usize,
    anchor: NaiveDate,
    once: Option<&str>,
    on: NaiveDate,
) -> Result<bool> {
    let compiled = &in_force.methodology.playbooks[playbook];
    if !db::plays::shift(tx, play, anchor, ends_on(compiled, anchor), once).await? {
        return Ok(false);
    }
    let dates = |(position, planned): (usize, Planned)| Dates {
        position: i32::try_from(position).unwrap_or(i32::MAX),
        from: planned.from,
        planned: planned.planned,
        due: planned.due,
        late: planned.late,
    };
    let plan: Vec<Dates> = compiled.plan(anchor, Some(on)).into_iter().enumerate().map(dates).collect();
    db::tasks::plan_anew(tx, play, &plan).await?;
    Ok(true)
}

/// Every role the methodology names: id, name, and whether an account's CSM plays it.
pub(in crate::app) fn roles(file: &File) -> Vec<(String, String, bool)> {
    let mut roles: BTreeMap<String, String> = BTreeMap::new();
    let mut named = |id: &Text| {
        roles.entry(id.to_string()).or_insert_with(|| id.replace('_', " "));
    };
    for playbook in file.playbooks.iter() {
        playbook.tasks.iter().filter_map(|task| task.owner.as_ref()).for_each(&mut named);
    }
    for rule in file.rules.iter() {
        let of_actions =
            rule.actions.iter().filter(|a| a.verb != Verb::Email).flat_map(|a| [&a.owner, &a.role]);
        of_actions.flatten().for_each(&mut named);
        rule.escalate.iter().for_each(|escalation| named(&escalation.to));
    }
    file.sla.iter().flat_map(|sla| sla.levels.iter()).for_each(|level| named(&level.role));
    let covers: HashSet<String> = file
        .segments
        .iter()
        .filter_map(|segment| segment.coverage.as_ref()?.role.as_ref())
        .map(ToString::to_string)
        .collect();
    file.segments.iter().filter_map(|s| s.coverage.as_ref()?.role.as_ref()).for_each(&mut named);
    for role in file.team.iter().flat_map(|team| team.roles.iter()) {
        roles.insert(role.id.to_string(), role.name.to_string());
    }
    roles
        .into_iter()
        .map(|(id, name)| {
            let owner = id == "csm" || covers.contains(&id);
            (id, name, owner)
        })
        .collect()
}
