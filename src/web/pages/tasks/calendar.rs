//! A month of tasks, as a grid of days from Monday to Sunday.

use chrono::{Datelike, Months, NaiveDate, Weekday};

use super::list::Params;
use crate::db::tasks::{Filter, Task};
use crate::db::{self, Result, TenantTx};
use crate::web::paths;
use crate::web::ui::{Tone, format};

/// Tasks named on a day; the others are counted.
const NAMED: usize = 3;
/// Tasks of a month that are read at most.
const MOST: i64 = 2_000;

/// The grid.
#[derive(Clone, Debug)]
pub struct Month {
    /// `March 2027`.
    pub title: String,
    /// The month before.
    pub previous: String,
    /// The month after.
    pub next: String,
    /// This month; empty when it is the one shown.
    pub now: String,
    /// Whole weeks.
    pub weeks: Vec<Vec<Day>>,
    /// Said under the grid: tasks without a day, or more than are shown.
    pub note: String,
}

/// One day.
#[derive(Clone, Debug)]
pub struct Day {
    /// `14`, `1 Mar`.
    pub number: String,
    /// `Sunday, 14 March: 3 tasks`.
    pub label: String,
    /// Its tasks as a list.
    pub href: String,
    /// Whether it is of this month.
    pub inside: bool,
    /// Whether it is today.
    pub today: bool,
    /// Its first tasks: (account and title, link, tone, done).
    pub tasks: Vec<(String, String, Tone, bool)>,
    /// `3 more`; empty for none.
    pub more: String,
    /// How many there are; empty for none.
    pub count: String,
}

/// The month asked for, or the present one.
pub async fn month(tx: &mut TenantTx, filter: &Filter, params: &Params, today: NaiveDate) -> Result<Month> {
    let first = format!("{}-01", params.month)
        .parse::<NaiveDate>()
        .ok()
        .filter(|day| (1970..3000).contains(&day.year()));
    let first = first.unwrap_or_else(|| today.with_day(1).unwrap_or(today));
    let last = first.checked_add_months(Months::new(1)).and_then(|day| day.pred_opt()).unwrap_or(first);
    let from = first.week(Weekday::Mon).first_day();
    let to = last.week(Weekday::Mon).last_day();
    let wanted = Filter { from: Some(from), to: Some(to), over: true, ..filter.clone() };
    let (mut tasks, _) = db::tasks::list(tx, &wanted, 0, MOST).await?;
    tasks.retain(|task| matches!(task.state.as_str(), "open" | "done"));
    let undated = db::tasks::counts(tx, filter, today).await?.undated;
    let days = from.iter_days().take_while(|day| *day <= to);
    let days: Vec<Day> = days.map(|day| told(day, first, today, &tasks, params)).collect();
    let to_month = |months: i64| {
        let day = if months < 0 {
            first.checked_sub_months(Months::new(1))
        } else {
            first.checked_add_months(Months::new(1))
        };
        params.with("month", &day.unwrap_or(first).format("%Y-%m").to_string())
    };
    let is_now = (first.year(), first.month()) == (today.year(), today.month());
    Ok(Month {
        title: first.format("%B %Y").to_string(),
        previous: to_month(-1),
        next: to_month(1),
        now: if is_now { String::new() } else { params.with("month", "") },
        weeks: days.chunks(7).map(<[Day]>::to_vec).collect(),
        note: match undated {
            0 => String::new(),
            n => format!("{} without a date", format::count(n, "more task")),
        },
    })
}

fn told(day: NaiveDate, first: NaiveDate, today: NaiveDate, tasks: &[Task], params: &Params) -> Day {
    let mine: Vec<&Task> = tasks.iter().filter(|task| task.due_on == Some(day)).collect();
    let open = mine.iter().filter(|task| task.state == "open").count() as i64;
    let list = Params { view: String::new(), month: String::new(), ..params.clone() };
    let named = |task: &&Task| {
        let title = match &task.account {
            // The account first: of a narrow cell's texts, many have the same end.
            Some(account) => format!("{account}: {}", task.title),
            None => task.title.clone(),
        };
        let done = task.state == "done";
        let tone = if done {
            Tone::Good
        } else if day < today {
            Tone::Risk
        } else if day == today {
            Tone::Watch
        } else {
            Tone::None
        };
        (title, paths::task(task.id), tone, done)
    };
    Day {
        number: if day.day() == 1 { day.format("%-d %b").to_string() } else { day.day().to_string() },
        label: format!("{}: {}", day.format("%A, %-d %B"), format::count(open, "open task")),
        href: list.with("due", &day.to_string()),
        inside: (day.year(), day.month()) == (first.year(), first.month()),
        today: day == today,
        more: match mine.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!("{n} more"),
        },
        count: if open == 0 { String::new() } else { format::number(open) },
        tasks: mine.iter().take(NAMED).map(named).collect(),
    }
}

/// Days a week has, for the head of the grid.
pub const WEEKDAYS: [(&str, &str); 7] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];
