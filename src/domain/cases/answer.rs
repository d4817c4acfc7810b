//! What a methodology says of a case, under the names that `expect` uses.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::{Map, Value as Json, json};

use super::super::Id;
use super::super::calendar::{Period, occurrences};
use super::super::expr::without_noise;
use super::super::facts::Facts;
use super::super::lifecycle::CriterionState;
use super::super::methodology::{Evaluation, Methodology};
use super::super::pack::Pack;
use super::super::playbook::Planned;
use super::super::sla::{ALWAYS, Due};
use super::super::value_model::ValueScore;
use super::{Case, CaseError};

/// Occurrences listed of what never ends; more than this are summed up.
const LISTED: usize = 10;

type Answer = Map<String, Json>;

impl Case {
    /// Works the case out: what it expects, or all that can be said if it expects nothing in particular.
    ///
    /// # Errors
    /// When it names an input, stage or anything else that the pack does not have.
    pub fn answer(&self, pack: &Pack) -> Result<Answer, CaseError> {
        let mut answer = self.work_out(pack).map_err(|message| self.fault(message))?;
        if let Some(expect) = &self.expect {
            answer.retain(|key, _| expect.contains_key(key));
        }
        Ok(answer)
    }

    fn work_out(&self, pack: &Pack) -> Result<Answer, String> {
        let methodology = &pack.methodology;
        let given = &self.given;
        let facts = given.facts(methodology)?;
        let evaluation = methodology.evaluate(&facts);
        let mut answer = Map::new();
        account(&evaluation, &mut answer);
        scores(methodology, &evaluation, &mut answer);
        let exit = match &given.exit_of {
            Some(stage) => methodology.exit(&facts, stage).ok_or_else(|| missing("stage", stage))?,
            None => evaluation.exit.clone(),
        };
        answer.insert("exit".to_owned(), criteria(&exit));
        answer.insert("advocate".to_owned(), criteria(&methodology.advocate(&facts)));
        self.figures(methodology, &facts, &mut answer)?;
        self.plan(pack, &facts, &mut answer)?;
        self.recurrence(pack, &mut answer)?;
        Ok(answer)
    }

    fn figures(&self, methodology: &Methodology, facts: &Facts, answer: &mut Answer) -> Result<(), String> {
        let given = &self.given;
        if let Some(segment) = &given.for_segment
            && !methodology.segments.iter().any(|known| *known.id == **segment)
        {
            return Err(missing("segment", segment));
        }
        let kpis = methodology.kpis(facts, given.for_segment.as_deref());
        let kpi = kpis.iter().map(|k| ((*k.id).to_owned(), json!({"value": figure(k.value), "met": k.met})));
        answer.insert("kpi".to_owned(), kpi.collect::<Map<_, _>>().into());
        let suggested = methodology.suggest(facts);
        let option =
            suggested.iter().map(|(question, option)| ((**question).to_owned(), json!(option.as_deref())));
        answer.insert("option".to_owned(), option.collect::<Map<_, _>>().into());
        if let Some(model) = &given.value_model {
            let score = methodology.value(facts, model).ok_or_else(|| missing("value model", model))?;
            answer.insert("value".to_owned(), worth(&score));
        }
        if given.ticket.is_some() {
            let due = given.ticket().and_then(|(ticket, now)| methodology.sla(facts, &ticket, now, Tz::UTC));
            answer.insert("sla".to_owned(), due.as_ref().map_or(Json::Null, service));
        }
        Ok(())
    }

    /// The dates of a playbook's tasks, and what the data says of them.
    fn plan(&self, pack: &Pack, facts: &Facts, answer: &mut Answer) -> Result<(), String> {
        let given = &self.given;
        let Some(id) = &given.playbook else { return Ok(()) };
        let methodology = &pack.methodology;
        let position = methodology.playbooks.iter().position(|playbook| *playbook.id == **id);
        let position = position.ok_or_else(|| missing("playbook", id))?;
        let anchor = given.anchor.or(facts.start_date).or(given.started_on);
        let anchor = anchor.ok_or("a playbook needs `anchor`, the day its days count from")?;
        let mut plan = methodology.playbooks[position].plan(anchor, given.started_on);
        if let Some(named) = self.named().filter(|_| given.only_named) {
            plan.retain(|task| named.contains(&&*task.title));
        }
        answer.insert("tasks".to_owned(), planned(&plan));
        let progress = methodology.progress(facts, position);
        answer.insert("goal_reached".to_owned(), progress.goal.into());
        let tasks = methodology.playbooks[position].tasks.iter().zip(&progress.done);
        let done = tasks.filter(|(_, done)| **done).map(|(task, _)| Json::from(&*task.title));
        answer.insert("tasks_done".to_owned(), done.collect());
        Ok(())
    }

    /// Titles of the tasks that are expected.
    fn named(&self) -> Option<Vec<&str>> {
        let tasks = self.expect.as_ref()?.get("tasks")?.as_array()?;
        Some(tasks.iter().filter_map(|task| task.get(0)?.as_str()).collect())
    }

    fn recurrence(&self, pack: &Pack, answer: &mut Answer) -> Result<(), String> {
        let given = &self.given;
        let Some(id) = &given.touchpoint else { return Ok(()) };
        let (every, until) = cadence(pack, id)?;
        let anchor = given.anchor.ok_or("a recurrence needs `anchor`, the day it counts from")?;
        let expected = self.expect.as_ref().and_then(|expect| expect.get("occurrences"));
        let as_list = expected.and_then(Json::as_array).map(Vec::len);
        let days = occurrences(anchor, every, until);
        let days: Vec<NaiveDate> = match (given.take, until, as_list) {
            (Some(take), ..) => days.take(take).collect(),
            (None, Some(_), _) => days.collect(),
            // What never ends is listed as far as is expected.
            (None, None, expected) => days.take(expected.unwrap_or(LISTED)).collect(),
        };
        let summed_up = match expected {
            Some(expected) => expected.is_object(),
            None => given.take.is_none() && days.len() > LISTED,
        };
        let found = if summed_up {
            json!({"count": days.len(), "first": days.first(), "last": days.last()})
        } else {
            json!(days)
        };
        answer.insert("occurrences".to_owned(), found);
        Ok(())
    }
}

fn missing(what: &str, id: &str) -> String {
    format!("the pack has no {what} `{id}`")
}

/// How often something recurs, and for how long: touchpoints, surveys, reports, playbooks, programmes.
fn cadence(pack: &Pack, id: &str) -> Result<(Period, Option<Period>), String> {
    let file = &pack.file;
    let programmes = file.advocacy.iter().flat_map(|advocacy| &advocacy.programmes);
    let mut rows = (file.touchpoints.iter().map(|x| (&x.id, Some(&x.every), x.until.as_ref())))
        .chain(file.surveys.iter().map(|x| (&x.id, x.every.as_ref(), None)))
        .chain(file.reports.iter().map(|x| (&x.id, x.every.as_ref(), None)))
        .chain(file.playbooks.iter().map(|x| (&x.id, x.every.as_ref(), None)))
        .chain(programmes.map(|x| (&x.id, x.every.as_ref(), None)));
    let (_, every, until) = rows.find(|row| **row.0 == *id).ok_or_else(|| missing("touchpoint", id))?;
    let period = |text: &str| text.parse::<Period>().map_err(|error| error.to_string());
    let every = every.ok_or_else(|| format!("`{id}` does not recur: it has no `every`"))?;
    Ok((period(every)?, until.map(|until| period(until)).transpose()?))
}

/// A figure as people write it: no noise, and no decimals where there are none.
fn figure(n: Option<f64>) -> Json {
    match n.map(without_noise) {
        Some(n) if n.fract() == 0.0 && n.abs() < 9e15 => json!(n as i64),
        n => json!(n),
    }
}

fn ids(ids: &[Id]) -> Json {
    ids.iter().map(|id| Json::from(&**id)).collect()
}

fn criteria(criteria: &[CriterionState]) -> Json {
    criteria.iter().map(|c| ((*c.name).to_owned(), c.met.into())).collect::<Map<_, _>>().into()
}

/// Segment, stage, band, renewal and rules.
fn account(evaluation: &Evaluation, answer: &mut Answer) {
    let renewal = evaluation.renewal.as_ref();
    let rules = &evaluation.rules;
    let escalations: Answer = rules.iter().map(|rule| ((*rule.id).to_owned(), ids(&rule.escalate))).collect();
    for (key, value) in [
        ("segment", json!(evaluation.segment.as_deref())),
        ("advisory", json!(evaluation.advisory)),
        ("day", json!(evaluation.day)),
        ("stage", json!(evaluation.stage.as_deref())),
        ("overlays", ids(&evaluation.overlays)),
        ("behind", json!(evaluation.behind())),
        ("moments", ids(&evaluation.moments)),
        ("health", figure(evaluation.health.health)),
        ("band", json!(evaluation.band.as_deref())),
        ("confidence", json!(format!("{:?}", evaluation.health.confidence).to_lowercase())),
        ("renewal_date", json!(renewal.map(|r| r.date))),
        ("days_to_renewal", json!(renewal.map(|r| r.days))),
        ("renewal_open", json!(renewal.is_some_and(|r| r.open))),
        ("timeline", json!(renewal.and_then(|r| r.timeline.as_deref()))),
        ("strategy", json!(renewal.and_then(|r| r.strategy.as_deref()))),
        ("milestones", renewal.map_or(Json::Null, |r| planned(&r.milestones))),
        ("rules", rules.iter().map(|rule| Json::from(&*rule.id)).collect()),
        ("escalations", escalations.into()),
    ] {
        answer.insert(key.to_owned(), value);
    }
}

/// Scores by model, node and indicator.
fn scores(methodology: &Methodology, evaluation: &Evaluation, answer: &mut Answer) {
    let (mut scores, mut coverage, mut components) = (Map::new(), Map::new(), Map::new());
    for (model, score) in methodology.health.models.iter().zip(&evaluation.health.models) {
        scores.insert((*score.id).to_owned(), figure(score.score));
        coverage.insert((*score.id).to_owned(), figure(Some(score.coverage)));
        let nodes = model.nodes.iter().zip(&score.nodes);
        components.extend(nodes.map(|(node, score)| ((*node.id).to_owned(), figure(score.score))));
    }
    let (mut indicators, mut labels) = (Map::new(), Map::new());
    for (i, indicator) in methodology.health.indicators.iter().enumerate() {
        let reading = evaluation.readings.of.get(i, &indicator.id);
        let scored = reading.and_then(|reading| indicator.curve.score(reading.value.as_val()));
        indicators.insert((*indicator.id).to_owned(), figure(scored.map(|s| s.score)));
        labels.insert((*indicator.id).to_owned(), json!(scored.and_then(|s| s.label)));
    }
    for (key, map) in [
        ("scores", scores),
        ("coverage", coverage),
        ("components", components),
        ("indicators", indicators),
        ("labels", labels),
    ] {
        answer.insert(key.to_owned(), map.into());
    }
}

fn worth(score: &ValueScore) -> Json {
    let mut found = Map::new();
    let lines = score.groups.iter().chain(&score.gains).chain(&score.costs);
    found.extend(lines.map(|(id, worth)| ((**id).to_owned(), figure(Some(*worth)))));
    found.insert("gain".to_owned(), figure(Some(score.gain)));
    found.insert("cost".to_owned(), figure(Some(score.cost)));
    for (id, value, met) in &score.results {
        found.insert((**id).to_owned(), figure(*value));
        found.insert(format!("{id}_met"), json!(met));
    }
    found.into()
}

fn planned(plan: &[Planned]) -> Json {
    plan.iter().map(|task| json!([&*task.title, task.due, task.late])).collect()
}

fn service(due: &Due) -> Json {
    json!({
        "calendar": due.calendar.as_deref().unwrap_or(ALWAYS),
        "response_due": due.response.naive_utc(),
        "resolution_due": due.resolution.map(|at| at.naive_utc()),
        "response_breached": due.response_breached,
        "resolution_breached": due.resolution_breached,
    })
}
