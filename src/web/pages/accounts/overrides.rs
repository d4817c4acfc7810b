//! A person's word against the model's on the pages of an account: the line in its head, the card on its Health tab,
//! and `POST /accounts/{external_id}/override` (set), `…/withdraw`, `…/restore` (undo).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::Days;
use serde::Deserialize;
use uuid::Uuid;

use super::health;
use super::load::Subject;
use super::reasons::band_tone;
use crate::app::Error;
use crate::app::members::Role;
use crate::app::overrides::{Change, Set, Wanted};
use crate::db;
use crate::db::overrides::Override;
use crate::domain::judgement::{AGREED_DAYS, MOST_DAYS, USUAL_DAYS};
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Member};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Done, page_with_status, unless_conflict};
use crate::web::ui::list::Choice;
use crate::web::ui::{Avatar, HealthBadge, Tone, format};
use crate::web::{Web, paths};

/// The line in the head of every page of an account.
#[derive(Clone, Debug)]
pub struct ByHand {
    /// `Set to Green by Casey Lin until 12 Mar 2027`.
    pub what: String,
    /// `the model says Yellow at 64`.
    pub model: String,
    /// Why.
    pub reason: String,
    /// The card.
    pub href: String,
}

impl ByHand {
    /// What is set on the subject's day; none where nothing is.
    pub fn of(subject: &Subject) -> Option<Self> {
        let (words, account) = (&subject.words, &subject.account);
        let set = subject.set_on(account.day?).filter(|_| account.set_by.is_some())?;
        let what = words.what_is_set(set.score, set.band.as_deref());
        Some(ByHand {
            what: format!("Set to {what} by {} until {}", set.set_by, format::date(set.expires_on)),
            model: words.model_says(account.model_score, account.model_band.as_deref()),
            reason: set.reason.clone(),
            href: format!("{}#judgement", subject.href("health")),
        })
    }
}

/// The card: both words side by side, what was set before, and the form.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What is set.
    pub set: Option<SetByHand>,
    /// What was, newest first.
    pub past: Vec<PastOverride>,
    /// To set or change it; `None` for who may not, and on past days.
    pub form: Option<FormView>,
}

/// What is set, with what the model says.
#[derive(Clone, Debug)]
pub struct SetByHand {
    /// Its id.
    pub id: Uuid,
    /// Who.
    pub by: Avatar,
    /// What they say.
    pub person: HealthBadge,
    /// What the model says now.
    pub model: HealthBadge,
    /// Why.
    pub reason: String,
    /// `since 1 Mar, until 31 Mar 2027 (in 12 days)`.
    pub when: String,
    /// `That day the model said Yellow at 62.`
    pub then: String,
    /// `They disagree.` or since when they agree, and what follows from it.
    pub state: String,
    /// Watch while they disagree.
    pub tone: Tone,
    /// Takes `override`.
    pub withdraw: String,
}

/// What was set once.
#[derive(Clone, Debug)]
pub struct PastOverride {
    /// `Green`, `80`.
    pub what: String,
    /// `by Casey Lin, 1 Feb to 12 Feb 2027, expired`.
    pub when: String,
    /// Why.
    pub reason: String,
    /// `renewed on 1 Mar 2027: Casey Lin was right`; empty before a renewal.
    pub outcome: String,
}

/// The form with what is in it.
#[derive(Clone, Debug)]
pub struct FormView {
    /// Where it goes.
    pub action: String,
    /// The page without it.
    pub back: String,
    /// The bands, and the empty word for a score.
    pub bands: Vec<Choice>,
    /// The score typed.
    pub score: String,
    /// The reason typed.
    pub reason: String,
    /// The last day.
    pub expires_on: String,
    /// The earliest it may be.
    pub first_day: String,
    /// The latest it may be.
    pub last_day: String,
    /// The same for people.
    pub last_day_text: String,
    /// What is set as the page shows it, so that nobody's later word is overwritten unseen.
    pub seen: String,
    /// What is wrong with what was sent: the form then stands open.
    pub errors: Vec<String>,
}

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct OverrideForm {
    /// A band's id, or nothing for a score.
    band: String,
    score: String,
    reason: String,
    expires_on: String,
    /// The id of what was set when the form was shown, or nothing.
    seen: String,
    #[serde(skip)]
    errors: Vec<String>,
}

impl Judgement {
    /// Of the subject's day; `sent` is a form that was refused.
    pub fn of(member: &Member, subject: &Subject, sent: Option<OverrideForm>) -> Self {
        let day = subject.score.as_ref().map_or(subject.day, |scored| scored.row.day);
        let set = subject.set_on(day).filter(|_| subject.account.set_by.is_some());
        let may = member.may(Role::Csm) && !subject.is_past() && subject.words.in_force.is_some();
        let in_business = subject.account.churned_on.is_none_or(|left| left > subject.day);
        let past = subject.overrides.iter().filter(|one| one.ended_on.is_some_and(|end| end <= subject.day));
        Judgement {
            set: set.map(|set| SetByHand::of(subject, set)),
            past: past
                .filter(|one| one.last_day().is_some())
                .map(|one| past_of(&subject.words, one))
                .collect(),
            form: (may && in_business).then(|| FormView::of(subject, set, sent)),
        }
    }
}

impl SetByHand {
    fn of(subject: &Subject, set: &Override) -> Self {
        let (words, account) = (&subject.words, &subject.account);
        let scored = subject.score.as_ref();
        let stale = scored.is_none_or(|scored| scored.row.stale);
        let tone = scored.map_or(Tone::None, |s| band_tone(s, s.explained.band_computed, stale));
        let model_band = words.band(account.model_band.as_deref());
        let model = HealthBadge::new(account.model_score.map(|s| words.shown(s)), &model_band, tone);
        let then = words.model_says(set.model_score, set.model_band.as_deref());
        let (tone, state) = state(subject, set);
        SetByHand {
            id: set.id,
            by: Avatar::new(&set.set_by),
            person: words.badge(account),
            model: if stale { model.stale("most of the data behind it is old or missing") } else { model },
            reason: set.reason.clone(),
            when: format!(
                "since {}, until {} ({})",
                format::date_near(set.set_on, set.expires_on),
                format::date(set.expires_on),
                format::days_from(set.expires_on, subject.day)
            ),
            then: format!("That day {}.", then.replacen("says", "said", 1).replacen("has", "had", 1)),
            state,
            tone,
            withdraw: paths::account_tab(&account.external_id, "override/withdraw"),
        }
    }
}

/// Whether the two agree, and what follows.
fn state(subject: &Subject, set: &Override) -> (Tone, String) {
    match set.agreed_since.filter(|_| !subject.is_past()) {
        Some(since) => {
            let settled = since + chrono::Duration::days(AGREED_DAYS);
            let text = format!(
                "The model agrees since {}; if it still does on {}, this is settled and ends.",
                format::date(since),
                format::date(settled)
            );
            (Tone::Good, text)
        }
        None => {
            let text = "They disagree. It stays listed until one of them gives way; the renewal shows who was right.";
            (Tone::Watch, text.to_owned())
        }
    }
}

fn past_of(names: &Wording, one: &Override) -> PastOverride {
    let last = one.last_day().unwrap_or(one.set_on);
    PastOverride {
        what: names.what_is_set(one.score, one.band.as_deref()),
        when: format!(
            "by {}, {} to {}, {}",
            one.set_by,
            format::date_near(one.set_on, last),
            format::date(last),
            how_it_ended(one)
        ),
        reason: one.reason.clone(),
        outcome: outcome(one),
    }
}

/// `expired`, `withdrawn by Morgan Reed`, `settled: the model agreed`.
pub fn how_it_ended(one: &Override) -> String {
    let by = one.ended_by.as_deref().unwrap_or_default();
    match one.end_reason.as_deref() {
        Some("expired") => "expired".to_owned(),
        Some("agreed") => "settled: the model agreed".to_owned(),
        Some("churned") => "ended when the account left".to_owned(),
        Some("replaced") => format!("replaced by {by}"),
        Some(_) => format!("withdrawn by {by}"),
        None => "in force".to_owned(),
    }
}

/// `renewed on 1 Mar 2027: Casey Lin was right`; empty before a renewal was held against it.
pub fn outcome(one: &Override) -> String {
    let (Some(what), Some(on)) = (one.outcome.as_deref(), one.outcome_on) else { return String::new() };
    let what = match what {
        "shrank" => "renewed at less",
        "churned" => "left",
        _ => "renewed",
    };
    let who = match one.proved.as_deref() {
        Some("person") => format!("{} was right", one.set_by),
        Some("model") => "the model was right".to_owned(),
        _ => "both meant the same band".to_owned(),
    };
    format!("{what} on {}: {who}", format::date(on))
}

impl FormView {
    fn of(subject: &Subject, set: Option<&Override>, sent: Option<OverrideForm>) -> Self {
        let today = subject.day;
        let refused = sent.is_some();
        let form = sent.unwrap_or_else(|| OverrideForm {
            band: set.and_then(|set| set.band.clone()).unwrap_or_default(),
            score: set.and_then(|set| set.score).map_or_else(String::new, |score| score.to_string()),
            reason: set.map_or_else(String::new, |set| set.reason.clone()),
            expires_on: set.map_or(today + Days::new(USUAL_DAYS), |set| set.expires_on).to_string(),
            ..OverrideForm::default()
        });
        let wants_score = form.band.is_empty() && (refused || set.is_some());
        let best = subject.words.bands();
        let mut bands: Vec<Choice> = best
            .iter()
            .map(|(id, name, _)| Choice {
                value: id.clone(),
                label: name.clone(),
                selected: form.band == *id,
            })
            .collect();
        bands.push(Choice { value: String::new(), label: "A score…".to_owned(), selected: wants_score });
        FormView {
            action: paths::account_tab(&subject.account.external_id, "override"),
            back: back(&subject.account.external_id),
            bands,
            score: form.score,
            reason: form.reason,
            expires_on: form.expires_on,
            first_day: today.to_string(),
            last_day: (today + Days::new(MOST_DAYS)).to_string(),
            last_day_text: format::date(today + Days::new(MOST_DAYS)),
            seen: set.map_or_else(String::new, |set| set.id.to_string()),
            errors: form.errors,
        }
    }
}

impl OverrideForm {
    /// What is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a score or day that cannot be read.
    fn wanted(&self) -> std::result::Result<Wanted, Error> {
        let set = match self.band.trim() {
            "" => {
                let score = self.score.trim().replace(',', ".").parse();
                Set::Score(score.map_err(|_| Error::invalid("score", "must be a number from 0 to 100"))?)
            }
            band => Set::Band(band.to_owned()),
        };
        let day = |_| Error::invalid("expires_on", "must be a date such as 2027-01-31");
        let expires_on = match self.expires_on.trim() {
            "" => None,
            text => Some(text.parse().map_err(day)?),
        };
        let seen = Some(self.seen.parse().ok());
        Ok(Wanted { set, reason: self.reason.clone(), expires_on, seen })
    }
}

/// Sets score or band; a form that cannot be taken comes back as it was sent.
pub async fn set(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(mut form): Form<OverrideForm>,
) -> Result<Response> {
    let name = name_of(&web, &member, &external_id).await?;
    let me = Some(member.membership.member_id);
    let done = match form.wanted() {
        Ok(wanted) => web.app.set_override(&member.scope, &external_id, &wanted, &member.actor(), me).await,
        Err(error) => Err(error),
    };
    let (status, errors) = match done {
        Ok((set, change)) => return said(&web, &member, &external_id, &name, &set, &change).await,
        Err(Error::Invalid(fields)) => {
            let label = |field: &str| match field {
                "band" => "The band",
                "score" => "The score",
                "reason" => "A reason",
                _ => "The last day",
            };
            let said = fields.iter().map(|field| format!("{} {}.", label(&field.name), field.message));
            (StatusCode::UNPROCESSABLE_ENTITY, said.collect())
        }
        Err(Error::Conflict(text)) => (StatusCode::CONFLICT, vec![text]),
        Err(error) => return Err(error.into()),
    };
    form.errors = errors;
    Ok(page_with_status(status, health::with_form(&web, &member, &external_id, form).await?))
}

async fn said(
    web: &Web,
    member: &Member,
    external_id: &str,
    name: &str,
    set: &Override,
    change: &Change,
) -> Result<Response> {
    let words = Wording::of(web, member).await?;
    let what = words.what_is_set(set.score, set.band.as_deref());
    let text = format!("{name} counts as {what} until {}.", format::date(set.expires_on));
    let (id, action) = (set.id.to_string(), |verb: &str| paths::account_tab(external_id, verb));
    let done = Done::to(back(external_id), text);
    Ok(match change {
        Change::Unchanged => done.into_response(),
        Change::Set => done.undo(action("override/withdraw"), &[("override", &id)]).into_response(),
        Change::Replaced(old) => {
            let fields = [("override", &*old.to_string()), ("current", &id)];
            done.undo(action("override/restore"), &fields).into_response()
        }
    })
}

/// Which one, and what took its place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    r#override: String,
    current: String,
}

/// Takes it back.
pub async fn withdraw(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(which): Form<Which>,
) -> Result<Response> {
    let name = name_of(&web, &member, &external_id).await?;
    let id = which.r#override.parse().map_err(|_| Error::NotFound)?;
    let taken = web.app.withdraw_override(&member.scope, &external_id, Some(id), &member.actor()).await;
    unless_conflict(back(&external_id), taken, |next, taken| match taken {
        None => Done::to(next, format!("Nothing is set for {name} any more.")),
        Some(_) => {
            let action = paths::account_tab(&external_id, "override/restore");
            let done = Done::to(next, format!("{name} follows the model again."));
            done.undo(action, &[("override", &which.r#override)])
        }
    })
}

/// Brings back what was withdrawn or replaced.
pub async fn restore(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(which): Form<Which>,
) -> Result<Response> {
    let name = name_of(&web, &member, &external_id).await?;
    let id = which.r#override.parse().map_err(|_| Error::NotFound)?;
    let current: Option<Uuid> = which.current.parse().ok();
    let set = web.app.restore_override(&member.scope, &external_id, id, current, &member.actor()).await;
    let words = Wording::of(&web, &member).await?;
    unless_conflict(back(&external_id), set, |next, set| {
        let what = words.what_is_set(set.score, set.band.as_deref());
        Done::to(next, format!("{name} counts as {what} again."))
    })
}

async fn name_of(web: &Web, member: &Member, external_id: &str) -> Result<String> {
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(db::accounts::find(&mut tx, external_id).await?.ok_or(Error::NotFound)?.name)
}

fn back(external_id: &str) -> String {
    paths::account_tab(external_id, "health")
}
