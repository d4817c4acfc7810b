//! How a tenant works: packs applied as versions, and the one in force.

use std::sync::Arc;

use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::json;

use super::{Actor, App, Error, Result};
use crate::db::metrics::Metric;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::methodology::{EventName, Input, InputKind, InputType, Methodology, Source};
use crate::domain::metric::MetricKind;
use crate::domain::pack::{self, Overrides};

/// The packs that come with Holdfast.
#[derive(RustEmbed)]
#[folder = "packs/"]
struct Packs;

/// Ids of the packs that come with Holdfast.
pub fn pack_ids() -> Vec<String> {
    Packs::iter().filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned())).collect()
}

/// The file of a pack that comes with Holdfast.
pub fn pack_source(id: &str) -> Option<String> {
    let file = Packs::get(&format!("{id}.yaml"))?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// How a band is shown: never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// All is well.
    Good,
    /// Keep an eye on it.
    Watch,
    /// In danger.
    Risk,
    /// About to be lost.
    Critical,
}

impl Tone {
    /// The word in the database and in classes.
    pub fn word(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Watch => "watch",
            Tone::Risk => "risk",
            Tone::Critical => "critical",
        }
    }

    /// Whether revenue in this tone counts as at risk.
    pub fn is_at_risk(self) -> bool {
        matches!(self, Tone::Risk | Tone::Critical)
    }
}

/// The version of a methodology a score is made with.
#[derive(Debug)]
pub struct InForce {
    /// 1, 2, 3 …
    pub version: i32,
    /// The pack's id.
    pub pack_id: String,
    /// The pack's name.
    pub pack_name: String,
    /// The engine.
    pub methodology: Methodology,
    /// The pack as written, for what is shown but decides nothing: coverage, actions, notes.
    pub file: pack::schema::File,
    tones: Vec<Tone>,
}

impl InForce {
    fn new(version: i32, loaded: LoadedPack) -> Self {
        let tones = tones(&loaded.methodology);
        InForce {
            version,
            pack_id: loaded.id,
            pack_name: loaded.name,
            methodology: loaded.methodology,
            file: loaded.file,
            tones,
        }
    }

    /// One that was never published, to try it out: version 0.
    pub fn draft(loaded: LoadedPack) -> Self {
        InForce::new(0, loaded)
    }

    /// The tone of the band at a position.
    pub fn tone(&self, band: usize) -> Tone {
        self.tones.get(band).copied().unwrap_or(Tone::Critical)
    }

    /// The tone of a band.
    pub fn tone_of(&self, band: &str) -> Option<Tone> {
        Some(self.tone(self.methodology.health.bands.iter().position(|b| *b.id == *band)?))
    }

    /// The longest look-back any input needs, in days.
    pub fn look_back(&self) -> i64 {
        self.methodology.inputs().iter().map(|input| i64::from(input.look_back)).max().unwrap_or(0).max(1)
    }
}

/// Bands by their colour, as far as it is a common one; the rest by their place between best and worst.
fn tones(methodology: &Methodology) -> Vec<Tone> {
    let bands = &methodology.health.bands;
    let last = bands.len().saturating_sub(1);
    bands
        .iter()
        .enumerate()
        .map(|(at, band)| match &*band.colour.to_lowercase() {
            "green" | "darkgreen" | "lightgreen" | "teal" | "blue" => Tone::Good,
            "yellow" | "amber" | "gold" => Tone::Watch,
            "orange" if at < last => Tone::Risk,
            "red" if at < last => Tone::Risk,
            _ if at == 0 => Tone::Good,
            _ if at == last => Tone::Critical,
            _ if at * 2 <= last => Tone::Watch,
            _ => Tone::Risk,
        })
        .collect()
}

/// A pack that was read and holds together.
#[derive(Debug)]
pub struct LoadedPack {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The currency its figures are in.
    pub currency: String,
    /// The engine.
    pub methodology: Methodology,
    /// The pack as written.
    pub file: pack::schema::File,
}

/// Reads a pack.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong, each with its line.
pub fn load(source: &str, overrides: &Overrides) -> Result<LoadedPack> {
    let pack = pack::load(source, overrides).map_err(|errors| Error::invalid("pack", errors.to_string()))?;
    Ok(LoadedPack {
        id: pack.file.pack.id.to_string(),
        name: pack.file.pack.name.to_string(),
        currency: pack.file.pack.currency.as_ref().map_or_else(|| "USD".to_owned(), ToString::to_string),
        methodology: pack.methodology,
        file: pack.file,
    })
}

impl App {
    /// Applies a pack: publishes it as the next version, adds its metrics and attribute fields, and has every
    /// account scored anew. Metrics and fields that are there keep what feeds them.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong with the pack; then nothing is stored.
    pub async fn apply_pack(
        &self,
        scope: &TenantScope,
        source: &str,
        overrides: &Overrides,
        actor: &Actor,
    ) -> Result<i32> {
        let loaded = load(source, overrides)?;
        let now = self.clock.now();
        let stored = serde_json::to_value(overrides).unwrap_or_default();
        let mut tx = self.db.write(scope).await?;
        let version =
            db::methodologies::publish(&mut tx, &loaded.id, &loaded.name, source, &stored, &actor.0, now)
                .await?;
        for input in loaded.methodology.inputs() {
            match metric_of(input) {
                Some(metric) => {
                    if db::metrics::find(&mut tx, &metric.name).await?.is_none() {
                        db::metrics::put(&mut tx, &metric).await?;
                    }
                }
                None => self.add_field(&mut tx, input).await?,
            }
        }
        let detail = json!({ "pack": loaded.id, "version": version });
        db::audit::record(&mut tx, now, &actor.0, "methodology.published", &loaded.name, detail).await?;
        db::jobs::enqueue(&mut tx, "score_all", &json!({}), None, now).await?;
        tx.commit().await?;
        Ok(version)
    }

    async fn add_field(&self, tx: &mut TenantTx, input: &Input) -> Result<()> {
        if matches!(&*input.name, "seats" | "arr" | "term_months") || input.derived {
            return Ok(());
        }
        let kind = match input.ty {
            InputType::Number | InputType::Money | InputType::Percent => "number",
            InputType::Bool => "bool",
            InputType::Text => "text",
            InputType::Enum => "enum",
        };
        let choices: Vec<String> = input.values.iter().map(ToString::to_string).collect();
        db::custom_fields::put(tx, &input.name, &input.label, kind, &choices, self.clock.now()).await?;
        Ok(())
    }

    /// The methodology in force; none when no pack was applied.
    ///
    /// # Errors
    /// When the database is away, or a stored pack no longer loads.
    pub async fn methodology(&self, scope: &TenantScope) -> Result<Option<Arc<InForce>>> {
        let mut tx = self.db.read(scope).await?;
        match db::methodologies::published_version(&mut tx).await? {
            Some(version) => self.methodology_version(scope, version).await,
            None => Ok(None),
        }
    }

    /// One version of the methodology. Versions never change, so they are compiled once.
    ///
    /// # Errors
    /// As [`App::methodology`].
    pub async fn methodology_version(
        &self,
        scope: &TenantScope,
        version: i32,
    ) -> Result<Option<Arc<InForce>>> {
        let key = (scope.tenant_id(), version);
        let cached = |app: &App| {
            let cache = app.methodologies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            cache.get(&key).cloned()
        };
        if let Some(found) = cached(self) {
            return Ok(Some(found));
        }
        let mut tx = self.db.read(scope).await?;
        let Some(stored) = db::methodologies::find(&mut tx, version).await? else { return Ok(None) };
        let overrides: Overrides = serde_json::from_value(stored.overrides).unwrap_or_default();
        let loaded = load(&stored.source, &overrides).map_err(|e| {
            anyhow::anyhow!("version {version} of the stored methodology no longer loads: {e}")
        })?;
        let in_force = Arc::new(InForce::new(version, loaded));
        let mut cache = self.methodologies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.insert(key, in_force.clone());
        Ok(Some(in_force))
    }
}

/// The metric an input asks for; none for attributes and for what is only derived.
fn metric_of(input: &Input) -> Option<Metric> {
    if input.kind == InputKind::Attribute {
        return None;
    }
    let name = |name: &EventName| match name {
        EventName::Any => "*".to_owned(),
        EventName::Named(id) => id.to_string(),
    };
    let (event, property, trait_name) = match &input.source {
        Source::Event(event) | Source::Users(event) => (Some(name(event)), None, None),
        Source::Sum(event, property) => (Some(name(event)), Some(property.to_string()), None),
        Source::Trait(id) => (None, None, Some(id.to_string())),
        Source::Manual => (None, None, None),
    };
    let kind = match input.metric()? {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Distinct => "distinct",
    };
    Some(Metric {
        id: 0,
        name: input.name.to_string(),
        label: input.label.to_string(),
        unit: input.unit.as_deref().unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        event,
        property,
        trait_name,
        fresh_days: input.fresh_days.and_then(|days| i32::try_from(days).ok()),
    })
}
