//! Deliveries: each tried until it is taken or has failed for good.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{App, Result};
use crate::app::{Actor, Error};
use crate::db::timeline::Entry;
use crate::db::webhooks::{Attempt, Due, NewDelivery};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::timeline::Kind;
use crate::integrations::http::{HttpError, Stopwatch};
use crate::integrations::webhooks::sign;

/// Seconds until each further try of a delivery; after the last one it has failed.
pub const RETRIES: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
/// Days of nothing but failures after which an endpoint is paused.
pub const PAUSE_AFTER_DAYS: i64 = 5;
/// How much of an answer is kept.
const KEPT_BYTES: usize = 1024;

impl App {
    pub(super) async fn send_delivery(&self, scope: &TenantScope, due: &Due) -> Result<()> {
        let at = self.clock.now();
        let id = due.id.to_string();
        let secrets = [Some(due.secret.as_slice()), due.secret_before.as_deref()];
        let signature = sign(secrets.into_iter().flatten(), &id, at.timestamp(), &due.body);
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", at.timestamp().to_string()),
            ("webhook-signature", signature),
        ];
        let watch = Stopwatch::start();
        let answer = self.outlets.http.post(&due.url, &headers, due.body.clone(), KEPT_BYTES).await;
        let mut attempt = Attempt {
            attempt: due.attempts,
            at,
            millis: watch.millis(),
            status: None,
            body: String::new(),
            error: None,
        };
        match answer {
            Ok(answer) => {
                attempt.status = Some(i32::from(answer.status));
                attempt.body = answer.body;
            }
            Err(HttpError::Refused(why) | HttpError::Failed(why)) => attempt.error = Some(why),
        }
        self.attempted(scope, due, &attempt).await
    }

    async fn attempted(&self, scope: &TenantScope, due: &Due, attempt: &Attempt) -> Result<()> {
        let now = self.clock.now();
        let delivered = attempt.status.is_some_and(|status| (200..300).contains(&status));
        let gone = attempt.status == Some(410);
        let failed = usize::try_from(due.tries - 1).unwrap_or_default();
        let next_at = RETRIES.get(failed).filter(|_| !gone).map(|seconds| now + Duration::seconds(*seconds));
        let mut tx = self.db.write(scope).await?;
        let next_at = if delivered { None } else { next_at };
        // Before the delivery: whoever pauses the endpoint gives up its deliveries in this order.
        db::webhooks::lock(&mut tx, due.endpoint_id).await?;
        db::webhooks::attempted(&mut tx, due.id, attempt, delivered, next_at).await?;
        if delivered {
            db::webhooks::answered(&mut tx, due.endpoint_id).await?;
        } else {
            let since = db::webhooks::failed(&mut tx, due.endpoint_id, now).await?;
            let too_long = since.is_some_and(|since| now - since >= Duration::days(PAUSE_AFTER_DAYS));
            if gone || too_long {
                pause(&mut tx, due, gone, now).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Queues a delivery that says nothing but that it arrives; returns its id.
    ///
    /// # Errors
    /// [`Error::NotFound`] without such an endpoint, [`Error::Conflict`] when it is paused.
    pub async fn test_endpoint(&self, scope: &TenantScope, endpoint: Uuid, actor: &Actor) -> Result<Uuid> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        told(&mut tx, endpoint).await?;
        let id = Uuid::now_v7();
        let data = json!({ "text": "Holdfast reaches this endpoint.", "by": actor.0 });
        let body = json!({ "type": "test", "timestamp": now, "data": data }).to_string();
        let test = NewDelivery { id, endpoint, entry: None, kind: "test".to_owned(), body };
        db::webhooks::deliver(&mut tx, &[test], now).await?;
        db::audit::record(&mut tx, now, &actor.0, "endpoint.tested", &endpoint.to_string(), json!({}))
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Starts deliveries of an endpoint anew, one or all that failed; returns how many.
    ///
    /// # Errors
    /// [`Error::NotFound`] without such an endpoint or delivery, [`Error::Conflict`] when the endpoint is paused.
    pub async fn replay_deliveries(
        &self,
        scope: &TenantScope,
        endpoint: Uuid,
        one: Option<Uuid>,
        actor: &Actor,
    ) -> Result<u64> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        told(&mut tx, endpoint).await?;
        let replayed = db::webhooks::replay(&mut tx, endpoint, one, now).await?;
        if let Some(one) = one
            && replayed == 0
        {
            let there = db::webhooks::delivery(&mut tx, one).await?;
            there.filter(|delivery| delivery.endpoint_id == endpoint).ok_or(Error::NotFound)?;
        }
        let detail = json!({ "delivery": one, "deliveries": replayed });
        db::audit::record(&mut tx, now, &actor.0, "endpoint.replayed", &endpoint.to_string(), detail).await?;
        tx.commit().await?;
        Ok(replayed)
    }
}

/// That an endpoint is there and told.
async fn told(tx: &mut TenantTx, endpoint: Uuid) -> Result<()> {
    let found = db::webhooks::endpoint(tx, endpoint).await?.ok_or(Error::NotFound)?;
    if found.enabled {
        Ok(())
    } else {
        Err(Error::Conflict("The endpoint is paused: switch it on first.".into()))
    }
}

/// Stops telling an endpoint, and tells the admins so.
async fn pause(tx: &mut TenantTx, due: &Due, gone: bool, now: DateTime<Utc>) -> Result<()> {
    let why = if gone { "gone" } else { "failing" };
    if !db::webhooks::pause(tx, due.endpoint_id, why, now).await? {
        return Ok(());
    }
    let title = format!("The webhook to {} is paused", host(&due.url));
    let body = if gone {
        "It answered 410: whoever runs it says that it is gone for good. What waited for it has failed; it can be \
         replayed once the endpoint is switched on again under Settings, Outgoing."
            .to_owned()
    } else {
        format!(
            "Every attempt of the last {PAUSE_AFTER_DAYS} days failed. What waited for it has failed; it can be \
             replayed once the endpoint is switched on again under Settings, Outgoing."
        )
    };
    let entry = Entry {
        about: Some(due.endpoint_id),
        severity: Some("high"),
        body,
        data: json!({ "roles": ["admin"], "endpoint": due.endpoint_id, "reason": why }),
        once: Some(format!("endpoint-paused:{}:{}", due.endpoint_id, now.timestamp())),
        ..Entry::new(Kind::Notice, None, now, title)
    };
    db::timeline::append(tx, &[entry], now).await?;
    db::audit::record(
        tx,
        now,
        "Holdfast",
        "endpoint.paused",
        &due.endpoint_id.to_string(),
        json!({ "why": why }),
    )
    .await?;
    Ok(())
}

/// The host of a URL, for people.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}
