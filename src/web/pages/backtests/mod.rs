//! `/studio/backtests`: scores of the past held against what happened.

pub mod days;
mod figures;
pub mod list;
pub mod new;
pub mod show;
mod weights;

use crate::db::jobs::JobState;
use crate::domain::backtest::Settings;
use crate::web::ui::shell::Room;
use crate::web::ui::{Tone, format};

/// Where they are.
const HERE: &str = "/studio/backtests";
/// The room of the rail they belong to.
const ROOM: Room = Room::Settings;

fn href(id: uuid::Uuid) -> String {
    format!("{HERE}/{id}")
}

/// A state in a word, and how it looks.
fn state(state: JobState) -> (Tone, &'static str) {
    match state {
        JobState::Waiting => (Tone::None, "Waiting"),
        JobState::Running => (Tone::Watch, "Running"),
        JobState::Done => (Tone::Good, "Done"),
        JobState::Failed => (Tone::Critical, "Failed"),
        JobState::Cancelled => (Tone::None, "Stopped"),
    }
}

/// `1 Mar 2026 to 15 Dec 2026, weekly, 90 days ahead`.
fn period(settings: &Settings) -> String {
    let step = match settings.step_days {
        1 => "every day".to_owned(),
        7 => "weekly".to_owned(),
        days => format!("every {days} days"),
    };
    let (from, to) = (format::date(settings.from), format::date(settings.to));
    format!("{from} to {to}, {step}, {} days ahead", settings.horizon_days)
}
