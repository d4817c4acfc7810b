//! Playbooks: templates of tasks at day offsets from an anchor date.

use chrono::NaiveDate;

use super::Id;
use super::calendar::add_days;
use super::expr::Expr;

/// A compiled playbook.
#[derive(Debug, Clone)]
pub struct Playbook {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: Id,
    /// Number of the anchor date in `day` numbers: 0 or 1.
    pub first_day: i64,
    /// Length in days; undated tasks are spread over it.
    pub days: Option<i64>,
    /// When its goal is reached.
    pub goal_when: Option<Expr>,
    /// Its tasks in order.
    pub tasks: Vec<Task>,
}

/// A compiled task.
#[derive(Debug, Clone)]
pub struct Task {
    /// What is to be done.
    pub title: Id,
    /// When.
    pub timing: Timing,
    /// When it counts as done without anyone ticking it.
    pub done_when: Option<Expr>,
}

/// When a task is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// From a day number to another, due on the last.
    Days(i64, i64),
    /// For a number of days after the task before has ended.
    Lasts(i64),
    /// Spread evenly with the other undated tasks.
    Spread,
}

/// A task with its dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What is to be done.
    pub title: Id,
    /// First planned day; none for a task without a date.
    pub from: Option<NaiveDate>,
    /// The day it was planned to be due.
    pub planned: Option<NaiveDate>,
    /// The day it is due: the planned one, or the day the playbook started if that is later.
    pub due: Option<NaiveDate>,
    /// Whether it was planned before the playbook started.
    pub late: bool,
}

impl Playbook {
    /// The tasks' dates for an anchor; `started` is the day the playbook was started, where that is known.
    pub fn plan(&self, anchor: NaiveDate, started: Option<NaiveDate>) -> Vec<Planned> {
        let undated = self.tasks.iter().filter(|t| t.timing == Timing::Spread).count() as i64;
        let (mut nth, mut next) = (0, self.first_day);
        let mut plan = Vec::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let days = match task.timing {
                Timing::Days(from, to) => Some((from, to)),
                Timing::Lasts(n) => Some((next, next + n.max(1) - 1)),
                Timing::Spread => {
                    nth += 1;
                    // The k-th of n is due on the day numbered ceil(k·days/n).
                    self.days.map(|days| (nth * days + undated - 1).div_euclid(undated)).map(|d| (d, d))
                }
            };
            if let (Timing::Lasts(_), Some((_, to))) = (task.timing, days) {
                next = to + 1;
            }
            let date = |day: i64| add_days(anchor, day - self.first_day);
            plan.push(planned(
                task,
                days.and_then(|(a, _)| date(a)),
                days.and_then(|(_, b)| date(b)),
                started,
            ));
        }
        plan
    }
}

fn planned(
    task: &Task,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    started: Option<NaiveDate>,
) -> Planned {
    let late = to.zip(started).is_some_and(|(to, started)| to < started);
    Planned { title: task.title.clone(), from, planned: to, due: if late { started } else { to }, late }
}
