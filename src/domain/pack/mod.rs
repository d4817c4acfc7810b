//! Methodology packs: one YAML file that sets up a tenant.
//!
//! [`load`] goes from text to a tree that knows its places (`yaml`), puts parameters in (`params`), decodes the
//! sections ([`schema`]) and checks and compiles them (`check`). Every fault of the file is reported at once; a
//! broken pack yields nothing else. To add a key to the format, give it a field in [`schema`] and, if it decides
//! something, its check.

mod check;
pub mod compare;
mod de;
pub mod edit;
mod error;
mod params;
pub mod reweigh;
pub mod schema;
mod types;
mod yaml;

pub use error::{MAX_SHOWN, PackError, PackErrors, Span};
pub use params::MAX_EXPANDED;
pub use types::{DayRange, Dict, Figure, List, Text};
pub use yaml::{MAX_BYTES, MAX_ENTRIES, MAX_NESTING, MAX_PARTS, MAX_TEXT, to_json};

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use self::error::Errors;
use super::methodology::Methodology;
use super::money::Currency;

/// What a tenant changes when a pack is applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// Id of one of the pack's presets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Parameters by name; they go before the preset's.
    #[serde(default)]
    pub set: Vec<(String, String)>,
}

/// A pack that holds together.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The sections as written, with parameters put in.
    pub file: schema::File,
    /// What they compile to.
    pub methodology: Methodology,
}

impl Pack {
    /// The currency all money of the pack is in; US dollar if it names none.
    pub fn currency(&self) -> Currency {
        self.file.pack.currency.as_ref().and_then(|code| code.parse().ok()).unwrap_or(Currency::USD)
    }

    /// The time zone the tenant's days and working hours are in; UTC if the pack names none.
    pub fn timezone(&self) -> Tz {
        self.file.pack.timezone.as_ref().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC)
    }
}

/// A pack's file as text, which is UTF-8.
///
/// # Errors
/// Says where the first byte stands that is none.
pub fn text(file: &[u8]) -> Result<&str, PackErrors> {
    std::str::from_utf8(file).map_err(|error| {
        let before = String::from_utf8_lossy(&file[..error.valid_up_to()]);
        let mut errors = Errors::new(&before);
        if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) {
            errors.general("this file is UTF-16; save it as UTF-8");
        } else {
            let line = before.lines().count().max(1) as u32;
            let column = before.lines().last().map_or(0, |line| line.chars().count()) as u32 + 1;
            let at = Span { line, column, end_line: line, end_column: column + 1 };
            errors.add(
                at,
                format!("byte {:#04x} is not UTF-8; save the file as UTF-8", file[error.valid_up_to()]),
            );
        }
        errors.finish().err().unwrap_or_else(|| PackErrors(Vec::new()))
    })
}

/// Loads a pack.
///
/// # Errors
/// Everything that is wrong with the text or the overrides, in the order of the text.
pub fn load(source: &str, overrides: &Overrides) -> Result<Pack, PackErrors> {
    let mut errors = Errors::new(source);
    let loaded = read(source, overrides, &mut errors);
    errors.finish()?;
    // Without errors there is a pack: every way to none reports one.
    loaded.ok_or_else(|| PackErrors(Vec::new()))
}

/// The sections of a pack as they are written, with parameters put in, for comparing them with another's. Of each
/// parameter `value` says what stands in for it.
///
/// # Errors
/// Everything that keeps it from being read as such; whether it holds together is for [`load`] to say.
pub fn outline(source: &str, overrides: &Overrides) -> Result<serde_json::Value, PackErrors> {
    let mut errors = Errors::new(source);
    let root = yaml::parse(source, yaml::MAX_ENTRIES, &mut errors).map(|mut root| {
        params::apply(&mut root, overrides, &mut errors);
        params::tell(&mut root, overrides);
        root
    });
    errors.finish()?;
    root.map(yaml::json).ok_or_else(|| PackErrors(Vec::new()))
}

fn read(source: &str, overrides: &Overrides, errors: &mut Errors<'_>) -> Option<Pack> {
    let mut root = yaml::parse(source, yaml::MAX_ENTRIES, errors)?;
    params::apply(&mut root, overrides, errors);
    let file: schema::File = de::decode(&root, errors)?;
    let partial = !errors.is_empty();
    let methodology = check::compile(&file, &root, partial, errors);
    Some(Pack { file, methodology })
}
