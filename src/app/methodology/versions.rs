//! Versions: publishing, and going back to an earlier one. A version never changes once it is published.

use serde_json::json;
use uuid::Uuid;

use super::drafts::open_draft;
use super::plan::Planned;
use super::{LoadedPack, load_apart, overrides_of, to_stored};
use crate::app::{Actor, App, Error, PLAN_CADENCES, Result, tickets};
use crate::db::methodologies::{Publication, StoredMethodology, VersionRow};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::pack::Overrides;

/// The most characters of a note.
const MAX_NOTE: usize = 2_000;

/// How something is to be published.
#[derive(Debug, Clone, Copy, Default)]
pub struct Publishing<'a> {
    /// Why, for those who look at the versions later.
    pub note: &'a str,
    /// The version in force the publisher has seen the plan against; publishing over another is refused. Without it a
    /// draft goes over the version it was begun on, and a file over whichever is in force.
    pub over: Option<i32>,
    /// Whether what is in use may lose its definition. Data is never deleted either way.
    pub remove_used: bool,
}

/// A version as lists show it.
pub type Version = VersionRow;

/// What is put in force, once its file was found to hold together.
struct Next<'a> {
    loaded: &'a LoadedPack,
    source: &'a str,
    overrides: &'a Overrides,
    origin: Origin<'a>,
}

enum Origin<'a> {
    Draft(Uuid),
    File { title: &'a str },
    Version(i32),
}

impl App {
    /// Every version, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn versions(&self, scope: &TenantScope) -> Result<Vec<Version>> {
        let mut tx = self.db.read(scope).await?;
        Ok(db::methodologies::versions(&mut tx).await?)
    }

    /// One version with its file, to the byte.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn version(&self, scope: &TenantScope, version: i32) -> Result<Option<StoredMethodology>> {
        let mut tx = self.db.read(scope).await?;
        Ok(db::methodologies::find(&mut tx, version).await?)
    }

    /// Publishes a draft as the next version, adds its metrics and attribute fields, and has every account scored
    /// anew: all of it or nothing. Metrics and fields that are there keep what feeds them. Returns the version.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the draft was saved, published or discarded since `expected_revision`, when another
    /// version came into force than the publisher has seen, or when something in use would lose its definition;
    /// [`Error::Pack`] when the draft no longer holds together; [`Error::NotFound`]; [`Error::Invalid`] for the note.
    pub async fn publish(
        &self,
        scope: &TenantScope,
        draft: Uuid,
        expected_revision: i32,
        how: &Publishing<'_>,
        actor: &Actor,
    ) -> Result<i32> {
        // Read it apart from the transaction that publishes, which is to be short; it is checked to be the same.
        let seen = self.draft(scope, draft).await?.ok_or(Error::NotFound)?;
        let loaded = load_apart(&seen.stored.source, &seen.overrides).await?;
        let mut tx = self.db.write(scope).await?;
        db::methodologies::lock(&mut tx).await?;
        let stored = open_draft(&mut tx, draft, expected_revision).await?;
        if stored.revision != seen.stored.revision {
            return Err(Error::Conflict("The draft was saved just now: look at it again.".into()));
        }
        let how = Publishing { over: how.over.or(stored.based_on), ..*how };
        let next = Next {
            loaded: &loaded,
            source: &stored.source,
            overrides: &seen.overrides,
            origin: Origin::Draft(draft),
        };
        self.put_in_force(tx, scope, &next, &how, actor).await
    }

    /// Publishes a file as the next version, without a draft; otherwise as [`App::publish`].
    ///
    /// # Errors
    /// As [`App::publish`].
    pub async fn publish_file(
        &self,
        scope: &TenantScope,
        source: &str,
        overrides: &Overrides,
        how: &Publishing<'_>,
        actor: &Actor,
    ) -> Result<i32> {
        let loaded = load_apart(source, overrides).await?;
        let mut tx = self.db.write(scope).await?;
        db::methodologies::lock(&mut tx).await?;
        let next = Next { loaded: &loaded, source, overrides, origin: Origin::File { title: &loaded.name } };
        self.put_in_force(tx, scope, &next, how, actor).await
    }

    /// Publishes the file and parameters of an earlier version as the next one; otherwise as [`App::publish`].
    ///
    /// # Errors
    /// As [`App::publish`].
    pub async fn roll_back(
        &self,
        scope: &TenantScope,
        version: i32,
        how: &Publishing<'_>,
        actor: &Actor,
    ) -> Result<i32> {
        let old = self.version(scope, version).await?.ok_or(Error::NotFound)?;
        if old.status == "published" {
            return Err(Error::Conflict(format!("Version {version} is in force.")));
        }
        let overrides = overrides_of(&old.overrides);
        let loaded = load_apart(&old.source, &overrides).await?;
        let note = format!("Back to version {version}.");
        let how = if how.note.trim().is_empty() { Publishing { note: &note, ..*how } } else { *how };
        let mut tx = self.db.write(scope).await?;
        db::methodologies::lock(&mut tx).await?;
        let next = Next {
            loaded: &loaded,
            source: &old.source,
            overrides: &overrides,
            origin: Origin::Version(version),
        };
        self.put_in_force(tx, scope, &next, &how, actor).await
    }

    /// The one way a methodology comes into force. The transaction holds the publishing lock.
    async fn put_in_force(
        &self,
        mut tx: TenantTx,
        scope: &TenantScope,
        next: &Next<'_>,
        how: &Publishing<'_>,
        actor: &Actor,
    ) -> Result<i32> {
        let now = self.clock.now();
        let note = checked_note(how.note)?;
        let current = db::methodologies::published(&mut tx).await?;
        expect_over(current.as_ref(), how.over)?;
        let planned = Planned { loaded: next.loaded, source: next.source, overrides: next.overrides };
        let plan = super::plan::plan(&mut tx, scope, current.as_ref(), &planned, scope.day_of(now)).await?;
        if let Some(refusal) = plan.refusal().filter(|_| !how.remove_used) {
            return Err(refusal);
        }
        let stored = to_stored(next.overrides);
        let (title, based_on) = match next.origin {
            Origin::Draft(_) => ("", None),
            Origin::File { title } => (title, current.as_ref().map(|current| current.version)),
            Origin::Version(version) => (&*next.loaded.name, Some(version)),
        };
        let version = match next.origin {
            Origin::Draft(id) => db::methodologies::publish_draft(&mut tx, id, note, &actor.0, now).await?,
            Origin::File { .. } | Origin::Version(_) => {
                let publication = Publication {
                    title,
                    pack_id: &next.loaded.id,
                    pack_name: &next.loaded.name,
                    source: next.source,
                    overrides: &stored,
                    note,
                    based_on,
                    by: &actor.0,
                    at: now,
                };
                db::methodologies::publish(&mut tx, &publication).await?
            }
        };
        self.add_to_catalogue(&mut tx, next.loaded).await?;
        db::roles::ensure(&mut tx, &crate::app::acting::roles(&next.loaded.file)).await?;
        let removed: Vec<String> = plan.in_use.iter().map(ToString::to_string).collect();
        let mut detail = json!({ "pack": next.loaded.id, "version": version, "note": note });
        if let Origin::Version(version) = next.origin {
            detail["back_to"] = version.into();
        }
        if !removed.is_empty() {
            detail["removed_in_use"] = json!(removed);
        }
        let name = &next.loaded.name;
        db::audit::record(&mut tx, now, &actor.0, "methodology.published", name, detail).await?;
        db::jobs::enqueue(&mut tx, "score_all", &json!({}), None, now).await?;
        db::jobs::enqueue(&mut tx, tickets::REWORK, &json!({}), None, now).await?;
        db::jobs::enqueue(&mut tx, PLAN_CADENCES, &json!({}), None, now).await?;
        tx.commit().await?;
        Ok(version)
    }
}

/// Whoever publishes has seen what is in force.
fn expect_over(current: Option<&StoredMethodology>, over: Option<i32>) -> Result<()> {
    let Some(over) = over else { return Ok(()) };
    match current {
        Some(current) if current.version == over => Ok(()),
        Some(current) => Err(Error::Conflict(format!(
            "{} published version {} since version {over}, which this was made over: compare it with version {} and \
             publish it over that.",
            current.published_by, current.version, current.version
        ))),
        None => Err(Error::Conflict(format!("Version {over} is not in force."))),
    }
}

fn checked_note(note: &str) -> Result<&str> {
    let note = note.trim();
    if note.chars().count() > MAX_NOTE || note.contains('\0') {
        return Err(Error::invalid(
            "note",
            format!("must have {MAX_NOTE} characters at most, none of them NUL"),
        ));
    }
    Ok(note)
}
