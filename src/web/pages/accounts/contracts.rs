//! `GET /accounts/{external_id}/contracts`: contracts, the next renewal and its milestones.

use askama::Template;
use axum::extract::{Path, State};
use chrono::NaiveDate;

use super::head::AccountHead;
use super::load::{AsOf, Subject};
use crate::db::renewals::Step;
use crate::db::{self, Result as DbResult, TenantTx};
use crate::domain::calendar::next_renewal;
use crate::domain::forecast::Kind;
use crate::domain::playbook::Planned;
use crate::domain::renewal::Renewal;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::renewals::load::tone_of_outcome;
use crate::web::respond::Page;
use crate::web::ui::{EmptyState, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// Contracts & renewal.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/contracts.html")]
pub struct AccountContractsPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// The next renewal: date, ARR up, strategy, next milestone.
    pub stats: Vec<StatTile>,
    /// The process behind the milestones: `Renewal in 90 days`.
    pub process: String,
    /// Its milestones, soonest first.
    pub milestones: Vec<Milestone>,
    /// Renewals that were opened, newest first: where each is, `1 Jun 2027`, what is to say of it, its tone.
    pub renewals: Vec<(String, String, String, Tone)>,
    /// Newest first.
    pub contracts: Vec<Contract>,
    /// Said when there is no contract.
    pub empty: Option<EmptyState>,
}

/// A dated step before a renewal.
#[derive(Clone, Debug)]
pub struct Milestone {
    /// `T-90`.
    pub code: String,
    /// What to do.
    pub title: String,
    /// `16 Oct 2026`.
    pub date: String,
    /// `in 12 days`, `9 days ago`, `due today`; with `late start` where it was planned before the account came.
    pub when: String,
    /// Risk once its day has passed, watch when due within a week, else none.
    pub tone: Tone,
    /// The day it is due.
    pub due: Option<NaiveDate>,
}

/// A contract.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Its number at the tenant.
    pub reference: String,
    /// `1 Feb 2025`.
    pub start: String,
    /// `31 Jan 2027`, its last day.
    pub end: String,
    /// `24 months, renews itself`.
    pub term: String,
    /// Its ARR.
    pub arr: String,
    /// `250`, empty when it has none.
    pub seats: String,
    /// `Current`, `Overdue`, `Ended`, `Starts in 40 days`.
    pub state: String,
    /// Good for the current one.
    pub tone: Tone,
}

/// A milestone is worth naming this many days before its day.
const SOON: i64 = 7;

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(as_of): Query<AsOf>,
) -> Result<Page<AccountContractsPage>> {
    let subject = Subject::load(&web, &member, &external_id, &as_of).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let contracts = db::contracts::of_account(&mut tx, subject.account.id).await?;
    let of = db::renewals::Filter { account: Some(subject.account.id), ..Default::default() };
    let renewals = db::renewals::list(&mut tx, &of, 100).await?;
    let steps = steps(&mut tx, &subject).await?;
    drop(tx);
    let empty = contracts.is_empty().then(|| {
        let text = "Contracts bring ARR, segment and renewal date. They come from a CSV import.";
        EmptyState::new("file-text", "No contract yet", text).action("Import contracts", "/settings/imports")
    });
    Ok(Page(AccountContractsPage {
        shell: subject.shell(&member, "contracts"),
        head: subject.head("contracts"),
        stats: stats(&subject),
        process: process(&subject),
        milestones: milestones(&subject, &steps),
        renewals: renewals.iter().rev().filter_map(|one| opened(one, &subject)).collect(),
        contracts: contracts.iter().map(|one| contract(one, &contracts, subject.day)).collect(),
        empty,
    }))
}

/// The next renewal of an account that is still a customer.
fn renewal(subject: &Subject) -> Option<&Renewal> {
    let assessed = subject.assessed.as_ref()?;
    assessed.evaluation.renewal.as_ref().filter(|_| assessed.standing.churned_on.is_none())
}

/// The milestones before the next renewal as the tasks they are; as planned while they are none, and in the past.
pub fn milestones(subject: &Subject, steps: &[Step]) -> Vec<Milestone> {
    let Some(renewal) = renewal(subject) else { return Vec::new() };
    if steps.is_empty() {
        return renewal.milestones.iter().map(|step| milestone(step, renewal.date, subject.day)).collect();
    }
    steps.iter().map(|step| worked(step, renewal.date, subject.day)).collect()
}

/// The tasks of the next renewal's milestones; none in the past, of which nothing says what was done by then.
pub async fn steps(tx: &mut TenantTx, subject: &Subject) -> DbResult<Vec<Step>> {
    match renewal(subject).filter(|_| !subject.is_past()) {
        Some(renewal) => db::renewals::steps(tx, subject.account.id, renewal.date).await,
        None => Ok(Vec::new()),
    }
}

/// A milestone of a renewal as seen from a day.
pub fn milestone(step: &Planned, renewal: NaiveDate, today: NaiveDate) -> Milestone {
    let code = step.planned.map_or_else(String::new, |day| code(day, renewal));
    let (when, tone) = match step.due {
        None => ("no date".to_owned(), Tone::None),
        Some(due) => {
            let tone = match (due - today).num_days() {
                ..0 => Tone::Risk,
                0..=SOON => Tone::Watch,
                _ => Tone::None,
            };
            let start = if step.late { ", late start" } else { "" };
            (format!("{}{start}", format::days_from(due, today)), tone)
        }
    };
    let date = step.due.map_or_else(String::new, format::date);
    Milestone { code, title: step.title.to_string(), date, when, tone, due: step.due }
}

/// A milestone as the task it is: done, skipped, or due.
pub fn worked(step: &Step, renews_on: NaiveDate, today: NaiveDate) -> Milestone {
    let planned = Planned {
        title: step.title.as_str().into(),
        from: None,
        planned: step.planned_on,
        due: step.due_on,
        late: step.late,
    };
    let mut milestone = milestone(&planned, renews_on, today);
    let on = step.done_on.map_or_else(String::new, |day| format!(" {}", format::date_near(day, today)));
    match step.state.as_str() {
        "done" => (milestone.when, milestone.tone) = (format!("done{on}"), Tone::Good),
        "skipped" => (milestone.when, milestone.tone) = (format!("skipped{on}"), Tone::None),
        "cancelled" => (milestone.when, milestone.tone) = ("no longer needed".to_owned(), Tone::None),
        _ => {}
    }
    milestone
}

/// `T-90` for a day ninety days before the renewal, `T+5` for one after it.
pub fn code(day: NaiveDate, renewal: NaiveDate) -> String {
    match (day - renewal).num_days() {
        0 => "T".to_owned(),
        days => format!("T{days:+}").replace('-', "\u{2212}"),
    }
}

/// A renewal as of the subject's day; one that was opened or closed later says nothing of that.
fn opened(one: &db::renewals::Listed, subject: &Subject) -> Option<(String, String, String, Tone)> {
    let (renewal, day) = (&one.renewal, subject.day);
    if renewal.opened_on > day {
        return None;
    }
    let outcome = renewal.outcome.as_deref().filter(|_| renewal.closed_on.is_some_and(|on| on <= day));
    let (text, tone) = match outcome.and_then(Kind::parse) {
        Some(kind) => (kind.label().to_owned(), tone_of_outcome(kind)),
        None if renewal.renews_on < day => {
            ("Lapsed: nobody has said what became of it".to_owned(), Tone::Critical)
        }
        None => (format!("Open, {}", format::days_from(renewal.renews_on, day)), Tone::None),
    };
    Some((paths::renewal(renewal.id), format::date(renewal.renews_on), text, tone))
}

fn process(subject: &Subject) -> String {
    let Some(renewal) = renewal(subject) else { return String::new() };
    let methodology = subject.words.in_force.as_deref().map(|in_force| &in_force.methodology);
    let timeline = methodology.and_then(|m| {
        let id = renewal.timeline.as_deref()?;
        let timeline = m.renewals.iter().find(|timeline| *timeline.id == *id)?;
        Some((&m.playbooks[timeline.playbook].name, timeline.window))
    });
    match (timeline, renewal.open) {
        (Some((name, _)), true) => format!("{name}, under way"),
        (Some((name, window)), false) if renewal.days > window => {
            let opens = renewal.date - chrono::Duration::days(window);
            format!("{name}, opens {}", format::days_from(opens, subject.day))
        }
        (Some((name, _)), false) => name.to_string(),
        (None, _) => String::new(),
    }
}

fn stats(subject: &Subject) -> Vec<StatTile> {
    let words = &subject.words;
    let Some(renewal) = renewal(subject) else {
        let tile = StatTile::new("Next renewal", "none", "no contract is in force");
        return vec![tile];
    };
    let seats = subject.assessed.as_ref().and_then(|a| a.standing.seats);
    let seats = seats.map_or_else(|| "no seats stated".to_owned(), |n| format::count(n, "seat"));
    let mut tiles = vec![
        StatTile::new(
            "Next renewal",
            format::date(renewal.date),
            &format::days_from(renewal.date, subject.day),
        ),
        StatTile::new("ARR up for renewal", words.arr(&subject.account), &seats),
    ];
    if let Some(strategy) = &renewal.strategy {
        let band = subject.account.band.as_deref().map(|band| words.band(band));
        let note = band.map_or_else(|| "as things are".to_owned(), |band| format!("health is {band}"));
        tiles.push(StatTile::new("Strategy", words.strategy(&**strategy), &note));
    }
    let next = renewal.milestones.iter().find(|step| step.due.is_some_and(|due| due >= subject.day));
    if let Some((step, due)) = next.and_then(|step| Some((step, step.due?))) {
        let value = step.planned.map_or_else(String::new, |day| code(day, renewal.date));
        let note = format!("{}, {}", step.title, format::days_from(due, subject.day));
        tiles.push(StatTile::new("Next milestone", value, &note));
    }
    tiles
}

fn contract(one: &db::contracts::Contract, all: &[db::contracts::Contract], today: NaiveDate) -> Contract {
    let months = one.term_months.and_then(|months| u32::try_from(months).ok());
    let term_end = || next_renewal(one.start_date, months?, today.max(one.start_date));
    let end = one.ended_on.or(one.end_date).or_else(term_end);
    let followed = |end: NaiveDate| all.iter().any(|c| c.start_date >= end && c.start_date <= today);
    let (state, tone) = match (one.start_date > today, one.ended_on, one.end_date) {
        (true, ..) => (format!("Starts {}", format::days_from(one.start_date, today)), Tone::None),
        (_, Some(day), _) if day <= today => ("Ended".to_owned(), Tone::None),
        (_, _, Some(day)) if day <= today && followed(day) => ("Renewed".to_owned(), Tone::None),
        (_, _, Some(day)) if day <= today => ("Overdue".to_owned(), Tone::Critical),
        _ => ("Current".to_owned(), Tone::Good),
    };
    let term = match (months, one.end_date.or(one.ended_on)) {
        (Some(months), None) => format!("{}, renews itself", format::count(months.into(), "month")),
        (Some(months), Some(_)) => format::count(months.into(), "month"),
        (None, _) => "fixed end".to_owned(),
    };
    Contract {
        reference: one.external_id.clone(),
        start: format::date(one.start_date),
        end: end.and_then(|day| day.pred_opt()).map_or_else(String::new, format::date),
        term,
        arr: format::money(one.arr_minor, &one.currency),
        seats: one.seats.map_or_else(String::new, |seats| format::number(seats.into())),
        state,
        tone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milestones_say_how_far_before_the_renewal_they_are() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(code(day("2026-10-16"), day("2027-01-14")), "T\u{2212}90");
        assert_eq!(code(day("2027-01-19"), day("2027-01-14")), "T+5");
        let step = Planned {
            title: "Prepare".into(),
            from: None,
            planned: Some(day("2026-10-16")),
            due: Some(day("2026-11-20")),
            late: true,
        };
        let late = milestone(&step, day("2027-01-14"), day("2026-11-22"));
        assert_eq!((late.when.as_str(), late.tone), ("2 days ago, late start", Tone::Risk));
    }
}
