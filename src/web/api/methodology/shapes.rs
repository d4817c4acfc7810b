//! What methodology endpoints take and give.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::Error;
use crate::app::methodology::{self, Plan};
use crate::db::drafts::{DraftRow, StoredDraft};
use crate::db::methodologies::{StoredMethodology, VersionRow};
use crate::domain::pack::Overrides;
use crate::domain::pack::compare::{Change, Detail};

/// A pack by id and name.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackName {
    /// Id.
    #[schema(example = "acme")]
    pub id: String,
    /// Name.
    #[schema(example = "Acme customer success")]
    pub name: String,
}

/// Preset and parameters of a pack, as they were set.
#[derive(Debug, Serialize, ToSchema)]
pub struct Settings {
    /// Id of the preset.
    pub preset: Option<String>,
    /// Parameters by name; the others are as the preset or the file says.
    #[schema(value_type = Object, example = json!({ "DAU_FULL": "75" }))]
    pub parameters: Map<String, Value>,
}

impl From<&Overrides> for Settings {
    fn from(overrides: &Overrides) -> Self {
        let parameters = overrides.set.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        Settings { preset: overrides.preset.clone(), parameters: parameters.collect() }
    }
}

/// Preset and parameters from a body; numbers and truth values are taken as they are written.
///
/// # Errors
/// [`Error::Invalid`] for a value that is neither text, number nor truth value.
pub fn overrides(preset: Option<String>, parameters: Map<String, Value>) -> Result<Overrides, Error> {
    let mut set = Vec::with_capacity(parameters.len());
    for (name, value) in parameters {
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => {
                return Err(Error::invalid(
                    format!("parameters.{name}"),
                    "must be a text, a number or true or false",
                ));
            }
        };
        set.push((name, text));
    }
    Ok(Overrides { preset, set })
}

/// A published version.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodologyVersion {
    /// 1, 2, 3 …
    #[schema(example = 3)]
    pub version: i32,
    /// `published` for the one in force, `superseded` for earlier ones.
    #[schema(example = "published")]
    pub status: String,
    /// What it was called as a draft.
    pub title: String,
    /// The pack it was made from.
    pub pack: PackName,
    /// The version in force when its draft was begun; of a roll back the version brought back.
    pub based_on: Option<i32>,
    /// When.
    pub published_at: DateTime<Utc>,
    /// Who.
    #[schema(example = "Robin Ek")]
    pub published_by: String,
    /// Why.
    pub note: String,
    /// Length of its file.
    pub bytes: i32,
}

impl From<VersionRow> for MethodologyVersion {
    fn from(row: VersionRow) -> Self {
        MethodologyVersion {
            version: row.version,
            status: row.status,
            title: row.title,
            pack: PackName { id: row.pack_id, name: row.pack_name },
            based_on: row.based_on,
            published_at: row.published_at,
            published_by: row.published_by,
            note: row.note,
            bytes: row.bytes,
        }
    }
}

/// A published version with preset and parameters.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodologyDetail {
    /// The version.
    #[serde(flatten)]
    pub version: MethodologyVersion,
    /// Preset and parameters.
    #[serde(flatten)]
    pub settings: Settings,
}

impl From<StoredMethodology> for MethodologyDetail {
    fn from(stored: StoredMethodology) -> Self {
        MethodologyDetail {
            settings: Settings::from(&methodology::overrides_of(&stored.overrides)),
            version: MethodologyVersion {
                version: stored.version,
                status: stored.status,
                title: stored.title,
                pack: PackName { id: stored.pack_id, name: stored.pack_name },
                based_on: stored.based_on,
                published_at: stored.published_at,
                published_by: stored.published_by,
                note: stored.note,
                bytes: i32::try_from(stored.source.len()).unwrap_or(i32::MAX),
            },
        }
    }
}

/// A draft without its file.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodologyDraft {
    /// Identity.
    pub id: Uuid,
    /// What people call it.
    pub title: String,
    /// `draft` or `discarded`; once published `published` or `superseded`.
    #[schema(example = "draft")]
    pub status: String,
    /// The pack it is.
    pub pack: PackName,
    /// The version in force when it was begun.
    pub based_on: Option<i32>,
    /// Counts its changes from 1; give it back to change or publish what you have seen.
    #[schema(example = 4)]
    pub revision: i32,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was last saved.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

/// A draft with its file.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftDetail {
    /// The draft.
    #[serde(flatten)]
    pub draft: MethodologyDraft,
    /// Preset and parameters.
    #[serde(flatten)]
    pub settings: Settings,
    /// The file, to the byte.
    pub source: String,
}

impl From<DraftRow> for MethodologyDraft {
    fn from(row: DraftRow) -> Self {
        MethodologyDraft {
            id: row.id,
            title: row.title,
            status: row.status,
            pack: PackName { id: row.pack_id, name: row.pack_name },
            based_on: row.based_on,
            revision: row.revision,
            created_at: row.created_at,
            created_by: row.created_by,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        }
    }
}

impl From<methodology::Draft> for DraftDetail {
    fn from(draft: methodology::Draft) -> Self {
        let settings = Settings::from(&draft.overrides);
        let StoredDraft { id, title, pack_id, pack_name, source, status, based_on, revision, .. } =
            draft.stored;
        let (created_at, created_by) = (draft.stored.created_at, draft.stored.created_by);
        let (updated_at, updated_by) = (draft.stored.updated_at, draft.stored.updated_by);
        let pack = PackName { id: pack_id, name: pack_name };
        let draft = MethodologyDraft {
            id,
            title,
            status,
            pack,
            based_on,
            revision,
            created_at,
            created_by,
            updated_at,
            updated_by,
        };
        DraftDetail { draft, settings, source }
    }
}

/// What publishing would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodologyPlan {
    /// The version in force it was compared with; give it as `over` when publishing.
    pub over: Option<i32>,
    /// The pack that would come into force.
    pub pack: PackName,
    /// What is added, removed and changed.
    pub changes: Vec<PlannedChange>,
    /// What is in use and would lose its definition: publishing needs `remove_used` then. No data is ever deleted.
    pub in_use: Vec<UsedThing>,
    /// Metrics that would be added.
    pub new_metrics: Vec<String>,
    /// Fields of accounts that would be added.
    pub new_fields: Vec<String>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// One thing that is added, removed or changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedChange {
    /// The section of the file.
    #[schema(example = "health.indicators")]
    pub section: &'static str,
    /// What one thing of it is called.
    #[schema(example = "indicator")]
    pub noun: &'static str,
    /// Its id; empty for the section's own settings and order.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `added`, `removed`, `changed` or `reordered`.
    #[schema(value_type = String, example = "changed")]
    pub what: crate::domain::pack::compare::What,
    /// What becomes different of a thing that is changed.
    pub details: Vec<ChangedKey>,
}

/// A key that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedKey {
    /// The way to it.
    #[schema(example = "linear.full")]
    pub key: String,
    /// What it was.
    #[schema(example = "60")]
    pub before: Option<String>,
    /// What it becomes.
    #[schema(example = "75")]
    pub after: Option<String>,
}

/// Something in use that would lose its definition.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsedThing {
    /// `segment`, `stage`, `band`, `model`, `strategy`, `input` or `value`.
    #[schema(example = "stage")]
    pub noun: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many accounts use it.
    pub accounts: i64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// In a sentence.
    pub text: String,
}

impl From<Change> for PlannedChange {
    fn from(change: Change) -> Self {
        let key = |Detail { key, before, after }| ChangedKey { key, before, after };
        PlannedChange {
            section: change.section,
            noun: change.noun,
            id: change.id,
            name: change.name,
            what: change.what,
            details: change.details.into_iter().map(key).collect(),
        }
    }
}

impl From<Plan> for MethodologyPlan {
    fn from(plan: Plan) -> Self {
        let used = |used: methodology::InUse| UsedThing {
            text: used.to_string(),
            noun: used.noun,
            id: used.id,
            name: used.name,
            accounts: used.accounts,
            more: used.more,
        };
        MethodologyPlan {
            over: plan.over,
            pack: PackName { id: plan.pack_id, name: plan.pack_name },
            changes: plan.changes.into_iter().map(PlannedChange::from).collect(),
            in_use: plan.in_use.into_iter().map(used).collect(),
            new_metrics: plan.new_metrics,
            new_fields: plan.new_fields,
            notes: plan.notes,
        }
    }
}

/// That something was published.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Published {
    /// The number of the new version. Every account is scored anew within minutes.
    #[schema(example = 4)]
    pub version: i32,
}
