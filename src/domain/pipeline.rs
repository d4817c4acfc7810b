//! Pipelines: steps with checks that an item of an account passes through, and what may become of it where it is.
//!
//! The pipelines are those of the methodology in force; an item only knows ids. One whose step or pipeline is gone
//! stays where it was and may go on from there to any step that there is.

use super::pack::schema::{Pipeline, PipelineStep};

/// What a sale is called. It is won or lost; anything else is done or dropped.
pub const OPPORTUNITY: &str = "opportunity";

/// What an item's subject is called by people: `feature request`.
pub fn noun(subject: &str) -> String {
    subject.replace(['_', '-'], " ")
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is under way.
    Open,
    /// Won, or done.
    Won,
    /// Lost, or dropped.
    Lost,
}

impl State {
    /// Every state.
    pub const ALL: [State; 3] = [State::Open, State::Won, State::Lost];

    /// The word in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Won => "won",
            State::Lost => "lost",
        }
    }

    /// The state of a word.
    pub fn parse(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    /// What people call it, of items of a subject.
    pub fn label(self, subject: &str) -> &'static str {
        match (self, subject == OPPORTUNITY) {
            (State::Open, _) => "Open",
            (State::Won, true) => "Won",
            (State::Won, false) => "Done",
            (State::Lost, true) => "Lost",
            (State::Lost, false) => "Dropped",
        }
    }
}

/// What was done with an item, as its history keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It came to be.
    Opened,
    /// To a later step.
    Advanced,
    /// To an earlier step.
    Back,
    /// Out of a step that is gone, or to another pipeline.
    Moved,
    /// Closed as won or done.
    Won,
    /// Closed as lost or dropped.
    Lost,
    /// Opened again.
    Reopened,
}

impl Move {
    const ALL: [Move; 7] =
        [Move::Opened, Move::Advanced, Move::Back, Move::Moved, Move::Won, Move::Lost, Move::Reopened];

    /// The word in the database and the API.
    pub fn word(self) -> &'static str {
        match self {
            Move::Opened => "opened",
            Move::Advanced => "advanced",
            Move::Back => "back",
            Move::Moved => "moved",
            Move::Won => "won",
            Move::Lost => "lost",
            Move::Reopened => "reopened",
        }
    }

    /// The move of a word.
    pub fn parse(word: &str) -> Option<Move> {
        Move::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// Where an item is, by the ids it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'i> {
    /// What it is.
    pub subject: &'i str,
    /// Its pipeline and step; none of one without steps.
    pub at: Option<(&'i str, &'i str)>,
}

/// Where that is in the methodology in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place<'p> {
    /// Nowhere: it has no steps, and is only closed.
    Plain,
    /// At a step, by its position.
    At(&'p Pipeline, usize),
    /// The pipeline no longer has the step.
    StepGone(&'p Pipeline),
    /// The methodology no longer has the pipeline.
    Gone,
}

impl<'p> Place<'p> {
    /// Where an item is.
    pub fn of(pipelines: &'p [Pipeline], item: Standing<'_>) -> Place<'p> {
        let Some((pipeline, step)) = item.at else { return Place::Plain };
        let Some(found) = pipelines.iter().find(|known| *known.id == *pipeline) else { return Place::Gone };
        match found.steps.iter().position(|known| *known.id == *step) {
            Some(at) => Place::At(found, at),
            None => Place::StepGone(found),
        }
    }

    /// The step it is at.
    pub fn step(self) -> Option<&'p PipelineStep> {
        match self {
            Place::At(pipeline, at) => pipeline.steps.get(at),
            _ => None,
        }
    }

    /// The step after that.
    pub fn next(self) -> Option<&'p PipelineStep> {
        match self {
            Place::At(pipeline, at) => pipeline.steps.get(at + 1),
            _ => None,
        }
    }
}

/// The pipeline that items of a subject enter by themselves: the first.
pub fn of_subject<'p>(pipelines: &'p [Pipeline], subject: &str) -> Option<&'p Pipeline> {
    pipelines.iter().find(|pipeline| *pipeline.subject == *subject && !pipeline.steps.is_empty())
}

/// Why an item cannot go where it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// There is no next step: it is at the last, has none, or its step is gone.
    NoNext,
    /// It is at that step already.
    Here,
    /// The methodology has no such step for items of its subject.
    Unknown,
}

/// A way from a step to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage<'p> {
    /// The pipeline it leads to a step of.
    pub pipeline: &'p Pipeline,
    /// That step.
    pub step: &'p PipelineStep,
    /// Forwards, backwards or across.
    pub how: Move,
    /// Checks on the way that are not ticked.
    pub missing: Vec<String>,
}

/// The way to a step, or to the next one. `ticked` tells whether a check (pipeline, step, text) is ticked. Only the way
/// forwards asks for checks: those of the step it leaves, and of every step it passes over.
///
/// # Errors
/// Why there is no such way.
pub fn passage<'p>(
    pipelines: &'p [Pipeline],
    item: Standing<'_>,
    to: Option<(&str, &str)>,
    ticked: impl Fn(&str, &str, &str) -> bool,
) -> Result<Passage<'p>, Stuck> {
    let place = Place::of(pipelines, item);
    let (pipeline, target) = match (to, place) {
        (None, Place::At(pipeline, at)) if at + 1 < pipeline.steps.len() => (pipeline, at + 1),
        (None, _) => return Err(Stuck::NoNext),
        (Some((pipeline, step)), _) => {
            let mut known = pipelines.iter().filter(|p| *p.id == *pipeline && *p.subject == *item.subject);
            let pipeline = known.next().ok_or(Stuck::Unknown)?;
            let at = pipeline.steps.iter().position(|known| *known.id == *step).ok_or(Stuck::Unknown)?;
            (pipeline, at)
        }
    };
    let (how, missing) = match place {
        Place::At(from, at) if *from.id == *pipeline.id => match target.cmp(&at) {
            std::cmp::Ordering::Equal => return Err(Stuck::Here),
            std::cmp::Ordering::Less => (Move::Back, Vec::new()),
            std::cmp::Ordering::Greater => (Move::Advanced, unticked(from, at..target, ticked)),
        },
        _ => (Move::Moved, Vec::new()),
    };
    Ok(Passage { pipeline, step: &pipeline.steps[target], how, missing })
}

/// Checks that are not ticked and that closing as won asks for: those of the step it is at and of all after it.
pub fn missing_to_win(place: Place<'_>, ticked: impl Fn(&str, &str, &str) -> bool) -> Vec<String> {
    match place {
        Place::At(pipeline, at) => unticked(pipeline, at..pipeline.steps.len(), ticked),
        _ => Vec::new(),
    }
}

fn unticked(
    pipeline: &Pipeline,
    steps: std::ops::Range<usize>,
    ticked: impl Fn(&str, &str, &str) -> bool,
) -> Vec<String> {
    let steps = pipeline.steps[steps].iter();
    let checks = steps.flat_map(|step| step.checks.iter().map(move |check| (step, check)));
    let open = checks.filter(|(step, check)| !ticked(&pipeline.id, &step.id, check));
    open.map(|(_, check)| check.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pack;

    /// Two pipelines for opportunities and one for wishes.
    fn pipelines() -> Vec<Pipeline> {
        let text = "
schema: 1
pack: {id: x, name: X, version: '1'}
pipelines:
- {id: sale, name: Sale, subject: opportunity, steps: [{id: find, name: Find, checks: [a, b]}, {id: ask, name: Ask, checks: [c]}, {id: sign, name: Sign, checks: [d]}]}
- {id: big, name: Big, subject: opportunity, steps: [{id: one, name: One}]}
- {id: wish, name: Wish, subject: wish, steps: [{id: heard, name: Heard}]}
";
        let file = pack::load(text, &pack::Overrides::default()).unwrap().file;
        file.pipelines.to_vec()
    }

    fn at(step: &'static str) -> Standing<'static> {
        Standing { subject: OPPORTUNITY, at: Some(("sale", step)) }
    }

    #[test]
    fn a_step_is_left_when_its_checks_are_ticked() {
        let pipelines = pipelines();
        let way = |ticked: &'static [&'static str], from, to| {
            passage(&pipelines, at(from), to, |_, _, text| ticked.contains(&text))
                .map(|way| (way.step.id.to_string(), way.how, way.missing))
        };
        let missing = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (ticked, from, to, want) in [
            (&["a"] as &[_], "find", None, Ok(("ask", Move::Advanced, missing(&["b"])))),
            (&["a", "b"], "find", None, Ok(("ask", Move::Advanced, missing(&[])))),
            // Whoever passes over a step passes over its checks as well.
            (&["a"], "find", Some(("sale", "sign")), Ok(("sign", Move::Advanced, missing(&["b", "c"])))),
            (&[], "sign", Some(("sale", "find")), Ok(("find", Move::Back, missing(&[])))),
            (&[], "find", Some(("big", "one")), Ok(("one", Move::Moved, missing(&[])))),
            (&[], "sign", None, Err(Stuck::NoNext)),
            (&[], "find", Some(("sale", "find")), Err(Stuck::Here)),
            (&[], "find", Some(("sale", "gone")), Err(Stuck::Unknown)),
            // What is a sale never becomes a wish.
            (&[], "find", Some(("wish", "heard")), Err(Stuck::Unknown)),
            // A step that is gone asks for nothing and leads anywhere, but has no next one.
            (&[], "gone", Some(("sale", "sign")), Ok(("sign", Move::Moved, missing(&[])))),
            (&[], "gone", None, Err(Stuck::NoNext)),
        ] {
            let want = want.map(|(step, how, missing): (&str, _, _)| (step.to_owned(), how, missing));
            assert_eq!(way(ticked, from, to), want, "{from} {to:?}");
        }
    }

    #[test]
    fn winning_asks_for_every_check_that_is_left() {
        let pipelines = pipelines();
        let missing = |item, ticked: &[&str]| {
            missing_to_win(Place::of(&pipelines, item), |_, _, text| ticked.contains(&text))
        };
        assert_eq!(missing(at("sign"), &["d"]), Vec::<String>::new());
        assert_eq!(missing(at("sign"), &[]), ["d"]);
        assert_eq!(missing(at("find"), &["a", "d"]), ["b", "c"]);
        assert_eq!(missing(at("gone"), &[]), Vec::<String>::new());
        assert_eq!(missing(Standing { subject: OPPORTUNITY, at: None }, &[]), Vec::<String>::new());
    }

    #[test]
    fn what_is_gone_is_told_apart() {
        let pipelines = pipelines();
        let place = |pipeline, step| {
            Place::of(&pipelines, Standing { subject: OPPORTUNITY, at: Some((pipeline, step)) })
        };
        assert!(matches!(place("sale", "ask"), Place::At(_, 1)));
        assert!(matches!(place("sale", "x"), Place::StepGone(_)));
        assert!(matches!(place("x", "ask"), Place::Gone));
        assert_eq!(place("sale", "ask").next().map(|step| &*step.name), Some("Sign"));
        assert_eq!(of_subject(&pipelines, OPPORTUNITY).map(|p| &*p.id), Some("sale"));
        assert_eq!(of_subject(&pipelines, "beta"), None);
    }

    #[test]
    fn words_come_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.word()), Some(state));
        }
        for one in Move::ALL {
            assert_eq!(Move::parse(one.word()), Some(one));
        }
        assert_eq!((State::Won.label(OPPORTUNITY), State::Won.label("beta")), ("Won", "Done"));
        assert_eq!(noun("feature_request"), "feature request");
    }
}
