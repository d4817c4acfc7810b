//! What publishing would change. What is in use is never taken away unless somebody says so.

use std::collections::HashMap;
use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::catalogue::{field_of, metric_of};
use super::{LoadedPack, load_apart, overrides_of};
use crate::app::scoring::KNOWN_MEASURES;
use crate::app::{App, Error, Result};
use crate::db::methodologies::StoredMethodology;
use crate::db::metrics::Metric;
use crate::db::usage::{self, Place};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::methodology::Methodology;
use crate::domain::pack::compare::{self, Change};
use crate::domain::pack::{self, Overrides};

/// Accounts with data of a metric are counted up to this many.
const MOST: i64 = 1_000;

/// What would change, thing by thing.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The version in force it was compared with; none before the first.
    pub over: Option<i32>,
    /// Id of the pack that would come into force.
    pub pack_id: String,
    /// Its name.
    pub pack_name: String,
    /// What is added, removed and changed, in the order of the format's sections.
    pub changes: Vec<Change>,
    /// What is in use and would lose its definition.
    pub in_use: Vec<InUse>,
    /// Metrics that would be added to the catalogue, by name.
    pub new_metrics: Vec<String>,
    /// Fields of accounts that would be added, by name.
    pub new_fields: Vec<String>,
    /// What else one should know, in sentences.
    pub notes: Vec<String>,
}

/// Something in use that would lose its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InUse {
    /// What it is: `segment`, `stage`, `band`, `model`, `strategy`, `playbook`, `rule`, `pipeline`, `step`,
    /// `input`, `value`.
    pub noun: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many accounts use it.
    pub accounts: i64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// In which way, to follow "… accounts": `are in it`.
    pub how: String,
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InUse { noun, name, accounts, how, .. } = self;
        match (accounts, how.split_once(' ')) {
            (1, Some((verb, rest))) if !self.more => {
                let verb = match verb {
                    "are" => "is".to_owned(),
                    "have" => "has".to_owned(),
                    other => format!("{other}s"),
                };
                write!(f, "{noun} {name:?}: 1 account {verb} {rest}")
            }
            _ => {
                let more = if self.more { " or more" } else { "" };
                write!(f, "{noun} {name:?}: {accounts}{more} accounts {how}")
            }
        }
    }
}

impl Plan {
    /// Whether publishing would change nothing but the number.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.new_metrics.is_empty() && self.new_fields.is_empty()
    }

    /// Why it may not be published without an explicit word.
    pub fn refusal(&self) -> Option<Error> {
        if self.in_use.is_empty() {
            return None;
        }
        let list: Vec<String> = self.in_use.iter().map(ToString::to_string).collect();
        Some(Error::Conflict(format!(
            "This would take away what is in use: {}. No data is deleted, but nothing would read it any more. Say \
             explicitly that this is meant.",
            list.join("; ")
        )))
    }
}

/// What is to come into force.
pub(super) struct Planned<'a> {
    pub(super) loaded: &'a LoadedPack,
    pub(super) source: &'a str,
    pub(super) overrides: &'a Overrides,
}

impl App {
    /// What publishing a draft would change.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Pack`] when the draft no longer holds together.
    pub async fn plan_draft(&self, scope: &TenantScope, id: Uuid) -> Result<Plan> {
        let draft = self.draft(scope, id).await?.ok_or(Error::NotFound)?;
        self.plan_file(scope, &draft.stored.source, &draft.overrides).await
    }

    /// What going back to a version would change.
    ///
    /// # Errors
    /// As [`App::plan_draft`].
    pub async fn plan_roll_back(&self, scope: &TenantScope, version: i32) -> Result<Plan> {
        let old = self.version(scope, version).await?.ok_or(Error::NotFound)?;
        self.plan_file(scope, &old.source, &overrides_of(&old.overrides)).await
    }

    /// What publishing a file would change.
    ///
    /// # Errors
    /// [`Error::Pack`] with everything that is wrong with it.
    pub async fn plan_file(&self, scope: &TenantScope, source: &str, overrides: &Overrides) -> Result<Plan> {
        let loaded = load_apart(source, overrides).await?;
        let mut tx = self.db.read(scope).await?;
        let current = db::methodologies::published(&mut tx).await?;
        let today = self.clock.today(scope.time_zone());
        plan(&mut tx, scope, current.as_ref(), &Planned { loaded: &loaded, source, overrides }, today).await
    }
}

/// Compares what is to come with what is in force, and looks up what is in use.
pub(super) async fn plan(
    tx: &mut TenantTx,
    scope: &TenantScope,
    current: Option<&StoredMethodology>,
    next: &Planned<'_>,
    today: NaiveDate,
) -> Result<Plan> {
    let after = pack::outline(next.source, next.overrides).map_err(Error::Pack)?;
    let mut notes = Vec::new();
    // A version that an older Holdfast took may no longer be readable; that must not keep a new one out.
    let before = current.and_then(|current| {
        let read = pack::outline(&current.source, &overrides_of(&current.overrides));
        read.inspect_err(|_| notes.push(format!("Version {} can no longer be read.", current.version))).ok()
    });
    let metrics = db::metrics::list(tx).await?;
    let fields = db::custom_fields::list(tx).await?;
    let (mut new_metrics, mut new_fields) = (Vec::new(), Vec::new());
    let mut misread = Vec::new();
    for input in next.loaded.methodology.inputs() {
        if let Some(wanted) = metric_of(input) {
            match metrics.iter().find(|known| known.name == wanted.name) {
                None => new_metrics.push(wanted.name),
                Some(known) if known.kind != wanted.kind => misread.push((wanted.name, known.kind.clone())),
                Some(known) => notes.extend(fed_otherwise(known, &wanted)),
            }
        } else if let Some((kind, _)) = field_of(input) {
            match fields.iter().find(|known| *known.name == *input.name) {
                None => new_fields.push(input.name.to_string()),
                Some(known) if known.kind != kind => {
                    notes.push(format!(
                        "The field `{}` of accounts stays a {}; the file reads it as {kind}.",
                        known.name, known.kind
                    ));
                }
                Some(_) => {}
            }
        }
    }
    notes.extend(ungiven(&next.loaded.methodology, &metrics));
    if next.loaded.currency != scope.currency() {
        notes.push(format!(
            "The pack counts money in {}, this tenant in {}: the pack's amounts are compared as they are written.",
            next.loaded.currency,
            scope.currency()
        ));
    }
    let mut in_use = match &before {
        Some(before) => in_use(tx, before, &after, today).await?,
        None => Vec::new(),
    };
    in_use.extend(misread_series(tx, &misread, today, &mut notes).await?);
    Ok(Plan {
        over: current.map(|current| current.version),
        pack_id: next.loaded.id.clone(),
        pack_name: next.loaded.name.clone(),
        changes: before.map_or_else(Vec::new, |before| compare::compare(&before, &after)),
        in_use,
        new_metrics,
        new_fields,
        notes,
    })
}

/// Base measures of accounts that inputs are derived from and nothing gives.
fn ungiven(methodology: &Methodology, metrics: &[Metric]) -> Option<String> {
    let is_given = |name: &str| {
        KNOWN_MEASURES.contains(&name) || metrics.iter().any(|m| m.name == name && m.kind == "gauge")
    };
    let names = methodology.measures_of_accounts().filter(|name| !is_given(name));
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Nothing gives {} of an account: add gauges of these names, or state what is derived from them.",
            names.join(", ")
        )
    })
}

fn fed_otherwise(known: &Metric, wanted: &Metric) -> Option<String> {
    let fed = |metric: &Metric| (metric.event.clone(), metric.property.clone(), metric.trait_name.clone());
    (fed(known) != fed(wanted)).then(|| {
        format!(
            "The metric `{}` keeps what feeds it in Settings; the file would feed it otherwise.",
            known.name
        )
    })
}

/// Everything in use that the second pack no longer defines.
async fn in_use(tx: &mut TenantTx, before: &Value, after: &Value, today: NaiveDate) -> Result<Vec<InUse>> {
    let mut out = Vec::new();
    for (noun, place, section, how) in [
        ("segment", Place::Segment, "segments", "are in it"),
        ("stage", Place::Stage, "lifecycle.stages", "are in it"),
        ("band", Place::Band, "health.bands", "are in it"),
        ("model", Place::Model, "health.models", "have their health by it"),
    ] {
        let gone = gone(compare::ids(before, section), &compare::ids(after, section));
        out.extend(placed(tx, noun, place, &gone, how).await?);
    }
    let gone_strategies = gone(strategies(before), &strategies(after));
    out.extend(placed(tx, "strategy", Place::Strategy, &gone_strategies, "renew by it now").await?);
    out.extend(under_way(tx, before, after).await?);
    let inputs = gone(compare::ids(before, "inputs"), &compare::ids(after, "inputs"));
    let names: Vec<String> = inputs.keys().cloned().collect();
    if !names.is_empty() {
        let use_of = |(id, accounts): (String, i64)| InUse {
            noun: "input",
            name: inputs.get(&id).cloned().unwrap_or_else(|| id.clone()),
            id,
            accounts,
            more: accounts >= MOST,
            how: "have data of it".to_owned(),
        };
        out.extend(usage::series(tx, &names, today, MOST).await?.into_iter().map(use_of));
        let use_of = |found| InUse { more: false, how: "have a value of it".to_owned(), ..use_of(found) };
        out.extend(usage::fields(tx, &names).await?.into_iter().map(use_of));
    }
    out.extend(choices(tx, before, after).await?);
    Ok(out)
}

/// What is in the first list only, by id.
fn gone(before: Vec<(String, String)>, after: &[(String, String)]) -> HashMap<String, String> {
    before.into_iter().filter(|(id, _)| !after.iter().any(|(kept, _)| kept == id)).collect()
}

async fn placed(
    tx: &mut TenantTx,
    noun: &'static str,
    place: Place,
    gone: &HashMap<String, String>,
    how: &str,
) -> Result<Vec<InUse>> {
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = gone.keys().cloned().collect();
    let use_of = |(id, accounts): (String, i64)| InUse {
        noun,
        name: gone.get(&id).cloned().unwrap_or_else(|| id.clone()),
        id,
        accounts,
        more: false,
        how: how.to_owned(),
    };
    Ok(usage::placed(tx, place, &ids).await?.into_iter().map(use_of).collect())
}

/// Playbooks that run and rules that asked somebody to act. Nothing of either is lost: a play is worked on by hand,
/// an alert stays until somebody closes it.
async fn under_way(tx: &mut TenantTx, before: &Value, after: &Value) -> Result<Vec<InUse>> {
    let playbooks = gone(compare::ids(before, "playbooks"), &compare::ids(after, "playbooks"));
    let rules = gone(compare::ids(before, "rules"), &compare::ids(after, "rules"));
    let in_use = |noun: &'static str,
                  gone: &HashMap<String, String>,
                  (id, accounts): (String, i64),
                  how: &str| InUse {
        noun,
        name: gone.get(&id).cloned().unwrap_or_else(|| id.clone()),
        id,
        accounts,
        more: false,
        how: how.to_owned(),
    };
    let ids = |gone: &HashMap<String, String>| gone.keys().cloned().collect::<Vec<_>>();
    let running = usage::plays(tx, &ids(&playbooks)).await?.into_iter();
    let how = "have it running; it would go on by hand";
    let mut out: Vec<InUse> = running.map(|found| in_use("playbook", &playbooks, found, how)).collect();
    let open = usage::alerts(tx, &ids(&rules)).await?.into_iter();
    let how = "have an open alert of it; only a person could close it then";
    out.extend(open.map(|found| in_use("rule", &rules, found, how)));
    let pipelines = gone(compare::ids(before, "pipelines"), &compare::ids(after, "pipelines"));
    let filled = usage::pipelines(tx, &ids(&pipelines)).await?.into_iter();
    let how = "have something open in it; it would stay where it is until a person moves or closes it";
    out.extend(filled.map(|found| in_use("pipeline", &pipelines, found, how)));
    let steps = gone(steps(before, &pipelines), &steps(after, &pipelines));
    let filled = usage::steps(tx, &ids(&steps)).await?.into_iter();
    let how = "have something open at it; it would stay there until a person moves or closes it";
    out.extend(filled.map(|found| in_use("step", &steps, found, how)));
    Ok(out)
}

/// Steps of pipelines as `pipeline/step`, those of some pipelines left out.
fn steps(pack: &Value, without: &HashMap<String, String>) -> Vec<(String, String)> {
    let all = pack.get("pipelines").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|pipeline| Some((pipeline, pipeline.get("id")?.as_str()?)))
        .filter(|(_, id)| !without.contains_key(*id))
        .flat_map(|(pipeline, id)| {
            compare::ids(pipeline, "steps")
                .into_iter()
                .map(move |(step, name)| (format!("{id}/{step}"), name))
        })
        .collect()
}

fn strategies(pack: &Value) -> Vec<(String, String)> {
    let timelines = pack.get("renewals").and_then(Value::as_array);
    timelines.into_iter().flatten().flat_map(|timeline| compare::ids(timeline, "strategies")).collect()
}

/// Values of attributes that accounts have and the second pack no longer lists.
async fn choices(tx: &mut TenantTx, before: &Value, after: &Value) -> Result<Vec<InUse>> {
    let listed = |pack: &Value, input: &str| -> Vec<String> {
        let input = pack.get("inputs").and_then(|inputs| inputs.get(input));
        let values = input.filter(|input| input.get("kind").and_then(Value::as_str) == Some("attribute"));
        let values = values.and_then(|input| input.get("values")).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let mut out = Vec::new();
    for (input, name) in compare::ids(after, "inputs") {
        let kept = listed(after, &input);
        let mut gone = listed(before, &input);
        gone.retain(|value| !kept.contains(value));
        if gone.is_empty() || kept.is_empty() {
            continue;
        }
        for (id, accounts) in usage::choices(tx, &input, &gone).await? {
            let (name, how) = (id.clone(), format!("have it as their {name}"));
            out.push(InUse { noun: "value", id, name, accounts, more: false, how });
        }
    }
    Ok(out)
}

/// Metrics with data of one kind that the next methodology would read as another.
async fn misread_series(
    tx: &mut TenantTx,
    misread: &[(String, String)],
    today: NaiveDate,
    notes: &mut Vec<String>,
) -> Result<Vec<InUse>> {
    if misread.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = misread.iter().map(|(name, _)| name.clone()).collect();
    notes.extend(misread.iter().map(|(name, kind)| format!("The metric `{name}` stays a {kind}.")));
    let use_of = |(id, accounts): (String, i64)| InUse {
        noun: "input",
        name: id.clone(),
        id,
        accounts,
        more: accounts >= MOST,
        how: "have data of it that would be read as something else".to_owned(),
    };
    Ok(usage::series(tx, &names, today, MOST).await?.into_iter().map(use_of).collect())
}
