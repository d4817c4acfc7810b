//! `/studio/backtests/new`: which methodology, which days, how far ahead. `POST /studio/backtests` starts it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{HERE, ROOM, href};
use crate::app::backtest::{Subject, usual_settings};
use crate::app::error::Field;
use crate::app::{Error, Result as AppResult};
use crate::db::backtests::{self, Triable};
use crate::domain::backtest::Settings;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Query};
use crate::web::respond::{Page, page_with_status, redirect};
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters};

/// What is chosen already: `?subject=version:3` or `?subject=draft:…`.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    subject: String,
}

/// The form.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Typed {
    /// `version:3` or `draft:<id>`.
    subject: String,
    /// First day.
    from: String,
    /// Last day.
    to: String,
    /// Days from one scored day to the next.
    step_days: String,
    /// Days ahead.
    horizon_days: String,
}

/// The form and what is wrong with it.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/backtest_new.html")]
pub struct NewBacktestPage {
    /// The frame.
    pub shell: Shell,
    /// (value, label, chosen).
    pub subjects: Vec<(String, String, bool)>,
    /// What is typed.
    pub typed: Typed,
    /// (value, label, chosen).
    pub steps: Vec<(&'static str, &'static str, bool)>,
    /// What is wrong, by field.
    pub errors: Vec<Field>,
    /// What is wrong with none of the fields.
    pub notice: Option<Notice>,
    /// Said when there is nothing to try.
    pub empty: Option<EmptyState>,
    /// The last day whose usual horizon is over.
    pub last_day: String,
}

impl NewBacktestPage {
    /// Where the list is, and where the form is sent.
    fn back(&self) -> &'static str {
        HERE
    }

    fn error(&self, name: &str) -> Option<&str> {
        self.errors.iter().find(|field| field.name == name).map(|field| &*field.message)
    }
}

const STEPS: [(&str, &str); 4] =
    [("1", "Every day"), ("7", "Every week"), ("14", "Every two weeks"), ("28", "Every four weeks")];

async fn page(web: &Web, member: &Manager, typed: Typed) -> Result<NewBacktestPage> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let triable = backtests::triable(&mut tx).await?;
    drop(tx);
    let subject = |one: &Triable| {
        let (value, label) = match one.version {
            Some(version) => {
                let note = if one.status == "published" { " (in force)" } else { "" };
                (format!("version:{version}"), format!("{}, version {version}{note}", one.pack_name))
            }
            None => (format!("draft:{}", one.id), format!("{}, draft", one.pack_name)),
        };
        let chosen =
            if typed.subject.is_empty() { one.status == "published" } else { typed.subject == value };
        (value, label, chosen)
    };
    let none = || {
        let text = "There is no methodology to try. Apply a pack first.";
        EmptyState::new("layers", "Nothing to try", text).action("Methodology", "/settings/methodology")
    };
    Ok(NewBacktestPage {
        shell: member.shell(ROOM),
        empty: triable.is_empty().then(none),
        subjects: triable.iter().map(subject).collect(),
        steps: STEPS.map(|(value, label)| (value, label, typed.step_days == value)).to_vec(),
        typed,
        errors: Vec::new(),
        notice: None,
        last_day: usual_settings(web.app.clock.today(member.scope.time_zone())).to.to_string(),
    })
}

/// The form.
pub async fn show(
    State(web): State<Web>,
    member: Manager,
    Query(params): Query<Params>,
) -> Result<Page<NewBacktestPage>> {
    let usual = usual_settings(web.app.clock.today(member.scope.time_zone()));
    let typed = Typed {
        subject: params.subject,
        from: usual.from.to_string(),
        to: usual.to.to_string(),
        step_days: usual.step_days.to_string(),
        horizon_days: usual.horizon_days.to_string(),
    };
    Ok(Page(page(&web, &member, typed).await?))
}

/// Starts it and leads to its page.
pub async fn start(State(web): State<Web>, member: Manager, Form(typed): Form<Typed>) -> Result<Response> {
    match begin(&web, &member, &typed).await {
        Ok(id) => Ok(redirect(&href(id)).into_response()),
        Err(Error::Invalid(errors)) => {
            let mut page = page(&web, &member, typed).await?;
            let known = ["subject", "from", "to", "step_days", "horizon_days"];
            let (errors, others): (Vec<Field>, Vec<Field>) =
                errors.into_iter().partition(|field| known.contains(&field.name.as_str()));
            page.errors = errors;
            page.notice = others
                .first()
                .map(|field| Notice::new(Tone::Critical, "This draft does not load.", &field.message));
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(Error::Conflict(text)) => {
            let mut page = page(&web, &member, typed).await?;
            page.notice = Some(Notice::new(Tone::Watch, "Not started.", &text));
            Ok(page_with_status(StatusCode::CONFLICT, page))
        }
        Err(error) => Err(error.into()),
    }
}

async fn begin(web: &Web, member: &Manager, typed: &Typed) -> AppResult<uuid::Uuid> {
    let mut wrong = Vec::new();
    let mut field = |name: &str, message: &str| {
        wrong.push(Field { name: name.to_owned(), message: message.to_owned() });
    };
    let from = typed.from.parse().map_err(|_| field("from", "must be a date such as 2027-01-31"));
    let to = typed.to.parse().map_err(|_| field("to", "must be a date such as 2027-01-31"));
    let step_days =
        typed.step_days.trim().parse().map_err(|_| field("step_days", "must be a number of days"));
    let horizon =
        typed.horizon_days.trim().parse().map_err(|_| field("horizon_days", "must be a number of days"));
    let (Ok(from), Ok(to), Ok(step_days), Ok(horizon_days)) = (from, to, step_days, horizon) else {
        return Err(Error::Invalid(wrong));
    };
    let unknown = || Error::invalid("subject", "is not there any more; choose another");
    let subject = match typed.subject.split_once(':') {
        Some(("version", number)) => Subject::Version(number.parse().map_err(|_| unknown())?),
        Some(("draft", id)) => {
            let id = id.parse().map_err(|_| unknown())?;
            web.app.draft_to_try(&member.scope, id).await.map_err(|error| absent(error, unknown))?
        }
        _ => return Err(unknown()),
    };
    let settings = Settings { from, to, step_days, horizon_days };
    let started = web.app.start_backtest(&member.scope, &subject, &settings, &member.actor()).await;
    started.map_err(|error| absent(error, unknown))
}

fn absent(error: Error, unknown: impl Fn() -> Error) -> Error {
    if matches!(error, Error::NotFound) { unknown() } else { error }
}
