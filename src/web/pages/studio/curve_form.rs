//! The curve of a measure as a form: `curve` says `linear`, `steps` or `map`; then `zero` and `full`, or per step
//! `step:<n>:bound`, `:figure`, `:score`, `:label`, or per value `map:<n>:value` and `:score`. Rows left empty are not
//! there; spare ones wait to be filled.

use super::forms::{Fields, Refused};
use crate::domain::pack::edit::{Edit, Outline, Part, escape};

/// Empty rows after those that are there.
const SPARE: usize = 2;
/// The kinds of bounds a step may have.
const BOUNDS: [&str; 4] = ["from", "above", "upto", "below"];

/// A curve as it is typed.
#[derive(Clone, Debug, Default)]
pub struct CurveForm {
    /// `linear`, `steps` or `map`.
    pub kind: String,
    /// The reading that gives no points.
    pub zero: String,
    /// The reading that gives all.
    pub full: String,
    /// Steps, the first that takes a reading wins.
    pub steps: Vec<StepRow>,
    /// Values with their points.
    pub map: Vec<(String, String)>,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRow {
    /// `from`, `above`, `upto`, `below`; empty for all that is left.
    pub bound: String,
    /// The bound's figure.
    pub figure: String,
    /// The points.
    pub score: String,
    /// What it is called.
    pub label: String,
}

impl CurveForm {
    /// The curve of a measure at `base`, or what was typed in its place.
    pub fn new(outline: &Outline<'_>, base: &str, refused: &Refused) -> Self {
        let mut form = match refused.fields.find("curve") {
            Some(_) => typed(&refused.fields),
            None => written(outline, base),
        };
        // What is still empty asks for a figure: only the last of all steps is "the rest".
        let spare = StepRow { bound: "from".to_owned(), ..StepRow::default() };
        form.steps.extend(std::iter::repeat_n(spare, SPARE));
        form.map.extend(std::iter::repeat_n(Default::default(), SPARE));
        form
    }
}

fn written(outline: &Outline<'_>, base: &str) -> CurveForm {
    let text = |place: String| outline.text(&place).unwrap_or_default().to_owned();
    let kinds = ["steps", "map"];
    let kind = kinds.into_iter().find(|kind| outline.at(&format!("{base}/{kind}")).is_some());
    let steps = outline.len(&format!("{base}/steps")).unwrap_or(0);
    let step = |index: usize| {
        let at = format!("{base}/steps/{index}");
        let bound = BOUNDS.into_iter().find(|bound| outline.at(&format!("{at}/{bound}")).is_some());
        StepRow {
            bound: bound.unwrap_or_default().to_owned(),
            figure: bound.map_or_else(String::new, |bound| text(format!("{at}/{bound}"))),
            score: text(format!("{at}/score")),
            label: text(format!("{at}/label")),
        }
    };
    let value = |key: &str| (key.to_owned(), text(format!("{base}/map/{}", escape(key))));
    CurveForm {
        kind: kind.unwrap_or("linear").to_owned(),
        zero: text(format!("{base}/linear/zero")),
        full: text(format!("{base}/linear/full")),
        steps: (0..steps).map(step).collect(),
        map: outline.keys(&format!("{base}/map")).into_iter().map(value).collect(),
    }
}

fn typed(fields: &Fields) -> CurveForm {
    let get = |name: String| fields.get(&name).trim().to_owned();
    let rows = |prefix: &str| {
        let numbers = fields.0.iter().filter_map(|(name, _)| {
            name.strip_prefix(prefix)?.strip_prefix(':')?.split(':').next()?.parse::<usize>().ok()
        });
        numbers.max().map_or(0, |last| last.min(200) + 1)
    };
    let step = |n: usize| StepRow {
        bound: get(format!("step:{n}:bound")),
        figure: get(format!("step:{n}:figure")),
        score: get(format!("step:{n}:score")),
        label: get(format!("step:{n}:label")),
    };
    let value = |n: usize| (get(format!("map:{n}:value")), get(format!("map:{n}:score")));
    CurveForm {
        kind: fields.get("curve").to_owned(),
        zero: get("zero".to_owned()),
        full: get("full".to_owned()),
        steps: (0..rows("step")).map(step).filter(|step| !step.score.is_empty()).collect(),
        map: (0..rows("map")).map(value).filter(|(value, _)| !value.is_empty()).collect(),
    }
}

impl StepRow {
    /// The key of its bound; none for the step that takes what is left.
    fn bound(&self) -> Option<&str> {
        BOUNDS.into_iter().find(|bound| *bound == self.bound).filter(|_| !self.figure.is_empty())
    }

    fn part(&self) -> Part {
        let bound = self.bound().map(|bound| (bound.to_owned(), Part::typed(&self.figure)));
        let score = ("score".to_owned(), Part::typed(&self.score));
        let label = (!self.label.is_empty()).then(|| ("label".to_owned(), Part::typed(&self.label)));
        Part::Map(bound.into_iter().chain([score]).chain(label).collect())
    }
}

/// The curve of a form, with the key it stands under.
pub fn part(fields: &Fields) -> (&'static str, Part) {
    let form = typed(fields);
    match form.kind.as_str() {
        "steps" => ("steps", Part::List(form.steps.iter().map(StepRow::part).collect())),
        "map" => {
            let entry = |(value, score): &(String, String)| (value.clone(), Part::typed(score));
            ("map", Part::Map(form.map.iter().map(entry).collect()))
        }
        _ => ("linear", Part::map([("zero", Part::typed(&form.zero)), ("full", Part::typed(&form.full))])),
    }
}

/// What a form changes of the curve at `base`: single figures where the curve keeps its shape.
pub fn edits(outline: &Outline<'_>, base: &str, fields: &Fields) -> Vec<Edit> {
    if fields.find("curve").is_none() {
        return Vec::new();
    }
    let (is, to) = (written(outline, base), typed(fields));
    let (kind, whole) = part(fields);
    let at = format!("{base}/{kind}");
    let mut out = Vec::new();
    let mut set = |at: String, was: &str, to: &str| {
        if was.trim() != to {
            out.push(match to {
                "" => Edit::Remove { at },
                to => Edit::Set { at, to: Part::typed(to) },
            });
        }
    };
    let same_bounds = || is.steps.iter().map(StepRow::bound).eq(to.steps.iter().map(StepRow::bound));
    let same_values = || is.map.iter().map(|(value, _)| value).eq(to.map.iter().map(|(value, _)| value));
    match kind {
        _ if is.kind != kind => {
            // In this order: a map does not do without any entry.
            out.push(Edit::Set { at, to: whole });
            out.push(Edit::Remove { at: format!("{base}/{}", is.kind) });
        }
        "linear" => {
            set(format!("{at}/zero"), &is.zero, &to.zero);
            set(format!("{at}/full"), &is.full, &to.full);
        }
        "steps" if same_bounds() => {
            for (n, (is, to)) in is.steps.iter().zip(&to.steps).enumerate() {
                if let Some(bound) = to.bound() {
                    set(format!("{at}/{n}/{bound}"), &is.figure, &to.figure);
                }
                set(format!("{at}/{n}/score"), &is.score, &to.score);
                set(format!("{at}/{n}/label"), &is.label, &to.label);
            }
        }
        "map" if same_values() => {
            for ((value, is), (_, to)) in is.map.iter().zip(&to.map) {
                set(format!("{at}/{}", escape(value)), is, to);
            }
        }
        _ => out.push(Edit::Set { at, to: whole }),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pack::edit::apply;

    const SOURCE: &str = "\
i:
  steps:
  - {from: 80, score: 100, label: fine}  # good
  - {score: 0}
";

    fn after(fields: &[(&str, &str)]) -> String {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let outline = Outline::read(SOURCE).unwrap();
        apply(SOURCE, &edits(&outline, "/i", &Fields(fields.collect()))).unwrap()
    }

    #[test]
    fn a_figure_changes_alone_and_a_shape_whole() {
        let first =
            [("curve", "steps"), ("step:0:bound", "from"), ("step:0:figure", "80"), ("step:0:score", "100")];
        let rest = [("step:5:bound", ""), ("step:5:score", "0"), ("step:6:score", "")];
        let same = [&first[..], &[("step:0:label", "fine")], &rest].concat();
        assert_eq!(after(&same), SOURCE, "what is the same stays as it is written");
        let moved = [
            &same[..2],
            &[("step:0:figure", "75"), ("step:0:score", "100"), ("step:0:label", "fine")],
            &rest,
        ]
        .concat();
        assert_eq!(after(&moved), SOURCE.replace("80", "75"));
        assert_eq!(after(&[&first[..], &rest].concat()), SOURCE.replace(", label: fine", ""));
        let more =
            [&same[..], &[("step:2:bound", "above"), ("step:2:figure", "${X}"), ("step:2:score", "50")]]
                .concat();
        assert!(after(&more).contains("{above: \"${X}\", score: 50}, {score: 0}]"), "{}", after(&more));
        let line = [("curve", "linear"), ("zero", "0"), ("full", "${FULL}")];
        assert_eq!(after(&line), "i:\n  linear: {zero: 0, full: \"${FULL}\"}\n");
    }
}
