//! `/studio/drafts/{id}`: the health models as weighted trees, with bands and caps. [`super::weights`] takes what is
//! typed into the trees, [`super::bands`] the rest.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;

use super::forms::Refused;
use super::weights::{self, Group};
use super::{Answer, DraftHead, Tab, answer, find};
use crate::app::methodology::{self, Draft, LoadedPack};
use crate::domain::health::Indicator;
use crate::domain::pack::edit::Outline;
use crate::domain::pack::schema;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::pages::curves;
use crate::web::respond::Page;
use crate::web::ui::charts::CurveDot;
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tone, filters, format};

/// Spare rows for bands and caps to be added.
const SPARE: usize = 1;

/// Colours that have a tone of their own.
const COLOURS: [&str; 7] = ["green", "teal", "blue", "yellow", "amber", "orange", "red"];

/// The health models of a draft.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/model.html")]
pub struct ModelPage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Why something was not saved.
    pub notice: Option<Notice>,
    /// The models; the first whose condition holds judges an account.
    pub models: Vec<ModelCard>,
    /// The bands, best first.
    pub bands: Vec<BandRow>,
    /// Colours to choose from.
    pub colours: Vec<String>,
    /// What holds a band down.
    pub caps: Vec<CapRow>,
    /// Bands to choose from: (id, name).
    pub band_names: Vec<(String, String)>,
    /// Said instead of models when the pack has no health section.
    pub without: bool,
}

/// One model.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// `/health/models/0`.
    pub at: String,
    /// Its name.
    pub name: Input,
    /// Which accounts it judges; empty for all.
    pub when: Input,
    /// Its tree, line by line.
    pub lines: Vec<TreeLine>,
}

/// A field.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Its name in the form.
    pub name: String,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it; empty for nothing.
    pub error: String,
}

impl Input {
    /// The field of a place in the file.
    pub fn at(outline: &Outline<'_>, refused: &Refused, place: String) -> Self {
        let value = refused.value(&place, outline.text(&place).unwrap_or_default());
        Input { value, error: refused.error(&place), name: place }
    }
}

/// A line of the tree.
#[derive(Clone, Debug)]
pub enum TreeLine {
    /// A component or measure.
    Node(Box<NodeLine>),
    /// The end of siblings: what their weights add up to, and what can be added.
    Foot(Foot),
}

/// A component or measure.
#[derive(Clone, Debug)]
pub struct NodeLine {
    /// Where it stands, and what buttons about it are called.
    pub at: String,
    /// 0 at the top.
    pub depth: u8,
    /// What it is called.
    pub label: String,
    /// The name of a component, to be changed; measures have theirs on their own page.
    pub name: Option<Input>,
    /// A measure.
    pub measure: Option<MeasureCell>,
    /// Its weight in percent.
    pub weight: Input,
    /// Tells which weights add up.
    pub group: String,
    /// What a weight by a parameter comes to.
    pub resolved: String,
    /// `12 %` of the whole score.
    pub share: String,
    /// The same as a bar.
    pub bar: String,
    /// Whether there is one before and one after it.
    pub moves: (bool, bool),
}

/// What a measure shows in the tree.
#[derive(Clone, Debug)]
pub struct MeasureCell {
    /// Its page.
    pub href: String,
    /// What is read.
    pub reading: String,
    /// How it scores.
    pub curve: CurveDot,
    /// In words.
    pub words: String,
}

/// The end of siblings.
#[derive(Clone, Debug)]
pub struct Foot {
    /// The list they stand in.
    pub at: String,
    /// Depth of the siblings.
    pub depth: u8,
    /// Whose parts they are.
    pub of: String,
    /// What their weights add up to, in percent.
    pub sum: String,
    /// Whether that is right.
    pub right: bool,
    /// Whether they share equally because none has a weight.
    pub equal: bool,
    /// Measures that can be added: (id, name).
    pub measures: Vec<(String, String)>,
    /// The page of a new one.
    pub new: String,
}

impl BandRow {
    /// What is wrong with it.
    pub fn errors(&self) -> String {
        let bound = self.bound.as_ref().map_or("", |bound| bound.error.as_str());
        [self.name.error.as_str(), bound, &self.colour.error].join(" ").trim().to_owned()
    }
}

impl CapRow {
    /// What is wrong with it.
    pub fn errors(&self) -> String {
        [self.when.error.as_str(), &self.at_most.error, &self.why.error].join(" ").trim().to_owned()
    }
}

/// A band.
#[derive(Clone, Debug, Default)]
pub struct BandRow {
    /// Where it stands; empty for one to be added.
    pub at: String,
    /// Its tone as accounts show it.
    pub tone: Tone,
    /// Its name.
    pub name: Input,
    /// `from` or `above`.
    pub kind: String,
    /// Its lower bound; none for the last.
    pub bound: Option<Input>,
    /// Its colour.
    pub colour: Input,
    /// What to do.
    pub action: Input,
}

/// What holds a band down.
#[derive(Clone, Debug, Default)]
pub struct CapRow {
    /// Where it stands; empty for one to be added.
    pub at: String,
    /// The condition.
    pub when: Input,
    /// The band.
    pub at_most: Input,
    /// The reason shown.
    pub why: Input,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(page(&web, &member, &draft, Refused::default()).await.map(|page| Page(page).into_response())))
}

/// The page, with a form that was refused.
pub(super) async fn page(web: &Web, member: &Member, draft: &Draft, refused: Refused) -> Result<ModelPage> {
    let loaded = methodology::load_apart(&draft.stored.source, &draft.overrides).await?;
    let source = draft.stored.source.clone();
    let outline = Outline::read(&source).map_err(crate::app::Error::Pack)?;
    let head = DraftHead::new(web, member, draft, Tab::Model);
    let tree = Tree { outline: &outline, loaded: &loaded, refused: &refused, href: &head.href };
    let models = loaded.file.health.as_ref().map(|health| tree.models(health)).unwrap_or_default();
    let (bands, caps) = (tree.bands(head.may_edit), tree.caps(head.may_edit));
    let all = loaded.methodology.health.bands.iter();
    let mut colours: Vec<String> = COLOURS.map(str::to_owned).to_vec();
    let used = loaded.methodology.health.bands.iter().map(|band| band.colour.to_string());
    colours.extend(used.filter(|colour| !COLOURS.contains(&colour.as_str())));
    Ok(ModelPage {
        shell: member.shell(Room::Settings),
        without: models.is_empty(),
        models,
        bands,
        colours,
        caps,
        band_names: all.map(|band| (band.id.to_string(), band.name.to_string())).collect(),
        notice: refused.notice.clone(),
        head,
    })
}

struct Tree<'a> {
    outline: &'a Outline<'a>,
    loaded: &'a LoadedPack,
    refused: &'a Refused,
    href: &'a str,
}

impl Tree<'_> {
    fn input(&self, place: String) -> Input {
        Input::at(self.outline, self.refused, place)
    }

    fn models(&self, health: &schema::Health) -> Vec<ModelCard> {
        let card = |(index, model): (usize, &schema::Model)| {
            let at = format!("/health/models/{index}");
            let mut lines = Vec::new();
            self.siblings(&model.tree, &format!("{at}/tree"), (0, 1.0), &model.name, &mut lines);
            ModelCard {
                name: self.input(format!("{at}/name")),
                when: self.input(format!("{at}/primary")),
                lines,
                at,
            }
        };
        health.models.iter().enumerate().map(card).collect()
    }

    /// The lines of siblings and all below them. `whole` is the share of the score that their parent has.
    fn siblings(
        &self,
        nodes: &[schema::TreeNode],
        list: &str,
        (depth, whole): (u8, f64),
        of: &str,
        out: &mut Vec<TreeLine>,
    ) {
        let group = Group::of(nodes);
        for (index, node) in nodes.iter().enumerate() {
            let at = format!("{list}/{index}");
            let share = whole * group.share(index);
            out.push(TreeLine::Node(Box::new(self.node(node, &at, list, (depth, share), &group, index))));
            if let Some(children) = &node.children {
                let name = node.name.as_ref().map_or("", |name| name);
                self.siblings(children, &format!("{at}/children"), (depth + 1, share), name, out);
            }
        }
        let used: Vec<&str> = nodes.iter().filter_map(|node| node.indicator.as_deref()).collect();
        let rest = self.loaded.methodology.health.indicators.iter().filter(|i| !used.contains(&&*i.id));
        let typed: Vec<String> = (0..nodes.len())
            .map(|index| {
                let name = weights::field(&format!("{list}/{index}"));
                self.refused.value(&name, &group.percent(index))
            })
            .collect();
        let sum: Option<f64> = typed.iter().map(|text| text.trim().parse::<f64>().ok()).sum();
        out.push(TreeLine::Foot(Foot {
            at: list.to_owned(),
            depth,
            of: of.to_owned(),
            sum: sum.map_or_else(|| "100".to_owned(), |sum| format::decimal(sum, 2)),
            right: group.is_equal() || sum.is_none_or(|sum| (sum - 100.0).abs() < 0.005),
            equal: group.is_equal() && typed.iter().all(|text| text.trim().is_empty()),
            measures: rest.map(|i| (i.id.to_string(), i.name.to_string())).collect(),
            new: crate::web::paths::with_query(&format!("{}/measures/new", self.href), &[("list", list)]),
        }));
    }

    fn node(
        &self,
        node: &schema::TreeNode,
        at: &str,
        list: &str,
        (depth, share): (u8, f64),
        group: &Group,
        index: usize,
    ) -> NodeLine {
        let health = &self.loaded.methodology.health;
        let reference = node.indicator.as_ref();
        let indicator = reference.and_then(|id| health.indicators.iter().find(|i| *i.id == **id));
        let label = node.name.as_ref().map(ToString::to_string);
        let label = label.or_else(|| indicator.map(|i| i.name.to_string())).unwrap_or_default();
        let name = weights::field(at);
        let written = self.outline.text(&format!("{at}/weight")).unwrap_or_default();
        let by_parameter = written.contains("${");
        let percent = group.percent(index);
        let is = if by_parameter { written } else { &percent };
        NodeLine {
            weight: Input { value: self.refused.value(&name, is), error: self.refused.error(&name), name },
            resolved: if by_parameter { format!("= {percent}") } else { String::new() },
            group: list.to_owned(),
            share: format::percent(share, 1),
            bar: format!("{:.2}", share * 100.0),
            moves: (index > 0, index + 1 < group.count()),
            measure: indicator.map(|indicator| self.measure(indicator)),
            name: node.children.is_some().then(|| self.input(format!("{at}/name"))),
            at: at.to_owned(),
            depth,
            label,
        }
    }

    fn measure(&self, indicator: &Indicator) -> MeasureCell {
        let words = curves::words(&indicator.curve);
        MeasureCell {
            href: format!("{}/measures/{}", self.href, crate::web::paths::encode(&indicator.id)),
            reading: indicator.value.text().to_owned(),
            curve: CurveDot::new(&curves::points(&indicator.curve), None, Tone::None, &words),
            words,
        }
    }

    fn bands(&self, may_edit: bool) -> Vec<BandRow> {
        let health = self.loaded.file.health.as_ref();
        let bands = health.map(|health| &health.bands[..]).unwrap_or_default();
        let tones = self.loaded.tones();
        let row = |(index, band): (usize, &schema::Band)| {
            let at = format!("/health/bands/{index}");
            let kind = if band.above.is_some() { "above" } else { "from" };
            let bounded = band.from.is_some() || band.above.is_some();
            BandRow {
                tone: tones.get(index).map_or(Tone::None, |tone| Tone::parse(tone.word())),
                name: self.input(format!("{at}/name")),
                kind: kind.to_owned(),
                bound: bounded.then(|| self.input(format!("{at}/{kind}"))),
                colour: self.input(format!("{at}/colour")),
                action: self.input(format!("{at}/action")),
                at,
            }
        };
        let typed = |name: &str| Input {
            name: name.to_owned(),
            value: self.refused.value(name, ""),
            error: self.refused.error(name),
        };
        let spare = BandRow {
            kind: "from".to_owned(),
            name: typed("new_band"),
            bound: Some(typed("new_band_from")),
            colour: typed("new_band_colour"),
            ..BandRow::default()
        };
        let spares = if may_edit && health.is_some() { SPARE } else { 0 };
        bands.iter().enumerate().map(row).chain(std::iter::repeat_n(spare, spares)).collect()
    }

    fn caps(&self, may_edit: bool) -> Vec<CapRow> {
        let health = self.loaded.file.health.as_ref();
        let caps = health.map_or(0, |health| health.caps.len());
        let spares = if may_edit && health.is_some() { SPARE } else { 0 };
        let row = |index: usize| {
            let at = format!("/health/caps/{index}");
            CapRow {
                when: self.input(format!("{at}/when")),
                at_most: self.input(format!("{at}/at_most")),
                why: self.input(format!("{at}/why")),
                at: if index < caps { at } else { String::new() },
            }
        };
        (0..caps + spares).map(row).collect()
    }
}
