//! What is stored of an evaluation: the score of a day, the state that lists read, the model's word on an override.

use super::facts::AccountData;
use super::standing::Standing;
use super::why;
use crate::app::methodology::{InForce, Tone};
use crate::db::overrides::{Heard, Override};
use crate::db::scores::{Score, State};
use crate::domain::health::{Kept, ModelScore};
use crate::domain::judgement;
use crate::domain::methodology::Evaluation;

/// What is stored of an account's day; nothing while the methodology has no model.
pub(super) fn score_of(
    in_force: &InForce,
    data: &AccountData<'_>,
    evaluation: &Evaluation,
    standing: &Standing,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<Score> {
    let health = &evaluation.health;
    let text = |id: &Option<crate::domain::Id>| id.as_deref().map(str::to_owned);
    let primary = health.primary.and_then(|at| health.models.get(at));
    (!health.models.is_empty()).then(|| Score {
        account_id: data.row.id,
        day: evaluation.as_of,
        version: in_force.version,
        model: primary.map(|model| model.id.to_string()),
        score: health.health,
        band: text(&evaluation.band),
        coverage: primary.map_or(0.0, |model| model.coverage as f32),
        stale: primary.is_none_or(ModelScore::stale),
        segment: text(&evaluation.segment),
        arr_base_minor: standing.arr_base.map(|money| money.minor),
        renewal_date: standing.renewal,
        kept: Kept::of(&evaluation.readings, now),
    })
}

/// What the model says of an account that a person has set, and whether it agrees with them.
pub(super) fn hear(in_force: &InForce, set: &Override, evaluation: &Evaluation) -> Heard {
    let (health, said) = (&in_force.methodology.health, &evaluation.health);
    let person = said.band_set.or_else(|| health.band_of(health.rounded(set.score?)));
    let band = |at: usize| health.bands.get(at).map(|band| band.id.to_string());
    Heard {
        id: set.id,
        score: said.computed,
        band: said.band_computed.and_then(band),
        agrees: judgement::agrees(set.score, person, said.computed.map(|score| (score, said.band_computed))),
    }
}

pub(super) fn state_of(
    in_force: &InForce,
    data: &AccountData<'_>,
    evaluation: &Evaluation,
    standing: &Standing,
    before: Option<&Score>,
) -> State {
    let primary = evaluation.health.primary.and_then(|at| evaluation.health.models.get(at));
    let stale = primary.is_none_or(ModelScore::stale);
    // Who has left has no health any more; the last score stays in the history.
    let in_business = standing.churned_on.is_none();
    let text = |id: &Option<crate::domain::Id>| id.as_deref().map(str::to_owned);
    State {
        account_id: data.row.id,
        day: evaluation.as_of,
        segment: text(&evaluation.segment_by_rule),
        stage: text(&evaluation.stage),
        stage_day: evaluation.day.and_then(|day| i32::try_from(day).ok()),
        model: primary.map(|model| model.id.to_string()),
        score: evaluation.health.health.filter(|_| in_business),
        band: text(&evaluation.band).filter(|_| in_business),
        // Old or thin data never looks healthy, not even where a person says that it is.
        tone: evaluation
            .health
            .band
            .filter(|_| in_business)
            .map(|band| in_force.tone(band))
            .filter(|tone| !(stale && *tone == Tone::Good))
            .map(|tone| tone.word().to_owned()),
        coverage: primary.map_or(0.0, |model| model.coverage),
        stale,
        score_before: before.and_then(|b| b.score),
        band_before: before.and_then(|b| b.band.clone()),
        before_day: before.map(|b| b.day),
        why: match standing.churned_on {
            Some(day) => format!("The last contract ended on {day}."),
            None => why::line(in_force, evaluation, before),
        },
        arr_minor: standing.arr.minor,
        currency: standing.arr.currency.code().to_owned(),
        arr_base_minor: standing.arr_base.map(|money| money.minor),
        renewal_date: standing.renewal,
        renewal_open: evaluation.renewal.as_ref().is_some_and(|renewal| renewal.open),
        strategy: evaluation.renewal.as_ref().and_then(|renewal| text(&renewal.strategy)),
        churned_on: standing.churned_on,
    }
}
