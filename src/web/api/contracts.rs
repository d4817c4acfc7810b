//! `PUT /api/v1/contracts/{external_id}`: a contract as you state it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Result;
use super::common::{self, Money};
use crate::app::Error;
use crate::db::accounts::Change;
use crate::db::contracts::Contract;
use crate::domain::money::{Currency, MoneyError};
use crate::web::extract::{Path, Posted, WriteKey};

/// A contract, stated whole: what is not given is taken away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "account": "acme", "start_date": "2027-01-01", "term_months": 12,
                           "arr_minor": 4_800_000, "currency": "USD", "seats": 250 }))]
pub struct ContractStatement {
    /// The account, by its identity in your own systems.
    account: String,
    /// First day.
    #[serde(deserialize_with = "needed_day")]
    start_date: NaiveDate,
    /// The day it renews, one after its last; null when it renews itself by its term.
    #[serde(default, deserialize_with = "common::read_day")]
    end_date: Option<NaiveDate>,
    /// Length in months; needed without an end date.
    #[schema(minimum = 1, maximum = 600)]
    term_months: Option<i32>,
    /// Annual recurring revenue in minor units: cents for USD, whole yen for JPY.
    #[schema(minimum = 0)]
    arr_minor: i64,
    /// ISO 4217 code; your company's own currency unless given.
    currency: Option<String>,
    /// Seats bought.
    #[schema(minimum = 0)]
    seats: Option<i32>,
    /// The first day without it, when it ended without renewal.
    #[serde(default, deserialize_with = "common::read_day")]
    ended_on: Option<NaiveDate>,
}

fn needed_day<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<NaiveDate, D::Error> {
    common::read_day(from)?.ok_or_else(|| serde::de::Error::custom("must be a day such as 2027-01-31"))
}

/// A contract as stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContractDetail {
    /// Identity in your own systems.
    #[schema(example = "acme-2027")]
    pub external_id: String,
    /// `created`, `updated` or `unchanged`.
    #[schema(example = "created")]
    pub change: &'static str,
    /// The account.
    #[schema(example = "acme")]
    pub account: String,
    /// First day.
    pub start_date: NaiveDate,
    /// The day it renews.
    pub end_date: Option<NaiveDate>,
    /// Length in months.
    pub term_months: Option<i32>,
    /// Annual recurring revenue.
    pub arr: Money,
    /// Seats bought.
    pub seats: Option<i32>,
    /// The first day without it.
    pub ended_on: Option<NaiveDate>,
}

/// Create or update a contract.
///
/// Idempotent. The account is scored within a minute, and its renewal opens by itself when its window is reached. The
/// day on which the recorded outcome of a renewal ended a contract holds, however it is stated afterwards.
#[utoipa::path(
    put,
    path = "/v1/contracts/{external_id}",
    operation_id = "putContract",
    tag = "Renewals",
    params(("external_id" = String, Path, description = "Identity in your own systems, percent-encoded; 1 to 200 characters", example = "acme-2027")),
    request_body(content = ContractStatement, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "It was there; `change` says whether anything changed", body = ContractDetail),
        (status = 201, description = "It was created", body = ContractDetail),
    ),
    security(("writeKey" = []))
)]
pub async fn put(
    Posted { web, key, id: Path(external_id), body: stated }: Posted<
        WriteKey,
        Path<String>,
        ContractStatement,
    >,
) -> Result<Response> {
    let currency = stated.currency.as_deref().unwrap_or(key.scope.currency());
    let currency: Currency =
        currency.parse().map_err(|error: MoneyError| Error::invalid("currency", error.to_string()))?;
    let contract = Contract {
        external_id,
        start_date: stated.start_date,
        end_date: stated.end_date,
        term_months: stated.term_months,
        arr_minor: stated.arr_minor,
        currency: currency.code().to_owned(),
        seats: stated.seats,
        ended_on: stated.ended_on,
    };
    let change = web.app.put_contract(&key.scope, &stated.account, &contract, &key.actor()).await?;
    let (status, change) = match change {
        Change::Created => (StatusCode::CREATED, "created"),
        Change::Updated => (StatusCode::OK, "updated"),
        Change::Unchanged => (StatusCode::OK, "unchanged"),
    };
    let detail = ContractDetail {
        external_id: contract.external_id,
        change,
        account: stated.account,
        start_date: contract.start_date,
        end_date: contract.end_date,
        term_months: contract.term_months,
        arr: Money { amount_minor: contract.arr_minor, currency: contract.currency },
        seats: contract.seats,
        ended_on: contract.ended_on,
    };
    Ok((status, axum::Json(detail)).into_response())
}
