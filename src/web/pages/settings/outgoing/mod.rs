//! `/settings/outgoing`: where messages and webhooks go. Everybody sees what goes out; admins change it.

use askama::Template;
use axum::extract::State;
use uuid::Uuid;

use super::{SettingsNav, SettingsRoom};
use crate::app::members::Role;
use crate::app::outgoing::{Endpoint, Wanted};
use crate::db::{self, messages, webhooks};
use crate::domain::notice::Severity;
use crate::domain::timeline::{Group, Kind};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, Tone, filters, format};

pub mod customers;
pub mod endpoint;
pub mod messages_list;
pub mod slack;

const HERE: &str = "/settings/outgoing";

/// Everything that goes out.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/outgoing.html")]
pub struct OutgoingPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// Whether a mail server is configured.
    pub sends_mail: bool,
    /// What becomes of mails to customers.
    pub customers: Customers,
    /// Messages by state: (`Queued`, `12`).
    pub messages: Vec<(String, String)>,
    /// Where Slack is told, without its secret; none when it is not.
    pub slack: Option<String>,
    /// What Slack is to be told.
    pub slack_form: Told,
    /// What was typed as Slack's URL, after an error.
    pub slack_url: String,
    /// What is wrong with it.
    pub slack_error: Option<String>,
    /// One a row.
    pub endpoints: Vec<EndpointRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
    /// A new endpoint.
    pub form: EndpointForm,
}

/// What becomes of mails to customers.
#[derive(Clone, Debug, Default)]
pub struct Customers {
    /// Whether they go out.
    pub on: bool,
    /// `12 wait; 3 of them go out when you switch this on, older ones expire.`
    pub waiting: String,
}

/// Groups and a least severity to choose.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Word, label, whether chosen.
    pub groups: Vec<(&'static str, &'static str, bool)>,
    /// Word, label, whether chosen.
    pub severities: Vec<(&'static str, String, bool)>,
}

impl Told {
    fn of(groups: &[String], least: Option<&str>) -> Self {
        let least = least.and_then(Severity::parse);
        let mut severities = vec![("", "Anything".to_owned(), least.is_none())];
        severities.extend(Severity::ALL.map(|severity| {
            let label = match severity {
                Severity::Critical => severity.label().to_owned(),
                _ => format!("{} and graver", severity.label()),
            };
            (severity.word(), label, least == Some(severity))
        }));
        let chosen = |group: Group| groups.iter().any(|word| word == group.word());
        Told {
            groups: Group::ALL.map(|group| (group.word(), group.label(), chosen(group))).to_vec(),
            severities,
        }
    }
}

/// The form of an endpoint.
#[derive(Clone, Debug, Default)]
pub struct EndpointForm {
    /// Where.
    pub url: String,
    /// What it is called.
    pub description: String,
    /// What it is told.
    pub told: Told,
    /// Single kinds, by their words, parted by commas.
    pub kinds: String,
    /// Whether it is told.
    pub enabled: bool,
    /// What is wrong, by field.
    pub errors: Vec<(String, String)>,
}

impl EndpointForm {
    fn of(wanted: &Wanted) -> Self {
        EndpointForm {
            url: wanted.url.clone(),
            description: wanted.description.clone(),
            told: Told::of(&wanted.groups, wanted.min_severity.as_deref()),
            kinds: wanted.kinds.join(", "),
            enabled: wanted.enabled,
            errors: Vec::new(),
        }
    }

    /// What is wrong with a field.
    pub fn error(&self, name: &str) -> Option<&str> {
        self.errors.iter().find(|(field, _)| field == name).map(|(_, message)| message.as_str())
    }

    /// Every kind there is, for the hint.
    pub fn all_kinds(&self) -> String {
        Kind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ")
    }
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct EndpointRow {
    /// Its page.
    pub href: String,
    /// What it is called, or its host.
    pub name: String,
    /// Where.
    pub url: String,
    /// What it is told.
    pub told: String,
    /// How it stands.
    pub state: String,
    /// How good that is.
    pub tone: Tone,
    /// `1,204 delivered, 3 waiting`.
    pub deliveries: String,
}

/// How an endpoint stands, in words.
fn standing(endpoint: &Endpoint) -> (String, Tone) {
    match (endpoint.paused_why.as_deref(), endpoint.failing_since) {
        (Some("gone"), _) => ("Paused: answered 410, gone".to_owned(), Tone::Critical),
        (Some("failing"), _) => ("Paused: failed for days".to_owned(), Tone::Critical),
        (Some(_), _) => ("Paused by hand".to_owned(), Tone::None),
        (None, Some(_)) => ("Failing".to_owned(), Tone::Risk),
        (None, None) => ("On".to_owned(), Tone::Good),
    }
}

fn told_text(endpoint: &Endpoint) -> String {
    let groups = endpoint.groups.iter().filter_map(|word| Group::parse(word)).map(Group::label);
    let kinds = endpoint.kinds.iter().filter_map(|word| Kind::parse(word)).map(Kind::label);
    let named: Vec<&str> = groups.chain(kinds).collect();
    let what = if named.is_empty() { "Everything".to_owned() } else { named.join(", ") };
    match endpoint.min_severity.as_deref().and_then(Severity::parse) {
        Some(least) => format!("{what}, from {} on", least.word()),
        None => what,
    }
}

async fn page(web: &Web, member: &Member) -> Result<OutgoingPage> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Outgoing).await?;
    let slack = messages::slack(&mut tx).await?;
    let endpoints = webhooks::endpoints(&mut tx).await?;
    let counts = webhooks::counts(&mut tx).await?;
    let messages = db::messages::counts(&mut tx).await?;
    let customers = customers::load(&mut tx, web.app.clock.now()).await?;
    drop(tx);
    let row = |endpoint: &Endpoint| {
        let (state, tone) = standing(endpoint);
        EndpointRow {
            href: endpoint_path(endpoint.id),
            name: if endpoint.description.is_empty() {
                host(&endpoint.url)
            } else {
                endpoint.description.clone()
            },
            url: endpoint.url.clone(),
            told: told_text(endpoint),
            state,
            tone,
            deliveries: counted(&counts, endpoint.id),
        }
    };
    let empty = || {
        let text =
            "An endpoint of yours is told of alerts, stages, renewals and more, each signed and retried.";
        EmptyState::new("send", "No endpoints yet", text)
    };
    let usual = Wanted { groups: vec![Group::Alerts.word().to_owned()], enabled: true, ..Wanted::default() };
    Ok(OutgoingPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Admin),
        sends_mail: web.app.sends_mail(),
        customers,
        messages: messages.into_iter().map(|(state, n)| (state, format::number(n))).collect(),
        slack_form: match &slack {
            Some(hook) => Told::of(&hook.groups, hook.min_severity.as_deref()),
            None => Told::of(&[Group::Alerts.word().to_owned()], Some(Severity::High.word())),
        },
        slack: slack.map(|hook| host(&hook.url)),
        slack_url: String::new(),
        slack_error: None,
        empty: endpoints.is_empty().then(empty),
        endpoints: endpoints.iter().map(row).collect(),
        form: EndpointForm::of(&usual),
    })
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<OutgoingPage>> {
    Ok(Page(page(&web, &member).await?))
}

fn endpoint_path(id: Uuid) -> String {
    format!("{HERE}/endpoints/{id}")
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest).to_owned()
}

fn counted(counts: &[(Uuid, String, i64)], endpoint: Uuid) -> String {
    let of = |state: &str| {
        counts.iter().find(|(id, s, _)| *id == endpoint && s == state).map_or(0, |(_, _, n)| *n)
    };
    let named = [("delivered", of("delivered")), ("waiting", of("waiting")), ("failed", of("failed"))];
    let parts =
        named.iter().filter(|(_, n)| *n > 0).map(|(state, n)| format!("{} {state}", format::number(*n)));
    let text = parts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none yet".to_owned() } else { text }
}

/// The values of a field that may come more than once.
fn values(form: &[(String, String)], name: &str) -> Vec<String> {
    form.iter().filter(|(field, _)| field == name).map(|(_, value)| value.trim().to_owned()).collect()
}

/// The first value of a field; none when it is empty.
fn value(form: &[(String, String)], name: &str) -> Option<String> {
    values(form, name).into_iter().next().filter(|value| !value.is_empty())
}
