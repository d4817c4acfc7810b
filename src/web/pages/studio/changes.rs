//! `/studio/drafts/{id}/changes`: what a draft changes, in words and as text, against the version in force or any other
//! (`?against=3`).

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, DraftHead, Tab, answer, find};
use crate::app::Error;
use crate::app::methodology::{Diff, Draft, Plan, Side, overrides_of};
use crate::domain::pack::compare::{Change, What, compare};
use crate::domain::pack::{self, Overrides};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Id, Member, Query};
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tone, filters, format, html_safe};

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    /// A version; the one in force if empty.
    #[serde(default)]
    against: String,
}

/// What a draft changes.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/changes.html")]
pub struct ChangesPage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Versions to compare with: (number, label, chosen).
    pub versions: Vec<(i32, String, bool)>,
    /// What is in use and would be lost, and what else to know.
    pub notices: Vec<Notice>,
    /// In words.
    pub words: ChangeList,
    /// As text.
    pub diff: DiffView,
}

/// Changes in words, section by section.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/change_list.html")]
pub struct ChangeList {
    /// One a thing that is added, removed or changed.
    pub lines: Vec<ChangeLine>,
}

/// One thing that differs.
#[derive(Clone, Debug)]
pub struct ChangeLine {
    /// `+`, `−` or `~`.
    pub sign: &'static str,
    /// `tone-good` for what is added, `tone-critical` for what is removed.
    pub tone: Tone,
    /// `Rule “Health is red”`.
    pub what: String,
    /// `added`, `removed`; empty for what is changed.
    pub verb: &'static str,
    /// What becomes different: (what, before, after).
    pub details: Vec<(String, String, String)>,
}

/// Two texts beside each other; one below the other where there is no room.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/diff.html")]
pub struct DiffView {
    /// What the first is called.
    pub from: String,
    /// What the second is called.
    pub to: String,
    /// `3 lines added, 1 removed`.
    pub counts: String,
    /// The stretches that differ.
    pub hunks: Vec<Vec<DiffRow>>,
    /// Parameters that differ: (name, before, after).
    pub parameters: Vec<(String, String, String)>,
}

/// A line of the first text beside one of the second.
#[derive(Clone, Debug, Default)]
pub struct DiffRow {
    /// Of the first: its number, and its text before, inside and after what differs.
    pub left: Option<(usize, [String; 3])>,
    /// Of the second.
    pub right: Option<(usize, [String; 3])>,
    /// Whether both are the same.
    pub same: bool,
}

html_safe!(DiffView, ChangeList);

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Id(id): Id,
    Query(params): Query<Params>,
) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(page(&web, &member, &draft, &params).await.map(Page)))
}

async fn page(web: &Web, member: &Member, draft: &Draft, params: &Params) -> Result<ChangesPage> {
    let versions = web.app.versions(&member.scope).await?;
    let current = versions.iter().find(|version| version.status == "published").map(|v| v.version);
    let against = match params.against.as_str() {
        "" => current,
        number => Some(number.parse().map_err(|_| Error::NotFound)?),
    };
    let plan = web.app.plan_draft(&member.scope, draft.stored.id).await?;
    let to = Side::Draft(draft.stored.id);
    let said = outline(&draft.stored.source, &draft.overrides)?;
    let (diff, words) = match against {
        Some(version) => {
            let diff = web.app.diff(&member.scope, Side::Version(version), to).await?;
            let words = match against == current {
                true => ChangeList::new(&plan.changes, &[&said]),
                false => {
                    let old = web.app.version(&member.scope, version).await?.ok_or(Error::NotFound)?;
                    let of_old = overrides_of(&old.overrides);
                    in_words((&old.source, &of_old), (&draft.stored.source, &draft.overrides))?
                }
            };
            (diff, words)
        }
        None => (web.app.diff(&member.scope, to, to).await?, ChangeList::new(&plan.changes, &[&said])),
    };
    let label = |version: i32| match current == Some(version) {
        true => format!("Version {version}, in force"),
        false => format!("Version {version}"),
    };
    Ok(ChangesPage {
        shell: member.shell(Room::Settings),
        head: DraftHead::new(web, member, draft, Tab::Changes),
        versions: versions
            .iter()
            .map(|v| (v.version, label(v.version), against == Some(v.version)))
            .collect(),
        notices: notices(&plan),
        words,
        diff: DiffView::new(&diff),
    })
}

/// What a file says, for comparing it.
pub(super) fn outline(source: &str, overrides: &Overrides) -> Result<Value> {
    Ok(pack::outline(source, overrides).map_err(Error::Pack)?)
}

/// The two sides of a comparison in words.
pub(super) fn in_words(before: (&str, &Overrides), after: (&str, &Overrides)) -> Result<ChangeList> {
    let (before, after) = (outline(before.0, before.1)?, outline(after.0, after.1)?);
    Ok(ChangeList::new(&compare(&before, &after), &[&before, &after]))
}

/// What is in use and would be lost, what is added to the catalogue, and what else to know.
pub(super) fn notices(plan: &Plan) -> Vec<Notice> {
    let mut out = Vec::new();
    if !plan.in_use.is_empty() {
        let list = plan.in_use.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let text = format!("{list}. No data is deleted, but nothing would read it any more.");
        out.push(Notice::new(Tone::Risk, "Takes away what is in use:", &text));
    }
    if !plan.new_metrics.is_empty() || !plan.new_fields.is_empty() {
        let both = plan.new_metrics.iter().chain(&plan.new_fields);
        let list = both.cloned().collect::<Vec<_>>().join(", ");
        out.push(Notice::new(Tone::None, "Adds metrics and fields:", &format!("{list}.")));
    }
    if !plan.notes.is_empty() {
        out.push(Notice::new(Tone::Watch, "", &plan.notes.join(" ")));
    }
    out
}

impl ChangeList {
    /// Changes as [`compare`] finds them; the files give the names of what they are about.
    pub fn new(changes: &[Change], files: &[&Value]) -> Self {
        let mut names = Names::new();
        files.iter().for_each(|file| collect_names(file, &mut names));
        ChangeList { lines: changes.iter().map(|change| line(change, &names)).collect() }
    }
}

/// Names by ids.
type Names = BTreeMap<String, String>;

/// The names of everything in a file that has an id, or a key that serves as one.
fn collect_names(part: &Value, names: &mut Names) {
    let name = |part: &Value| Some(part.get("name")?.as_str()?.to_owned());
    match part {
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Object(entries) => {
            if let Some((id, name)) = part.get("id").and_then(Value::as_str).zip(name(part)) {
                names.insert(id.to_owned(), name);
            }
            for (key, value) in entries {
                if let Some(name) = name(value) {
                    names.insert(key.clone(), name);
                }
                collect_names(value, names);
            }
        }
        _ => {}
    }
}

fn line(change: &Change, names: &Names) -> ChangeLine {
    let noun = capital(change.noun);
    let what = match (change.what, change.id.is_empty()) {
        (What::Reordered, _) => capital(&change.name),
        (_, true) => noun,
        _ => format!("{noun} \u{201c}{}\u{201d}", change.name),
    };
    let (sign, tone, verb) = match change.what {
        What::Added => ("+", Tone::Good, "added"),
        What::Removed => ("\u{2212}", Tone::Critical, "removed"),
        What::Changed => ("~", Tone::Watch, ""),
        What::Reordered => ("~", Tone::Watch, "another order"),
    };
    let details = change.details.iter().map(|detail| {
        let said = |value: &Option<String>| match value.as_deref() {
            None if detail.key.ends_with(".weight") => "an equal share".to_owned(),
            None => "nothing".to_owned(),
            Some(value) => figure(&detail.key, value),
        };
        (label(&detail.key, names), said(&detail.before), said(&detail.after))
    });
    ChangeLine { sign, tone, what, verb, details: details.collect() }
}

/// `tree.usage.weight` as `Weight of Product usage`; other keys with their words.
fn label(key: &str, names: &Names) -> String {
    let (way, last) = key.rsplit_once('.').unwrap_or(("", key));
    let words = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.replace('_', " "));
    let of = match way.split_once('.') {
        // The branches of a tree have names of their own; the one nearest to the leaf says most.
        Some(("tree", branches)) => words(branches.rsplit('.').next().unwrap_or(branches)),
        _ => way.split('.').filter(|part| *part != "tree").map(words).collect::<Vec<_>>().join(", "),
    };
    let word = match (way, last) {
        ("linear", "zero") => return "No points at".to_owned(),
        ("linear", "full") => return "All points at".to_owned(),
        (_, "when") => "Condition".to_owned(),
        (_, "primary") => "Condition of the model".to_owned(),
        (_, "at_most") => "Band at most".to_owned(),
        (_, other) => capital(&other.replace('_', " ")),
    };
    if of.is_empty() { word } else { format!("{word} of {of}") }
}

/// Weights are said in percent, as they are everywhere else.
fn figure(key: &str, value: &str) -> String {
    match value.parse::<f64>() {
        Ok(weight) if key.ends_with(".weight") => {
            format::percent(if weight > 1.0 { weight / 100.0 } else { weight }, 2)
        }
        _ => value.to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl DiffView {
    /// A comparison, line beside line.
    pub fn new(diff: &Diff) -> Self {
        use crate::app::methodology::diff::LineSide;
        let hunk = |hunk: &crate::app::methodology::diff::Hunk| {
            let (mut rows, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
            for line in &hunk.lines {
                match line.side {
                    LineSide::Removed => removed.push((line.from.unwrap_or(0), line.text.clone())),
                    LineSide::Added => added.push((line.to.unwrap_or(0), line.text.clone())),
                    LineSide::Both => {
                        pair(&mut removed, &mut added, &mut rows);
                        let whole = |n: Option<usize>| {
                            Some((n.unwrap_or(0), [line.text.clone(), String::new(), String::new()]))
                        };
                        rows.push(DiffRow { left: whole(line.from), right: whole(line.to), same: true });
                    }
                }
            }
            pair(&mut removed, &mut added, &mut rows);
            rows
        };
        let lines = |n: usize| format::count(n as i64, "line");
        DiffView {
            from: diff.from.clone(),
            to: diff.to.clone(),
            counts: format!("{} added, {} removed", lines(diff.added), format::number(diff.removed as i64)),
            hunks: diff.hunks.iter().map(hunk).collect(),
            parameters: parameters(&diff.overrides_from, &diff.overrides_to),
        }
    }
}

/// Lines that went beside those that came in their place.
fn pair(removed: &mut Vec<(usize, String)>, added: &mut Vec<(usize, String)>, rows: &mut Vec<DiffRow>) {
    let (mut old, mut new) = (removed.drain(..), added.drain(..));
    loop {
        let row = match (old.next(), new.next()) {
            (None, None) => return,
            (Some((a, left)), Some((b, right))) => {
                let (left, right) = differing(&left, &right);
                DiffRow { left: Some((a, left)), right: Some((b, right)), same: false }
            }
            (left, right) => {
                let whole = |line: Option<(usize, String)>| {
                    line.map(|(n, text)| (n, [String::new(), text, String::new()]))
                };
                DiffRow { left: whole(left), right: whole(right), same: false }
            }
        };
        rows.push(row);
    }
}

/// Two lines, each cut into what both begin with, what differs, and what both end with.
fn differing(a: &str, b: &str) -> ([String; 3], [String; 3]) {
    let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = x.iter().zip(&y).take_while(|(a, b)| a == b).count();
    let rest = x.len().min(y.len()) - start;
    let end = x.iter().rev().zip(y.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let cut = |line: &[char]| {
        let text = |part: &[char]| part.iter().collect::<String>();
        [text(&line[..start]), text(&line[start..line.len() - end]), text(&line[line.len() - end..])]
    };
    (cut(&x), cut(&y))
}

/// Lines of `NAME=value` that differ.
fn parameters(before: &str, after: &str) -> Vec<(String, String, String)> {
    let read = |text: &str| -> BTreeMap<String, String> {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let (before, after) = (read(before), read(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let said = |value: Option<&String>| value.map_or_else(|| "as in the file".to_owned(), Clone::clone);
    let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differ.map(|name| (name.clone(), said(before.get(name)), said(after.get(name)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let (a, b) = differing("weight: 0.40, x", "weight: 0.35, x");
        assert_eq!((a[1].as_str(), b[1].as_str()), ("40", "35"));
        assert_eq!(a.concat(), "weight: 0.40, x");
        let (a, b) = differing("aa", "aaa");
        assert_eq!((a[1].as_str(), b[1].as_str()), ("", "a"));
    }

    #[test]
    fn keys_are_said_in_words() {
        let mut names = Names::new();
        collect_names(&serde_json::json!({"tree": [{"id": "usage", "name": "Product usage"}]}), &mut names);
        for (key, value, said) in [
            ("tree.usage.weight", "0.3", "Weight of Product usage: 30\u{2009}%"),
            ("tree.usage.dau.weight", "40", "Weight of dau: 40\u{2009}%"),
            ("linear.full", "60", "All points at: 60"),
            ("when", "day > 3", "Condition: day > 3"),
            ("duration_text", "x", "Duration text: x"),
        ] {
            assert_eq!(format!("{}: {}", label(key, &names), figure(key, value)), said);
        }
    }
}
