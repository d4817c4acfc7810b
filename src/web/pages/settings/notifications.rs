//! `/settings/notifications`: how I want to be told. Everybody sets their own.
//!
//! Form: `app`, `mail` and `digest` with a group each, as often as there are groups; `min_severity`, `quiet_from`,
//! `quiet_until`, `time_zone`, `digest_at`.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{NaiveTime, Timelike as _};

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::error::Field;
use crate::domain::notice::{Preferences, Severity};
use crate::domain::timeline::Group;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Notice, Shell, Tone, filters};

const HERE: &str = "/settings/notifications";

/// How I want to be told.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/notifications.html")]
pub struct PreferencesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Said when no mail goes out.
    pub no_mail: Option<Notice>,
    /// My address.
    pub email: String,
    /// Groups: word, label, in the app, by mail at once, in the digest.
    pub groups: Vec<(&'static str, &'static str, bool, bool, bool)>,
    /// Severities: word, label, whether chosen.
    pub severities: Vec<(&'static str, String, bool)>,
    /// `22:00`; empty for no quiet hours.
    pub quiet_from: String,
    /// `07:00`.
    pub quiet_until: String,
    /// By which clock.
    pub time_zone: String,
    /// `07:30`; empty for no digest.
    pub digest_at: String,
    /// What is wrong, by field.
    pub errors: Vec<(String, String)>,
}

impl PreferencesPage {
    /// What is wrong with a field.
    pub fn error(&self, name: &str) -> Option<&str> {
        self.errors.iter().find(|(field, _)| field == name).map(|(_, message)| message.as_str())
    }
}

async fn page(web: &Web, member: &Member, preferences: &Preferences) -> Result<PreferencesPage> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Notifications).await?;
    let time = |time: NaiveTime| time.format("%H:%M").to_string();
    let mut severities = vec![("", "Anything".to_owned(), preferences.min_severity.is_none())];
    severities.extend(Severity::ALL.map(|severity| {
        let label = match severity {
            Severity::Critical => severity.label().to_owned(),
            _ => format!("{} and graver", severity.label()),
        };
        (severity.word(), label, preferences.min_severity == Some(severity))
    }));
    let no_mail = || {
        let text =
            "Your operator has not set up a mail server. Mails are written and kept, and none goes out.";
        Notice::new(Tone::Watch, "No mail goes out yet", text)
    };
    let of_day = |minute: u16| NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute) * 60, 0);
    Ok(PreferencesPage {
        shell: member.shell(Room::Settings),
        nav,
        no_mail: (!web.app.sends_mail()).then(no_mail),
        email: member.user.email.clone(),
        groups: Group::ALL
            .map(|group| {
                let on = |groups: &[Group]| groups.contains(&group);
                let ways = (on(&preferences.app), on(&preferences.mail), on(&preferences.digest));
                (group.word(), group.label(), ways.0, ways.1, ways.2)
            })
            .to_vec(),
        severities,
        quiet_from: preferences.quiet.map(|(from, _)| time(from)).unwrap_or_default(),
        quiet_until: preferences.quiet.map(|(_, until)| time(until)).unwrap_or_default(),
        time_zone: preferences.zone.name().to_owned(),
        digest_at: preferences.digest_minute.and_then(of_day).map(time).unwrap_or_default(),
        errors: Vec::new(),
    })
}

/// The form.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<PreferencesPage>> {
    let preferences = web.app.preferences(&member.scope, member.membership.member_id).await?;
    Ok(Page(page(&web, &member, &preferences).await?))
}

/// Saves it.
pub async fn save(
    State(web): State<Web>,
    member: Member,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let (preferences, mut errors) = read(&form, member.scope.time_zone());
    if errors.is_empty() {
        let me = member.membership.member_id;
        match web.app.set_preferences(&member.scope, me, &preferences, &member.actor()).await {
            Ok(()) => return Ok(Done::to(HERE, "Saved. It holds from now on.").into_response()),
            Err(Error::Invalid(fields)) => errors = fields,
            Err(error) => return Err(error.into()),
        }
    }
    let mut page = page(&web, &member, &preferences).await?;
    // What was typed stays, right or wrong.
    let typed = |name: &str| value(&form, name).to_owned();
    page.quiet_from = typed("quiet_from");
    page.quiet_until = typed("quiet_until");
    page.time_zone = typed("time_zone");
    page.digest_at = typed("digest_at");
    page.errors = errors.into_iter().map(|field| (field.name, field.message)).collect();
    Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
}

fn value<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    form.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
}

fn read(form: &[(String, String)], zone: chrono_tz::Tz) -> (Preferences, Vec<Field>) {
    let mut errors = Vec::new();
    let mut wrong = |name: &str, message: &str| {
        errors.push(Field { name: name.to_owned(), message: message.to_owned() });
    };
    let groups = |name: &str| -> Vec<Group> {
        let chosen = |group: &Group| form.iter().any(|(field, value)| field == name && value == group.word());
        Group::ALL.into_iter().filter(chosen).collect()
    };
    let mut time = |name: &str| -> Option<NaiveTime> {
        let text = value(form, name);
        let parsed = NaiveTime::parse_from_str(text, "%H:%M").ok();
        if parsed.is_none() && !text.is_empty() {
            wrong(name, "must be a time such as 07:30");
        }
        parsed
    };
    let (from, until, digest) = (time("quiet_from"), time("quiet_until"), time("digest_at"));
    if from.is_some() != until.is_some() {
        wrong(if from.is_some() { "quiet_until" } else { "quiet_from" }, "is needed as well");
    }
    let zone = match value(form, "time_zone") {
        "" => zone,
        name => name.parse().unwrap_or_else(|_| {
            wrong("time_zone", "must be a time zone such as Europe/Berlin");
            zone
        }),
    };
    let preferences = Preferences {
        app: groups("app"),
        mail: groups("mail"),
        digest: groups("digest"),
        min_severity: Severity::parse(value(form, "min_severity")),
        quiet: from.zip(until),
        zone,
        digest_minute: digest.and_then(|time| u16::try_from(time.hour() * 60 + time.minute()).ok()),
    };
    (preferences, errors)
}
