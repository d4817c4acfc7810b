//! How items are said: amounts, ages, checks, states.

use chrono::NaiveDate;

use crate::app::methodology::InForce;
use crate::app::pipelines::standing;
use crate::db::pipelines::{Heap, Item};
use crate::domain::pack::schema::{Offer, Pipeline, Price};
use crate::domain::pipeline::{Place, State, noun};
use crate::web::paths;
use crate::web::ui::{Avatar, Tone, format};

/// An item as boards and lists show it.
#[derive(Clone, Debug)]
pub struct Card {
    /// What it is called.
    pub title: String,
    /// Its page.
    pub href: String,
    /// The account.
    pub account: String,
    /// The account's page.
    pub account_href: String,
    /// `Feature request`.
    pub noun: String,
    /// The step's name, or what became of it; empty without steps.
    pub step: String,
    /// Whether the methodology no longer has that step.
    pub gone: bool,
    /// `€120,000`; empty where nobody knows.
    pub amount: String,
    /// `3 of 4 checks`; empty where its step has none.
    pub checks: String,
    /// Whether all are ticked.
    pub ready: bool,
    /// `here since yesterday`, `here for 12 days`; `closed 3 Mar` once it is.
    pub age: String,
    /// `Open`, `Won`, `Dropped`.
    pub state: String,
    /// How the state is shown.
    pub tone: Tone,
    /// Who looks after it.
    pub owner: Option<Avatar>,
}

impl Card {
    /// As it is today.
    pub fn of(item: &Item, in_force: Option<&InForce>, today: NaiveDate) -> Card {
        let place = Place::of(pipelines(in_force), standing(item));
        let (ticked, checks) = checks(item, place);
        let state = state(item);
        Card {
            title: item.title.clone(),
            href: paths::item(item.id),
            account: item.account.clone(),
            account_href: paths::account(&item.external_id),
            noun: capital(&noun(&item.subject)),
            step: step_name(item, place),
            gone: matches!(place, Place::StepGone(_) | Place::Gone),
            amount: amount(item),
            checks: if checks == 0 {
                String::new()
            } else {
                format!("{ticked} of {}", format::count(checks as i64, "check"))
            },
            ready: checks > 0 && ticked == checks,
            age: age(item, today),
            state: state.label(&item.subject).to_owned(),
            tone: tone(state),
            owner: item.owner_name.as_deref().map(Avatar::new),
        }
    }

    /// The owner's disc alone, where there is no room for the name.
    pub fn disc(&self) -> Option<Avatar> {
        self.owner.clone().map(Avatar::bare)
    }
}

/// The pipelines in force.
pub fn pipelines(in_force: Option<&InForce>) -> &[Pipeline] {
    in_force.map_or(&[], |in_force| &in_force.file.pipelines)
}

/// The offer of an id.
pub fn offer<'m>(in_force: Option<&'m InForce>, id: &str) -> Option<&'m Offer> {
    in_force?.file.offers.iter().find(|offer| *offer.id == *id)
}

/// How many checks of its step are ticked, and how many there are.
pub fn checks(item: &Item, place: Place<'_>) -> (usize, usize) {
    let checks = place.step().map_or(&[][..], |step| &step.checks);
    (checks.iter().filter(|check| item.ticked.iter().any(|text| **text == ***check)).count(), checks.len())
}

/// The step's name in the methodology, or the one it had.
pub fn step_name(item: &Item, place: Place<'_>) -> String {
    place.step().map_or_else(|| item.step_name.clone(), |step| step.name.to_string())
}

/// The state of an item.
pub fn state(item: &Item) -> State {
    State::parse(&item.state).unwrap_or(State::Open)
}

/// How a state is shown.
pub fn tone(state: State) -> Tone {
    match state {
        State::Won => Tone::Good,
        State::Open | State::Lost => Tone::None,
    }
}

/// `€120,000`; empty where nobody knows.
pub fn amount(item: &Item) -> String {
    match (item.amount_minor, &item.currency) {
        (Some(minor), Some(currency)) => format::money(minor, currency),
        _ => String::new(),
    }
}

/// `€120K and $40K`; empty where no amount is known.
pub fn sums<'h>(heaps: impl Iterator<Item = &'h Heap>) -> String {
    let mut by_currency: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    for heap in heaps {
        if let Some(currency) = &heap.currency {
            let sum = by_currency.entry(currency).or_default();
            *sum = sum.saturating_add(heap.amount_minor);
        }
    }
    let sums: Vec<String> =
        by_currency.into_iter().map(|(currency, minor)| format::money_short(minor, currency)).collect();
    sums.join(" and ")
}

fn age(item: &Item, today: NaiveDate) -> String {
    if let Some(day) = item.closed_on {
        return format!("closed {}", format::date_near(day, today));
    }
    match (today - item.entered_on).num_days() {
        ..=0 => "here since today".to_owned(),
        1 => "here since yesterday".to_owned(),
        days => format!("here for {} days", format::number(days)),
    }
}

/// The first letter as a capital.
pub fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// `$100 to $200 per agent`, in the pack's currency; empty where it names no figure.
pub fn price(price: &Price, currency: &str) -> String {
    let money = |value: f64| {
        // A pack writes whole units; what is said here is never calculated with.
        let unit = 10_f64.powi(format::minor_digits(currency) as i32);
        format::money((value * unit).round() as i64, currency)
    };
    let figure =
        |figure: &Option<crate::domain::pack::Figure>| figure.as_ref().map(|figure| money(figure.value));
    let range = match (figure(&price.list), figure(&price.min), figure(&price.max)) {
        (Some(list), Some(min), Some(max)) => format!("{list}, between {min} and {max}"),
        (Some(list), ..) => list,
        (None, Some(min), Some(max)) => format!("{min} to {max}"),
        (None, Some(min), None) => format!("from {min}"),
        (None, None, Some(max)) => format!("up to {max}"),
        (None, None, None) => return String::new(),
    };
    let per = price.per.as_ref().map_or_else(String::new, |per| format!(" per {}", per.replace('_', " ")));
    format!("{range}{per}")
}
