//! Runs `tests/vectors/*.yaml`: accounts as they might be, and what the methodology must say of them.
//!
//! A case names an account (`account`), what was measured (`metrics` as of the day, `history` before it), what
//! happened (`events`), base measures (`measures`) and what is expected; only what is listed is compared.

use chrono::{NaiveDate, NaiveDateTime};
use holdfast::domain::calendar::{Period, occurrences};
use holdfast::domain::facts::{Facts, Series, Tick};
use holdfast::domain::methodology::{InputKind, Methodology};
use holdfast::domain::pack::{self, Overrides, Pack};
use holdfast::domain::playbook::Planned;
use holdfast::domain::sla::Ticket;
use holdfast::domain::value::Value;
use serde_json::{Map, Value as Json, json};

/// Figures agree within this.
const CLOSE: f64 = 0.005;

#[test]
fn techcorp() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let read = |path: &str| std::fs::read_to_string(format!("{root}{path}")).unwrap();
    let source = read("packs/techcorp.yaml");
    let cases = pack::to_json(&read("tests/vectors/techcorp.yaml")).unwrap_or_else(|e| panic!("{e}"));
    let failed: Vec<String> =
        cases["cases"].as_array().unwrap().iter().flat_map(|case| run(case, &source)).collect();
    assert!(cases["cases"].as_array().unwrap().len() > 40);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What a case expects and does not get, in words.
pub fn run(case: &Json, source: &str) -> Vec<String> {
    let pack = load(case, source);
    let found = found(case, &pack);
    let name = case["id"].as_str().unwrap_or("?");
    let differs = |(key, expected): (&String, &Json)| match found.get(key) {
        Some(found) if agrees(expected, found) => None,
        Some(found) => Some(format!("{name}: {key} should be {expected}, is {found}")),
        None => Some(format!("{name}: {key} is not worked out")),
    };
    case["expect"].as_object().unwrap().iter().filter_map(differs).collect()
}

fn load(case: &Json, source: &str) -> Pack {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let set =
        case["parameters"].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value)));
    let overrides = Overrides { preset: case["preset"].as_str().map(str::to_owned), set: set.collect() };
    pack::load(source, &overrides).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Maps, lists and texts must be equal (a map may hold more than expected), figures close.
fn agrees(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            expected.iter().all(|(key, value)| agrees(value, found.get(key).unwrap_or(&Json::Null)))
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees(a, b)),
        (Json::Number(a), Json::Number(b)) => (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < CLOSE,
        _ => expected == found,
    }
}

fn date(value: &Json) -> Option<NaiveDate> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}

fn facts(case: &Json, methodology: &Methodology) -> Facts {
    let as_of = date(&case["as_of"]).unwrap_or_else(|| "2027-06-30".parse().unwrap());
    let mut facts = methodology.blank_facts(as_of);
    for (name, given) in case["account"].as_object().into_iter().flatten() {
        match name.as_str() {
            "start_date" => facts.start_date = date(given),
            "renewal_date" => facts.renewal_date = date(given),
            "term_months" => facts.term_months = given.as_u64().map(|n| n as u32),
            "arr" => facts.arr = given.as_f64(),
            "seats" => facts.seats = given.as_f64(),
            "segment_pin" => facts.segment_pin = given.as_str().map(Box::from),
            _ => store(&mut facts, methodology, name, vec![(as_of, value(given))]),
        }
    }
    for (name, samples) in case["history"].as_object().into_iter().flatten() {
        let rows =
            samples.as_array().unwrap().iter().map(|s| (date(&s["date"]).unwrap(), value(&s["value"])));
        if name == "health" {
            let number = |(day, v): (NaiveDate, Value)| (day, v.as_val().as_number().unwrap());
            facts.health_history = rows.map(number).collect();
        } else {
            store(&mut facts, methodology, name, rows.collect());
        }
    }
    for (name, given) in case["metrics"].as_object().into_iter().flatten() {
        match name.as_str() {
            "health" => facts.health_override = given.as_f64(),
            _ => store(&mut facts, methodology, name, vec![(as_of, value(given))]),
        }
    }
    for (name, given) in case["measures"].as_object().into_iter().flatten() {
        let measure = methodology.measure(name).unwrap_or_else(|| panic!("measure {name}"));
        facts.measures[usize::from(measure.0)] = given.as_f64();
    }
    events(&mut facts, methodology, &case["events"]);
    facts.renewal_opened = date(&case["opened_on"]);
    if let Some(stage) = case["exit_of"].as_str() {
        let ticked = case["checked"].as_array().into_iter().flatten().filter_map(Json::as_str);
        facts.ticks = ticked.map(|name| Tick { stage: stage.into(), criterion: name.into() }).collect();
    }
    facts
}

fn store(facts: &mut Facts, methodology: &Methodology, name: &str, rows: Vec<(NaiveDate, Value)>) {
    let input = methodology.input(name).unwrap_or_else(|| panic!("input {name}"));
    let series = &mut facts.inputs[usize::from(input.id.0)];
    match (input.kind, series) {
        (InputKind::Attribute, series) => *series = Series::Attribute(rows[0].1.clone()),
        (_, Series::Gauge(known)) => known.extend(rows),
        (_, series) => *series = Series::Gauge(rows),
    }
}

fn events(facts: &mut Facts, methodology: &Methodology, given: &Json) {
    for (name, list) in given.as_object().into_iter().flatten() {
        let input = methodology.input(name).unwrap_or_else(|| panic!("event {name}"));
        let mut rows = Vec::new();
        for event in list.as_array().unwrap() {
            let n = event["n"].as_f64().unwrap_or(1.0);
            let first =
                date(event).or_else(|| date(&event["date"])).or_else(|| date(&event["from"])).unwrap();
            let last = date(&event["to"]).unwrap_or(first);
            let every = event["every"].as_u64().unwrap_or(1) as usize;
            rows.extend(first.iter_days().take_while(|day| *day <= last).step_by(every).map(|day| (day, n)));
        }
        rows.sort_by_key(|row| row.0);
        let last = rows.iter().map(|row| row.0).filter(|day| *day <= facts.as_of).max();
        facts.last_event = facts.last_event.max(last);
        facts.inputs[usize::from(input.id.0)] = Series::Events(rows);
    }
}

/// Everything a case may ask for, under the names of `expect`.
fn found(case: &Json, pack: &Pack) -> Map<String, Json> {
    let methodology = &pack.methodology;
    let facts = facts(case, methodology);
    let evaluation = methodology.evaluate(&facts);
    assert_eq!(
        methodology.explain(&evaluation.readings),
        evaluation.health,
        "a score re-derives from its readings"
    );
    let ids = |ids: &[holdfast::domain::Id]| json!(ids.iter().map(|id| &**id).collect::<Vec<_>>());
    let renewal = evaluation.renewal.as_ref();
    let mut found = json!({
        "segment": evaluation.segment.as_deref(),
        "advisory": evaluation.advisory,
        "day": evaluation.day,
        "stage": evaluation.stage.as_deref(),
        "overlays": ids(&evaluation.overlays),
        "health": evaluation.health.health,
        "band": evaluation.band.as_deref(),
        "moments": ids(&evaluation.moments),
        "confidence": format!("{:?}", evaluation.health.confidence).to_lowercase(),
        "days_to_renewal": renewal.map(|r| r.days),
        "renewal_date": renewal.map(|r| r.date),
        "renewal_open": renewal.is_some_and(|r| r.open),
        "timeline": renewal.and_then(|r| r.timeline.as_deref()),
        "strategy": renewal.and_then(|r| r.strategy.as_deref()),
        "milestones": renewal.map(|r| planned(&r.milestones)),
        "rules": evaluation.rules.iter().map(|rule| &*rule.id).collect::<Vec<_>>(),
    });
    let escalations = evaluation.rules.iter().map(|rule| ((*rule.id).to_owned(), ids(&rule.escalate)));
    found["escalations"] = escalations.collect::<Map<_, _>>().into();
    if let Some(exit) =
        case["exit_of"].as_str().map_or(Some(evaluation.exit.clone()), |s| methodology.exit(&facts, s))
    {
        found["exit"] =
            exit.iter().map(|c| ((*c.name).to_owned(), c.met.into())).collect::<Map<_, _>>().into();
    }
    scores(methodology, &evaluation, &mut found);
    let kpis = methodology.kpis(&facts, case["for_segment"].as_str());
    let kpi =
        |k: &holdfast::domain::kpi::KpiValue| ((*k.id).to_owned(), json!({"value": k.value, "met": k.met}));
    found["kpi"] = kpis.iter().map(kpi).collect::<Map<_, _>>().into();
    if let Some(score) = case["value_model"].as_str().and_then(|model| methodology.value(&facts, model)) {
        found["value"] = worth(&score);
    }
    if case["ticket"].is_object() {
        found["sla"] = service(case, methodology, &facts);
    }
    let answer = |(question, option): &(holdfast::domain::Id, Option<holdfast::domain::Id>)| {
        ((**question).to_owned(), json!(option.as_deref()))
    };
    found["option"] = methodology.suggest(&facts).iter().map(answer).collect::<Map<_, _>>().into();
    plans(case, pack, &mut found);
    serde_json::from_value(found).unwrap()
}

fn scores(
    methodology: &Methodology,
    evaluation: &holdfast::domain::methodology::Evaluation,
    found: &mut Json,
) {
    let (mut scores, mut coverage, mut components) = (Map::new(), Map::new(), Map::new());
    for (model, score) in methodology.health.models.iter().zip(&evaluation.health.models) {
        scores.insert((*score.id).to_owned(), json!(score.score));
        coverage.insert((*score.id).to_owned(), json!(score.coverage));
        let nodes = model.nodes.iter().zip(&score.nodes);
        components.extend(nodes.map(|(node, score)| ((*node.id).to_owned(), json!(score.score))));
        let leaves = model.nodes.iter().zip(&score.nodes).filter(|(node, _)| node.indicator.is_some());
        let points: f64 = leaves.map(|(_, leaf)| leaf.gained).sum();
        assert!((points - score.score.unwrap_or(0.0)).abs() < 1e-6, "the points add up to the score");
    }
    let (mut indicators, mut labels) = (Map::new(), Map::new());
    for (i, indicator) in methodology.health.indicators.iter().enumerate() {
        let reading = evaluation.readings.of.get(i, &indicator.id).unwrap();
        let scored = indicator.curve.score(reading.value.as_val());
        indicators.insert((*indicator.id).to_owned(), json!(scored.map(|s| s.score)));
        labels.insert((*indicator.id).to_owned(), json!(scored.and_then(|s| s.label)));
    }
    found["scores"] = scores.into();
    found["coverage"] = coverage.into();
    found["components"] = components.into();
    found["indicators"] = indicators.into();
    found["labels"] = labels.into();
}

fn worth(score: &holdfast::domain::value_model::ValueScore) -> Json {
    let mut found = json!({"gain": score.gain, "cost": score.cost});
    for (id, worth) in score.gains.iter().chain(&score.costs) {
        found[&**id] = json!(worth);
    }
    for (id, value, met) in &score.results {
        found[&**id] = json!(value);
        found[format!("{id}_met")] = json!(met);
    }
    found
}

fn planned(plan: &[Planned]) -> Json {
    plan.iter().map(|task| json!([&*task.title, task.due, task.late])).collect()
}

/// Playbooks and recurring contacts, which need no account.
fn plans(case: &Json, pack: &Pack, found: &mut Json) {
    let anchor = date(&case["anchor"]);
    if let (Some(id), Some(anchor)) = (case["playbook"].as_str(), anchor) {
        let playbook = pack.methodology.playbooks.iter().find(|p| *p.id == *id).unwrap();
        let mut plan = playbook.plan(anchor, date(&case["started_on"]));
        if case["only_named"] == true {
            let named: Vec<&str> =
                case["expect"]["tasks"].as_array().unwrap().iter().filter_map(|t| t[0].as_str()).collect();
            plan.retain(|task| named.contains(&&*task.title));
        }
        found["tasks"] = planned(&plan);
    }
    if let (Some(id), Some(anchor)) = (case["touchpoint"].as_str(), anchor) {
        let touchpoint =
            pack.file.touchpoints.iter().find(|t| *t.id == *id).map(|t| (&t.every, t.until.as_ref()));
        let survey =
            || pack.file.surveys.iter().find(|s| *s.id == *id).map(|s| (s.every.as_ref().unwrap(), None));
        let (every, until) = touchpoint.or_else(survey).unwrap();
        let period = |text: &str| text.parse::<Period>().unwrap();
        let days = occurrences(anchor, period(every), until.map(|until| period(until)));
        let days: Vec<NaiveDate> = days.take(case["take"].as_u64().unwrap_or(1000) as usize).collect();
        found["occurrences"] = if case["expect"]["occurrences"].is_array() {
            json!(days)
        } else {
            json!({"count": days.len(), "first": days.first(), "last": days.last()})
        };
    }
}

/// When a ticket is due.
fn service(case: &Json, methodology: &Methodology, facts: &Facts) -> Json {
    let given = &case["ticket"];
    let time = |name: &str| given[name].as_str().map(|text| text.parse::<NaiveDateTime>().unwrap());
    let ticket = Ticket {
        severity: given["severity"].as_str().map(Into::into),
        level: given["level"].as_i64(),
        opened_at: time("opened_at").unwrap(),
        escalated_at: None,
        responded_at: time("responded_at"),
        resolved_at: time("resolved_at"),
    };
    let Some(due) = methodology.sla(facts, &ticket, ticket.opened_at) else { return Json::Null };
    let text = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    json!({
        "calendar": due.calendar.as_deref().unwrap_or("always"),
        "response_due": text(due.response),
        "resolution_due": due.resolution.map(text),
        "response_breached": due.response_breached,
        "resolution_breached": due.resolution_breached,
    })
}
