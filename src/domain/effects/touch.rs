//! Touchpoints: always the next one ahead. Most are kept with an account; internal ones concern the company alone.

use chrono::NaiveDate;

use super::{BookedTouch, Effect};
use crate::domain::calendar::{Period, occurrences};
use crate::domain::pack::schema::{File, Touchpoint, TouchpointKind};

/// What is to be done on a day so that each internal touchpoint has its next date: stand-ups, trainings, planning.
/// They count from `start`, the day the company's first methodology came into force.
pub fn cadences(file: &File, start: NaiveDate, planned: &[BookedTouch], today: NaiveDate) -> Vec<Effect> {
    let serves = |touchpoint: &Touchpoint| touchpoint.kind == TouchpointKind::Internal;
    let mut effects = Vec::new();
    Touch { touchpoints: &file.touchpoints, serves, start: Some(start) }.settle(planned, today, &mut effects);
    effects
}

/// The touchpoints of one account, or of the company.
pub(super) struct Touch<'a, F> {
    /// Of the file, where effects name them by their position.
    pub touchpoints: &'a [Touchpoint],
    /// Which of them are kept here.
    pub serves: F,
    /// The day they count from; without one there are none.
    pub start: Option<NaiveDate>,
}

impl<F: Fn(&Touchpoint) -> bool> Touch<'_, F> {
    /// Plans what comes next, ends what is no longer due, and lets go of what its successor has overtaken.
    pub fn settle(&self, planned: &[BookedTouch], today: NaiveDate, effects: &mut Vec<Effect>) {
        for touch in planned.iter().filter(|touch| touch.open) {
            let known = self.touchpoints.iter().find(|t| *t.id == *touch.touchpoint);
            if touch.due >= today {
                if known.and_then(|known| self.next(known, today)) != Some(touch.due) {
                    effects.push(Effect::Untouch { task: touch.task });
                }
            } else if known
                .and_then(|known| self.next(known, touch.due.succ_opt()?))
                .is_some_and(|following| following <= today)
            {
                effects.push(Effect::Lapse { task: touch.task });
            }
        }
        for (at, touchpoint) in self.touchpoints.iter().enumerate() {
            let Some(due) = self.next(touchpoint, today) else { continue };
            if !planned.iter().any(|touch| *touch.touchpoint == *touchpoint.id && touch.due == due) {
                effects.push(Effect::Touch { touchpoint: at, due });
            }
        }
    }

    /// The first day of a touchpoint from a day on.
    fn next(&self, touchpoint: &Touchpoint, from: NaiveDate) -> Option<NaiveDate> {
        let every = touchpoint.every.parse::<Period>().ok().filter(|_| (self.serves)(touchpoint))?;
        let until = touchpoint.until.as_ref().and_then(|until| until.parse().ok());
        occurrences(self.start?, every, until).find(|day| *day >= from)
    }
}
