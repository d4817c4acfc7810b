//! `GET /studio/backtests/{id}/days.csv` and `…/deciles.csv`: what the figures are made from.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::app::{App, Error};
use crate::db::{self, TenantScope};
use crate::domain::backtest::{Decile, Report};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Id, Member};

/// Every account-day, streamed piece by piece.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Response> {
    days(&web.app, &member.scope, id).await
}

/// The deciles of score and baseline.
pub async fn deciles(State(web): State<Web>, member: Member, Id(id): Id) -> Result<Response> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let report = db::backtests::report(&mut tx, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let report: Report = serde_json::from_value(report).map_err(anyhow::Error::from)?;
    let figures = report.figures.ok_or(Error::NotFound)?;
    let mut csv =
        "ranking,tenth,account_days,churned,shrank,renewed,precision,lift,captured,most,least\n".to_owned();
    for (name, ranking) in [("score", &figures.score), ("days_since_use", &figures.baseline)] {
        csv.extend(ranking.deciles.iter().map(|decile| row(name, decile)));
    }
    Ok(answer("deciles.csv", csv.into()))
}

fn row(name: &str, d: &Decile) -> String {
    let figures = [d.days, d.lost, d.shrank, d.renewed, d.precision, d.lift, d.captured, d.most, d.least];
    let figures = figures.map(|figure| ((figure * 1e6).round() / 1e6).to_string()).join(",");
    format!("{name},{},{figures}\n", d.rank)
}

/// The account-days of a backtest whose report is there.
pub(in crate::web) async fn days(app: &App, scope: &TenantScope, id: Uuid) -> Result<Response> {
    let mut tx = app.db.read(scope).await?;
    db::backtests::report(&mut tx, id).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let (app, scope) = (app.clone(), scope.clone());
    let pieces = futures_util::stream::try_unfold(-1, move |part| {
        let (app, scope) = (app.clone(), scope.clone());
        async move {
            let next = app.backtest_days(&scope, id, part).await.map_err(anyhow::Error::from)?;
            Ok::<_, anyhow::Error>(next.map(|(part, rows)| (rows, part)))
        }
    });
    Ok(answer("account-days.csv", Body::from_stream(pieces)))
}

fn answer(name: &str, body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, body).into_response()
}
