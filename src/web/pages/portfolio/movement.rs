//! What moved between two days, and why: read from the readings stored with both scores.

use super::show::{Day, PortfolioMove};
use crate::app::scoring::changes;
use crate::app::{App, Result};
use crate::db::TenantScope;
use crate::db::portfolio::Mover;
use crate::web::paths;
use crate::web::ui::Delta;

/// Accounts shown in each direction.
pub(super) const MOST: i64 = 6;

/// Accounts that moved.
pub(super) async fn rows(
    app: &App,
    scope: &TenantScope,
    of: &Day,
    movers: &[Mover],
) -> Result<Vec<PortfolioMove>> {
    let mut rows = Vec::with_capacity(movers.len());
    for mover in movers {
        rows.push(PortfolioMove {
            name: mover.name.clone(),
            href: paths::account_tab(&mover.external_id, "health"),
            delta: Delta::points(shown(of, mover), ""),
            bands: bands(of, mover),
            why: why(app, scope, mover).await?,
            arr: mover.arr_base_minor.map_or("no exchange rate".to_owned(), |arr| of.money(arr)),
        });
    }
    Ok(rows)
}

fn points(mover: &Mover) -> f64 {
    mover.score.unwrap_or_default() - mover.score_before.unwrap_or_default()
}

/// The change between the scores as printed beside it, so that the eye can add up.
fn shown(of: &Day, mover: &Mover) -> f64 {
    let shown = |score: Option<f64>| of.names.shown(score.unwrap_or_default());
    shown(mover.score) - shown(mover.score_before)
}

/// `82 → 61, Green → Yellow`
fn bands(of: &Day, mover: &Mover) -> String {
    let scores = format!("{} \u{2192} {}", of.names.points(mover.score_before), of.names.points(mover.score));
    let (was, is) = (of.names.band(mover.band_before.as_deref()), of.names.band(mover.band.as_deref()));
    if was == is { format!("{scores}, {is}") } else { format!("{scores}, {was} \u{2192} {is}") }
}

/// The two measures that moved it most in its direction. Versions are compiled once and then at hand.
async fn why(app: &App, scope: &TenantScope, mover: &Mover) -> Result<String> {
    if mover.version != mover.version_before {
        return Ok("The methodology changed in between.".to_owned());
    }
    let in_force = app.methodology_version(scope, mover.version).await?;
    let readings = in_force.as_ref().and_then(|m| mover.readings(&m.methodology));
    let Some((in_force, (before, now))) = in_force.zip(readings) else { return Ok(String::new()) };
    let rose = points(mover) > 0.0;
    let causes = changes(&in_force, &before, &now).into_iter().filter(|change| (change.points > 0.0) == rose);
    Ok(causes.take(2).map(|change| change.words()).collect::<Vec<_>>().join(", "))
}
