//! Account-days, compact enough for millions of them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// What became of an account within the horizon of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing of note.
    Stayed,
    /// A renewal date came and the account stayed for the same or more.
    Renewed,
    /// It stayed, but paid less at the end.
    Shrank,
    /// Its last contract ended.
    Churned,
}

impl Outcome {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Stayed => "stayed",
            Outcome::Renewed => "renewed",
            Outcome::Shrank => "shrank",
            Outcome::Churned => "churned",
        }
    }
}

/// An account on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Position of the account in [`Samples`].
    pub account: u32,
    /// The day.
    pub day: NaiveDate,
    /// The score 0–100 with what was known then; none without data.
    pub score: Option<f64>,
    /// Whether the score's band calls for action.
    pub alarm: bool,
    /// Position of the band in [`Samples::bands`]; meaningless without a score.
    pub band: u8,
    /// Position of the model that gave the score.
    pub model: u8,
    /// Days since anything was heard of the account; none when nothing ever was.
    pub days_since_use: Option<u16>,
    /// What happened.
    pub outcome: Outcome,
    /// ARR on the day, minor units of the tenant's currency.
    pub arr_minor: i64,
    /// Whether the contract behind that was entered only after the day.
    pub entered_later: bool,
    pub(super) first_leaf: u32,
}

impl Sample {
    /// An account-day; its leaves are given to [`Samples::push`].
    pub fn new(account: u32, day: NaiveDate, score: Option<f64>, outcome: Outcome) -> Self {
        Sample {
            account,
            day,
            score: score.filter(|s| s.is_finite()),
            alarm: false,
            band: 0,
            model: 0,
            days_since_use: None,
            outcome,
            arr_minor: 0,
            entered_later: false,
            first_leaf: 0,
        }
    }

    /// Whether the account churned within the horizon.
    pub fn lost(&self) -> bool {
        self.outcome == Outcome::Churned
    }

    /// The baseline's risk: days since anything was heard, more than any number when nothing ever was.
    pub(super) fn silence(&self) -> f64 {
        self.days_since_use.map_or(f64::from(u16::MAX) + 1.0, f64::from)
    }
}

/// A measure of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// The indicator's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its share of the whole model, 0–1.
    pub weight: f64,
}

/// A model and its measures, in the order in which leaves are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelShape {
    /// The model's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its measures.
    pub leaves: Vec<Leaf>,
}

/// A band by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandName {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `good`, `watch`, `risk` or `critical`.
    pub tone: String,
}

#[derive(Debug, Clone)]
pub(super) struct Followed {
    pub(super) external_id: Box<str>,
    pub(super) name: Box<str>,
    pub(super) churned_on: Option<NaiveDate>,
}

/// Account-days in order of account and day, and what they refer to.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    pub(super) models: Vec<ModelShape>,
    pub(super) bands: Vec<BandName>,
    accounts: Vec<Followed>,
    days: Vec<Sample>,
    /// Scores of leaves, one run a day; not-a-number stands for no data and never leaves this file.
    leaves: Vec<f32>,
}

impl Samples {
    /// None yet.
    pub fn new(models: Vec<ModelShape>, bands: Vec<BandName>) -> Self {
        Samples { models, bands, ..Samples::default() }
    }

    /// Adds an account; `churned_on` is the day its last contract ended, as far as is known now.
    pub fn account(&mut self, external_id: &str, name: &str, churned_on: Option<NaiveDate>) -> u32 {
        self.accounts.push(Followed { external_id: external_id.into(), name: name.into(), churned_on });
        (self.accounts.len() - 1) as u32
    }

    /// Adds a day of the account added last, later than its other days. `leaves` are the scores of its model's
    /// measures in their order.
    pub fn push(&mut self, mut sample: Sample, leaves: impl Iterator<Item = Option<f64>>) {
        sample.first_leaf = self.leaves.len() as u32;
        self.leaves.extend(leaves.map(|leaf| leaf.map_or(f32::NAN, |score| score as f32)));
        self.days.push(sample);
    }

    /// The account-days.
    pub fn days(&self) -> &[Sample] {
        &self.days
    }

    /// The bands, best first.
    pub fn bands(&self) -> &[BandName] {
        &self.bands
    }

    /// The score of a measure of the sample's model; none without data.
    pub(super) fn leaf(&self, sample: &Sample, at: usize) -> Option<f64> {
        let leaf = self.leaves.get(sample.first_leaf as usize + at)?;
        leaf.is_finite().then(|| f64::from(*leaf))
    }

    pub(super) fn followed(&self, account: u32) -> Option<&Followed> {
        self.accounts.get(account as usize)
    }

    /// How many different accounts have a day like this.
    pub(super) fn accounts_among(&self, like: impl Fn(&Sample) -> bool) -> usize {
        distinct(self.days.iter().filter(|sample| like(sample)).map(|sample| sample.account))
    }
}

/// How many different accounts there are in a list that is sorted by account.
pub(super) fn distinct(accounts: impl Iterator<Item = u32>) -> usize {
    let mut last = None;
    accounts.filter(|account| last.replace(*account) != Some(*account)).count()
}
