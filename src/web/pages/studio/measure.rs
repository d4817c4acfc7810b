//! `/studio/drafts/{id}/measures/{key}`: one measure, what it reads and how that becomes points. `…/measures/new?list=…`
//! begins one in a list of a tree. `POST …/check` tries what is typed and answers the block `view`.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::curve_form::{self, CurveForm};
use super::forms::{self, Fields, Refused, Saved};
use super::model::Input;
use super::weights::free_id;
use super::{Answer, DraftHead, REFUSED, Tab, answer, find};
use crate::app::Error;
use crate::app::methodology::{self, Draft, LoadedPack};
use crate::domain::health::{Curve, Indicator};
use crate::domain::methodology::InputKind;
use crate::domain::pack::edit::{self, Edit, Outline, Part, escape};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Member, Path, Query};
use crate::web::pages::curves;
use crate::web::paths;
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::charts::{CurvePlot, CurveSpot};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tone, filters, format};

/// Where measures stand in the file.
const MEASURES: &str = "/health/indicators";
/// The key of one that is not there yet.
const NEW: &str = "new";

/// What the address says of a new one.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    /// The list of a tree it is to stand in.
    #[serde(default)]
    list: String,
}

/// One measure.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/measure.html", blocks = ["view"])]
pub struct MeasurePage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Path of this page.
    pub here: String,
    /// The list a new one is to stand in.
    pub list: String,
    /// Why it was not saved.
    pub notice: Option<Notice>,
    /// What it is called.
    pub title: String,
    /// Its name.
    pub name: Input,
    /// What is read.
    pub value: Input,
    /// Its curve, as typed.
    pub curve: CurveForm,
    /// What is typed, tried.
    pub view: View,
    /// Where it counts: (model and component, share of the score).
    pub used: Vec<(String, String)>,
    /// Names an expression may use: (name, what it is).
    pub names: Vec<(String, String)>,
}

/// A measure as it would score.
#[derive(Clone, Debug)]
pub struct View {
    /// The curve; none while it cannot be drawn.
    pub plot: Option<CurvePlot>,
    /// The curve in words.
    pub words: String,
    /// What is wrong with what is typed.
    pub faults: Vec<String>,
}

/// The page of one that is there.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path((id, key)): Path<(Uuid, String)>,
    Query(params): Query<Params>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    let list = if key == NEW { params.list } else { String::new() };
    Ok(answer(page(&web, &member, &draft, &key, list, Refused::default()).await.map(Page)))
}

async fn page(
    web: &Web,
    member: &Member,
    draft: &Draft,
    key: &str,
    list: String,
    refused: Refused,
) -> Result<MeasurePage> {
    let loaded = methodology::load_apart(&draft.stored.source, &draft.overrides).await?;
    let outline = Outline::read(&draft.stored.source).map_err(Error::Pack)?;
    let indicators = &loaded.methodology.health.indicators;
    let found = indicators.iter().position(|indicator| *indicator.id == *key);
    if found.is_none() && (key != NEW || loaded.file.health.is_none()) {
        return Err(Error::NotFound.into());
    }
    let base = format!("{MEASURES}/{}", escape(key));
    let head = DraftHead::new(web, member, draft, Tab::Model);
    let input = |key: &str| Input::at(&outline, &refused, format!("{base}/{key}"));
    let indicator = found.map(|at| &indicators[at]);
    Ok(MeasurePage {
        shell: member.shell(Room::Settings),
        here: format!("{}/measures/{}", head.href, paths::encode(key)),
        list,
        title: indicator.map_or("New measure".to_owned(), |indicator| indicator.name.to_string()),
        name: input("name"),
        value: input("value"),
        curve: CurveForm::new(&outline, &base, &refused),
        view: view(indicator, &loaded, Vec::new()),
        used: found.map(|at| used(&loaded, at)).unwrap_or_default(),
        names: names(&loaded),
        notice: refused.notice.clone(),
        head,
    })
}

/// Tries what is typed, without storing anything.
pub async fn check(
    State(web): State<Web>,
    Manager(member): Manager,
    Path((id, key)): Path<(Uuid, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(tried(&web, &member, &draft, &key, Fields(fields)).await))
}

async fn tried(web: &Web, member: &Member, draft: &Draft, key: &str, fields: Fields) -> Result<Response> {
    let page = page(web, member, draft, key, String::new(), Refused::default()).await?;
    let (id, edits) = changes(draft, key, &fields)?;
    let view = match edit::apply(&draft.stored.source, &edits) {
        Err(error) => View { faults: vec![error.to_string()], ..page.view },
        Ok(source) => match methodology::load_apart(&source, &draft.overrides).await {
            Ok(loaded) => {
                let found = loaded.methodology.health.indicators.iter().find(|i| *i.id == *id);
                view(found, &loaded, Vec::new())
            }
            Err(Error::Pack(errors)) => {
                View { faults: errors.0.into_iter().map(|error| error.message).collect(), ..page.view }
            }
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Page(MeasurePage { view, ..page }.as_view()).into_response())
}

/// Saves it.
pub async fn save(
    State(web): State<Web>,
    Manager(member): Manager,
    Path((id, key)): Path<(Uuid, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(take(&web, &member, &draft, &key, Fields(fields)).await))
}

async fn take(web: &Web, member: &Member, draft: &Draft, key: &str, fields: Fields) -> Result<Response> {
    let list = fields.get("list").to_owned();
    let (_, edits) = changes(draft, key, &fields)?;
    match forms::save(web, member, draft, fields, &edits).await? {
        Saved::Done(draft) => Ok(Done::to(paths::draft(draft.stored.id), "Saved.").into_response()),
        Saved::Not(refused) => {
            let page = page(web, member, draft, key, list, refused).await?;
            Ok(page_with_status(REFUSED, page))
        }
    }
}

/// The measure's id, and what the form changes.
fn changes(draft: &Draft, key: &str, fields: &Fields) -> Result<(String, Vec<Edit>)> {
    let outline = Outline::read(&draft.stored.source).map_err(Error::Pack)?;
    let base = format!("{MEASURES}/{}", escape(key));
    if key != NEW {
        let mut edits = fields.edits(&outline);
        edits.extend(curve_form::edits(&outline, &base, fields));
        return Ok((key.to_owned(), edits));
    }
    let name = fields.get(&format!("{base}/name")).trim();
    let id = free_id(name, |id| outline.at(&format!("{MEASURES}/{id}")).is_some());
    let (kind, curve) = curve_form::part(fields);
    let measure = Part::map([
        ("name", Part::typed(name)),
        ("value", Part::typed(fields.get(&format!("{base}/value")).trim())),
        (kind, curve),
    ]);
    let mut edits = vec![Edit::Set { at: format!("{MEASURES}/{id}"), to: measure }];
    let list = fields.get("list");
    if let Some(index) = outline.len(list).filter(|_| list.starts_with("/health/models/")) {
        let mut node = vec![("indicator".to_owned(), Part::Text(id.clone()))];
        if outline.text(&format!("{list}/0/weight")).is_some() {
            node.push(("weight".to_owned(), Part::typed("0")));
        }
        edits.push(Edit::Insert { list: list.to_owned(), index, item: Part::Map(node) });
    }
    Ok((id, edits))
}

fn view(indicator: Option<&Indicator>, loaded: &LoadedPack, faults: Vec<String>) -> View {
    let Some(indicator) = indicator else { return View { plot: None, words: String::new(), faults } };
    let words = curves::words(&indicator.curve);
    let tones = loaded.tones();
    let bands = loaded.methodology.health.bands.iter().enumerate().map(|(at, band)| {
        let tone = tones.get(at).map_or(Tone::None, |tone| Tone::parse(tone.word()));
        (tone, band.name.to_string(), band.bound.map_or(0.0, |bound| bound.figure()))
    });
    let bands: Vec<(Tone, String, f64)> = bands.collect();
    let label = format!("{}: {words}", indicator.name);
    let plot = CurvePlot::new(&label, &curves::points(&indicator.curve), &spots(&indicator.curve), &bands);
    View { plot: Some(plot), words, faults }
}

/// The places that make a curve.
fn spots(curve: &Curve) -> Vec<CurveSpot> {
    match curve {
        Curve::Linear { zero, full } => [(*zero, 0.0), (*full, 100.0)]
            .map(|(reading, points)| CurveSpot { reading, points, word: String::new() })
            .to_vec(),
        Curve::Steps(steps) => {
            let bounded = steps.iter().filter_map(|step| Some((step.bound?.figure(), step.score)));
            bounded.map(|(reading, points)| CurveSpot { reading, points, word: String::new() }).collect()
        }
        Curve::Map(map) => {
            let mut sorted: Vec<_> = map.iter().collect();
            sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
            let spot = |(at, (word, points)): (usize, &(crate::domain::Id, f64))| CurveSpot {
                reading: at as f64,
                points: *points,
                word: word.to_string(),
            };
            sorted.into_iter().enumerate().map(spot).collect()
        }
    }
}

/// Where a measure counts, and how much.
fn used(loaded: &LoadedPack, indicator: usize) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for model in &loaded.methodology.health.models {
        let mut shares: Vec<f64> = Vec::with_capacity(model.nodes.len());
        for node in &model.nodes {
            let parent = node.parent.map(usize::from);
            let share = parent.and_then(|at| shares.get(at)).copied().unwrap_or(1.0) * node.weight;
            shares.push(share);
            if node.indicator == Some(indicator) {
                let inside = parent.and_then(|at| model.nodes.get(at));
                let inside = inside.map_or_else(String::new, |parent| format!(", {}", parent.name));
                out.push((format!("{}{inside}", model.name), format::percent(share, 1)));
            }
        }
    }
    out
}

fn names(loaded: &LoadedPack) -> Vec<(String, String)> {
    let inputs = loaded.methodology.inputs().iter().map(|input| {
        let kind = match input.kind {
            InputKind::Attribute => "field of the account",
            InputKind::Gauge => "samples by day",
            InputKind::Event => "events by day",
        };
        let unit = input.unit.as_ref().map_or_else(String::new, |unit| format!(", {unit}"));
        (input.name.to_string(), format!("{}: {kind}{unit}", input.label))
    });
    inputs.collect()
}
