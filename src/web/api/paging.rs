//! Pages of a list: how a request asks for one, and how it is answered.
//!
//! A handler takes [`Listing`], fetches the rows that [`Paging::start`] says, and answers [`Paging::page`]. In the
//! description [`Paging`] stands behind the parameters of the filter: `params(TaskQuery, Paging)`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Refusal, Result};
use crate::web::error::Problem;
use crate::web::extract::Query;

/// The most rows a page may have.
const MAX_LIMIT: u32 = 200;

/// Which page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

fn default_limit() -> u32 {
    50
}

/// Where a page begins.
#[derive(Debug)]
pub struct Start<K> {
    /// The key of the last row of the page before; none for the first page.
    pub after: Option<K>,
    /// Rows to fetch: one more than asked for, which only tells that there is a next page.
    pub rows: i64,
}

impl Paging {
    /// Where the page begins in a list ordered by a key.
    ///
    /// # Errors
    /// 400 for a limit outside 1..=200, and for a cursor that no page of this list gave.
    pub fn start<K: DeserializeOwned>(&self) -> Result<Start<K>> {
        if !(1..=MAX_LIMIT).contains(&self.limit) {
            return Err(Refusal::parameter("limit", format!("must be from 1 to {MAX_LIMIT}")));
        }
        Ok(Start { after: after(self.cursor.as_deref())?, rows: i64::from(self.limit) + 1 })
    }

    /// The page of the rows that [`Self::start`] asked for; the next one begins after the `key` of its last row.
    pub fn page<R, K: Serialize, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> K,
        row: impl FnMut(R) -> T,
    ) -> Page<T> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| cursor(&key(last)));
        Page { data: rows.into_iter().map(row).collect(), next_cursor }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows, in the order of the list.
    pub data: Vec<T>,
    /// Give this as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is whole on one page.
    pub fn whole(data: Vec<T>) -> Self {
        Page { data, next_cursor: None }
    }

    /// Nothing.
    pub fn empty() -> Self {
        Page::whole(Vec::new())
    }
}

/// The query of a list: which rows, and which page of them.
#[derive(Debug)]
pub struct Listing<T> {
    /// The parameters of this list.
    pub filter: T,
    /// Those of every list.
    pub paging: Paging,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Listing<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        // Not flattened by serde: then numbers would be texts, and mistakes would not name their parameter.
        let of_every_list = |name: &str| matches!(name, "cursor" | "limit");
        let part = |paging: bool| {
            let pairs = form_urlencoded::parse(query.as_bytes());
            let pairs = pairs.filter(|(name, _)| of_every_list(name) == paging);
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        let Query(paging) = Query::read(&part(true))?;
        let Query(filter) = Query::read(&part(false))?;
        Ok(Listing { filter, paging })
    }
}

/// A list without parameters of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Everything {}

/// A list by time: the moment of a row, to the microsecond as it is stored, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(i64, Uuid)", try_from = "(i64, Uuid)")]
pub struct Moment(pub DateTime<Utc>, pub Uuid);

impl From<Moment> for (i64, Uuid) {
    fn from(Moment(at, id): Moment) -> Self {
        (at.timestamp_micros(), id)
    }
}

impl TryFrom<(i64, Uuid)> for Moment {
    type Error = &'static str;

    fn try_from((micros, id): (i64, Uuid)) -> std::result::Result<Self, &'static str> {
        Ok(Moment(DateTime::from_timestamp_micros(micros).ok_or("is no moment")?, id))
    }
}

impl From<Moment> for (DateTime<Utc>, Uuid) {
    fn from(Moment(at, id): Moment) -> Self {
        (at, id)
    }
}

fn cursor(key: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The key a cursor stands for.
fn after<K: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<K>> {
    let key = |text: &str| {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let clean = !String::from_utf8_lossy(&json).contains("\\u0000");
        serde_json::from_slice(&json).ok().filter(|_| clean)
    };
    cursor
        .map(|text| {
            let message = "is not one of this list; take `next_cursor` of the page before";
            key(text).ok_or_else(|| Refusal::parameter("cursor", message))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn page(rows: Vec<&str>, limit: u32) -> Page<String> {
        Paging { cursor: None, limit }.page(rows, |row| (*row).to_owned(), str::to_uppercase)
    }

    #[test]
    fn cursors_come_back_as_they_went_and_nothing_else_does() {
        let first = page(vec!["a", "b", "c"], 2);
        assert_eq!(first.data, ["A", "B"]);
        assert_eq!(after::<String>(first.next_cursor.as_deref()).unwrap().as_deref(), Some("b"));
        assert!(page(vec!["a"], 1).next_cursor.is_none());
        let nul = URL_SAFE_NO_PAD.encode(r#""a\u0000""#);
        for strange in ["", "%", "YQ", nul.as_str()] {
            assert!(after::<String>(Some(strange)).is_err(), "{strange}");
        }
        assert!(after::<(NaiveDate, String)>(Some(&cursor(&"b"))).is_err());
    }

    #[test]
    fn a_moment_comes_back_to_the_microsecond() {
        let at = Moment(DateTime::from_timestamp_micros(1_893_456_000_123_456).unwrap(), Uuid::now_v7());
        assert_eq!(after::<Moment>(Some(&cursor(&at))).unwrap(), Some(at));
        assert!(after::<Moment>(Some(&cursor(&(i64::MAX, at.1)))).is_err());
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        state: Option<String>,
    }

    async fn listing(query: &str) -> std::result::Result<Listing<Filter>, Problem> {
        let request = axum::http::Request::get(format!("/v1/list?{query}")).body(()).unwrap();
        Listing::from_request_parts(&mut request.into_parts().0, &()).await
    }

    #[tokio::test]
    async fn the_page_is_read_beside_the_filter() {
        let asked = listing("limit=7&state=a%26b&cursor=%25").await.unwrap();
        assert_eq!(asked.filter.state.as_deref(), Some("a&b"));
        assert_eq!((asked.paging.limit, asked.paging.cursor.as_deref()), (7, Some("%")));
        assert_eq!(listing("").await.unwrap().paging.limit, 50);
        for (query, name) in [("limit=x", "limit"), ("limit=1&limit=2", "limit"), ("lim=1", "lim")] {
            assert_eq!(listing(query).await.unwrap_err().fields[0].name, name, "{query}");
        }
        assert!(listing("state=%00").await.is_err());
    }
}
