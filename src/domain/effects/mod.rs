//! What follows from what is true of an account: the pure half of acting.
//!
//! [`follow`] holds an evaluation against a [`Book`], what is already under way, and says what is to be done. It
//! decides nothing twice: whatever it asks for is in the book the next time.

mod book;
mod touch;

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};

pub use book::{Book, BookedAlert, BookedPlay, BookedTouch, Cause, Effect, Ending};
pub use touch::cadences;

use super::calendar::Period;
use super::facts::Facts;
use super::methodology::{Evaluation, Methodology};
use super::pack::schema::{Anchor, Cadence, File, Touchpoint, TouchpointKind};
use touch::Touch;

/// Days a playbook that began before the account was first seen may be over and still be started.
const GRACE_DAYS: i64 = 14;

/// What is looked at together.
struct Look<'a> {
    methodology: &'a Methodology,
    file: &'a File,
    facts: &'a Facts,
    now: &'a Evaluation,
    book: &'a Book,
    at: DateTime<Utc>,
}

/// What is to be done for an account that has left.
pub fn depart(book: &Book) -> Vec<Effect> {
    let idle =
        book.alerts.is_empty() && book.plays.is_empty() && book.touches.iter().all(|touch| !touch.open);
    if idle { Vec::new() } else { vec![Effect::Depart] }
}

/// What is to be done for an account on the day it was evaluated for; `at` is the moment, for delays in hours.
pub fn follow(
    methodology: &Methodology,
    file: &File,
    facts: &Facts,
    evaluation: &Evaluation,
    book: &Book,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let look = Look { methodology, file, facts, now: evaluation, book, at };
    let mut effects = Vec::new();
    look.stages(&mut effects);
    look.ahead(&mut effects);
    look.changes(&mut effects);
    look.rules(&mut effects);
    look.renewal(&mut effects);
    look.plays(&mut effects);
    look.touchpoints(&mut effects);
    effects
}

/// The day a base stage began by the calendar.
pub fn entered_on(methodology: &Methodology, facts: &Facts, stage: usize) -> Option<NaiveDate> {
    let super::lifecycle::StageSpan::Days(from, _) = methodology.lifecycle.stages.get(stage)?.span else {
        return None;
    };
    super::calendar::add_days(facts.start_date?, from - methodology.lifecycle.first_day)
}

impl Look<'_> {
    fn stages(&self, effects: &mut Vec<Effect>) {
        let stages = &self.methodology.lifecycle.stages;
        let position = |id: &str| stages.iter().position(|stage| *stage.id == *id);
        let base = self.now.stage.as_deref();
        if base != self.book.stage.as_deref() {
            if let Some(left) = &self.book.stage {
                effects.push(Effect::LeaveStage { stage: left.clone() });
            }
            if let Some(stage) = base.and_then(position) {
                // A stage set by hand is entered today; the calendar's began when it began.
                let by_calendar = entered_on(self.methodology, self.facts, stage)
                    .filter(|on| self.facts.stage_pin.is_none() && *on <= self.now.as_of);
                let on = by_calendar.unwrap_or(self.now.as_of);
                self.enter(stage, on, self.book.stage.is_none(), effects);
            }
        }
        for left in &self.book.overlays {
            if !self.now.overlays.iter().any(|id| **id == **left) {
                effects.push(Effect::LeaveStage { stage: left.clone() });
            }
        }
        for entered in &self.now.overlays {
            if !self.book.overlays.iter().any(|id| **id == **entered)
                && let Some(stage) = position(entered)
            {
                self.enter(stage, self.now.as_of, false, effects);
            }
        }
    }

    fn enter(&self, stage: usize, on: NaiveDate, first_seen: bool, effects: &mut Vec<Effect>) {
        effects.push(Effect::EnterStage { stage, on });
        let Some(stage) = self.file.lifecycle.as_ref().and_then(|l| l.stages.get(stage)) else { return };
        for id in stage.playbooks.iter() {
            let Some(playbook) = self.playbook(id) else { continue };
            let Some(anchor) = self.anchor(playbook, on) else { continue };
            let over = || {
                let plan = self.methodology.playbooks[playbook].plan(anchor, None);
                let last = plan.iter().filter_map(|task| task.planned).max();
                last.is_some_and(|last| (self.now.as_of - last).num_days() > GRACE_DAYS)
            };
            // What was long over when the account was first seen is not begun now.
            if first_seen && over() {
                continue;
            }
            self.begin(playbook, anchor, &format!("stage:{}:", stage.id), &format!("{on}:{id}"), effects);
        }
    }

    /// Playbooks of the first stage with tasks ahead of an account's start, such as the week before a kickoff, begin
    /// as soon as the account is known; the others when the stage is entered.
    fn ahead(&self, effects: &mut Vec<Effect>) {
        use super::lifecycle::StageSpan;
        let start = self.facts.start_date.filter(|start| *start > self.now.as_of && self.now.stage.is_none());
        let Some(start) = start else { return };
        let from = |stage: &super::lifecycle::Stage| match stage.span {
            StageSpan::Days(from, _) => Some(from),
            StageSpan::Overlay(_) => None,
        };
        let stages = self.methodology.lifecycle.stages.iter().enumerate();
        let first = stages.filter_map(|(at, stage)| Some((from(stage)?, at))).min();
        let file = self.file.lifecycle.as_ref();
        let Some((at, stage)) = first.and_then(|(_, at)| Some((at, file?.stages.get(at)?))) else { return };
        let Some(on) = entered_on(self.methodology, self.facts, at) else { return };
        for id in stage.playbooks.iter() {
            let Some(playbook) = self.playbook(id) else { continue };
            let counts_from_start =
                self.file.playbooks.get(playbook).is_some_and(|p| p.anchor == Anchor::Start);
            let plan = self.methodology.playbooks[playbook].plan(start, None);
            if counts_from_start && plan.iter().any(|task| task.planned.is_some_and(|day| day < start)) {
                self.begin(playbook, start, &format!("stage:{}:", stage.id), &format!("{on}:{id}"), effects);
            }
        }
    }

    /// Starts a stage's playbook; one that was begun ahead of a start that has moved since moves along.
    fn begin(&self, playbook: usize, anchor: NaiveDate, stage: &str, rest: &str, effects: &mut Vec<Effect>) {
        let once = format!("{stage}{rest}");
        let id = &self.methodology.playbooks[playbook].id;
        let moved = self.book.plays.iter().find(|play| {
            *play.playbook == **id
                && play.once.starts_with(stage)
                && play.once != once
                && play.anchor > self.now.as_of
        });
        match moved {
            Some(play) => effects.push(Effect::Move { play: play.id, playbook, anchor, once }),
            None => self.start(playbook, anchor, Cause::Stage, once, effects),
        }
    }

    fn start(
        &self,
        playbook: usize,
        anchor: NaiveDate,
        cause: Cause,
        once: String,
        effects: &mut Vec<Effect>,
    ) {
        if !self.book.started.contains(&once) {
            effects.push(Effect::Start { playbook, anchor, cause, once });
        }
    }

    fn playbook(&self, id: &str) -> Option<usize> {
        self.methodology.playbooks.iter().position(|playbook| *playbook.id == *id)
    }

    /// The day a playbook's days count from when it is started because of something on `on`.
    fn anchor(&self, playbook: usize, on: NaiveDate) -> Option<NaiveDate> {
        match self.file.playbooks.get(playbook)?.anchor {
            Anchor::Start => Some(self.facts.start_date.unwrap_or(on)),
            Anchor::StageEntry => Some(on),
            Anchor::Renewal => Some(self.now.renewal.as_ref()?.date),
            Anchor::Trigger => Some(self.now.as_of),
        }
    }

    fn changes(&self, effects: &mut Vec<Effect>) {
        let segment = self.now.segment.as_deref();
        if segment != self.book.segment.as_deref() {
            effects.push(Effect::ChangeSegment { from: self.book.segment.clone() });
        }
        if let (Some(from), Some(to)) = (&self.book.band, &self.now.band)
            && **from != **to
        {
            effects.push(Effect::ChangeBand { from: from.clone() });
        }
        for moment in &self.now.moments {
            let known = self.book.moments.iter().any(|id| **id == **moment);
            let position = self.methodology.lifecycle.moments.iter().position(|m| m.id == *moment);
            if let (false, Some(moment)) = (known, position) {
                effects.push(Effect::ReachMoment { moment });
            }
        }
    }

    fn rules(&self, effects: &mut Vec<Effect>) {
        for alert in &self.book.alerts {
            let Some(rule) = self.methodology.rules.iter().position(|rule| *rule.id == *alert.rule) else {
                if !alert.rule_gone {
                    effects.push(Effect::Orphan { alert: alert.id });
                }
                continue;
            };
            let Some(firing) = self.now.rules.iter().find(|firing| firing.rule == rule) else {
                effects.push(Effect::Clear { alert: alert.id, open: alert.open });
                continue;
            };
            if !alert.open {
                continue;
            }
            let is_due = |at: &usize| {
                let after = self.methodology.rules[rule].escalate[*at].after;
                after.is_some_and(|after| self.is_over(alert.opened_at, after))
            };
            let later = firing
                .later
                .iter()
                .copied()
                .filter(is_due)
                .map(|at| &self.methodology.rules[rule].escalate[at].to);
            for role in firing.escalate.iter().chain(later) {
                if !alert.escalated.iter().any(|told| **told == **role) {
                    effects.push(Effect::Escalate { alert: alert.id, rule, role: role.to_string() });
                }
            }
        }
        for firing in &self.now.rules {
            let known = self.book.alerts.iter().any(|alert| *alert.rule == *firing.id)
                || self.book.opened_today.iter().any(|rule| **rule == *firing.id);
            if !known && self.is_looked_at(self.file.rules[firing.rule].cadence) {
                effects.push(Effect::Propose { rule: firing.rule });
            }
        }
    }

    fn is_over(&self, since: DateTime<Utc>, period: Period) -> bool {
        match period {
            Period::Minutes(n) => (self.at - since).num_minutes() >= i64::from(n),
            days => days.after(since.date_naive(), 1).is_some_and(|due| due <= self.now.as_of),
        }
    }

    /// Whether a rule of a cadence has its turn: a Monday, the first of a month or quarter has come since the account
    /// was last acted upon.
    fn is_looked_at(&self, cadence: Cadence) -> bool {
        let today = self.now.as_of;
        let slot = match cadence {
            Cadence::Daily => return true,
            Cadence::Weekly => today.week(Weekday::Mon).first_day(),
            Cadence::Monthly => today.with_day(1).unwrap_or(today),
            Cadence::Quarterly => {
                let month = today.month0() / 3 * 3;
                today.with_day(1).and_then(|day| day.with_month0(month)).unwrap_or(today)
            }
        };
        self.book.acted_on.map_or(slot == today, |last| last < slot)
    }

    fn renewal(&self, effects: &mut Vec<Effect>) {
        let Some(renewal) = self.now.renewal.as_ref().filter(|renewal| renewal.open) else { return };
        let Some(timeline) = renewal
            .timeline
            .as_ref()
            .and_then(|id| self.methodology.renewals.iter().find(|timeline| timeline.id == *id))
        else {
            return;
        };
        let once = format!("renewal:{}", renewal.date);
        // A renewal that was moved takes its play along; one that has passed is another renewal.
        let moved = self.book.plays.iter().find(|play| {
            play.once.starts_with("renewal:") && play.once != once && play.anchor > self.now.as_of
        });
        match moved {
            Some(play) => effects.push(Effect::Move {
                play: play.id,
                playbook: timeline.playbook,
                anchor: renewal.date,
                once,
            }),
            None => self.start(timeline.playbook, renewal.date, Cause::Renewal, once, effects),
        }
    }

    fn plays(&self, effects: &mut Vec<Effect>) {
        for play in &self.book.plays {
            let Some(playbook) = self.playbook(&play.playbook) else {
                if !play.playbook_gone {
                    effects.push(Effect::Abandon { play: play.id });
                }
                continue;
            };
            let by_data = self.methodology.playbooks[playbook].goal_when.is_some();
            let progress = (by_data || !play.by_data.is_empty())
                .then(|| self.methodology.progress(self.facts, playbook));
            let mut open = play.open_tasks;
            for (position, task) in &play.by_data {
                if progress.as_ref().is_some_and(|p| p.done.get(*position) == Some(&true)) {
                    effects.push(Effect::Tick { task: *task, play: play.id });
                    open -= 1;
                }
            }
            if play.paused {
                continue;
            }
            let reached = progress.and_then(|p| p.goal);
            let late = play.ends_on.is_some_and(|end| end < self.now.as_of);
            let ending = match reached {
                Some(true) => Some(Ending::Reached),
                Some(false) if late => Some(Ending::Missed),
                None if open == 0 => Some(Ending::Done),
                _ => None,
            };
            if let Some(ending) = ending {
                effects.push(Effect::End { play: play.id, ending });
            }
        }
    }

    /// The next of each touchpoint that the account's segment asks for.
    fn touchpoints(&self, effects: &mut Vec<Effect>) {
        let serves = |touchpoint: &Touchpoint| {
            touchpoint.kind != TouchpointKind::Internal
                && (touchpoint.segments.is_empty()
                    || touchpoint.segments.iter().any(|id| Some(&**id) == self.now.segment.as_deref()))
        };
        let touch = Touch { touchpoints: &self.file.touchpoints, serves, start: self.facts.start_date };
        touch.settle(&self.book.touches, self.now.as_of, effects);
    }
}
