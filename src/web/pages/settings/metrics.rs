//! `/settings/metrics`: the catalogue. `?edit=<name>` fills the form with a metric; it posts here.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{Duration, NaiveDate};
use serde::Deserialize;

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::members::Role;
use crate::db::accounts;
use crate::db::metrics::{self, Arrived, Metric};
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Member, Query};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::charts::Sparkline;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters, format};
use crate::web::{Web, paths};

const HERE: &str = "/settings/metrics";
/// Accounts whose data is looked at.
const PROBE: i64 = 200;
/// Days looked back for the last data.
const DAYS: i64 = 60;
/// Days drawn.
const DRAWN: i64 = 30;

/// Kinds of metric: (word, what it is).
pub const KINDS: [(&str, &str); 3] = [
    ("counter", "Counter: events, or a property added up"),
    ("distinct", "Distinct users of an event"),
    ("gauge", "Gauge: the last value holds"),
];

/// The metric whose form is open.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    edit: String,
}

/// What the form sends, and shows again after an error.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct MetricForm {
    /// Id in expressions, files and the API; it cannot be changed.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Unit shown.
    #[serde(default)]
    pub unit: String,
    /// counter, gauge or distinct; it cannot be changed.
    pub kind: String,
    /// The event that feeds it, `*` for every one.
    #[serde(default)]
    pub event: String,
    /// The event's property.
    #[serde(default)]
    pub property: String,
    /// The group trait that feeds it.
    #[serde(default)]
    pub group_trait: String,
    /// Days after which it is stale; nothing for what the methodology says.
    #[serde(default)]
    pub fresh_days: String,
    /// What the methodology says of that.
    #[serde(skip)]
    pub methodologys: String,
    /// Whether the metric is there already.
    #[serde(default)]
    pub known: bool,
}

/// Every metric, where it comes from and how fresh it is.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/metrics.html")]
pub struct MetricsPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// The form: empty to add a metric, filled to change what feeds one.
    pub form: MetricForm,
    /// What is wrong with what was typed.
    pub error: Option<Notice>,
    /// Which accounts the figures are of, where they are not of all.
    pub note: String,
    /// One a row.
    pub metrics: Vec<MetricRow>,
    /// Said when the catalogue is empty.
    pub empty: Option<EmptyState>,
}

/// A metric.
#[derive(Clone, Debug)]
pub struct MetricRow {
    /// Its name for people.
    pub name: String,
    /// Its id in the API.
    pub id: String,
    /// `Counter`, `Gauge`, `Distinct users`.
    pub kind: String,
    /// `track: Report Exported`, `group trait seats_used`.
    pub source: String,
    /// The form that changes what feeds it.
    pub edit: String,
    /// `140 of 160`: accounts with data in 60 days.
    pub accounts: String,
    /// The accounts together, last 30 days.
    pub spark: Sparkline,
    /// `21 Nov`, or empty.
    pub last: String,
    /// Good when fresh, watch when stale, none without data.
    pub tone: Tone,
    /// `wanted within 7 days`; empty for what never goes stale.
    pub wanted: String,
    /// `fresh`, `stale`, `no data`, or `worked out` from others by the methodology as long as nothing arrives.
    pub state: String,
}

impl MetricForm {
    fn of(metric: &Metric) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        MetricForm {
            name: metric.name.clone(),
            label: metric.label.clone(),
            unit: metric.unit.clone(),
            kind: metric.kind.clone(),
            event: text(&metric.event),
            property: text(&metric.property),
            group_trait: text(&metric.trait_name),
            fresh_days: metric.fresh_days.map_or(String::new(), |days| days.to_string()),
            methodologys: String::new(),
            known: true,
        }
    }

    fn metric(&self) -> Result<Metric> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let fresh_days = match text(&self.fresh_days).map(|days| days.parse::<i32>()) {
            None => None,
            Some(Ok(days @ 1..=3650)) => Some(days),
            Some(_) => return Err(Error::invalid("fresh_days", "must be a number of days").into()),
        };
        let name = self.name.trim().to_owned();
        Ok(Metric {
            id: 0,
            label: text(&self.label).unwrap_or_else(|| name.clone()),
            name,
            unit: self.unit.trim().to_owned(),
            kind: self.kind.clone(),
            event: text(&self.event),
            property: text(&self.property),
            trait_name: text(&self.group_trait),
            fresh_days,
        })
    }
}

async fn page(web: &Web, member: &Member, edit: &str) -> Result<MetricsPage> {
    let today = web.app.clock.today(member.scope.time_zone());
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Metrics).await?;
    let catalogue = metrics::list(&mut tx).await?;
    let arrived = metrics::arrived(&mut tx, PROBE, today - Duration::days(DAYS), today).await?;
    let all = accounts::totals(&mut tx, &accounts::Filter::default()).await?.accounts;
    drop(tx);
    let looked_at = all.min(PROBE);
    let names = Wording::of(web, member).await?;
    let input = |name: &str| names.in_force.as_ref().and_then(|m| m.methodology.input(name));
    let is_derived = |metric: &Metric| input(&metric.name).is_some_and(|input| input.derived);
    let methodologys = |name: &str| input(name).and_then(|input| input.fresh_within());
    let form = match catalogue.iter().find(|metric| metric.name == edit) {
        Some(metric) => {
            let methodologys = methodologys(&metric.name).map_or_else(String::new, |days| days.to_string());
            MetricForm { methodologys, ..MetricForm::of(metric) }
        }
        None if edit.is_empty() => MetricForm { kind: "counter".to_owned(), ..MetricForm::default() },
        None => return Err(Error::NotFound.into()),
    };
    let none = || {
        let text = "A methodology brings its own metrics; others are added here.";
        EmptyState::new("gauge", "The catalogue is empty", text)
    };
    Ok(MetricsPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Manager),
        form,
        error: None,
        note: if all > looked_at {
            format!("Figures are of the first {} of {} accounts.", looked_at, format::number(all))
        } else {
            String::new()
        },
        empty: catalogue.is_empty().then(none),
        metrics: catalogue
            .iter()
            .map(|metric| {
                let wanted = metric.fresh_days.map(i64::from).or(methodologys(&metric.name).map(i64::from));
                row(metric, &arrived, looked_at, today, is_derived(metric), wanted)
            })
            .collect(),
    })
}

fn row(
    metric: &Metric,
    arrived: &[Arrived],
    accounts: i64,
    today: NaiveDate,
    is_derived: bool,
    wanted: Option<i64>,
) -> MetricRow {
    let of: Vec<&Arrived> = arrived.iter().filter(|arrived| arrived.metric_id == metric.id).collect();
    let whole = of.iter().find(|arrived| arrived.day.is_none());
    let figure = |arrived: &Arrived| match metric.kind.as_str() {
        "gauge" => arrived.value,
        "distinct" => Some(arrived.users as f64),
        _ if metric.property.is_some() => Some(arrived.sum),
        _ => Some(arrived.count as f64),
    };
    let is_gauge = metric.kind == "gauge";
    let value = |back: i64| {
        let day = today - Duration::days(back);
        let found = of.iter().find(|arrived| arrived.day == Some(day)).and_then(|arrived| figure(arrived));
        // Nothing counted on a day is nought once anything was ever counted; a gauge is simply not sampled.
        found.or((!is_gauge && whole.is_some()).then_some(0.0))
    };
    let values: Vec<Option<f64>> = (0..DRAWN).rev().map(value).collect();
    let age = whole.map(|whole| (today - whole.last).num_days());
    let (tone, state) = match (age, wanted) {
        (None, _) if is_derived => (Tone::None, "worked out"),
        (None, _) => (Tone::None, "no data"),
        (Some(age), Some(days)) if age > days => (Tone::Watch, "stale"),
        (Some(_), _) => (Tone::Good, "fresh"),
    };
    let what = if is_gauge { "mean of the accounts" } else { "sum of the accounts" };
    MetricRow {
        name: metric.label.clone(),
        id: metric.name.clone(),
        kind: match metric.kind.as_str() {
            "counter" => "Counter",
            "distinct" => "Distinct users",
            _ => "Gauge",
        }
        .to_owned(),
        source: source(metric),
        edit: paths::with_query(HERE, &[("edit", &metric.name)]),
        accounts: format!(
            "{} of {}",
            format::number(whole.map_or(0, |whole| whole.accounts)),
            format::number(accounts)
        ),
        spark: Sparkline::new(&values, None, Tone::None, &format!("{}, 30 days, {what}", metric.label)),
        last: whole.map_or(String::new(), |whole| format::date_near(whole.last, today)),
        tone,
        state: state.to_owned(),
        wanted: match (wanted, metric.fresh_days) {
            (None, _) => String::new(),
            (Some(days), None) => format!("wanted within {}", format::count(days, "day")),
            (Some(days), Some(_)) => format!("wanted within {}, as set here", format::count(days, "day")),
        },
    }
}

fn source(metric: &Metric) -> String {
    match (metric.event.as_deref(), metric.property.as_deref(), metric.trait_name.as_deref()) {
        (Some("*"), None, _) => "every event".to_owned(),
        (Some(event), None, _) => format!("event {event}"),
        (Some(event), Some(property), _) => format!("{property} of the event {event}"),
        (None, _, Some(name)) => format!("group trait {name}"),
        (None, _, None) => "files and the API".to_owned(),
    }
}

/// The catalogue.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Page<MetricsPage>> {
    Ok(Page(page(&web, &member, &params.edit).await?))
}

/// Adds a metric, or changes what feeds one.
pub async fn put(
    State(web): State<Web>,
    Manager(member): Manager,
    Form(form): Form<MetricForm>,
) -> Result<Response> {
    let stored = match form.metric() {
        Ok(metric) => {
            let mut tx = web.app.db.read(&member.scope).await?;
            let before = metrics::find(&mut tx, &metric.name).await?;
            drop(tx);
            web.app.put_metric(&member.scope, &metric, &member.actor()).await.map(|()| before)
        }
        Err(error) => Err(error.0),
    };
    let text = match stored {
        Ok(Some(before)) => {
            let fresh = form.fresh_days.trim() != MetricForm::of(&before).fresh_days;
            let text = match fresh {
                true => {
                    format!("{} was changed; every account is scored by it within a minute.", before.label)
                }
                false => format!("{} is fed anew from now on. What was counted stays.", before.label),
            };
            return Ok(undo(Done::to(HERE, text), &MetricForm::of(&before)).into_response());
        }
        Ok(None) => {
            let text = format!("{} was added and is counted from now on.", form.name.trim());
            return Ok(Done::to(HERE, text).into_response());
        }
        Err(Error::Invalid(fields)) => {
            let said = fields.iter().map(|field| format!("{} {}.", field.name, field.message));
            said.collect::<Vec<_>>().join(" ")
        }
        Err(Error::Conflict(text)) => text,
        Err(error) => return Err(error.into()),
    };
    let mut page = page(&web, &member, "").await?;
    page.error = Some(Notice::new(Tone::Critical, "Not saved:", &text));
    page.form = form;
    Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
}

fn undo(done: Done, before: &MetricForm) -> Done {
    let fields = [
        ("name", &*before.name),
        ("label", &before.label),
        ("unit", &before.unit),
        ("kind", &before.kind),
        ("event", &before.event),
        ("property", &before.property),
        ("group_trait", &before.group_trait),
        ("fresh_days", &before.fresh_days),
        ("known", "true"),
    ];
    done.undo(HERE, &fields)
}
