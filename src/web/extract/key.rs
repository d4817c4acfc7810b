//! The integration behind a Bearer key.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::app::Actor;
use crate::db::platform::KeyHolder;
use crate::web::Web;
use crate::web::error::{Problem, WebError};

/// The holder of the Bearer key of a request; `middleware::limit` calls this once for every API request.
pub(in crate::web) async fn find(web: &Web, headers: &HeaderMap) -> Result<KeyHolder, Response> {
    let key = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let unauthorized = |text: &str| {
        let mut response = Problem::new(StatusCode::UNAUTHORIZED, "No valid API key", text).into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    };
    let Some(key) = key else {
        return Err(unauthorized(
            "Send an API key as `Authorization: Bearer hfr_…`; keys are made in Settings.",
        ));
    };
    let holder = web.app.key_holder(key).await.map_err(|e| WebError(e).into_response())?;
    holder.ok_or_else(|| unauthorized("This key does not exist or was revoked."))
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $scopes:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub KeyHolder);

        impl $name {
            /// The name the audit log gives it.
            pub fn actor(&self) -> Actor {
                Actor(format!("key {}", self.0.name))
            }
        }

        impl std::ops::Deref for $name {
            type Target = KeyHolder;

            fn deref(&self) -> &KeyHolder {
                &self.0
            }
        }

        impl FromRequestParts<Web> for $name {
            type Rejection = Response;

            async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Response> {
                let Some(holder) = parts.extensions.get::<KeyHolder>() else {
                    return Err(Problem::new(StatusCode::UNAUTHORIZED, "No valid API key", "").into_response());
                };
                if !$scopes.contains(&holder.key_scope.as_str()) {
                    let scopes = $scopes.join(" or ");
                    let text = format!("This needs a key of scope {scopes}; this one is of scope {}.", holder.key_scope);
                    let title = "The key does not allow this";
                    return Err(Problem::new(StatusCode::FORBIDDEN, title, &text).into_response());
                }
                Ok($name(holder.clone()))
            }
        }
    };
}

key!(
    /// A key that may read.
    ReadKey,
    ["read"]
);
key!(
    /// A key that may change accounts and send events.
    WriteKey,
    ["write"]
);
key!(
    /// A key that may look at the methodology, its versions and drafts.
    MethodologyReader,
    ["read", "manage"]
);
key!(
    /// A key that may prepare drafts of the methodology.
    MethodologyWriter,
    ["write", "manage"]
);
key!(
    /// A key that may publish a methodology and set up webhooks.
    ManageKey,
    ["manage"]
);
