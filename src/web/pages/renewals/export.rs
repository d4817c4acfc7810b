//! `GET /renewals.csv`: every renewal of the filters, open and closed.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;

use super::load::{Loaded, Params};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};

/// The file.
pub async fn show(State(web): State<Web>, member: Member, Query(params): Query<Params>) -> Result<Response> {
    let loaded = Loaded::of(&web, &member, &params, Some(NaiveDate::MIN)).await?;
    let mut csv = csv_head(&[
        "account",
        "renews_on",
        "state",
        "arr_minor",
        "currency",
        "band",
        "strategy",
        "forecast",
        "by_hand",
        "likelihood",
        "outcome",
        "arr_after_minor",
        "csm",
    ]);
    for item in &loaded.items {
        let state = match (item.outcome, item.is_open, item.has_lapsed) {
            (Some(_), ..) => "closed",
            (None, _, true) => "lapsed",
            (None, true, _) => "open",
            _ => "to come",
        };
        let number = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
        csv += &row(&[
            &item.name,
            &item.date.to_string(),
            state,
            &number(item.base),
            &loaded.currency,
            item.band.as_deref().unwrap_or_default(),
            item.strategy.as_deref().unwrap_or_default(),
            if item.outcome.is_some() { "" } else { item.category.word() },
            if item.by_hand { "yes" } else { "no" },
            &item.likelihood.map_or_else(String::new, |(n, _)| n.to_string()),
            item.outcome.map_or("", |kind| kind.word()),
            &number(item.after),
            item.csm.as_deref().unwrap_or_default(),
        ]);
    }
    Ok(answer("renewals.csv", csv))
}

/// The first line of a file.
pub fn csv_head(columns: &[&str]) -> String {
    format!("{}\n", columns.join(","))
}

/// A line of a file. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub fn row(cells: &[&str]) -> String {
    let cell = |text: &&str| {
        let guard = if text.starts_with(['=', '+', '@', '-', '\t', '\r']) && text.parse::<f64>().is_err() {
            "'"
        } else {
            ""
        };
        let text = format!("{guard}{text}");
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let cells: Vec<String> = cells.iter().map(cell).collect();
    format!("{}\n", cells.join(","))
}

/// A file to be kept.
pub fn answer(name: &str, csv: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, csv).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formula() {
        assert_eq!(row(&["a,b", "say \"hi\"", "=1+1", "-5"]), "\"a,b\",\"say \"\"hi\"\"\",'=1+1,-5\n");
    }
}
