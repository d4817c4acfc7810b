//! What differs between two packs, thing by thing and key by key.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// One thing that is added, removed or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The section it stands in: `segments`, `lifecycle.stages`, `health.indicators`, `rules`, …
    pub section: &'static str,
    /// What one thing of the section is called: `segment`, `stage`, `indicator`, `rule`, …
    pub noun: &'static str,
    /// Its id; empty for settings of the section itself and for its order.
    pub id: String,
    /// Its name; its id where it has none.
    pub name: String,
    /// What happens to it.
    pub what: What,
    /// What becomes different of a thing that is changed.
    pub details: Vec<Detail>,
}

/// What happens to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is only in the second pack.
    Added,
    /// It is only in the first pack.
    Removed,
    /// It is in both and differs.
    Changed,
    /// The order of a section in which the first that holds wins.
    Reordered,
}

/// A key that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// The way to it: `when`, `linear.full`, `tree.usage.weight`.
    pub key: String,
    /// What it was; none where there was nothing.
    pub before: Option<String>,
    /// What it becomes; none where there is nothing any more.
    pub after: Option<String>,
}

/// The sections with things in them: where, what one is called, and whether the order decides.
const SECTIONS: [(&str, &str, bool); 35] = [
    ("parameters", "parameter", false),
    ("inputs", "input", false),
    ("measures", "measure", false),
    ("segments", "segment", true),
    ("lifecycle.stages", "stage", false),
    ("lifecycle.moments", "moment", false),
    ("health.bands", "band", true),
    ("health.caps", "cap", false),
    ("health.indicators", "indicator", false),
    ("health.models", "model", true),
    ("rules", "rule", false),
    ("playbooks", "playbook", false),
    ("renewals", "renewal timeline", true),
    ("calendars", "calendar", false),
    ("sla.levels", "support level", false),
    ("sla.policies", "support policy", true),
    ("sla.channels", "support channel", false),
    ("value_models", "value model", false),
    ("kpis", "KPI", false),
    ("presets", "preset", false),
    ("profile", "profile question", false),
    ("pipelines", "pipeline", false),
    ("touchpoints", "touchpoint", false),
    ("surveys", "survey", false),
    ("offers", "offer", false),
    ("advocacy.identify", "advocate sign", false),
    ("advocacy.programmes", "advocacy programme", false),
    ("reports", "report", false),
    ("templates", "template", false),
    ("success_plans", "success plan", false),
    ("team.roles", "role", false),
    ("team.career_path", "career step", false),
    ("integrations", "integration", false),
    ("guides", "guide", false),
    ("resolutions", "resolution", false),
];

/// The sections that hold others or settings of their own.
const FRAMES: [(&str, &str); 6] = [
    ("pack", "pack"),
    ("lifecycle", "lifecycle"),
    ("health", "health"),
    ("sla", "service levels"),
    ("advocacy", "advocacy"),
    ("team", "team"),
];

/// Compares two packs as [`outline`](super::outline) gives them, in the order of the format's sections.
pub fn compare(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    for (section, noun) in FRAMES {
        settings(section, noun, before, after, &mut changes);
    }
    for (section, noun, ordered) in SECTIONS {
        things(section, noun, ordered, (at(before, section), at(after, section)), &mut changes);
    }
    changes
}

/// The things of a section, by id: (id, name).
pub fn ids(pack: &Value, section: &str) -> Vec<(String, String)> {
    let named = |(id, thing): (String, &Value)| (id.clone(), name(thing, id));
    listed(at(pack, section)).into_iter().map(named).collect()
}

/// What stands at a section, or at a way of keys below it: `inputs.seats.values`.
pub fn at<'v>(pack: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(pack, |node, key| node.get(key))
}

/// What a section says beside the things in it.
fn settings(section: &'static str, noun: &'static str, before: &Value, after: &Value, out: &mut Vec<Change>) {
    let own = |pack: &Value| -> BTreeMap<String, String> {
        let Some(Value::Object(map)) = at(pack, section) else { return BTreeMap::new() };
        let inside = |key: &str| {
            SECTIONS.iter().any(|(path, ..)| path.strip_prefix(section) == Some(&format!(".{key}")))
        };
        let own: Map<String, Value> =
            map.iter().filter(|(key, _)| !inside(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        flat(&Value::Object(own))
    };
    let details = details(&own(before), &own(after));
    if !details.is_empty() {
        let name = noun.to_owned();
        out.push(Change { section, noun, id: String::new(), name, what: What::Changed, details });
    }
}

fn things(
    section: &'static str,
    noun: &'static str,
    ordered: bool,
    (before, after): (Option<&Value>, Option<&Value>),
    out: &mut Vec<Change>,
) {
    let (before, after) = (listed(before), listed(after));
    let old: BTreeMap<&str, &Value> = before.iter().map(|(id, thing)| (id.as_str(), *thing)).collect();
    let new: BTreeMap<&str, &Value> = after.iter().map(|(id, thing)| (id.as_str(), *thing)).collect();
    let change = |id: &str, thing: &Value, what, details| Change {
        section,
        noun,
        id: id.to_owned(),
        name: name(thing, id.to_owned()),
        what,
        details,
    };
    for (id, thing) in &after {
        match old.get(id.as_str()) {
            None => out.push(change(id, thing, What::Added, Vec::new())),
            Some(was) if was != thing => {
                out.push(change(id, thing, What::Changed, details(&flat(was), &flat(thing))));
            }
            Some(_) => {}
        }
    }
    for (id, thing) in &before {
        if !new.contains_key(id.as_str()) {
            out.push(change(id, thing, What::Removed, Vec::new()));
        }
    }
    let order = |list: &[(String, &Value)], other: &BTreeMap<&str, &Value>| -> Vec<String> {
        list.iter().filter(|(id, _)| other.contains_key(id.as_str())).map(|(id, _)| id.clone()).collect()
    };
    let (was, is) = (order(&before, &new), order(&after, &old));
    if ordered && was != is {
        let detail = Detail { key: "order".into(), before: Some(was.join(", ")), after: Some(is.join(", ")) };
        let (id, name) = (String::new(), format!("order of {section}"));
        out.push(Change { section, noun, id, name, what: What::Reordered, details: vec![detail] });
    }
}

/// The things of a list or map with what tells each apart.
fn listed(section: Option<&Value>) -> Vec<(String, &Value)> {
    match section {
        Some(Value::Object(map)) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Some(Value::Array(items)) => keyed(items),
        _ => Vec::new(),
    }
}

/// Items by their id, or by what serves as one; by their place where nothing does.
fn keyed(items: &[Value]) -> Vec<(String, &Value)> {
    let mut seen = BTreeSet::new();
    let own = |item: &Value| {
        let keys = ["id", "indicator", "name", "title", "why"];
        keys.iter().find_map(|key| item.get(key)).map(text)
    };
    let key = |(place, item): (usize, &Value)| {
        own(item).filter(|key| seen.insert(key.clone())).unwrap_or_else(|| (place + 1).to_string())
    };
    let keys: Vec<String> = items.iter().enumerate().map(key).collect();
    keys.into_iter().zip(items).collect()
}

fn name(thing: &Value, id: String) -> String {
    ["name", "title"].iter().find_map(|key| thing.get(key)).map_or(id, text)
}

/// Every figure and text below a thing, by the way to it.
fn flat(thing: &Value) -> BTreeMap<String, String> {
    fn walk(way: &str, node: &Value, out: &mut BTreeMap<String, String>) {
        let below = |key: &str| if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
        match node {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(&below(key), value, out)),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                for (key, item) in keyed(items) {
                    // A tree's branches are told by their ids; that they are children goes without saying.
                    let way = way.strip_suffix(".children").unwrap_or(way);
                    walk(&format!("{way}.{key}"), item, out);
                }
            }
            Value::Array(items) => {
                out.insert(way.to_owned(), items.iter().map(text).collect::<Vec<_>>().join("; "));
            }
            leaf => {
                out.insert(if way.is_empty() { "value".to_owned() } else { way.to_owned() }, text(leaf));
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", thing, &mut out);
    out
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn details(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Detail> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let detail = |key: &String| {
        let (before, after) = (before.get(key).cloned(), after.get(key).cloned());
        (before != after).then(|| Detail { key: key.clone(), before, after })
    };
    keys.into_iter().filter_map(detail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = include_str!("../../../packs/techcorp.yaml");

    fn outline(source: &str) -> Value {
        super::super::outline(source, &super::super::Overrides::default()).unwrap()
    }

    fn edited(edits: &[(&str, &str)]) -> Vec<Change> {
        let after = edits.iter().fold(PACK.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        compare(&outline(PACK), &outline(&after))
    }

    #[test]
    fn a_pack_is_like_itself_however_it_is_written() {
        assert_eq!(edited(&[]), []);
        assert_eq!(edited(&[("schema: 1", "# a remark\nschema: 1")]), []);
    }

    #[test]
    fn what_differs_is_told_down_to_the_figure() {
        let detail = |key: &str, before: &str, after: &str| Detail {
            key: key.to_owned(),
            before: Some(before.to_owned()).filter(|text| !text.is_empty()),
            after: Some(after.to_owned()).filter(|text| !text.is_empty()),
        };
        let one = |edits: &[(&str, &str)]| {
            let changes = edited(edits);
            let [change] = changes.as_slice() else { panic!("{changes:?}") };
            (change.noun, change.id.clone(), change.what, change.details.clone())
        };
        assert_eq!(
            one(&[
                ("name: Product usage, weight: 0.40", "name: Product usage, weight: 0.30"),
                ("name: Feature adoption, weight: 0.30", "name: Feature adoption, weight: 0.40")
            ]),
            (
                "model",
                "overall".into(),
                What::Changed,
                vec![detail("tree.adoption.weight", "0.3", "0.4"), detail("tree.usage.weight", "0.4", "0.3")]
            )
        );
        assert_eq!(
            one(&[(
                "severity: high, when: \"drop_pct(active_usage, 30d) >= 25\"",
                "severity: high, when: \"drop_pct(active_usage, 30d) >= 40\""
            )]),
            (
                "rule",
                "usage-decline".into(),
                What::Changed,
                vec![detail(
                    "when",
                    "drop_pct(active_usage, 30d) >= 25",
                    "drop_pct(active_usage, 30d) >= 40"
                )]
            )
        );
        let delayed = "  payment_delayed: {kind: event, name: Payment delayed}\n";
        let (noun, id, what, _) = one(&[(delayed, &format!("{delayed}  payment_failed: {{kind: event}}\n"))]);
        assert_eq!((noun, id.as_str(), what), ("input", "payment_failed", What::Added));
    }

    #[test]
    fn a_parameter_changes_what_it_stands_in() {
        let set =
            super::super::Overrides { preset: None, set: vec![("SHORT_TIMEFRAME".into(), "14d".into())] };
        let after = super::super::outline(PACK, &set).unwrap();
        let changed: Vec<String> =
            compare(&outline(PACK), &after).into_iter().map(|c| format!("{} {}", c.noun, c.id)).collect();
        assert_eq!(
            changed,
            ["parameter SHORT_TIMEFRAME", "cap Several urgent tickets at once", "rule support-issues"]
        );
    }

    #[test]
    fn every_list_of_a_pack_belongs_to_a_section() {
        let pack = outline(PACK);
        for (key, value) in pack.as_object().unwrap() {
            let known = key == "schema"
                || SECTIONS.iter().any(|(path, ..)| path == key)
                || FRAMES.iter().any(|(path, _)| path == key);
            assert!(known, "{key}: {value}");
        }
    }
}
