//! Items of pipelines as they are answered.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::methodology::InForce;
use crate::app::pipelines::standing;
use crate::db::pipelines::{Item, Moved, Tick};
use crate::domain::pipeline::Place;
use crate::web::api::common::Owner;

/// An amount of money in whole minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PipelineAmount {
    /// Minor units: cents of a dollar.
    #[schema(example = 1_200_000)]
    pub minor: i64,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
}

/// A thing of the methodology by id and name. The name is the one of when the item came there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PipelineName {
    /// Its id.
    #[schema(example = "qualify")]
    pub id: String,
    /// Its name.
    #[schema(example = "Qualify")]
    pub name: String,
}

/// An item of a pipeline: an opportunity, a feature request and the like.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineItem {
    /// Its id.
    pub id: Uuid,
    /// The account, by its identity in your own systems.
    #[schema(example = "acme")]
    pub account: String,
    /// What it is, as the methodology calls it.
    #[schema(example = "opportunity")]
    pub subject: String,
    /// Its pipeline; null for one without steps.
    pub pipeline: Option<PipelineName>,
    /// The step it is at, or was at when it was closed.
    pub step: Option<PipelineName>,
    /// Since which day it is there.
    pub entered_on: NaiveDate,
    /// What it is called.
    #[schema(example = "Seats for the new plant")]
    pub title: String,
    /// Its justification, or what made the rule true that opened it.
    pub why: String,
    /// What it would sell.
    pub offer: Option<PipelineName>,
    /// What it is worth.
    pub amount: Option<PipelineAmount>,
    /// Who looks after it.
    pub owner: Option<Owner>,
    /// `open`, `won` or `lost`. Of what is no sale, won means done and lost dropped.
    #[schema(example = "open")]
    pub state: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// By whom.
    pub opened_by: String,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub closed_by: Option<String>,
    /// Why; may be empty.
    pub close_reason: String,
    /// The rule that opened it.
    pub rule: Option<String>,
    /// Its alert.
    pub alert: Option<Uuid>,
    /// Counts changes; give it with a change, so that it overwrites nothing you have not seen.
    pub revision: i32,
}

impl PipelineItem {
    /// As it is answered.
    pub fn of(item: Item) -> Self {
        let named = |id: Option<String>, name: String| id.map(|id| PipelineName { id, name });
        PipelineItem {
            id: item.id,
            account: item.external_id,
            subject: item.subject,
            pipeline: named(item.pipeline, item.pipeline_name),
            step: named(item.step, item.step_name),
            entered_on: item.entered_on,
            title: item.title,
            why: item.why,
            offer: named(item.offer, item.offer_name),
            amount: item
                .amount_minor
                .zip(item.currency)
                .map(|(minor, currency)| PipelineAmount { minor, currency }),
            owner: item.owner_name.zip(item.owner_email).map(|(name, email)| Owner { name, email }),
            state: item.state,
            opened_at: item.opened_at,
            opened_by: item.opened_by,
            closed_at: item.closed_at,
            closed_by: item.closed_by,
            close_reason: item.close_reason,
            rule: item.rule,
            alert: item.alert_id,
            revision: item.revision,
        }
    }
}

/// A check of the step an item is at.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineCheck {
    /// What must be so before the item goes on.
    #[schema(example = "Money is set aside")]
    pub check: String,
    /// Whether it is ticked.
    pub ticked: bool,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

/// Something that became of an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineMove {
    /// `opened`, `advanced`, `back`, `moved` (out of a step that is gone, or to another pipeline), `won`, `lost` or
    /// `reopened`.
    #[schema(example = "advanced")]
    pub what: String,
    /// The name of the step it left; may be empty.
    pub from: String,
    /// The name of the step it came to; may be empty.
    pub to: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Your company's day.
    pub on: NaiveDate,
    /// By whom.
    pub by: String,
    /// Whether it was against unticked checks.
    pub forced: bool,
    /// Those.
    pub missing: Vec<String>,
    /// Why; may be empty.
    pub reason: String,
}

/// An item with the checks of its step and all that became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineItemDetail {
    /// The item.
    #[serde(flatten)]
    pub item: PipelineItem,
    /// Whether the methodology in force still has its step; true for one without steps.
    pub step_exists: bool,
    /// The checks of its step, in order.
    pub checks: Vec<PipelineCheck>,
    /// What became of it, oldest first.
    pub moves: Vec<PipelineMove>,
}

impl PipelineItemDetail {
    /// As it is answered.
    pub fn of(in_force: Option<&InForce>, item: Item, ticks: &[Tick], moves: Vec<Moved>) -> Self {
        let pipelines = in_force.map_or(&[][..], |in_force| &in_force.file.pipelines);
        let place = Place::of(pipelines, standing(&item));
        let checks = match (place, place.step()) {
            (Place::At(pipeline, _), Some(step)) => step
                .checks
                .iter()
                .map(|check| {
                    let is = |t: &&Tick| {
                        t.pipeline == *pipeline.id && t.step == *step.id && t.check_text == **check
                    };
                    let tick = ticks.iter().find(is);
                    PipelineCheck {
                        check: check.to_string(),
                        ticked: tick.is_some(),
                        by: tick.map(|tick| tick.ticked_by.clone()),
                        at: tick.map(|tick| tick.ticked_at),
                    }
                })
                .collect(),
            _ => Vec::new(),
        };
        let moves = moves.into_iter().rev().map(|moved| PipelineMove {
            what: moved.what,
            from: moved.from_step,
            to: moved.to_step,
            at: moved.at,
            on: moved.on_day,
            by: moved.actor,
            forced: moved.forced,
            missing: moved.missing,
            reason: moved.reason,
        });
        PipelineItemDetail {
            step_exists: matches!(place, Place::Plain | Place::At(..)),
            checks,
            moves: moves.collect(),
            item: PipelineItem::of(item),
        }
    }
}
