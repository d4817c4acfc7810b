//! Weights that a backtest suggests, as a draft: the version in force with other weights and nothing else changed.

use uuid::Uuid;

use super::{load_apart, overrides_of};
use crate::app::{App, Error, Result};
use crate::db::methodologies::StoredMethodology;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::backtest::{Report, Suggestion, SuggestionOutcome};
use crate::domain::pack::edit::{self, Edit};
use crate::domain::pack::{Overrides, reweigh, schema};

/// The file of a draft with suggested weights, and what it may be called.
pub(super) struct Weighed {
    pub(super) source: String,
    pub(super) overrides: Overrides,
    pub(super) title: String,
}

impl App {
    /// The version in force, if it is what a backtest tried: the same file with the same parameters, whatever its
    /// number. Only then do the weights it suggests belong to the curves that are there.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such backtest.
    pub async fn tried_in_force(&self, scope: &TenantScope, backtest: Uuid) -> Result<Option<i32>> {
        let mut tx = self.db.read(scope).await?;
        Ok(tried_in_force(&mut tx, backtest).await?.map(|in_force| in_force.version))
    }

    /// The version in force with the weights a backtest suggests.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another version is in force by now, or nothing is suggested; [`Error::NotFound`].
    pub(super) async fn weighed(&self, scope: &TenantScope, backtest: Uuid) -> Result<Weighed> {
        let mut tx = self.db.read(scope).await?;
        let found = db::backtests::find(&mut tx, backtest).await?.ok_or(Error::NotFound)?;
        let report = db::backtests::report(&mut tx, backtest).await?;
        let in_force = tried_in_force(&mut tx, backtest).await?.ok_or_else(|| {
            Error::Conflict(
                "The version in force is not the one that was tested: its curves and weights may differ, so the \
                 suggested weights do not belong to it. Test the version in force instead."
                    .to_owned(),
            )
        })?;
        drop(tx);
        let nothing = || Error::Conflict("This backtest suggests no weights.".to_owned());
        let report: Report =
            serde_json::from_value(report.ok_or_else(nothing)?).map_err(anyhow::Error::from)?;
        let overrides = overrides_of(&in_force.overrides);
        let loaded = load_apart(&in_force.source, &overrides).await?;
        let health = loaded.file.health.as_ref().ok_or_else(nothing)?;
        let edits: Vec<Edit> = report.suggestions.iter().flat_map(|one| edits(health, one)).collect();
        if edits.is_empty() {
            return Err(nothing());
        }
        let written = tokio::task::spawn_blocking(move || edit::apply(&in_force.source, &edits)).await;
        let source = written.map_err(anyhow::Error::from)?.map_err(|error| {
            Error::Conflict(format!("{error}. Begin a draft and change the weights in its file."))
        })?;
        Ok(Weighed {
            source,
            overrides,
            title: format!("Weights suggested by the backtest of {}", found.title),
        })
    }
}

async fn tried_in_force(tx: &mut TenantTx, backtest: Uuid) -> Result<Option<StoredMethodology>> {
    let asked = db::backtests::asked(tx, backtest).await?.ok_or(Error::NotFound)?;
    let Some(in_force) = db::methodologies::published(tx).await? else { return Ok(None) };
    let same = match (asked.version, asked.source) {
        (Some(version), _) if version == in_force.version => true,
        (Some(version), _) => db::methodologies::find(tx, version)
            .await?
            .is_some_and(|tried| is(&in_force, &tried.source, &tried.overrides)),
        (None, Some(source)) => is(&in_force, &source, &asked.overrides),
        (None, None) => false,
    };
    Ok(same.then_some(in_force))
}

fn is(in_force: &StoredMethodology, source: &str, overrides: &serde_json::Value) -> bool {
    in_force.source == source && overrides_of(&in_force.overrides) == overrides_of(overrides)
}

/// What gives a model its suggested weights; nothing where none are suggested.
fn edits(health: &schema::Health, suggestion: &Suggestion) -> Vec<Edit> {
    let SuggestionOutcome::Weights { leaves, .. } = &suggestion.outcome else { return Vec::new() };
    let found = health.models.iter().enumerate().find(|(_, model)| *model.id == *suggestion.model);
    let Some((at, model)) = found else { return Vec::new() };
    let shares: Vec<f64> = leaves.iter().map(|leaf| leaf.suggested).collect();
    reweigh::reweigh(&model.tree, &format!("/health/models/{at}/tree"), &shares).unwrap_or_default()
}
