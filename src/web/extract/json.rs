//! JSON bodies whose mistakes are answered as ours, each naming its field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::app::error::Field;
use crate::web::error::Problem;

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not JSON",
                "Send JSON with `Content-Type: application/json`.",
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|e| match e.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "That is too large",
                "Nothing was taken in. A body may have 256 KB, one with a methodology pack 4 MB.",
            ),
            status => {
                Problem::new(status, "The request cannot be read", "The request ended before its body did.")
            }
        })?;
        parse(&body).map(Json)
    }
}

/// A missing type is taken for JSON: there is nothing else it could be.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would take an array for an object whose fields come in the order of the type.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(misfit("body", "must be an object, not an array".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        wrong(&path, error.inner())
    })?;
    deserializer.end().map_err(|error| wrong(".", &error))?;
    Ok(parsed)
}

/// 400 for what is no JSON, 422 for JSON that says something else than it should.
fn wrong(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if !error.is_data() {
        let text = format!("The body is not valid JSON: {text}.");
        return Problem::new(StatusCode::BAD_REQUEST, "The request cannot be read", &text);
    }
    let message = text.split(" at line ").next().unwrap_or_default().to_owned();
    misfit(if path == "." { "body" } else { path }, message)
}

fn misfit(name: &str, message: String) -> Problem {
    let text = format!("{name}: {message}");
    let fields = vec![Field { name: name.to_owned(), message }];
    Problem::fields(StatusCode::UNPROCESSABLE_ENTITY, "Something given is not right", text, fields)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused matters here")]
    struct Body {
        name: Option<String>,
        tags: Option<Vec<String>>,
    }

    #[test]
    fn mistakes_name_their_field() {
        for (json, status, field) in [
            (r#"{"name": 5}"#, 422, Some("name")),
            (r#"{"nam": "x"}"#, 422, Some("nam")),
            (r#"{"tags": ["a", 1]}"#, 422, Some("tags[1]")),
            ("{}x", 400, None),
            (r#" ["a", []]"#, 422, Some("body")),
            (r#"{"name": "#, 400, None),
            (r#"{"name": "a"} {}"#, 400, None),
            ("", 400, None),
            ("\"text\"", 422, Some("body")),
        ] {
            let problem = parse::<Body>(json.as_bytes()).unwrap_err();
            assert_eq!(problem.status.as_u16(), status, "{json}");
            assert_eq!(problem.fields.first().map(|f| f.name.as_str()), field, "{json}");
        }
    }

    #[test]
    fn json_by_any_of_its_names() {
        for (kind, taken) in [
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/merge-patch+json"), true),
            (None, true),
            (Some("text/plain"), false),
            (Some("application/x-www-form-urlencoded"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            }
            assert_eq!(is_json(&headers), taken, "{kind:?}");
        }
    }
}
