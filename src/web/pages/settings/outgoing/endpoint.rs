//! `/settings/outgoing/endpoints/{id}`: one endpoint, and what became of its deliveries.
//!
//! Forms: `POST /settings/outgoing/endpoints` adds one; `POST …/{id}` changes it (`url`, `description`, `groups` …,
//! `kinds`, `min_severity`, `enabled`); `…/secret` gives it a new secret, `…/test` sends a test, `…/replay`
//! (`delivery`) starts one delivery or all that failed anew, `…/remove` and `…/restore` take it away and bring it back.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{EndpointForm, HERE, endpoint_path, host, standing, value, values};
use crate::app::Error;
use crate::app::members::Role;
use crate::app::outgoing::{Wanted, WantedSecret};
use crate::db::webhooks::{self, Attempt, Delivery};
use crate::web::error::Result;
use crate::web::extract::{Admin, Form, Id, Member, Query};
use crate::web::pages::settings::{SettingsNav, SettingsRoom, moment};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Pager, SelectFilter, Shell, Tone, filters};
use crate::web::{Web, paths};

/// Deliveries of a page.
const SIZE: i64 = 50;
/// States and what they are called.
const STATES: [(&str, &str); 3] = [("waiting", "Waiting"), ("delivered", "Delivered"), ("failed", "Failed")];

/// Which deliveries.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    state: String,
    before: Option<Uuid>,
}

/// One endpoint.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/endpoint.html")]
pub struct EndpointPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// Its page, for the URLs of forms.
    pub path: String,
    /// What it is called.
    pub name: String,
    /// Where.
    pub url: String,
    /// How it stands.
    pub state: String,
    /// How good that is.
    pub tone: Tone,
    /// Whether it is told.
    pub enabled: bool,
    /// Its secret, just made: the only time it is seen.
    pub secret: Option<String>,
    /// How it is to be.
    pub form: EndpointForm,
    /// Deliveries by state.
    pub select: SelectFilter,
    /// Whether any failed.
    pub any_failed: bool,
    /// One a row.
    pub deliveries: Vec<Row>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// The ways on.
    pub pager: Pager,
}

/// A delivery.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its webhook-id.
    pub id: String,
    /// The type in the payload.
    pub kind: String,
    /// `Delivered`.
    pub state: &'static str,
    /// How good that is.
    pub tone: Tone,
    /// What came last: `200`, or why there was no answer.
    pub last: String,
    /// `22 Nov, 09:14:31`, and what comes next.
    pub when: String,
    /// The payload.
    pub body: String,
    /// Every attempt: (when, answer, how long, what it wrote).
    pub attempts: Vec<(String, String, String, String)>,
    /// Whether it can be started anew.
    pub replayable: bool,
}

async fn page(web: &Web, member: &Member, id: Uuid, params: &Params) -> Result<EndpointPage> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Outgoing).await?;
    let endpoint = webhooks::endpoint(&mut tx, id).await?.ok_or(Error::NotFound)?;
    let state = STATES.iter().map(|(word, _)| *word).find(|word| *word == params.state);
    let mut found = webhooks::deliveries(&mut tx, id, state, params.before, SIZE + 1).await?;
    let more = found.len() > SIZE as usize;
    found.truncate(SIZE as usize);
    let ids: Vec<Uuid> = found.iter().map(|delivery| delivery.id).collect();
    let mut attempts: HashMap<Uuid, Vec<Attempt>> = HashMap::new();
    for (delivery, attempt) in webhooks::attempts(&mut tx, &ids).await? {
        attempts.entry(delivery).or_default().push(attempt);
    }
    let any_failed = webhooks::counts(&mut tx)
        .await?
        .iter()
        .any(|(of, state, n)| *of == id && state == "failed" && *n > 0);
    drop(tx);
    let path = endpoint_path(id);
    let href = |before: Option<Uuid>| {
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        paths::with_query(&path, &[("state", state.unwrap_or_default()), ("before", &before)])
    };
    let next = found.last().filter(|_| more).map(|last| href(Some(last.id)));
    let pager = Pager::keyset("", params.before.map(|_| href(None)), next);
    let wanted = Wanted {
        url: endpoint.url.clone(),
        description: endpoint.description.clone(),
        groups: endpoint.groups.clone(),
        kinds: endpoint.kinds.clone(),
        min_severity: endpoint.min_severity.clone(),
        enabled: endpoint.enabled,
    };
    let (standing, tone) = standing(&endpoint);
    let row = |delivery: Delivery| {
        let tried = attempts.remove(&delivery.id).unwrap_or_default();
        row(web, member, delivery, tried)
    };
    let empty = || EmptyState::new("send", "No deliveries", "Send a test to see one.");
    Ok(EndpointPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Admin),
        name: if endpoint.description.is_empty() {
            host(&endpoint.url)
        } else {
            endpoint.description.clone()
        },
        url: endpoint.url,
        state: standing,
        tone,
        enabled: endpoint.enabled,
        secret: None,
        form: EndpointForm::of(&wanted),
        select: SelectFilter::new("state", "State", "Any state", STATES, state),
        any_failed,
        empty: found.is_empty().then(empty),
        deliveries: found.into_iter().map(row).collect(),
        pager,
        path,
    })
}

fn row(web: &Web, member: &Member, delivery: Delivery, attempts: Vec<Attempt>) -> Row {
    let now = web.app.clock.now();
    let at = |at| moment(at, now, &member.scope);
    let answer = |status: Option<i32>, error: Option<String>| {
        status.map(|status| status.to_string()).or(error).unwrap_or_default()
    };
    let (state, tone) = match delivery.state.as_str() {
        "delivered" => ("Delivered", Tone::Good),
        "failed" => ("Failed", Tone::Critical),
        _ if delivery.attempts > 0 => ("Tried again", Tone::Watch),
        _ => ("Waiting", Tone::None),
    };
    let when = match delivery.ended_at {
        None if delivery.next_at > now => {
            format!("{}, tried again {}", at(delivery.created_at), at(delivery.next_at))
        }
        _ => at(delivery.created_at),
    };
    Row {
        id: delivery.id.to_string(),
        kind: delivery.kind,
        state,
        tone,
        last: answer(delivery.status, delivery.error),
        when,
        body: delivery.body,
        attempts: attempts
            .into_iter()
            .map(|a| (at(a.at), answer(a.status, a.error), format!("{} ms", a.millis), a.body))
            .collect(),
        replayable: delivery.state != "waiting",
    }
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Id(id): Id,
    Query(params): Query<Params>,
) -> Result<Page<EndpointPage>> {
    Ok(Page(page(&web, &member, id, &params).await?))
}

fn wanted(form: &[(String, String)]) -> Wanted {
    let kinds = value(form, "kinds").unwrap_or_default();
    Wanted {
        url: value(form, "url").unwrap_or_default(),
        description: value(form, "description").unwrap_or_default(),
        groups: values(form, "groups"),
        kinds: kinds
            .split([',', ' ', '\n'])
            .map(str::trim)
            .filter(|k| !k.is_empty())
            .map(str::to_owned)
            .collect(),
        min_severity: value(form, "min_severity"),
        enabled: value(form, "enabled").is_some(),
    }
}

fn with_errors(wanted: &Wanted, error: Error) -> Result<EndpointForm> {
    match error {
        Error::Invalid(fields) => {
            let errors = fields.into_iter().map(|field| (field.name, field.message)).collect();
            Ok(EndpointForm { errors, ..EndpointForm::of(wanted) })
        }
        other => Err(other.into()),
    }
}

/// Adds one and shows its secret, this once.
pub async fn create(
    State(web): State<Web>,
    Admin(member): Admin,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let wanted = Wanted { enabled: true, ..wanted(&form) };
    match web.app.create_endpoint(&member.scope, &wanted, &member.actor()).await {
        Ok(made) => with_secret(&web, &member, made).await,
        Err(error) => {
            let mut page = super::page(&web, &member).await?;
            page.form = with_errors(&wanted, error)?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

async fn with_secret(web: &Web, member: &Member, made: WantedSecret) -> Result<Response> {
    let mut page = page(web, member, made.endpoint, &Params::default()).await?;
    page.secret = Some(made.secret);
    Ok(Page(page).into_response())
}

/// Changes one.
pub async fn change(
    State(web): State<Web>,
    Admin(member): Admin,
    Id(id): Id,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let wanted = wanted(&form);
    let mut page = page(&web, &member, id, &Params::default()).await?;
    match web.app.change_endpoint(&member.scope, id, &wanted, &member.actor()).await {
        Ok(()) => {
            Ok(Done::to(endpoint_path(id), "Saved. It holds for what happens from now on.").into_response())
        }
        Err(error) => {
            page.form = with_errors(&wanted, error)?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

/// Gives it a new secret and shows it, this once.
pub async fn rotate(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Response> {
    let made = web.app.rotate_secret(&member.scope, id, &member.actor()).await?;
    with_secret(&web, &member, made).await
}

/// Sends a test.
pub async fn test(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.test_endpoint(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(endpoint_path(id), "A test is on its way; its delivery stands below."))
}

/// Which delivery.
#[derive(Debug, Deserialize)]
pub struct Which {
    delivery: Option<Uuid>,
}

/// Starts one delivery, or all that failed, anew.
pub async fn replay(
    State(web): State<Web>,
    Admin(member): Admin,
    Id(id): Id,
    Form(which): Form<Which>,
) -> Result<Done> {
    let n = web.app.replay_deliveries(&member.scope, id, which.delivery, &member.actor()).await?;
    let n = crate::web::ui::format::count(i64::try_from(n).unwrap_or(i64::MAX), "delivery");
    let n = n.replace("deliverys", "deliveries");
    Ok(Done::to(endpoint_path(id), format!("{n} on the way again.")))
}

/// Takes it away.
pub async fn remove(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.set_endpoint_removed(&member.scope, id, true, &member.actor()).await?;
    Ok(Done::to(HERE, "The endpoint is told nothing any more.")
        .undo(format!("{}/restore", endpoint_path(id)), &[]))
}

/// Brings it back.
pub async fn restore(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.set_endpoint_removed(&member.scope, id, false, &member.actor()).await?;
    Ok(Done::to(endpoint_path(id), "The endpoint is back."))
}
