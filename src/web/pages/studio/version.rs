//! `/studio/versions/{version}`: one version, to read; `GET …/file.yaml` hands its file out. While accounts are scored
//! anew by it, block `scoring` tells how far that is.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::file::yaml;
use crate::app::Error;
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::db::methodologies::StoredMethodology;
use crate::db::{accounts, jobs, methodologies};
use crate::domain::health::Model;
use crate::domain::lifecycle::StageSpan;
use crate::domain::pack::schema;
use crate::domain::playbook::{Playbook, Timing};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Path};
use crate::web::pages::curves;
use crate::web::respond::Page;
use crate::web::ui::charts::CurveDot;
use crate::web::ui::shell::Room;
use crate::web::ui::{ProgressBar, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// Segments, stages, bands, the health model as a tree, renewal milestones.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/version.html", blocks = ["scoring"])]
pub struct VersionPage {
    /// The frame.
    pub shell: Shell,
    /// Its number.
    pub version: i32,
    /// Path of this page.
    pub href: String,
    /// Whether it is in force.
    pub current: bool,
    /// What it was called.
    pub title: String,
    /// Name of the pack.
    pub name: String,
    /// What it is, in a sentence.
    pub summary: String,
    /// `Published 12 Jan 2026 by Ada Berg`.
    pub published: String,
    /// Why.
    pub note: String,
    /// Whether the member may draft from it.
    pub may_draft: bool,
    /// Whether the member may go back to it.
    pub may_roll_back: bool,
    /// How far accounts are scored anew; none once all are.
    pub scoring: Option<ProgressBar>,
    /// (name, condition in words, coverage, accounts in it).
    pub segments: Vec<(String, String, String, String)>,
    /// (name, days, accounts in it).
    pub stages: Vec<(String, String, String)>,
    /// (tone, name, range, what to do).
    pub bands: Vec<(Tone, String, String, String)>,
    /// The health models, the first whose condition holds gives an account's health.
    pub models: Vec<ModelTree>,
    /// What holds a band down: (condition, effect).
    pub caps: Vec<(String, String)>,
    /// One a renewal timeline.
    pub timelines: Vec<Timeline>,
    /// What a tenant may set when applying the pack: (name, value, note).
    pub parameters: Vec<(String, String, String)>,
}

/// A weighted tree of measures.
#[derive(Clone, Debug)]
pub struct ModelTree {
    /// Its name.
    pub name: String,
    /// Which accounts it judges.
    pub when: String,
    /// Its components.
    pub components: Vec<ModelComponent>,
}

/// What leads to a renewal.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Its name.
    pub name: String,
    /// `from 90 days before, when …`.
    pub when: String,
    /// (code, title, when).
    pub milestones: Vec<(String, String, String)>,
    /// Ways to approach it, the first that applies wins: (name, condition, what it is).
    pub strategies: Vec<(String, String, String)>,
}

/// A component of the model.
#[derive(Clone, Debug)]
pub struct ModelComponent {
    /// Its name.
    pub name: String,
    /// `30 %`.
    pub weight: String,
    /// What lies below it.
    pub measures: Vec<ModelMeasure>,
}

/// A measure of the model.
#[derive(Clone, Debug)]
pub struct ModelMeasure {
    /// Its name.
    pub name: String,
    /// The reading, as its expression: `avg(active_users, 30d)`.
    pub reading: String,
    /// Its share of the component.
    pub weight: String,
    /// The curve, without a dot.
    pub curve: CurveDot,
    /// The curve in words: `0 at 0, 100 from 60 on`.
    pub curve_text: String,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Path(version): Path<i32>,
) -> Result<Response> {
    let in_force = web.app.methodology_version(&member.scope, version).await?.ok_or(Error::NotFound)?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let stored = methodologies::find(&mut tx, version).await?.ok_or(Error::NotFound)?;
    let current = stored.status == "published";
    let placed = if current { accounts::placed(&mut tx).await? } else { Vec::new() };
    let job = if current { jobs::under_way(&mut tx, "score_all").await? } else { None };
    drop(tx);
    let scoring = job.map(|job| {
        let total = Some(job.total).filter(|total| *total > 0);
        let bar = ProgressBar::new("Scoring every account by this version", job.done, total, "account");
        if total.is_some() { bar } else { bar.text("under way") }
    });
    let held = |n: i64| if current { format::number(n) } else { String::new() };
    let in_segment = |id: &str| held(placed.iter().filter(|p| p.0.as_deref() == Some(id)).map(|p| p.2).sum());
    let in_stage = |id: &str| held(placed.iter().filter(|p| p.1.as_deref() == Some(id)).map(|p| p.2).sum());
    let page = VersionPage {
        segments: segments(&in_force.file, in_segment),
        stages: stages(&in_force, in_stage),
        scoring,
        ..page(&member, &in_force, stored)
    };
    Ok(if part { Page(page.as_scoring()).into_response() } else { Page(page).into_response() })
}

fn page(member: &Member, in_force: &InForce, stored: StoredMethodology) -> VersionPage {
    let (file, health) = (&in_force.file, &in_force.methodology.health);
    let day = format::date(member.scope.day_of(stored.published_at));
    let cap = |cap: &crate::domain::health::Cap| {
        (format!("{} ({})", cap.why, cap.when.text()), at_most(in_force, cap.at_most))
    };
    let current = stored.status == "published";
    VersionPage {
        shell: member.shell(Room::Settings),
        version: stored.version,
        href: paths::version(stored.version),
        current,
        may_draft: member.may(Role::Manager),
        may_roll_back: !current && member.may(Role::Admin),
        summary: file.pack.summary.as_ref().map_or_else(String::new, |text| format::sentence(text)),
        published: format!("Published {day} by {}", stored.published_by),
        bands: bands(in_force),
        models: health.models.iter().map(|model| tree(in_force, model)).collect(),
        caps: health.caps.iter().map(cap).collect(),
        timelines: timelines(in_force),
        parameters: parameters(file, &stored.overrides),
        title: stored.title,
        name: stored.pack_name,
        note: stored.note,
        scoring: None,
        segments: Vec::new(),
        stages: Vec::new(),
    }
}

/// Its file, to the byte.
pub async fn download(State(web): State<Web>, member: Member, Path(version): Path<i32>) -> Result<Response> {
    let stored = web.app.version(&member.scope, version).await?.ok_or(Error::NotFound)?;
    Ok(yaml(&format!("{}-v{version}.yaml", stored.pack_id), stored.source))
}

fn segments(file: &schema::File, accounts: impl Fn(&str) -> String) -> Vec<(String, String, String, String)> {
    let row = |segment: &schema::Segment| {
        let coverage = segment.coverage.as_ref();
        let text = coverage.and_then(|c| c.text.as_ref()).map(ToString::to_string);
        let coverage = text.or_else(|| coverage.map(|c| c.model.to_string())).unwrap_or_default();
        let when = segment.when.as_ref().map_or("all others".to_owned(), ToString::to_string);
        (segment.name.to_string(), when, coverage, accounts(&segment.id))
    };
    file.segments.iter().map(row).collect()
}

fn stages(in_force: &InForce, accounts: impl Fn(&str) -> String) -> Vec<(String, String, String)> {
    let stages = in_force.methodology.lifecycle.stages.iter();
    let row = |stage: &crate::domain::lifecycle::Stage| match &stage.span {
        StageSpan::Days(from, to) => {
            let to = to.map_or("on".to_owned(), |to| format!("to {to}"));
            (stage.name.to_string(), format!("{from} {to}"), accounts(&stage.id))
        }
        // An overlay lies beside the stage an account is in, so it has no share of the accounts.
        StageSpan::Overlay(when) => (stage.name.to_string(), when.text().to_owned(), String::new()),
    };
    stages.map(row).collect()
}

fn bands(in_force: &InForce) -> Vec<(Tone, String, String, String)> {
    let bands = in_force.file.health.iter().flat_map(|health| health.bands.iter());
    let row = |(at, band): (usize, &schema::Band)| {
        let figure = |f: &crate::domain::pack::Figure| format::decimal(f.value, 2);
        let range = match (&band.from, &band.above) {
            (Some(from), _) => format!("from {}", figure(from)),
            (None, Some(above)) => format!("above {}", figure(above)),
            (None, None) => "the rest".to_owned(),
        };
        let signs = band.signs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let text = band.action.as_ref().or(band.meaning.as_ref()).map_or(signs, ToString::to_string);
        (Tone::parse(in_force.tone(at).word()), band.name.to_string(), range, text)
    };
    bands.enumerate().map(row).collect()
}

fn at_most(in_force: &InForce, band: usize) -> String {
    let name = in_force.methodology.health.bands.get(band).map_or("", |band| &*band.name);
    format!("at most {name}")
}

/// A model's top nodes with the measures below each, whatever lies in between.
fn tree(in_force: &InForce, model: &Model) -> ModelTree {
    let mut components: Vec<ModelComponent> = Vec::new();
    // The share of each node of the whole model: its own of its siblings, times that of all above it.
    let mut shares: Vec<f64> = Vec::with_capacity(model.nodes.len());
    for node in &model.nodes {
        let above = node.parent.and_then(|parent| shares.get(usize::from(parent))).copied().unwrap_or(1.0);
        shares.push(above * node.weight);
    }
    for (node, share) in model.nodes.iter().zip(&shares) {
        if node.depth == 0 {
            components.push(ModelComponent {
                name: node.name.to_string(),
                weight: format::percent(*share, 1),
                measures: Vec::new(),
            });
        }
        let indicator = node.indicator.and_then(|at| in_force.methodology.health.indicators.get(at));
        if let (Some(indicator), Some(component)) = (indicator, components.last_mut()) {
            let words = curves::words(&indicator.curve);
            component.measures.push(ModelMeasure {
                name: node.name.to_string(),
                reading: indicator.value.text().to_owned(),
                weight: format::percent(*share, 1),
                curve: CurveDot::new(&curves::points(&indicator.curve), None, Tone::None, &words),
                curve_text: words,
            });
        }
    }
    ModelTree {
        name: model.name.to_string(),
        when: model.primary.as_ref().map_or(String::new(), |when| format!("when {}", when.text())),
        components,
    }
}

fn timelines(in_force: &InForce) -> Vec<Timeline> {
    let described = |strategy: &str| {
        let mut all = in_force.file.renewals.iter().flat_map(|timeline| timeline.strategies.iter());
        all.find(|s| *s.id == *strategy).and_then(|s| s.approach.as_ref()).map(ToString::to_string)
    };
    let row = |timeline: &crate::domain::renewal::Timeline| {
        let playbook = in_force.methodology.playbooks.get(timeline.playbook);
        let when = timeline.when.as_ref().map_or(String::new(), |when| format!(", when {}", when.text()));
        let strategies = timeline.strategies.iter().map(|strategy| {
            let when = strategy.when.as_ref().map_or("otherwise".to_owned(), |when| when.text().to_owned());
            (strategy.name.to_string(), when, described(&strategy.id).unwrap_or_default())
        });
        Timeline {
            name: playbook.map_or(String::new(), |playbook| playbook.name.to_string()),
            when: format!("begins {} days before the renewal{when}", timeline.window),
            milestones: playbook.map(milestones).unwrap_or_default(),
            strategies: strategies.collect(),
        }
    };
    in_force.methodology.renewals.iter().map(row).collect()
}

/// Days are numbered from the renewal: `T-90` is ninety days before it.
fn milestones(playbook: &Playbook) -> Vec<(String, String, String)> {
    let row = |task: &crate::domain::playbook::Task| {
        let (code, when) = match task.timing {
            Timing::Days(from, to) => {
                let (from, to) = (from - playbook.first_day, to - playbook.first_day);
                let code = if to < 0 { format!("T\u{2212}{}", -to) } else { format!("T+{to}") };
                let length = to - from + 1;
                (code, if length > 1 { format!("over {length} days") } else { String::new() })
            }
            Timing::Lasts(days) => (String::new(), format!("lasts {}", format::count(days, "day"))),
            Timing::Spread => (String::new(), "spread over the time".to_owned()),
        };
        (code, task.title.to_string(), when)
    };
    playbook.tasks.iter().map(row).collect()
}

fn parameters(file: &schema::File, overrides: &serde_json::Value) -> Vec<(String, String, String)> {
    let set = |name: &str| {
        let all = overrides.get("set")?.as_array()?;
        all.iter().find(|pair| pair.get(0).and_then(|n| n.as_str()) == Some(name))?.get(1)?.as_str()
    };
    let preset = overrides.get("preset").and_then(|preset| preset.as_str());
    let preset = file.presets.iter().find(|known| preset == Some(&*known.id));
    let row = |(name, parameter): &(crate::domain::pack::Text, schema::Parameter)| {
        let by_preset = preset.and_then(|p| p.set.iter().find(|(n, _)| **n == **name)).map(|(_, v)| &**v);
        let value = set(name).or(by_preset).unwrap_or(&parameter.default);
        let unit = parameter.unit.as_ref().map_or(String::new(), |unit| format!(" {unit}"));
        let note = parameter.note.as_ref().map_or(String::new(), ToString::to_string);
        (name.to_string(), format!("{value}{unit}"), note)
    };
    file.parameters.iter().map(row).collect()
}
