//! Cases: invented accounts with what a methodology is expected to say of them, so that a pack can be tested.
//!
//! [`read`] takes a file of cases, [`Case::answer`] works one out against a pack, [`differences`] compares the
//! answer with what was expected. `docs/packs.md` describes the format for authors of packs.

mod answer;
mod given;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use self::given::Given;
use super::facts::Facts;
use super::methodology::Methodology;
use super::pack::{self, Overrides, PackErrors};

/// Figures agree within this.
const CLOSE: f64 = 0.005;

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its id, unique in its file.
    pub id: String,
    /// Id of the pack it is for; none is for any.
    pub pack: Option<String>,
    /// Preset and parameters it asks for.
    pub overrides: Overrides,
    /// What is expected, by the names of an answer.
    pub expect: Option<Map<String, Json>>,
    given: Given,
}

/// What keeps a case from being read or worked out, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id}: {message}")]
pub struct CaseError {
    /// The case's id, or its place in the file.
    pub id: String,
    /// What is wrong.
    pub message: String,
}

/// What keeps a whole file of cases from being read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is no YAML or JSON of the kind that packs are written in.
    #[error(transparent)]
    Text(#[from] PackErrors),
    /// It holds something other than cases.
    #[error("expected a list of cases, or a map with the list under `cases` or `vectors`")]
    Shape,
}

/// A case as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    pack: Option<String>,
    preset: Option<String>,
    #[serde(default)]
    parameters: Map<String, Json>,
    #[serde(default)]
    given: Json,
    expect: Option<Map<String, Json>>,
    /// The reasoning behind the expectation, for people; `because` means the same.
    #[serde(alias = "because")]
    #[expect(dead_code, reason = "read so that it is no unknown key")]
    why: Option<Json>,
}

/// Reads a file of cases; one that cannot be read does not keep the others from it.
///
/// # Errors
/// When the file is no list of cases at all.
pub fn read(source: &str) -> Result<Vec<Result<Case, CaseError>>, FileError> {
    let list = match pack::to_json(source)? {
        Json::Array(list) => list,
        Json::Object(mut map) => match map.remove("cases").or_else(|| map.remove("vectors")) {
            Some(Json::Array(list)) => list,
            _ => return Err(FileError::Shape),
        },
        _ => return Err(FileError::Shape),
    };
    Ok(list.into_iter().enumerate().map(|(i, case)| Case::read(i, case)).collect())
}

impl Case {
    fn read(position: usize, written: Json) -> Result<Self, CaseError> {
        let fault = |id: &str, message: String| Err(CaseError { id: id.to_owned(), message });
        let place = format!("case {}", position + 1);
        let Json::Object(mut written) = written else {
            return fault(&place, "expected a map with `id`, `given` and `expect`".to_owned());
        };
        let id = match written.remove("id") {
            Some(Json::String(id)) => id,
            Some(Json::Number(id)) => id.to_string(),
            _ => return fault(&place, "`id` is missing".to_owned()),
        };
        let read = typed(Json::Object(nested(written)))
            .and_then(|written: Written| Ok((typed_given(&written)?, written)));
        let (given, written) = match read {
            Ok(read) => read,
            Err(message) => return fault(&id, message),
        };
        let text = |value: Json| if let Json::String(text) = value { text } else { value.to_string() };
        let set = written.parameters.into_iter().map(|(name, value)| (name, text(value)));
        let overrides = Overrides { preset: written.preset, set: set.collect() };
        Ok(Self { id, pack: written.pack, overrides, expect: written.expect, given })
    }

    /// The account of the case, and all else that is given of it.
    ///
    /// # Errors
    /// When it names an input or segment that the methodology does not have.
    pub fn facts(&self, methodology: &Methodology) -> Result<Facts, CaseError> {
        self.given.facts(methodology).map_err(|message| self.fault(message))
    }

    fn fault(&self, message: String) -> CaseError {
        CaseError { id: self.id.clone(), message }
    }
}

/// What is given may also stand in the case itself, without `given` around it.
fn nested(mut case: Map<String, Json>) -> Map<String, Json> {
    const OWN: [&str; 6] = ["pack", "preset", "parameters", "expect", "why", "because"];
    if !case.contains_key("given") {
        let (own, given) = case.into_iter().partition(|(key, _)| OWN.contains(&&**key));
        case = own;
        case.insert("given".to_owned(), Json::Object(given));
    }
    case
}

fn typed_given(written: &Written) -> Result<Given, String> {
    match &written.given {
        Json::Null => Ok(Given::default()),
        given => typed(given.clone()),
    }
}

/// Decodes with the path to what is wrong.
fn typed<T: DeserializeOwned>(json: Json) -> Result<T, String> {
    serde_path_to_error::deserialize(json).map_err(|error| match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("{path}: {}", error.inner()),
    })
}

/// Where an answer is not what was expected, in words; only what is expected is compared.
pub fn differences(expect: &Map<String, Json>, answer: &Map<String, Json>) -> Vec<String> {
    let differs = |(key, expected): (&String, &Json)| match answer.get(key) {
        Some(found) if agrees(expected, found) => None,
        Some(found) => Some(format!("{key} should be {expected}, is {found}")),
        None => Some(format!("{key} is nothing that is worked out")),
    };
    expect.iter().filter_map(differs).collect()
}

/// Lists and texts must be equal, figures close; a map may hold more than expected.
fn agrees(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            expected.iter().all(|(key, value)| agrees(value, found.get(key).unwrap_or(&Json::Null)))
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees(a, b)),
        (Json::Number(a), Json::Number(b)) => {
            a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() < CLOSE)
        }
        _ => expected == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(source: &str) -> Vec<String> {
        let read = read(source).unwrap();
        read.into_iter().filter_map(|case| case.err().map(|error| error.to_string())).collect()
    }

    #[test]
    fn both_layouts() {
        for source in [
            "- {id: a, given: {account: {arr: 1}}, why: x}",
            "cases:\n- {id: a, account: {arr: 1}, because: x}",
            "{\"vectors\": [{\"id\": \"a\", \"given\": {\"account\": {\"arr\": 1}}}]}",
        ] {
            let cases = read(source).unwrap();
            assert_eq!(cases[0].as_ref().unwrap().id, "a", "{source}");
        }
        assert!(read("cases: []").unwrap().is_empty());
        assert!(read("- {id: a}").unwrap()[0].is_ok());
    }

    #[test]
    fn another_shape() {
        for source in ["pack: {id: a}", "just text", "cases: {a: 1}", "7"] {
            assert_eq!(read(source).unwrap_err(), FileError::Shape, "{source}");
        }
        assert!(matches!(read("[a"), Err(FileError::Text(_))));
    }

    #[test]
    fn faults_name_their_case() {
        for (source, message) in [
            ("- 7", "case 1: expected a map"),
            ("- {given: {}}", "case 1: `id` is missing"),
            ("- {id: a, given: {acount: {}}}", "a: acount: unknown field `acount`, expected one of"),
            ("- {id: a, given: {}, expct: {}}", "a: expct: unknown field `expct`"),
            ("- {id: a, given: {as_of: soon}}", "a: as_of: `soon` is no day"),
            ("- {id: a, given: {events: {login: [{on: 1}]}}}", "a: events.login[0]: expected a date"),
            ("- {id: a, given: {take: many}}", "a: take: invalid type"),
        ] {
            let found = messages(source);
            assert!(found.len() == 1 && found[0].starts_with(message), "{source}: {found:?}");
        }
        assert_eq!(read("- 7\n- {id: b}").unwrap().iter().filter(|case| case.is_ok()).count(), 1);
    }

    #[test]
    fn what_agrees() {
        let map = |text: &str| serde_json::from_str::<Map<String, Json>>(text).unwrap();
        let found = map(r#"{"a": 1.004, "b": ["x"], "c": {"d": null, "e": 2}}"#);
        for agreed in [r#"{"a": 1}"#, r#"{"b": ["x"]}"#, r#"{"c": {"d": null, "f": null}}"#, "{}"] {
            assert_eq!(differences(&map(agreed), &found), Vec::<String>::new(), "{agreed}");
        }
        for differs in [r#"{"a": 1.01}"#, r#"{"b": []}"#, r#"{"c": {"e": null}}"#, r#"{"z": null}"#] {
            assert_eq!(differences(&map(differs), &found).len(), 1, "{differs}");
        }
    }
}
