//! `POST /studio/drafts/{id}/model`: weights, names and the shape of the trees.
//!
//! The form sends a weight in percent as `%` and its node's place, names by their place, and `do`: `save`, or one of
//! `up:`, `down:`, `remove:` with a node's place, or `add:` with a list's, whose measure is in `measure:<list>` and
//! whose new component's name, if it is to be in one, in `component:<list>`.

use axum::extract::State;
use axum::response::IntoResponse;

use super::forms::{self, Fields, Refused, Saved};
use super::{Answer, REFUSED, answer, find, model};
use crate::app::methodology::{self, Draft};
use crate::domain::pack::edit::{Edit, Outline, Part};
use crate::domain::pack::reweigh;
use crate::domain::pack::schema::{Health, TreeNode};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Id, Manager, Member};
use crate::web::paths;
use crate::web::respond::{Done, page_with_status};
use crate::web::ui::format;

/// The name of a node's weight in the form.
pub fn field(at: &str) -> String {
    format!("%{at}/weight")
}

/// The weights of siblings.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    weights: Vec<Option<f64>>,
    /// What they add up to in the file: 1 or 100.
    total: f64,
}

impl Group {
    /// The weights of nodes beside each other.
    pub fn of(nodes: &[TreeNode]) -> Self {
        let weights = nodes.iter().map(|node| node.weight.map(|weight| weight.value)).collect();
        Group { weights, total: reweigh::scale(nodes) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// Whether none has a weight.
    pub fn is_equal(&self) -> bool {
        self.weights.iter().all(Option::is_none)
    }

    /// The share of one, 0–1.
    pub fn share(&self, index: usize) -> f64 {
        match self.weights.get(index).copied().flatten() {
            Some(weight) => weight / self.total,
            None => 1.0 / self.weights.len().max(1) as f64,
        }
    }

    /// A weight in percent; empty where none has one.
    pub fn percent(&self, index: usize) -> String {
        let weight = self.weights.get(index).copied().flatten();
        weight.map_or_else(String::new, |weight| decimals(weight / self.total * 100.0, 4))
    }

    /// A percentage as the file writes it.
    fn written(&self, percent: f64) -> Part {
        Part::typed(&decimals(percent / 100.0 * self.total, 6))
    }
}

/// Without trailing zeros.
fn decimals(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// Takes the form.
pub async fn save(
    State(web): State<Web>,
    Manager(member): Manager,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(take(&web, &member, &draft, Fields(fields)).await))
}

async fn take(web: &Web, member: &Member, draft: &Draft, fields: Fields) -> Result<axum::response::Response> {
    let refused = match changes(draft, &fields).await? {
        Ok(edits) if edits.is_empty() && fields.revision() == draft.stored.revision => {
            return Ok(Done::to(paths::draft(draft.stored.id), "Nothing was different.").into_response());
        }
        Ok(edits) => match forms::save(web, member, draft, fields, &edits).await? {
            Saved::Done(draft) => {
                return Ok(Done::to(paths::draft(draft.stored.id), "Saved.").into_response());
            }
            Saved::Not(refused) => refused,
        },
        Err(errors) => Refused::for_fields(fields, errors),
    };
    Ok(page_with_status(REFUSED, model::page(web, member, draft, refused).await?))
}

/// What the form changes, or what is wrong with it field by field.
type Changes = std::result::Result<Vec<Edit>, Vec<(String, String)>>;

async fn changes(draft: &Draft, fields: &Fields) -> Result<Changes> {
    let loaded = methodology::load_apart(&draft.stored.source, &draft.overrides).await?;
    let outline = Outline::read(&draft.stored.source).map_err(crate::app::Error::Pack)?;
    let Some(health) = &loaded.file.health else { return Ok(Ok(Vec::new())) };
    let mut form = Typed { fields, outline: &outline, edits: fields.edits(&outline), errors: Vec::new() };
    let (verb, at) = fields.get("do").split_once(':').unwrap_or(("save", ""));
    for (index, model) in health.models.iter().enumerate() {
        form.weights(&model.tree, &format!("/health/models/{index}/tree"), (verb, at));
    }
    form.shape(health, (verb, at));
    Ok(if form.errors.is_empty() { Ok(form.edits) } else { Err(form.errors) })
}

/// The form while it is turned into changes.
struct Typed<'a> {
    fields: &'a Fields,
    outline: &'a Outline<'a>,
    edits: Vec<Edit>,
    errors: Vec<(String, String)>,
}

impl Typed<'_> {
    /// The weights of siblings and of all below them. One that is about to go gives its weight to the others.
    fn weights(&mut self, nodes: &[TreeNode], list: &str, (verb, at): (&str, &str)) {
        let group = Group::of(nodes);
        let places: Vec<String> = (0..nodes.len()).map(|index| format!("{list}/{index}")).collect();
        let going = places.iter().position(|place| verb == "remove" && place == at);
        let typed: Vec<&str> =
            places.iter().map(|place| self.fields.find(&field(place)).unwrap_or_default().trim()).collect();
        let sent = places.iter().any(|place| self.fields.find(&field(place)).is_some());
        let by_parameter = typed.iter().any(|text| text.contains("${"));
        if sent && by_parameter {
            self.as_written(&group, &places, &typed);
        } else if sent && !typed.iter().all(|text| text.is_empty()) {
            self.in_percent(&group, &places, &typed, going);
        } else if sent && !group.is_equal() {
            self.edits.extend(places.iter().map(|place| Edit::Remove { at: format!("{place}/weight") }));
        }
        for (place, node) in places.iter().zip(nodes) {
            if let Some(children) = &node.children {
                self.weights(children, &format!("{place}/children"), (verb, at));
            }
        }
    }

    fn in_percent(&mut self, group: &Group, places: &[String], typed: &[&str], going: Option<usize>) {
        let mut percents = Vec::new();
        for (place, text) in places.iter().zip(typed) {
            match text.trim_end_matches('%').trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => percents.push(percent),
                _ if text.is_empty() => {
                    self.errors
                        .push((field(place), "Either all of them have a weight or none has.".to_owned()));
                }
                _ => self.errors.push((field(place), "A weight is a number from 0 to 100.".to_owned())),
            }
        }
        if percents.len() < places.len() {
            return;
        }
        let sum: f64 = percents.iter().sum();
        if let Some(going) = going {
            percents[going] = 0.0;
            let rest: Vec<f64> =
                percents.iter().enumerate().filter(|(i, _)| *i != going).map(|(_, p)| *p).collect();
            for (i, hundredths) in reweigh::hundredths(&rest).into_iter().enumerate() {
                percents[i + usize::from(i >= going)] = f64::from(hundredths) / 100.0;
            }
        } else if (sum - 100.0).abs() > 0.000_05 {
            let text = format!("These add up to {}\u{2009}%, not 100\u{2009}%.", format::decimal(sum, 2));
            self.errors.push((field(&places[0]), text));
            return;
        }
        for (index, (place, percent)) in places.iter().zip(percents).enumerate() {
            if decimals(percent, 4) != group.percent(index) {
                self.edits.push(Edit::Set { at: format!("{place}/weight"), to: group.written(percent) });
            }
        }
    }

    /// Weights by parameters stand as they are written, in the file's own scale.
    fn as_written(&mut self, group: &Group, places: &[String], typed: &[&str]) {
        for (index, (place, text)) in places.iter().zip(typed).enumerate() {
            let at = format!("{place}/weight");
            let is = self.outline.text(&at).unwrap_or_default();
            let to = match text.parse::<f64>() {
                Ok(percent) if group.percent(index) != decimals(percent, 4) => group.written(percent),
                Ok(_) => continue,
                Err(_) if *text == is => continue,
                Err(_) => Part::typed(text),
            };
            self.edits.push(Edit::Set { at, to });
        }
    }

    /// What a button does to the tree.
    fn shape(&mut self, health: &Health, (verb, at): (&str, &str)) {
        let place = at.rsplit_once('/').and_then(|(list, index)| Some((list, index.parse::<usize>().ok()?)));
        match (verb, place) {
            ("up", Some((list, index))) if index > 0 => {
                self.edits.push(Edit::Swap { list: list.to_owned(), index: index - 1 });
            }
            ("down", Some((list, index))) => self.edits.push(Edit::Swap { list: list.to_owned(), index }),
            ("remove", Some((list, _))) if self.outline.len(list) == Some(1) => {
                let text = "It is the only one here: remove what it belongs to instead.";
                self.errors.push((field(at), text.to_owned()));
            }
            ("remove", Some(_)) => self.edits.push(Edit::Remove { at: at.to_owned() }),
            ("add", _) => self.add(health, at),
            _ => {}
        }
    }

    fn add(&mut self, health: &Health, list: &str) {
        let measure = self.fields.get(&format!("measure:{list}"));
        let component = self.fields.get(&format!("component:{list}")).trim();
        let Some(index) = self.outline.len(list) else { return };
        if measure.is_empty() {
            let text = "Choose the measure to add.".to_owned();
            self.errors.push((format!("measure:{list}"), text));
            return;
        }
        let leaf = vec![("indicator".to_owned(), Part::Text(measure.to_owned()))];
        let mut node = if component.is_empty() {
            leaf
        } else {
            let id = free_id(component, |id| tree_ids(health).any(|known| known == id));
            vec![
                ("id".to_owned(), Part::Text(id)),
                ("name".to_owned(), Part::typed(component)),
                ("children".to_owned(), Part::List(vec![Part::Map(leaf)])),
            ]
        };
        // It begins without weight, so that the others stay as they are until somebody says otherwise.
        let weighed = self.outline.text(&format!("{list}/0/weight")).is_some();
        let typed = self
            .edits
            .iter()
            .any(|edit| matches!(edit, Edit::Set { at, .. } if *at == format!("{list}/0/weight")));
        if weighed || typed {
            node.insert(node.len().min(2), ("weight".to_owned(), Part::typed("0")));
        }
        self.edits.push(Edit::Insert { list: list.to_owned(), index, item: Part::Map(node) });
    }
}

/// Ids of every node of every tree.
fn tree_ids(health: &Health) -> impl Iterator<Item = String> {
    fn walk(nodes: &[TreeNode], out: &mut Vec<String>) {
        for node in nodes {
            out.extend(node.id.iter().map(ToString::to_string));
            walk(node.children.as_deref().unwrap_or_default(), out);
        }
    }
    let mut out = Vec::new();
    health.models.iter().for_each(|model| walk(&model.tree, &mut out));
    out.into_iter()
}

/// An id made of a name that nothing has yet.
pub(super) fn free_id(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let letters = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let id: String = name.chars().map(letters).collect();
    let id = id.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    let id = if id.starts_with(|c: char| c.is_ascii_alphabetic()) { id } else { format!("m_{id}") };
    let numbered = (2..).map(|n| format!("{id}_{n}"));
    std::iter::once(id.clone()).chain(numbered).find(|id| !taken(id)).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_names() {
        assert_eq!(free_id("Time to value (days)", |_| false), "time_to_value_days");
        assert_eq!(free_id("Use", |id| id == "use"), "use_2");
        assert_eq!(free_id("7 days", |_| false), "m_7_days");
        assert_eq!(free_id("žž", |_| false), "m_");
    }
}
