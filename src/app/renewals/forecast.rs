//! What people expect of a renewal.

use serde_json::json;
use uuid::Uuid;

use crate::app::{Actor, App, Error, Result};
use crate::db::renewals::{Forecast, Listed};
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope};
use crate::domain::forecast::Category;
use crate::domain::timeline::Kind;

/// What somebody expects. Nothing at all takes back what was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// The category.
    pub category: Option<Category>,
    /// 0–100.
    pub likelihood: Option<i16>,
    /// Why.
    pub note: String,
}

/// The most characters of a note.
pub(super) const MAX_NOTE: usize = 2_000;

impl App {
    /// Says what to expect of an open renewal; returns what was said before. Saying the same twice changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a renewal that is not there, [`Error::Conflict`] for a closed one, [`Error::Invalid`]
    /// for a likelihood outside 0–100 or a note that is too long.
    pub async fn forecast_renewal(
        &self,
        scope: &TenantScope,
        id: Uuid,
        expected: &Expected,
        actor: &Actor,
    ) -> Result<Forecast> {
        check(expected)?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let listed = super::close::locked(&mut tx, id).await?;
        let renewal = &listed.renewal;
        if renewal.outcome.is_some() {
            return Err(Error::Conflict("It is closed: what became of it is known.".to_owned()));
        }
        let before = Forecast {
            category: renewal.forecast.clone(),
            likelihood: renewal.likelihood,
            note: renewal.forecast_note.clone(),
        };
        let after = Forecast {
            category: expected.category.map(|category| category.word().to_owned()),
            likelihood: expected.likelihood,
            note: expected.note.trim().to_owned(),
        };
        if before == after {
            return Ok(before);
        }
        let says = after != Forecast::default();
        let (by, at) = (says.then_some(actor.0.as_str()), says.then_some(now));
        db::renewals::set_forecast(&mut tx, id, &after, by, at).await?;
        let detail = json!({ "renews_on": renewal.renews_on, "category": after.category,
                             "likelihood": after.likelihood, "before": before.category,
                             "likelihood_before": before.likelihood });
        db::audit::record(&mut tx, now, &actor.0, "renewal.forecast", &listed.external_id, detail.clone())
            .await?;
        let entry = entry(&listed, expected, &after, actor, now, detail);
        db::timeline::append(&mut tx, &[entry], now).await?;
        tx.commit().await?;
        Ok(before)
    }
}

fn check(expected: &Expected) -> Result<()> {
    if expected.likelihood.is_some_and(|n| !(0..=100).contains(&n)) {
        return Err(Error::invalid("likelihood", "must be a whole number from 0 to 100"));
    }
    if expected.note.chars().count() > MAX_NOTE || expected.note.contains('\0') {
        return Err(Error::invalid("note", format!("may have {MAX_NOTE} characters at most")));
    }
    Ok(())
}

fn entry(
    listed: &Listed,
    expected: &Expected,
    after: &Forecast,
    actor: &Actor,
    now: chrono::DateTime<chrono::Utc>,
    data: serde_json::Value,
) -> Entry {
    let category = expected.category.map(|category| category.label().to_owned());
    let likelihood = expected.likelihood.map(|n| format!("{n} %"));
    let said: Vec<String> = category.into_iter().chain(likelihood).collect();
    let said = if said.is_empty() { "taken back".to_owned() } else { said.join(", ") };
    let title =
        format!("Forecast of the renewal on {}: {said}", listed.renewal.renews_on.format("%-d %b %Y"));
    Entry {
        about: Some(listed.renewal.id),
        actor: actor.0.clone(),
        body: after.note.clone(),
        data,
        ..Entry::new(Kind::ForecastChanged, Some(listed.renewal.account_id), now, title)
    }
}
