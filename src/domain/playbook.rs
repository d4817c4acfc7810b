//! Playbooks: templates of tasks at day offsets from an anchor date.

use chrono::NaiveDate;

use super::Id;
use super::calendar::add_days;
use super::expr::Expr;
use super::facts::Facts;
use super::methodology::Methodology;

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

/// What an account's data says of a playbook that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Whether its goal is reached; none for a goal that people judge. Missing data reaches no goal.
    pub goal: Option<bool>,
    /// Per task, whether it counts as done without anyone ticking it.
    pub done: Vec<bool>,
}

impl Methodology {
    /// What an account's data says of the playbook at a position.
    pub fn progress<'a>(&'a self, facts: &'a Facts, playbook: usize) -> Progress {
        let worked = self.work(facts);
        let holds = |when: &'a Expr| when.holds(&worked.scope);
        let Some(playbook) = self.playbooks.get(playbook) else {
            return Progress { goal: None, done: Vec::new() };
        };
        Progress {
            goal: playbook.goal_when.as_ref().map(holds),
            done: playbook.tasks.iter().map(|task| task.done_when.as_ref().is_some_and(holds)).collect(),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn due(first_day: i64, days: Option<i64>, timings: &[Timing]) -> Vec<Option<String>> {
        let task = |timing: &Timing| Task { title: "t".into(), timing: *timing, done_when: None };
        let tasks = timings.iter().map(task).collect();
        let playbook = Playbook { id: "p".into(), name: "P".into(), first_day, days, goal_when: None, tasks };
        let plan = playbook.plan("2027-01-31".parse().unwrap(), None);
        plan.into_iter().map(|task| task.due.map(|date| date.to_string())).collect()
    }

    #[test]
    fn dates() {
        let some = |texts: &[&str]| texts.iter().map(|t| Some((*t).to_owned())).collect::<Vec<_>>();
        let (days, lasts, spread) = (Timing::Days, Timing::Lasts, Timing::Spread);
        // Dated tasks are due on the last day of their range.
        assert_eq!(due(1, None, &[days(1, 1), days(3, 5)]), some(&["2027-01-31", "2027-02-04"]));
        assert_eq!(due(0, None, &[days(-30, -30), days(0, 0)]), some(&["2027-01-01", "2027-01-31"]));
        // One after another: 10 days end on the tenth, the next begins the day after.
        assert_eq!(due(0, None, &[lasts(10), lasts(5)]), some(&["2027-02-09", "2027-02-14"]));
        // The k-th of five over sixty days: 12, 24, 36, 48, 60.
        let five = due(0, Some(60), &[spread; 5]);
        assert_eq!(five, some(&["2027-02-12", "2027-02-24", "2027-03-08", "2027-03-20", "2027-04-01"]));
        // Three over ten: 4, 7, 10 (rounded up).
        assert_eq!(due(0, Some(10), &[spread; 3]), some(&["2027-02-04", "2027-02-07", "2027-02-10"]));
        assert_eq!(due(0, None, &[spread]), [None]);
    }
}
