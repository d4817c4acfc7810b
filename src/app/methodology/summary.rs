//! What comes of trying out a methodology on every account, added up.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{InForce, Tone};
use crate::db::previews::Outcome;

/// Every account by two methodologies, added up. Amounts are minor units of the tenant's currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The day accounts were worked out for.
    pub day: NaiveDate,
    /// Everybody who is in business.
    pub all: Held,
    /// Whose score rises.
    pub risen: Held,
    /// Whose score falls.
    pub fallen: Held,
    /// Whose band changes.
    pub moved: Held,
    /// Who has a score now and would have none.
    pub lost: Held,
    /// Who has none now and would have one.
    pub gained: Held,
    /// The bands in force, best first.
    pub bands_before: Vec<Named>,
    /// The bands to come, best first.
    pub bands_after: Vec<Named>,
    /// From which band to which; pairs without accounts are left out.
    pub bands: Vec<Move>,
    /// The same for each segment that accounts are in now.
    pub by_segment: Vec<SegmentMoves>,
    /// From which segment to which; pairs without accounts are left out.
    pub segments: Vec<Move>,
    /// Rules that newly fire or no longer do.
    pub rules: Vec<RuleShift>,
}

/// Accounts and their revenue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// How many.
    pub accounts: i64,
    /// Their ARR, as far as it can be converted.
    pub arr_base_minor: i64,
    /// How many of them have an ARR without an exchange rate, which is not in the sum. Conditions on `arr` find no
    /// value for them.
    pub unconverted: i64,
}

/// An id, its name and, of a band, its tone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Tone of a band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
}

/// Accounts that go from one to another, or stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Id now; none without one.
    pub before: Option<String>,
    /// Id by the draft; none without one.
    pub after: Option<String>,
    /// Who.
    #[serde(flatten)]
    pub held: Held,
}

/// Moves between bands inside one segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentMoves {
    /// The segment accounts are in now; none for those without.
    pub segment: Option<Named>,
    /// From which band to which.
    pub bands: Vec<Move>,
}

/// A rule and the accounts for which it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleShift {
    /// The rule.
    pub rule: Named,
    /// For whom it newly fires.
    pub started: Held,
    /// For whom it no longer does.
    pub stopped: Held,
}

type Pair = (Option<String>, Option<String>);

/// Adds outcomes up as they come.
#[derive(Debug, Default)]
pub(super) struct Tally {
    all: Held,
    risen: Held,
    fallen: Held,
    moved: Held,
    lost: Held,
    gained: Held,
    bands: BTreeMap<Pair, Held>,
    by_segment: BTreeMap<Option<String>, BTreeMap<Pair, Held>>,
    segments: BTreeMap<Pair, Held>,
    started: BTreeMap<String, Held>,
    stopped: BTreeMap<String, Held>,
}

impl Held {
    fn add(&mut self, outcome: &Outcome) {
        self.accounts += 1;
        match outcome.arr_base_minor {
            Some(minor) => self.arr_base_minor = self.arr_base_minor.saturating_add(minor),
            None => self.unconverted += 1,
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.all.add(outcome);
        match (outcome.score_before, outcome.score_after) {
            (Some(before), Some(after)) if after > before => self.risen.add(outcome),
            (Some(before), Some(after)) if after < before => self.fallen.add(outcome),
            (Some(_), None) => self.lost.add(outcome),
            (None, Some(_)) => self.gained.add(outcome),
            _ => {}
        }
        if outcome.band_before != outcome.band_after {
            self.moved.add(outcome);
        }
        let bands = (outcome.band_before.clone(), outcome.band_after.clone());
        let inside = self.by_segment.entry(outcome.segment_before.clone()).or_default();
        inside.entry(bands.clone()).or_default().add(outcome);
        self.bands.entry(bands).or_default().add(outcome);
        let segments = (outcome.segment_before.clone(), outcome.segment_after.clone());
        self.segments.entry(segments).or_default().add(outcome);
        for rule in &outcome.started {
            self.started.entry(rule.clone()).or_default().add(outcome);
        }
        for rule in &outcome.stopped {
            self.stopped.entry(rule.clone()).or_default().add(outcome);
        }
    }

    pub(super) fn summary(mut self, before: &InForce, after: &InForce, day: NaiveDate) -> Summary {
        let (bands_before, bands_after) = (bands(before), bands(after));
        let by_bands = |moves| in_order(moves, &bands_before, &bands_after);
        let segments = |of: &InForce| -> Vec<Named> {
            let segments = of.methodology.segments.iter();
            segments.map(|s| Named { id: s.id.to_string(), name: s.name.to_string(), tone: None }).collect()
        };
        let (segments_before, segments_after) = (segments(before), segments(after));
        let mut by_segment: Vec<SegmentMoves> = Vec::new();
        for segment in segments_before.iter().cloned().map(Some).chain([None]) {
            let id = segment.as_ref().map(|segment| segment.id.clone());
            if let Some(moves) = self.by_segment.remove(&id) {
                by_segment.push(SegmentMoves { segment, bands: by_bands(moves) });
            }
        }
        Summary {
            day,
            all: self.all,
            risen: self.risen,
            fallen: self.fallen,
            moved: self.moved,
            lost: self.lost,
            gained: self.gained,
            bands: by_bands(self.bands),
            by_segment,
            segments: in_order(self.segments, &segments_before, &segments_after),
            rules: rules(before, after, &self.started, &self.stopped),
            bands_before,
            bands_after,
        }
    }
}

fn bands(of: &InForce) -> Vec<Named> {
    let bands = of.methodology.health.bands.iter().enumerate();
    let named = |(at, band): (usize, &crate::domain::health::Band)| Named {
        id: band.id.to_string(),
        name: band.name.to_string(),
        tone: Some(of.tone(at)),
    };
    bands.map(named).collect()
}

/// Pairs in the order of what they are pairs of; those without one last.
fn in_order(moves: BTreeMap<Pair, Held>, before: &[Named], after: &[Named]) -> Vec<Move> {
    let place = |list: &[Named], id: &Option<String>| {
        id.as_ref().and_then(|id| list.iter().position(|known| known.id == *id)).unwrap_or(list.len())
    };
    let mut moves: Vec<Move> =
        moves.into_iter().map(|((before, after), held)| Move { before, after, held }).collect();
    moves.sort_by_key(|m| (place(before, &m.before), place(after, &m.after)));
    moves
}

/// The rules of the draft in its order, then those only the methodology in force has.
fn rules(
    before: &InForce,
    after: &InForce,
    started: &BTreeMap<String, Held>,
    stopped: &BTreeMap<String, Held>,
) -> Vec<RuleShift> {
    let kept = |id: &str| after.methodology.rules.iter().any(|rule| *rule.id == *id);
    let gone = before.methodology.rules.iter().filter(|rule| !kept(&rule.id));
    let shift = |rule: &crate::domain::rule::Rule| {
        let of = |counts: &BTreeMap<String, Held>| counts.get(&*rule.id).copied().unwrap_or_default();
        let rule_named = Named { id: rule.id.to_string(), name: rule.name.to_string(), tone: None };
        RuleShift { rule: rule_named, started: of(started), stopped: of(stopped) }
    };
    let shifts = after.methodology.rules.iter().chain(gone).map(shift);
    shifts.filter(|shift| shift.started.accounts + shift.stopped.accounts > 0).collect()
}
