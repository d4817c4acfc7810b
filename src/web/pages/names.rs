//! What the methodology in force calls its segments, stages, bands and strategies, and in which tone a band is shown.

use std::sync::Arc;

use crate::app::methodology::InForce;
use crate::app::{App, Result};
use crate::db::TenantScope;
use crate::web::ui::{HealthBadge, Tone};

/// The names of a methodology; empty ones without.
#[derive(Debug, Clone, Default)]
pub struct Names(pub Option<Arc<InForce>>);

impl Names {
    /// Those in force.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(app: &App, scope: &TenantScope) -> Result<Names> {
        app.methodology(scope).await.map(Names)
    }

    /// A segment's name; its id when the methodology no longer has it.
    pub fn segment(&self, id: Option<&str>) -> String {
        let Some(id) = id else { return "No segment".to_owned() };
        let known = self.0.as_ref().and_then(|m| m.methodology.segments.iter().find(|s| *s.id == *id));
        known.map_or(id, |segment| &*segment.name).to_owned()
    }

    /// A band's name; its id when the methodology no longer has it.
    pub fn band(&self, id: Option<&str>) -> String {
        let Some(id) = id else { return "No score".to_owned() };
        let known = self.0.as_ref().and_then(|m| m.methodology.health.bands.iter().find(|b| *b.id == *id));
        known.map_or(id, |band| &*band.name).to_owned()
    }

    /// The tone of a band.
    pub fn tone(&self, band: Option<&str>) -> Tone {
        let tone = self.0.as_ref().zip(band).and_then(|(m, band)| m.tone_of(band));
        tone.map_or(Tone::None, |tone| Tone::parse(tone.word()))
    }

    /// Whether revenue in a band counts as at risk.
    pub fn at_risk(&self, band: Option<&str>) -> bool {
        matches!(self.tone(band), Tone::Risk | Tone::Critical)
    }

    /// A score with its band.
    pub fn badge(&self, score: Option<f64>, band: Option<&str>, stale: bool) -> HealthBadge {
        let badge = HealthBadge::new(score, &self.band(band), self.tone(band));
        if stale && score.is_some() { badge.stale("rests on old or thin data") } else { badge }
    }

    /// A renewal strategy's name.
    pub fn strategy(&self, id: Option<&str>) -> String {
        let Some(id) = id else { return String::new() };
        let mut all = self.0.iter().flat_map(|m| &m.methodology.renewals).flat_map(|t| &t.strategies);
        all.find(|strategy| *strategy.id == *id).map_or(id, |strategy| &*strategy.name).to_owned()
    }

    /// Every segment, as (id, name).
    pub fn segments(&self) -> Vec<(String, String)> {
        let all = self.0.iter().flat_map(|m| &m.methodology.segments);
        all.map(|segment| (segment.id.to_string(), segment.name.to_string())).collect()
    }

    /// Every band best first, as (id, name, tone).
    pub fn bands(&self) -> Vec<(String, String, Tone)> {
        let all = self.0.iter().flat_map(|m| &m.methodology.health.bands);
        all.map(|band| (band.id.to_string(), band.name.to_string(), self.tone(Some(&band.id)))).collect()
    }
}
