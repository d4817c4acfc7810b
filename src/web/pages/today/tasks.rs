//! The tasks that are due: one's own, or the team's for who has none.

use askama::Template;
use chrono::{Days, NaiveDate};

use crate::app::members::Role;
use crate::db::tasks::{Counts, Filter};
use crate::db::{self, Result, TenantTx};
use crate::web::extract::Member;
use crate::web::pages::crew::Crew;
use crate::web::pages::tasks::row::TaskRow;
use crate::web::ui::{filters, format, html_safe};

/// Tasks named.
const NAMED: i64 = 8;

/// What is due.
#[derive(Clone, Debug, Template)]
#[template(path = "today/tasks.html")]
pub struct DueTasks {
    /// `My tasks due`, `The team's tasks due`.
    pub title: &'static str,
    /// The earliest first.
    pub rows: Vec<TaskRow>,
    /// `12 overdue, 3 today`.
    pub summary: String,
    /// All of them.
    pub href: &'static str,
    /// Whether they may be ticked.
    pub may_edit: bool,
}

html_safe!(DueTasks);

impl DueTasks {
    /// What is overdue or due within a week.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(tx: &mut TenantTx, member: &Member, mine: bool, today: NaiveDate) -> Result<DueTasks> {
        let filter = |owner| Filter { owner, to: Some(today + Days::new(7)), ..Filter::default() };
        let own = filter(Some(member.membership.member_id));
        let counts = db::tasks::counts(tx, &own, today).await?;
        let is_own = mine || counts.all() > 0;
        let (filter, counts) = match is_own {
            true => (own, counts),
            false => {
                let all = filter(None);
                let counts = db::tasks::counts(tx, &all, today).await?;
                (all, counts)
            }
        };
        let (tasks, _) = db::tasks::list(tx, &filter, 0, NAMED).await?;
        let crew = Crew::load(tx).await?;
        Ok(DueTasks {
            title: if is_own { "My tasks due" } else { "The team's tasks due" },
            rows: tasks.iter().map(|task| TaskRow::of(task, &crew, today)).collect(),
            summary: summary(&counts),
            href: if is_own { "/tasks" } else { "/tasks?who=team" },
            may_edit: member.may(Role::Csm),
        })
    }
}

fn summary(counts: &Counts) -> String {
    let parts = [(counts.overdue, "overdue"), (counts.today, "today"), (counts.week, "in 7 days")];
    let parts =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", format::number(*n)));
    parts.collect::<Vec<_>>().join(", ")
}
