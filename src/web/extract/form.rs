//! Forms and query strings whose mistakes are answered as ours, not as the framework's.

use std::collections::HashSet;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::app::error::Field;
use crate::web::error::Problem;

/// A urlencoded form.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        axum::Form::from_request(request, state)
            .await
            .map(|axum::Form(form)| Form(form))
            .map_err(|e| wrong(&e.body_text()))
    }
}

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::read(parts.uri.query().unwrap_or_default())
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// Reads a query string.
    pub(in crate::web) fn read(query: &str) -> Result<Self, Problem> {
        // PostgreSQL holds no NUL in texts: nothing that has one can be found.
        if query.contains("%00") {
            return Err(wrong("The query holds a NUL character."));
        }
        parse(query).map(Query)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        let name = if path == "." { repeated(query).unwrap_or(path) } else { path };
        let problem = wrong(&format!("{name}: {message}"));
        Problem { fields: vec![Field { name, message }], ..problem }
    })
}

/// The first parameter that is given more than once.
fn repeated(query: &str) -> Option<String> {
    let mut seen = HashSet::new();
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
    names.find(|name| !seen.insert(name.clone()))
}

fn wrong(text: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "The request cannot be read", text)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Params {
        limit: Option<u8>,
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        assert_eq!(parse::<Params>("limit=7").unwrap().limit, Some(7));
        for (query, name) in
            [("limit=x", "limit"), ("limit=300", "limit"), ("limit=1&limit=2", "limit"), ("lim=1", "lim")]
        {
            let problem = parse::<Params>(query).unwrap_err();
            assert_eq!((problem.status, problem.fields[0].name.as_str()), (StatusCode::BAD_REQUEST, name));
        }
    }
}
