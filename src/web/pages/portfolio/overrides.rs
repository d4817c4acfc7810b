//! `GET /portfolio/overrides`: where people and the model disagree, and who was right in the end.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;

use crate::db;
use crate::db::overrides::{Listed, Tally, Which};
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::accounts::overrides::{how_it_ended, outcome};
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, HealthBadge, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// Rows shown at most: of those in force, and of those that are settled.
const MOST_OPEN: i64 = 200;
const MOST_SETTLED: i64 = 100;

/// Judgement against the model.
#[derive(Clone, Debug, Template)]
#[template(path = "portfolio/overrides.html")]
pub struct OverridesPage {
    /// The frame.
    pub shell: Shell,
    /// Disagreements, ARR they are about, how often people were right.
    pub stats: Vec<StatTile>,
    /// What is in force, most ARR first.
    pub open: Vec<OpenRow>,
    /// Said instead of it.
    pub empty: Option<EmptyState>,
    /// Each person's count, those judged most often first.
    pub people: Vec<PersonRow>,
    /// `People were right in 7 of 11 renewals, the model in 4.`; empty before the first.
    pub sentence: String,
    /// What is settled, the latest first.
    pub settled: Vec<SettledRow>,
}

/// An account that a person set.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// The account.
    pub name: String,
    /// Its CSM, or empty.
    pub csm: String,
    /// Both, side by side.
    pub href: String,
    /// `Green`, `80`, by the tone of its band.
    pub person: HealthBadge,
    /// Who says so.
    pub by: String,
    /// What the model says now.
    pub model: HealthBadge,
    /// `disagree` or `agree since 3 Mar`.
    pub state: String,
    /// Watch while they disagree.
    pub tone: Tone,
    /// Why.
    pub reason: String,
    /// Its ARR.
    pub arr: String,
    /// `12 days`.
    pub age: String,
    /// `31 Mar 2027`.
    pub until: String,
    /// `renews in 53 days`.
    pub renewal: String,
}

/// Somebody's count.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// Their name.
    pub name: String,
    /// `2 of 3`.
    pub right: String,
    /// Those in which both meant the same band.
    pub level: String,
}

/// Something settled.
#[derive(Clone, Debug)]
pub struct SettledRow {
    /// The account.
    pub name: String,
    /// Its Health tab.
    pub href: String,
    /// `Green`.
    pub what: String,
    /// Who said so.
    pub by: String,
    /// `Yellow at 62`: what the model said that day.
    pub model: String,
    /// `1 Feb to 12 Feb 2027, expired`.
    pub when: String,
    /// `renewed on 1 Mar 2027: Casey Lin was right`.
    pub outcome: String,
    /// Good when a person was right, watch when the model was.
    pub tone: Tone,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<OverridesPage>> {
    let words = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let open = db::overrides::list(&mut tx, Which::Open, words.today, MOST_OPEN).await?;
    let settled = db::overrides::list(&mut tx, Which::Settled, words.today, MOST_SETTLED).await?;
    let tallies = db::overrides::tallies(&mut tx).await?;
    drop(tx);
    let none = || {
        let text = "Where a CSM knows better than the model, they set the score or band on the account's Health \
                    tab, with a reason and a last day. It is listed here until one of the two gives way.";
        EmptyState::new("user", "Nobody disagrees with the model", text)
            .action("See the accounts", paths::ACCOUNTS)
    };
    Ok(Page(OverridesPage {
        shell: member.shell(Room::Portfolio),
        stats: stats(&words, &open, &tallies),
        empty: open.is_empty().then(none),
        open: open.iter().map(|one| open_row(&words, one)).collect(),
        sentence: sentence(&tallies),
        people: tallies.iter().map(person).collect(),
        settled: settled.iter().map(|one| settled_row(&words, one)).collect(),
    }))
}

/// Overrides judged, and those in which people were right, of all that told the two apart.
fn counts(tallies: &[Tally]) -> (i64, i64) {
    let person: i64 = tallies.iter().map(|tally| tally.person).sum();
    let model: i64 = tallies.iter().map(|tally| tally.model).sum();
    (person, person + model)
}

fn sentence(tallies: &[Tally]) -> String {
    match counts(tallies) {
        (_, 0) => String::new(),
        (right, all) => format!(
            "People were right in {right} of {}, the model in {}.",
            format::count(all, "renewal"),
            all - right
        ),
    }
}

fn stats(words: &Wording, open: &[Listed], tallies: &[Tally]) -> Vec<StatTile> {
    let apart: Vec<&Listed> = open.iter().filter(|one| one.set.agreed_since.is_none()).collect();
    let arr: i64 = apart.iter().filter_map(|one| one.arr_base_minor).sum();
    let agreeing = open.len() - apart.len();
    let note = match agreeing {
        0 => "set by hand and in force".to_owned(),
        n => format!("and {} the model agrees with by now", n),
    };
    let better = apart.iter().filter(|one| one.set.lean.as_deref() == Some("better")).count();
    let hopeful = format!("{better} of {} hope for better than the model", apart.len());
    let (right, all) = counts(tallies);
    let value = if all == 0 { "\u{2013}".to_owned() } else { right.to_string() };
    let of = if all == 0 { "no renewal has shown it yet" } else { "by what became of the renewals" };
    vec![
        StatTile::new("Open disagreements", format::number(apart.len() as i64), &note),
        StatTile::new("ARR they are about", format::money_short(arr, &words.currency), &hopeful),
        StatTile::new("People were right", value, of).unit(&if all == 0 {
            String::new()
        } else {
            format!("of {}", format::number(all))
        }),
    ]
}

fn open_row(words: &Wording, one: &Listed) -> OpenRow {
    let set = &one.set;
    let stale = one.stale.unwrap_or(true);
    let aged = |badge: HealthBadge| {
        if stale { badge.stale("most of the data behind it is old or missing") } else { badge }
    };
    let badge = |score: Option<f64>, band: Option<&str>| {
        aged(HealthBadge::new(score.map(|s| words.shown(s)), &words.band(band), words.tone(band)))
    };
    let person = match set.score {
        Some(score) => badge(Some(score), set.person_band.as_deref()),
        None => {
            let band = set.band.as_deref();
            aged(HealthBadge::band_only(&words.band(band), words.tone(band)))
        }
    };
    let (tone, state) = match set.agreed_since {
        Some(since) => (Tone::None, format!("agree since {}", format::date_near(since, words.today))),
        None => (Tone::Watch, "disagree".to_owned()),
    };
    OpenRow {
        name: one.name.clone(),
        csm: one.owner.clone().unwrap_or_default(),
        href: format!("{}#judgement", paths::account_tab(&one.external_id, "health")),
        person,
        by: set.set_by.clone(),
        model: badge(
            set.now_score.or(set.model_score),
            set.now_band.as_deref().or(set.model_band.as_deref()),
        ),
        state,
        tone,
        reason: set.reason.clone(),
        arr: one
            .arr_base_minor
            .map_or_else(|| "\u{2013}".to_owned(), |minor| format::money(minor, &words.currency)),
        age: match (words.today - set.set_on).num_days() {
            0 => "today".to_owned(),
            days => format::count(days, "day"),
        },
        until: format::date(set.expires_on),
        renewal: one.renewal_date.map_or_else(String::new, |date: NaiveDate| {
            format!("renews {}", format::days_from(date, words.today))
        }),
    }
}

fn person(tally: &Tally) -> PersonRow {
    PersonRow {
        name: tally.name.clone(),
        right: format!("{} of {}", tally.person, tally.person + tally.model),
        level: format::number(tally.neither),
    }
}

fn settled_row(words: &Wording, one: &Listed) -> SettledRow {
    let set = &one.set;
    let last = set.last_day().unwrap_or(set.set_on);
    let model = match set.model_score {
        Some(score) => format!("{} at {}", words.band(set.model_band.as_deref()), words.shown(score)),
        None => "no data".to_owned(),
    };
    SettledRow {
        name: one.name.clone(),
        href: paths::account_tab(&one.external_id, "health"),
        what: words.what_is_set(set.score, set.band.as_deref()),
        by: set.set_by.clone(),
        model,
        when: format!(
            "{} to {}, {}",
            format::date_near(set.set_on, last),
            format::date(last),
            how_it_ended(set)
        ),
        outcome: outcome(set),
        tone: match set.proved.as_deref() {
            Some("person") => Tone::Good,
            Some("model") => Tone::Watch,
            _ => Tone::None,
        },
    }
}
