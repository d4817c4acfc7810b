//! A stored score with the reason for each of its points, derived again from the readings it was made from.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Result;
use crate::app::methodology::{InForce, Tone};
use crate::db::scores::Score;
use crate::db::{self, TenantScope};
use crate::domain::health::{Explained, Model, Readings};
use crate::web::Web;
use crate::web::api::common::{self, Figure};
use crate::web::api::overrides::OverrideDetail;

/// The score and why it is what it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// 0 to 100; null when none of its measures has data.
    #[schema(example = 73.0)]
    pub score: Option<f64>,
    /// Band id, after caps.
    #[schema(example = "yellow")]
    pub band: Option<String>,
    /// `good`, `watch`, `risk` or `critical`; null for a good band that rests on old or thin data.
    #[schema(example = "watch")]
    pub tone: Option<String>,
    /// Share of the model's weight that has data, 0 to 1.
    #[schema(example = 0.92)]
    pub coverage: f64,
    /// Whether it rests on old or thin data and must not be taken for healthy.
    pub stale: bool,
    /// Whether score or band were set by hand; `model_score`, `model_band` and the tree say what the readings give.
    pub overridden: bool,
    /// What the model says, whatever was set by hand.
    #[schema(example = 73.0)]
    pub model_score: Option<f64>,
    /// The band the model says, after caps.
    #[schema(example = "yellow")]
    pub model_band: Option<String>,
    /// What was set by hand; null where nothing was.
    pub set_by_hand: Option<OverrideDetail>,
    /// The model that gives it; null when the condition of none held.
    #[schema(example = "overall")]
    pub model: Option<String>,
    /// Version of the methodology it was made with.
    #[schema(example = 3)]
    pub version: i32,
    /// The day it is about.
    pub as_of: NaiveDate,
    /// When it was worked out.
    pub computed_at: Option<DateTime<Utc>>,
    /// What would be said of that day by what became known since; null when nothing changed it.
    pub corrected: Option<Corrected>,
    /// The score by every model of the methodology, in its order.
    pub models: Vec<ModelScore>,
    /// The model's components; the `points_gained` of the leaves add up to the score before rounding.
    pub tree: Vec<HealthNode>,
    /// Conditions that hold the band down.
    pub caps: Vec<Cap>,
}

/// A past score as it would have been, had data come in time. What was said stays in `score`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Corrected {
    /// 0 to 100.
    #[schema(example = 61.0)]
    pub score: Option<f64>,
    /// Band id.
    #[schema(example = "yellow")]
    pub band: Option<String>,
    /// The day on which the last of that data arrived.
    pub known_on: NaiveDate,
}

/// The score by one model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelScore {
    /// Its id.
    #[schema(example = "overall")]
    pub id: String,
    /// Its name.
    #[schema(example = "Health score")]
    pub name: String,
    /// 0 to 100; null when none of its measures has data.
    #[schema(example = 73.0)]
    pub score: Option<f64>,
    /// Share of its weight that has data, 0 to 1.
    #[schema(example = 0.92)]
    pub coverage: f64,
    /// Whether it rests on old or thin data.
    pub stale: bool,
    /// Whether it gives the account's health.
    pub is_primary: bool,
}

/// A component or measure of the model.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthNode {
    /// Its id.
    pub id: String,
    /// Its name.
    #[schema(example = "Product usage")]
    pub name: String,
    /// Share of the whole model it should have, 0 to 1.
    #[schema(example = 0.3)]
    pub weight_asked: f64,
    /// Share it has after siblings without data left theirs; 0 without data.
    #[schema(example = 0.35)]
    pub weight_given: f64,
    /// 0 to 100; null without data.
    #[schema(example = 64.0)]
    pub score: Option<f64>,
    /// Points of the account's score that come from it.
    #[schema(example = 22.4)]
    pub points_gained: f64,
    /// Points it could still give.
    #[schema(example = 12.6)]
    pub points_lost: f64,
    /// Whether data under it is older than it may be.
    pub stale: bool,
    /// What was read, for a measure.
    pub reading: Option<Reading>,
    /// What it consists of, for a component.
    #[schema(no_recursion)]
    pub children: Vec<HealthNode>,
}

/// What a measure read.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reading {
    /// The figure; null without data.
    pub value: Option<Figure>,
    /// Day of the newest data behind it.
    pub as_of: Option<NaiveDate>,
    /// Whether that data is older than it may be.
    pub stale: bool,
    /// How it is read, as the methodology says.
    #[schema(example = "sum(logins, 30)")]
    pub expression: String,
}

/// A condition that holds the band down.
#[derive(Debug, Serialize, ToSchema)]
pub struct Cap {
    /// Why, in the methodology's words.
    pub why: String,
    /// The best band it allows.
    pub at_most: String,
    /// Whether it made the band worse than the score alone would.
    pub lowered: bool,
}

impl Health {
    /// A stored score, explained by the version it was made with.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) async fn of(web: &Web, scope: &TenantScope, external_id: &str, score: Score) -> Result<Self> {
        let mut tx = web.app.db.read(scope).await?;
        let set = db::overrides::between(&mut tx, &[score.account_id], score.day, score.day).await?.pop();
        drop(tx);
        let in_force = web.app.methodology_version(scope, score.version).await?;
        let readings = in_force.as_deref().and_then(|m| score.readings(&m.methodology));
        let explained = in_force.as_deref().zip(readings.as_ref());
        let explained = explained.map(|(m, readings)| (m, readings, m.methodology.explain(readings)));
        let computed_at = score.computed_at();
        let mut tx = web.app.db.read(scope).await?;
        let corrected =
            db::corrections::of_account(&mut tx, score.account_id, score.day, score.day).await?.pop();
        drop(tx);
        let mut health = Health {
            tone: in_force
                .as_deref()
                .and_then(|m| m.tone_of(score.band.as_deref()?))
                .filter(|tone| !(score.stale && *tone == Tone::Good))
                .map(|tone| tone.word().to_owned()),
            score: score.score,
            band: score.band,
            coverage: common::six_decimals(f64::from(score.coverage)),
            stale: score.stale,
            overridden: false,
            model_score: score.score,
            model_band: None,
            set_by_hand: set.map(|set| OverrideDetail::of(set, external_id, scope.currency())),
            computed_at,
            model: score.model,
            version: score.version,
            as_of: score.day,
            models: Vec::new(),
            corrected: corrected.map(|one| Corrected {
                score: one.score,
                band: one.band,
                known_on: one.known_on,
            }),
            tree: Vec::new(),
            caps: Vec::new(),
        };
        if let Some((in_force, readings, explained)) = &explained {
            health.overridden = explained.is_set();
            health.model_score = explained.computed;
            let bands = &in_force.methodology.health.bands;
            health.model_band = explained.band_computed.map(|at| bands[at].id.to_string());
            health.caps = caps(in_force, explained);
            health.models = models(in_force, explained);
            if let Some(model) = explained.primary {
                health.coverage = explained.models[model].coverage;
                health.tree = branch(in_force, readings, explained, model, None);
            }
        }
        Ok(health)
    }
}

fn models(in_force: &InForce, explained: &Explained) -> Vec<ModelScore> {
    let named = in_force.methodology.health.models.iter().zip(&explained.models).enumerate();
    let model = |(at, (model, score)): (usize, (&Model, &crate::domain::health::ModelScore))| ModelScore {
        id: model.id.to_string(),
        name: model.name.to_string(),
        score: score.rounded,
        coverage: score.coverage,
        stale: score.stale(),
        is_primary: explained.primary == Some(at),
    };
    named.map(model).collect()
}

fn caps(in_force: &InForce, explained: &Explained) -> Vec<Cap> {
    let bands = &in_force.methodology.health.bands;
    let cap = |held: &crate::domain::health::CapHeld| Cap {
        why: held.why.to_string(),
        at_most: bands[held.at_most].id.to_string(),
        lowered: held.lowered,
    };
    explained.caps.iter().map(cap).collect()
}

/// The nodes below one; the model holds them as a list in which each names its parent.
fn branch(
    in_force: &InForce,
    readings: &Readings,
    explained: &Explained,
    model: usize,
    parent: Option<u16>,
) -> Vec<HealthNode> {
    let health = &in_force.methodology.health;
    let nodes = health.models[model].nodes.iter().zip(&explained.models[model].nodes).enumerate();
    nodes
        .filter(|(_, (node, _))| node.parent == parent)
        .map(|(at, (node, score))| HealthNode {
            id: node.id.to_string(),
            name: node.name.to_string(),
            weight_asked: common::six_decimals(score.asked),
            weight_given: common::six_decimals(score.given),
            score: score.score.map(common::six_decimals),
            points_gained: common::six_decimals(score.gained),
            points_lost: common::six_decimals(score.lost),
            stale: score.stale,
            reading: node.indicator.map(|position| {
                let indicator = &health.indicators[position];
                let read = readings.of.get(position, &indicator.id);
                Reading {
                    value: read.and_then(|r| Figure::of(&r.value)),
                    as_of: read.and_then(|r| r.date),
                    stale: read.is_some_and(|r| r.stale),
                    expression: indicator.value.text().to_owned(),
                }
            }),
            children: u16::try_from(at)
                .map(|at| branch(in_force, readings, explained, model, Some(at)))
                .unwrap_or_default(),
        })
        .collect()
}
