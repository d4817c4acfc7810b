//! `PUT` and `DELETE /api/v1/renewals/{id}/outcome`.

use axum::Json as Answer;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::records::RenewalRecord;
use crate::app::Error;
use crate::app::renewals::{Closing, NextTerm};
use crate::domain::forecast::{Kind, Reason};
use crate::web::Web;
use crate::web::api::common;
use crate::web::api::{Refusal, Result};
use crate::web::extract::{Id, Posted, WriteKey};

/// What became of a renewal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "shrunk", "terms": [{ "contract": "acme-2026", "arr_minor": 9_600_000 }],
                           "term_months": 24, "reason": "price" }))]
pub struct OutcomeStatement {
    /// `renewed`, `expanded`, `shrunk` or `churned`. It must be what the amounts say; after `churned` none are needed.
    outcome: String,
    /// Contracts that renew at another ARR; those that are not named keep theirs.
    #[serde(default)]
    terms: Vec<TermStatement>,
    /// The first day of the next term (the first without any, for a churn); the renewal date unless given. Earlier for
    /// an early renewal, up to today for a lapsed one.
    #[serde(default, deserialize_with = "common::read_day")]
    effective_on: Option<NaiveDate>,
    /// Months of the next term; as long as the last unless given.
    #[schema(minimum = 1, maximum = 600)]
    term_months: Option<i32>,
    /// Why it shrank or was lost, for which it is needed: `price`, `budget`, `competitor`, `product_fit`,
    /// `low_adoption`, `service`, `champion_left`, `business_change`, `unknown` or `other`.
    reason: Option<String>,
    /// More about that.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
    /// Who got it instead.
    #[serde(default)]
    #[schema(max_length = 200)]
    competitor: String,
}

/// The next term of one contract.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermStatement {
    /// The contract, by its identity in your own systems.
    contract: String,
    /// Its ARR from then on, in minor units of its currency; 0 when it is not renewed.
    #[schema(minimum = 0)]
    arr_minor: i64,
}

impl OutcomeStatement {
    fn closing(self) -> std::result::Result<Closing, Error> {
        let Some(kind) = Kind::parse(&self.outcome) else {
            let message = "must be renewed, expanded, shrunk or churned";
            return Err(Error::invalid("outcome", message));
        };
        let reason = self.reason.map(|word| {
            let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
            let message = format!("must be one of {}", known.join(", "));
            Reason::parse(&word).ok_or_else(|| Error::invalid("reason", message))
        });
        let term = |t: TermStatement| NextTerm { contract: t.contract, arr_minor: t.arr_minor };
        Ok(Closing {
            churned: kind == Kind::Churned,
            terms: self.terms.into_iter().map(term).collect(),
            effective_on: self.effective_on,
            term_months: self.term_months,
            reason: reason.transpose()?,
            note: self.note,
            competitor: self.competitor,
            expected: Some(kind),
        })
    }
}

/// Record what became of a renewal.
///
/// It closes the renewal and changes its contracts with it: the next terms begin, or the contracts end. The same
/// request twice changes nothing.
#[utoipa::path(
    put,
    path = "/v1/renewals/{id}/outcome",
    operation_id = "putRenewalOutcome",
    tag = "Renewals",
    params(("id" = Uuid, Path, description = "The renewal's id")),
    request_body(content = OutcomeStatement, description = "Up to 256 KB"),
    responses(
        (status = 200, description = "The renewal as it is now", body = RenewalRecord),
        (status = 409, description = "It was closed with another outcome"),
    ),
    security(("writeKey" = []))
)]
pub async fn put(
    Posted { web, key, id: Id(id), body: stated }: Posted<WriteKey, Id, OutcomeStatement>,
) -> Result<Answer<RenewalRecord>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let closing = stated.closing()?;
    let closed = web.app.close_renewal(&key.scope, id, &closing, &key.actor()).await;
    closed.map_err(|error| named(error, id))?;
    let mut tx = web.app.db.read(&key.scope).await?;
    Ok(Answer(RenewalRecord::load(&mut tx, id, today).await?))
}

/// Take back what became of a renewal.
///
/// It is open again, and its contracts are as they were; for 30 days after it was recorded.
#[utoipa::path(
    delete,
    path = "/v1/renewals/{id}/outcome",
    operation_id = "deleteRenewalOutcome",
    tag = "Renewals",
    params(("id" = Uuid, Path, description = "The renewal's id")),
    responses(
        (status = 200, description = "The renewal as it is now", body = RenewalRecord),
        (status = 409, description = "It is open, or was closed too long ago"),
    ),
    security(("writeKey" = []))
)]
pub async fn reopen(State(web): State<Web>, key: WriteKey, Id(id): Id) -> Result<Answer<RenewalRecord>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let reopened = web.app.reopen_renewal(&key.scope, id, &key.actor()).await;
    reopened.map_err(|error| named(error, id))?;
    let mut tx = web.app.db.read(&key.scope).await?;
    Ok(Answer(RenewalRecord::load(&mut tx, id, today).await?))
}

fn named(error: Error, id: Uuid) -> Refusal {
    match error {
        Error::NotFound => Refusal::not_found("renewal", &id.to_string()),
        other => other.into(),
    }
}
