//! The forms of a renewal: its forecast and its outcome, and what became of it.

use chrono::NaiveDate;

use super::change::{CloseForm, ForecastForm, figure};
use super::load::{likelihood_text, printed, tone_of_outcome};
use crate::app::renewals::REOPEN_DAYS;
use crate::db::renewals::{Amount, Linked, Listed};
use crate::domain::forecast::{Category, Kind, Reason};
use crate::web::paths;
use crate::web::ui::list::Choice;
use crate::web::ui::{Tone, format};

/// The form of the forecast.
#[derive(Clone, Debug)]
pub struct ForecastView {
    /// Where it goes.
    pub action: String,
    /// The categories, and the empty word for none.
    pub categories: Vec<Choice>,
    /// The likelihood typed.
    pub likelihood: String,
    /// What the backtest says, as a hint.
    pub hint: String,
    /// The note typed.
    pub note: String,
    /// What is wrong with what was sent.
    pub errors: Vec<String>,
}

/// The forms of an outcome: it renews, or it leaves.
#[derive(Clone, Debug)]
pub struct CloseView {
    /// Where both go.
    pub action: String,
    /// Contract, its amount in a form, its currency.
    pub amounts: Vec<(String, String, String)>,
    /// The day the next term begins.
    pub effective_on: String,
    /// The latest it may be.
    pub latest: String,
    /// Months of the next term.
    pub term_months: String,
    /// Why it shrank or was lost.
    pub reasons: Vec<Choice>,
    /// More about it.
    pub note: String,
    /// Who got it instead.
    pub competitor: String,
    /// What the churn ends: `$100,000 on 1 Jun 2027`.
    pub at_stake: String,
    /// Whether it was the churn that was sent.
    pub churned: bool,
    /// What is wrong with what was sent.
    pub errors: Vec<String>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// `Shrunk: $100,000 → $96,000`.
    pub title: String,
    /// How it is shown.
    pub tone: Tone,
    /// `Recorded by Casey on 20 May 2027, 12 days early`.
    pub by: String,
    /// `Price`, with the competitor.
    pub reason: String,
    /// More about it.
    pub note: String,
    /// `From 1 Jun 2027 for 24 months`.
    pub terms: String,
    /// Takes it back; `None` when it is too late or the member may not.
    pub reopen: Option<String>,
    /// `until 19 Jun 2027`.
    pub reopen_until: String,
}

pub(super) fn forecast_view(listed: &Listed, sent: Option<ForecastForm>) -> ForecastView {
    let renewal = &listed.renewal;
    let form = sent.unwrap_or_else(|| ForecastForm {
        category: renewal.forecast.clone().unwrap_or_default(),
        likelihood: renewal.likelihood.map_or_else(String::new, |n| n.to_string()),
        note: renewal.forecast_note.clone(),
        errors: Vec::new(),
    });
    let none =
        Choice { value: String::new(), label: "Not said".to_owned(), selected: form.category.is_empty() };
    let categories = Category::ALL.iter().map(|category| Choice {
        value: category.word().to_owned(),
        label: category.label().to_owned(),
        selected: form.category == category.word(),
    });
    let modelled = renewal.modelled.zip(renewal.modelled_by);
    ForecastView {
        action: format!("{}/forecast", paths::renewal(renewal.id)),
        categories: std::iter::once(none).chain(categories).collect(),
        likelihood: form.likelihood,
        hint: modelled.map_or_else(String::new, |(n, version)| likelihood_text(Some((n, Some(version))))),
        note: form.note,
        errors: form.errors,
    }
}

pub(super) fn close_view(
    listed: &Listed,
    linked: &[Linked],
    today: NaiveDate,
    sent: Option<CloseForm>,
) -> CloseView {
    let renewal = &listed.renewal;
    let refused = sent.is_some();
    let form = sent.unwrap_or_default();
    let amount = |link: &Linked| {
        let typed = form.amounts.iter().find(|(contract, _)| *contract == link.external_id);
        let figure = || figure(link.arr_minor, &link.currency);
        let text = typed.map_or_else(figure, |(_, text)| text.clone());
        (link.external_id.clone(), text, link.currency.clone())
    };
    let usual = linked.iter().filter_map(|link| link.term_months).max();
    let none =
        Choice { value: String::new(), label: "Choose…".to_owned(), selected: form.reason.is_empty() };
    let reasons = Reason::ALL.iter().map(|reason| Choice {
        value: reason.word().to_owned(),
        label: reason.label().to_owned(),
        selected: form.reason == reason.word(),
    });
    CloseView {
        action: format!("{}/outcome", paths::renewal(renewal.id)),
        amounts: linked.iter().map(amount).collect(),
        effective_on: if refused { form.effective_on } else { renewal.renews_on.to_string() },
        latest: renewal.renews_on.max(today).to_string(),
        term_months: if refused {
            form.term_months
        } else {
            usual.map_or_else(String::new, |n| n.to_string())
        },
        reasons: std::iter::once(none).chain(reasons).collect(),
        note: form.note,
        competitor: form.competitor,
        at_stake: format!("{} on {}", printed(&listed.amounts()), format::date(renewal.renews_on)),
        churned: form.churned,
        errors: form.errors,
    }
}

pub(super) fn outcome(listed: &Listed, today: NaiveDate, may: bool) -> Option<Outcome> {
    let renewal = &listed.renewal;
    let kind = Kind::parse(renewal.outcome.as_deref()?)?;
    let (closed_on, effective_on) = (renewal.closed_on?, renewal.effective_on?);
    let amounts = listed.amounts();
    let moved = |a: &Amount| {
        let money = |minor| format::money(minor, &a.currency);
        format!("{} → {}", money(a.before), money(a.after.unwrap_or(0)))
    };
    let moved: Vec<String> = amounts.iter().map(moved).collect();
    let early = (renewal.renews_on - closed_on).num_days();
    let when = match early {
        1.. if kind != Kind::Churned => format!(", {} early", format::count(early, "day")),
        _ => String::new(),
    };
    let by = match renewal.told_by.as_deref() {
        Some("contracts") => format!("As the contracts tell it, since {}{when}", format::date(closed_on)),
        _ => {
            let by = renewal.closed_by.as_deref().unwrap_or_default();
            format!("Recorded by {by} on {}{when}", format::date(closed_on))
        }
    };
    let reason = renewal.reason.as_deref().and_then(Reason::parse).map_or("", |reason| reason.label());
    let competitor = renewal.competitor.as_str();
    let until = closed_on + chrono::Duration::days(REOPEN_DAYS);
    let months = renewal
        .term_months
        .map_or_else(String::new, |n| format!(" for {}", format::count(n.into(), "month")));
    Some(Outcome {
        title: format!("{}: {}", kind.label(), moved.join(", ")),
        tone: tone_of_outcome(kind),
        by,
        reason: if competitor.is_empty() { reason.to_owned() } else { format!("{reason} ({competitor})") },
        note: renewal.note.clone(),
        terms: match kind {
            Kind::Churned => format!("Nothing from {} on", format::date(effective_on)),
            _ => format!("From {}{months}", format::date(effective_on)),
        },
        reopen: (may && today <= until).then(|| format!("{}/reopen", paths::renewal(renewal.id))),
        reopen_until: format!("until {}", format::date_near(until, today)),
    })
}
