//! `/settings/methodology`: the pack in force, to read.

use askama::Template;

use super::SettingsNav;
use crate::web::ui::charts::CurveDot;
use crate::web::ui::{Shell, Tone, filters};

/// Segments, stages, bands, the health model as a tree, renewal milestones.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/methodology.html")]
pub struct MethodologyPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Name and version of the pack.
    pub name: String,
    /// What it is, in a sentence.
    pub summary: String,
    /// `techcorp 1.0, loaded 12 Jan 2026`.
    pub version: String,
    /// (name, condition in words, coverage, accounts in it).
    pub segments: Vec<(String, String, String, String)>,
    /// (name, days, accounts in it).
    pub stages: Vec<(String, String, String)>,
    /// (tone, name, range, what to do).
    pub bands: Vec<(Tone, String, String, String)>,
    /// The model's name and version.
    pub model: String,
    /// Its components.
    pub components: Vec<ModelComponent>,
    /// What holds a band down: (condition, effect).
    pub caps: Vec<(String, String)>,
    /// (code, title, when).
    pub milestones: Vec<(String, String, String)>,
}

/// A component of the model.
#[derive(Clone, Debug)]
pub struct ModelComponent {
    /// Its name.
    pub name: String,
    /// `30 %`.
    pub weight: String,
    /// What lies below it.
    pub measures: Vec<ModelMeasure>,
}

/// A measure of the model.
#[derive(Clone, Debug)]
pub struct ModelMeasure {
    /// Its name.
    pub name: String,
    /// The reading: `active_users, mean of 30 days`.
    pub reading: String,
    /// Its share of the component.
    pub weight: String,
    /// The curve, without a dot.
    pub curve: CurveDot,
    /// The curve in words: `0 at 0, 100 from 60 on`.
    pub curve_text: String,
    /// What happens without data.
    pub missing: String,
}
