//! How a tenant works: the methodology in force, its versions, and the drafts of the next one.
//!
//! A version is never changed. What is to come is written as a draft ([`drafts`]), compared with the version in
//! force ([`plan`], [`diff`]), tried out on every account ([`preview`]) and published ([`versions`]).

mod catalogue;
pub mod diff;
pub mod drafts;
pub mod plan;
pub mod preview;
mod suggested;
mod summary;
pub mod versions;

use std::sync::Arc;

use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use super::{App, Error, Result};
use crate::db::{self, TenantScope};
use crate::domain::methodology::Methodology;
use crate::domain::pack::{self, Overrides};

pub use diff::{Diff, Side, diff_texts};
pub use drafts::{Draft, DraftFrom};
pub use plan::{InUse, Plan};
pub use preview::{Preview, PreviewState, Summary};
pub use versions::{Publishing, Version};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// 1, 2, 3 …; 0 for what is not published.
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

impl LoadedPack {
    /// The tones of its bands, in their order.
    pub fn tones(&self) -> Vec<Tone> {
        tones(&self.methodology)
    }
}

/// Reads a pack.
///
/// # Errors
/// [`Error::Pack`] with everything that is wrong, each with its line.
pub fn load(source: &str, overrides: &Overrides) -> Result<LoadedPack> {
    if source.contains('\0') {
        return Err(Error::invalid("source", "holds a NUL character, which no text may"));
    }
    let pack = pack::load(source, overrides).map_err(Error::Pack)?;
    Ok(LoadedPack {
        id: pack.file.pack.id.to_string(),
        name: pack.file.pack.name.to_string(),
        currency: pack.file.pack.currency.as_ref().map_or_else(|| "USD".to_owned(), ToString::to_string),
        methodology: pack.methodology,
        file: pack.file,
    })
}

/// As [`load`], on a thread of its own: a large file must not keep others waiting.
///
/// # Errors
/// As [`load`].
pub async fn load_apart(source: &str, overrides: &Overrides) -> Result<LoadedPack> {
    let (source, overrides) = (source.to_owned(), overrides.clone());
    let loading = tokio::task::spawn_blocking(move || load(&source, &overrides));
    loading.await.map_err(|error| anyhow::anyhow!("reading a pack: {error}"))?
}

/// Preset and parameters, to be stored.
fn to_stored(overrides: &Overrides) -> serde_json::Value {
    serde_json::to_value(overrides).unwrap_or_default()
}

/// Preset and parameters as a version or draft keeps them.
pub fn overrides_of(stored: &serde_json::Value) -> Overrides {
    Overrides::deserialize(stored).unwrap_or_default()
}

impl App {
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
        drop(tx);
        let loaded = load_apart(&stored.source, &overrides_of(&stored.overrides)).await.map_err(|e| {
            anyhow::anyhow!("version {version} of the stored methodology no longer loads: {e}")
        })?;
        let in_force = Arc::new(InForce::new(version, loaded));
        let mut cache = self.methodologies.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.insert(key, in_force.clone());
        Ok(Some(in_force))
    }
}
