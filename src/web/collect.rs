//! The tracking endpoints that Segment-compatible SDKs speak to: `/v1/track`, `/v1/batch` … and the short paths of
//! analytics.js.
//!
//! What SDKs do with an answer decides its status: some retry on anything but exactly 200, some drop a batch for
//! good on any 4xx. So 200 means "durably stored", 4xx only "will never be right", and 429/503 "come again".

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::Web;
use crate::app::Error;
use crate::db::platform::KeyHolder;
use crate::ingest::wire::{self, Endpoint, MAX_BODY};
use crate::ingest::{CommitError, Outcome, Submission};

/// How long a key is remembered, which is also how long a revoked one may still work.
const REMEMBER: Duration = Duration::from_secs(5);

/// Keys looked up lately.
#[derive(Debug, Default)]
pub struct KeyCache(Mutex<HashMap<String, (Instant, KeyHolder)>>);

impl KeyCache {
    async fn holder(&self, web: &Web, key: &str) -> Result<Option<KeyHolder>, Error> {
        let now = Instant::now();
        let remembered = {
            let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cache.get(key).filter(|(until, _)| *until > now).map(|(_, holder)| holder.clone())
        };
        if remembered.is_some() {
            return Ok(remembered);
        }
        let holder = web.app.key_holder(key).await?.filter(|holder| holder.key_scope == "write");
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|_, (until, _)| *until > now);
        if let Some(holder) = &holder {
            cache.insert(key.to_owned(), (now + REMEMBER, holder.clone()));
        }
        Ok(holder)
    }
}

/// Why a request was not taken.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u32>,
}

impl Refusal {
    fn never(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Refusal { status, code, message: message.into(), retry_after: None }
    }

    fn later(message: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Refusal { status, code: "unavailable", message: message.into(), retry_after: Some(5) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // Python's SDKs read `code` and `message` at the top level, or raise and send it all again.
        let body = json!({ "success": false, "code": self.code, "message": self.message });
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// `POST /v1/{track,identify,group,page,screen,alias,batch,import}` and `/v1/{t,i,g,p,s,a,b}`.
pub async fn collect(State(web): State<Web>, Path(word): Path<String>, request: Request) -> Response {
    match take(&web, &word, request).await {
        Ok(outcome) => axum::Json(json!({
            "success": true,
            "accepted": outcome.accepted,
            "duplicate": outcome.duplicate,
            "waiting": outcome.waiting,
            "rejected": outcome.rejected,
        }))
        .into_response(),
        Err(refusal) => {
            metrics::counter!("holdfast_requests_refused_total", "code" => refusal.code).increment(1);
            refusal.into_response()
        }
    }
}

async fn take(web: &Web, word: &str, request: Request) -> Result<Outcome, Refusal> {
    let endpoint = Endpoint::parse(word).ok_or_else(|| {
        Refusal::never(StatusCode::NOT_FOUND, "unknown_endpoint", format!("There is no /v1/{word}."))
    })?;
    let received_at = web.app.clock.now();
    let (parts, body) = request.into_parts();
    let header_key = key_of(&parts.headers);
    let body = read(body).await?;
    let envelope = wire::parse(&body, endpoint)
        .map_err(|e| Refusal::never(StatusCode::BAD_REQUEST, e.code(), e.to_string()))?;
    let holder = authorize(web, header_key.or_else(|| envelope.write_key.clone())).await?;
    let submission = Submission::read(&envelope, holder.key_id, received_at);
    web.ingest.submit(&holder.scope, submission).await.map_err(|error| match error {
        CommitError::Busy(_) | CommitError::Unavailable(_) | CommitError::Stopping => {
            Refusal::later("Nothing was stored; send it again in a few seconds.")
        }
        CommitError::Failed(cause) => {
            tracing::error!(%cause, "messages could not be stored");
            let message = "Nothing was stored; the log has the cause.".to_owned();
            Refusal {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                code: "internal",
                message,
                retry_after: Some(30),
            }
        }
    })
}

async fn authorize(web: &Web, key: Option<String>) -> Result<KeyHolder, Refusal> {
    let refused = |message: &str| Refusal::never(StatusCode::UNAUTHORIZED, "invalid_write_key", message);
    let key = key.ok_or_else(|| {
        refused(
            "Send the write key as the user name of Basic authentication, or as \"writeKey\" in the body.",
        )
    })?;
    match web.keys.holder(web, key.trim()).await {
        Ok(Some(holder)) => Ok(holder),
        Ok(None) => Err(refused("This write key does not exist, was revoked, or is a read key.")),
        Err(_) => {
            Err(Refusal::later("The key cannot be checked at the moment; send it again in a few seconds."))
        }
    }
}

/// The user name of Basic authentication, with or without the colon behind it; or a Bearer key.
fn key_of(headers: &HeaderMap) -> Option<String> {
    let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    let decoded = STANDARD.decode(value.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let key = text.split(':').next().unwrap_or_default();
    (scheme.eq_ignore_ascii_case("basic") && !key.is_empty()).then(|| key.to_owned())
}

/// Reads a body, gzipped or not, never holding more than the limit of it. Gzip is known by its first bytes: not
/// every SDK declares it.
async fn read(body: Body) -> Result<Bytes, Refusal> {
    let too_large = || {
        Refusal::never(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("A request may have {MAX_BODY} bytes after decompression: send smaller batches."),
        )
    };
    let mut stream = body.into_data_stream();
    let mut raw = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| {
            Refusal::never(
                StatusCode::BAD_REQUEST,
                "incomplete_body",
                "The request ended before its body did.",
            )
        })?;
        if raw.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        raw.extend_from_slice(&chunk);
    }
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return Ok(raw.into());
    }
    let unzip = move || {
        let mut plain = Vec::new();
        let read = MultiGzDecoder::new(raw.as_slice()).take(MAX_BODY as u64 + 1).read_to_end(&mut plain);
        read.map(|_| plain)
    };
    match tokio::task::spawn_blocking(unzip).await {
        Ok(Ok(plain)) if plain.len() > MAX_BODY => Err(too_large()),
        Ok(Ok(plain)) => Ok(plain.into()),
        _ => Err(Refusal::never(StatusCode::BAD_REQUEST, "invalid_gzip", "The gzipped body is damaged.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        headers
    }

    #[test]
    fn keys_as_sdks_send_them() {
        for (authorization, key) in [
            (format!("Basic {}", STANDARD.encode("hfw_abc:")), Some("hfw_abc")),
            (format!("Basic {}", STANDARD.encode("hfw_abc")), Some("hfw_abc")),
            (format!("basic {}", STANDARD.encode("hfw_abc:x")), Some("hfw_abc")),
            ("Bearer hfw_abc".to_owned(), Some("hfw_abc")),
            ("Basic !!!".to_owned(), None),
            ("Basic".to_owned(), None),
            (format!("Digest {}", STANDARD.encode("hfw_abc")), None),
        ] {
            assert_eq!(key_of(&headers(&authorization)).as_deref(), key, "{authorization}");
        }
    }
}
