//! `/settings/keys`: keys of integrations.
//!
//! Forms: `POST /settings/keys` (`name`, `scope`) creates; `POST /settings/keys/{id}/revoke` revokes
//! and `…/restore` undoes it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::keys::KeyScope;
use crate::app::members::Role;
use crate::db::api_keys::{self, ApiKey};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Admin, Form, Id, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, filters, format};

const HERE: &str = "/settings/keys";

/// All keys; a new one shows its secret once.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/keys.html")]
pub struct KeysPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// The key just made.
    pub created: Option<NewKey>,
    /// The name typed, after an error.
    pub name: String,
    /// What is wrong with it.
    pub name_error: Option<String>,
    /// One a row.
    pub keys: Vec<KeyRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// A key just made: the only time its secret is seen.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// Its secret.
    pub secret: String,
    /// A call that proves it works, to paste into a terminal.
    pub example: String,
}

/// A key.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// For the URL of the form.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Write`, `Read` or `Manage`.
    pub scope: String,
    /// Its first letters: `hf_w_8Kd…`.
    pub prefix: String,
    /// `12 Jan 2026`.
    pub created: String,
    /// When it last brought a message: `4 min ago`, `never`; empty for others, whose requests are not noted.
    pub last_used: String,
    /// When it was revoked; such a key stays in the list.
    pub revoked: Option<String>,
}

/// What a key is called and what it may do.
#[derive(Debug, Deserialize)]
pub struct NewKeyForm {
    name: String,
    scope: String,
}

async fn page(web: &Web, member: &Member) -> Result<KeysPage> {
    let now = web.app.clock.now();
    let today = member.scope.day_of(now);
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Keys).await?;
    let keys = api_keys::list(&mut tx).await?;
    let row = |key: &ApiKey| KeyRow {
        id: key.id.to_string(),
        name: key.name.clone(),
        scope: match KeyScope::parse(&key.scope) {
            Some(KeyScope::Write) => "Write",
            Some(KeyScope::Manage) => "Manage",
            Some(KeyScope::Read) | None => "Read",
        }
        .to_owned(),
        prefix: format!("{}\u{2026}", key.hint),
        created: format::date(member.scope.day_of(key.created_at)),
        last_used: match key.last_at {
            Some(at) => format::ago(at, now),
            None if key.scope == KeyScope::Write.word() => "never".to_owned(),
            None => String::new(),
        },
        revoked: key.revoked_at.map(|at| format::date_near(member.scope.day_of(at), today)),
    };
    let none = || {
        let text =
            "Create a write key, give it to any Segment-compatible SDK, and events arrive within a second.";
        EmptyState::new("key-round", "No keys yet", text)
    };
    Ok(KeysPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Admin),
        created: None,
        name: String::new(),
        name_error: None,
        empty: keys.is_empty().then(none),
        keys: keys.iter().map(row).collect(),
    })
}

/// The list.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<KeysPage>> {
    Ok(Page(page(&web, &member).await?))
}

/// Makes a key and shows its secret, this once.
pub async fn create(
    State(web): State<Web>,
    Admin(member): Admin,
    Form(form): Form<NewKeyForm>,
) -> Result<Response> {
    let scope = KeyScope::parse(&form.scope)
        .ok_or_else(|| Error::invalid("scope", "must be read, write or manage"))?;
    let made = web.app.create_key(&member.scope, &form.name, scope, &member.actor()).await;
    let mut page = page(&web, &member).await?;
    match made {
        Ok(secret) => {
            let example = example(&member.origin(&web), &secret, scope);
            page.created = Some(NewKey { name: form.name.trim().to_owned(), secret, example });
            Ok(Page(page).into_response())
        }
        Err(Error::Invalid(fields)) => {
            page.name_error = fields.into_iter().next().map(|field| field.message);
            page.name = form.name;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// A call that proves the key works: it goes to this very server.
fn example(origin: &str, secret: &str, scope: KeyScope) -> String {
    match scope {
        KeyScope::Write => format!(
            "curl {origin}/v1/track -u {secret}: -H 'content-type: application/json' \\\n  -d \
             '{{\"userId\": \"u-1\", \"event\": \"Key Tested\", \"context\": {{\"groupId\": \"an-account-id\"}}}}'"
        ),
        KeyScope::Read => format!("curl {origin}/api/v1/accounts -H 'authorization: Bearer {secret}'"),
        KeyScope::Manage => format!("curl {origin}/api/v1/methodology -H 'authorization: Bearer {secret}'"),
    }
}

/// Stops a key from working.
pub async fn revoke(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.set_key_revoked(&member.scope, id, true, &member.actor()).await?;
    let text = "Revoked. What is sent with this key is refused within ten seconds.";
    Ok(Done::to(HERE, text).undo(format!("{HERE}/{id}/restore"), &[]))
}

/// Lets it work again.
pub async fn restore(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.set_key_revoked(&member.scope, id, false, &member.actor()).await?;
    Ok(Done::to(HERE, "The key works again.").undo(format!("{HERE}/{id}/revoke"), &[]))
}
