//! What most endpoints that change one thing take, as one argument.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::Json;
use crate::web::Web;

/// A change of one thing: who asks for it, by a key that allows it; of what, by its place in the path; and how.
pub struct Posted<K, I, B> {
    /// The service.
    pub web: Web,
    /// The key, whose type is the permission.
    pub key: K,
    /// The thing.
    pub id: I,
    /// The JSON body.
    pub body: B,
}

impl<K, I, B> FromRequest<Web> for Posted<K, I, B>
where
    K: FromRequestParts<Web> + Send,
    I: FromRequestParts<Web> + Send,
    B: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let key = K::from_request_parts(&mut parts, web).await.map_err(IntoResponse::into_response)?;
        let id = I::from_request_parts(&mut parts, web).await.map_err(IntoResponse::into_response)?;
        let request = Request::from_parts(parts, body);
        let Json(body) = Json::from_request(request, web).await.map_err(IntoResponse::into_response)?;
        Ok(Posted { web: web.clone(), key, id, body })
    }
}
