//! `PUT /api/v1/accounts/{external_id}`.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::Error;
use crate::app::error::Field;
use crate::db;
use crate::db::accounts::{Account, Change, Stated};
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Path, Posted, WriteKey};

/// The most tags an account may have.
const MAX_TAGS: usize = 100;
/// The most characters a tag may have.
const MAX_TAG: usize = 100;

/// What you state of an account. Whatever is not given stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Acme Corporation",
    "owner_email": "maya@example.com",
    "start_date": "2026-02-01",
    "tags": ["beta", "emea"],
    "fields": {}
}))]
pub struct AccountStatement {
    /// Display name; a new account without one is called by its external id.
    #[schema(min_length = 1, max_length = 300)]
    name: Option<String>,
    /// Address of the member who is its CSM; null takes the CSM away.
    #[serde(default, deserialize_with = "common::given")]
    #[schema(value_type = Option<String>)]
    owner_email: Option<Option<String>>,
    /// First day as a customer; null lets the first contract's start count.
    #[serde(default, deserialize_with = "common::given_day")]
    #[schema(value_type = Option<NaiveDate>)]
    start_date: Option<Option<NaiveDate>>,
    /// All tags: they replace those stored.
    #[schema(max_items = 100)]
    tags: Option<Vec<String>>,
    /// Values of your own fields, merged into those stored; null removes one. Fields are defined in Settings.
    #[schema(value_type = Option<Object>)]
    fields: Option<Map<String, Value>>,
}

/// The account as stated, and what became of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatedAccount {
    /// Identity in your own systems.
    #[schema(example = "acme")]
    pub external_id: String,
    /// `created`, `updated` or `unchanged`.
    #[schema(example = "updated")]
    pub change: &'static str,
    /// Display name.
    #[schema(example = "Acme Corporation")]
    pub name: String,
    /// Address of the CSM.
    #[schema(example = "maya@example.com")]
    pub owner_email: Option<String>,
    /// Start as stated.
    pub start_date: Option<NaiveDate>,
    /// All tags.
    pub tags: Vec<String>,
    /// Values of your own fields, by name.
    #[schema(value_type = Object)]
    pub fields: Value,
}

/// Create or update an account.
///
/// Idempotent: the same request twice changes nothing the second time. The account is scored within a minute, and
/// events that waited for it are counted.
#[utoipa::path(
    put,
    path = "/v1/accounts/{external_id}",
    operation_id = "putAccount",
    tag = "Accounts",
    params((
        "external_id" = String,
        Path,
        description = "Identity in your own systems, percent-encoded; 1 to 200 characters",
        example = "acme"
    )),
    request_body(content = AccountStatement, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "It was there; `change` says whether anything changed", body = StatedAccount),
        (status = 201, description = "It was created", body = StatedAccount,
            headers(("location" = String, description = "Where it can be read"))),
    ),
    security(("writeKey" = []))
)]
pub async fn put(
    Posted { web, key, id: Path(external_id), body: statement }: Posted<
        WriteKey,
        Path<String>,
        AccountStatement,
    >,
) -> Result<Response> {
    let stated = statement.check(&web, &key, external_id).await?;
    let change = web.app.put_account(&key.scope, &stated, &key.actor()).await?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let account = db::accounts::find(&mut tx, &stated.external_id).await?;
    let account = account.ok_or_else(|| Refusal::not_found("account", &stated.external_id))?;
    Ok(answer(account, change))
}

fn answer(account: Account, change: Change) -> Response {
    let (status, change) = match change {
        Change::Created => (StatusCode::CREATED, "created"),
        Change::Updated => (StatusCode::OK, "updated"),
        Change::Unchanged => (StatusCode::OK, "unchanged"),
    };
    let location = format!("/api/v1/accounts/{}", crate::web::paths::encode(&account.external_id));
    let body = axum::Json(StatedAccount {
        external_id: account.external_id,
        change,
        name: account.name,
        owner_email: account.owner_email,
        start_date: account.start_date,
        tags: account.tags,
        fields: account.fields,
    });
    if status == StatusCode::CREATED {
        (status, [(LOCATION, location)], body).into_response()
    } else {
        (status, body).into_response()
    }
}

impl AccountStatement {
    /// Everything the types do not already say; all that is wrong at once.
    async fn check(self, web: &Web, key: &WriteKey, external_id: String) -> Result<Stated> {
        let mut wrong = Vec::new();
        let mut refuse = |name: &str, message: &str| {
            wrong.push(Field { name: name.to_owned(), message: message.to_owned() })
        };
        if !(1..=200).contains(&external_id.chars().count()) {
            refuse("external_id", "must have 1 to 200 characters");
        }
        let name = self.name.map(|name| name.trim().to_owned());
        if name.as_ref().is_some_and(|name| !is_text(name, 300)) {
            refuse("name", "must have 1 to 300 characters, none of them NUL");
        }
        let tags = self.tags.map(tidy);
        if let Some(tags) = &tags {
            if tags.len() > MAX_TAGS {
                refuse("tags", "must not be more than 100");
            }
            if tags.iter().any(|tag| !is_text(tag, MAX_TAG)) {
                refuse("tags", "must each have 1 to 100 characters, none of them NUL");
            }
        }
        for (name, value) in self.fields.iter().flatten() {
            if value.as_str().is_some_and(|text| text.contains('\0')) {
                refuse(&format!("fields.{name}"), "must not hold a NUL character");
            }
        }
        let owner_id = match self.owner_email {
            None => None,
            Some(None) => Some(None),
            Some(Some(email)) => {
                let found = member(web, key, email.trim()).await?;
                if found.is_none() {
                    refuse("owner_email", "is not the address of a member; invite them in Settings first");
                }
                Some(found)
            }
        };
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong).into());
        }
        let fields = self.fields.map(Value::Object);
        Ok(Stated { external_id, name, owner_id, start_date: self.start_date, tags, fields })
    }
}

async fn member(web: &Web, key: &WriteKey, email: &str) -> Result<Option<uuid::Uuid>> {
    if email.contains('\0') {
        return Ok(None);
    }
    let mut tx = web.app.db.read(&key.scope).await?;
    let email = email.to_lowercase();
    let known = db::members::ids_by_email(&mut tx).await?;
    Ok(known.into_iter().find(|(address, _)| *address == email).map(|(_, id)| id))
}

fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.contains('\0')
}

/// Trimmed, each once, in the order given.
fn tidy(tags: Vec<String>) -> Vec<String> {
    let mut tidy: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = tag.trim();
        if !tidy.iter().any(|known| known == tag) {
            tidy.push(tag.to_owned());
        }
    }
    tidy
}
