//! Drafts: what the next version may become. They have no number, any number of them may lie side by side, and a
//! discarded one can be taken back.

use serde_json::json;
use uuid::Uuid;

use super::{LoadedPack, load_apart, overrides_of, pack_source, to_stored};
use crate::app::{Actor, App, Error, Result};
use crate::db::drafts::{Content, StoredDraft};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::pack::Overrides;

/// The most drafts a tenant may have open.
const MAX_OPEN: i64 = 100;
/// The most characters of a title.
const MAX_TITLE: usize = 200;

/// What a draft begins as.
#[derive(Debug, Clone)]
pub enum DraftFrom {
    /// A copy of a version, with its parameters.
    Version(i32),
    /// A pack that comes with Holdfast.
    Pack(String),
    /// The version in force with the weights a backtest suggests.
    Backtest(Uuid),
    /// A file.
    File {
        /// The file.
        source: String,
        /// Preset and parameters.
        overrides: Overrides,
    },
}

/// A draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Identity, title, file, revision, who and when.
    pub stored: StoredDraft,
    /// Preset and parameters.
    pub overrides: Overrides,
}

impl Draft {
    /// Whether it can be changed and published.
    pub fn is_open(&self) -> bool {
        self.stored.status == "draft"
    }

    /// Whether it was put away.
    pub fn is_discarded(&self) -> bool {
        self.stored.status == "discarded"
    }
}

impl From<StoredDraft> for Draft {
    fn from(stored: StoredDraft) -> Self {
        Draft { overrides: overrides_of(&stored.overrides), stored }
    }
}

impl App {
    /// A draft, also one that was discarded or published since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn draft(&self, scope: &TenantScope, id: Uuid) -> Result<Option<Draft>> {
        let mut tx = self.db.read(scope).await?;
        Ok(db::drafts::find(&mut tx, id).await?.map(Draft::from))
    }

    /// Begins a draft. An empty title takes the pack's name, or says which backtest suggested its weights.
    ///
    /// # Errors
    /// [`Error::Pack`] for a file that does not hold together, [`Error::Invalid`] for a title that is too long,
    /// [`Error::NotFound`] for a version, pack or backtest that there is none of, [`Error::Conflict`] for too many
    /// drafts, and for a backtest that suggests nothing or tried something else than what is in force.
    pub async fn create_draft(
        &self,
        scope: &TenantScope,
        from: DraftFrom,
        title: &str,
        actor: &Actor,
    ) -> Result<Draft> {
        let origin = match &from {
            DraftFrom::Version(version) => json!({ "version": version }),
            DraftFrom::Pack(pack) => json!({ "pack": pack }),
            DraftFrom::Backtest(backtest) => json!({ "backtest": backtest }),
            DraftFrom::File { .. } => json!({ "file": true }),
        };
        let (source, overrides, otherwise) = self.begun_as(scope, from).await?;
        let loaded = load_apart(&source, &overrides).await?;
        let otherwise: String = otherwise.as_ref().unwrap_or(&loaded.name).chars().take(MAX_TITLE).collect();
        let title = checked_title(title, &otherwise)?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if db::drafts::count(&mut tx).await? >= MAX_OPEN {
            let text = format!("There are {MAX_OPEN} drafts already: publish or discard one first.");
            return Err(Error::Conflict(text));
        }
        let based_on = db::methodologies::published_version(&mut tx).await?;
        let stored = to_stored(&overrides);
        let content = content(&loaded, &title, &source, &stored, actor, now);
        let id = db::drafts::create(&mut tx, &content, based_on).await?;
        db::audit::record(&mut tx, now, &actor.0, "methodology.drafted", &title, origin).await?;
        let draft = db::drafts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(draft.into())
    }

    /// File, parameters, and what it is called if nobody says so; none for the pack's name.
    async fn begun_as(
        &self,
        scope: &TenantScope,
        from: DraftFrom,
    ) -> Result<(String, Overrides, Option<String>)> {
        match from {
            DraftFrom::Version(version) => {
                let mut tx = self.db.read(scope).await?;
                let stored = db::methodologies::find(&mut tx, version).await?.ok_or(Error::NotFound)?;
                let overrides = overrides_of(&stored.overrides);
                Ok((stored.source, overrides, None))
            }
            DraftFrom::Pack(id) => Ok((pack_source(&id).ok_or(Error::NotFound)?, Overrides::default(), None)),
            DraftFrom::Backtest(id) => {
                let weighed = self.weighed(scope, id).await?;
                Ok((weighed.source, weighed.overrides, Some(weighed.title)))
            }
            DraftFrom::File { source, overrides } => Ok((source, overrides, None)),
        }
    }

    /// Saves a draft and returns it with its new revision; `title` keeps its title where none is given. A file with
    /// errors stores nothing.
    ///
    /// # Errors
    /// [`Error::Pack`] with everything that is wrong with the file, [`Error::Conflict`] when somebody saved it since
    /// `expected_revision` or it is no longer open, [`Error::NotFound`], [`Error::Invalid`] for the title.
    #[expect(clippy::too_many_arguments, reason = "which draft, what it is to hold, and who says so")]
    pub async fn save_draft(
        &self,
        scope: &TenantScope,
        id: Uuid,
        title: Option<&str>,
        source: &str,
        overrides: &Overrides,
        expected_revision: i32,
        actor: &Actor,
    ) -> Result<Draft> {
        let loaded = load_apart(source, overrides).await?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let known = open_draft(&mut tx, id, expected_revision).await?;
        let title = checked_title(title.unwrap_or(&known.title), &known.title)?;
        let stored = to_stored(overrides);
        if known.source == source && known.overrides == stored && known.title == title {
            return Ok(known.into());
        }
        let content = content(&loaded, &title, source, &stored, actor, now);
        let revision = db::drafts::save(&mut tx, id, &content).await?;
        let detail = json!({ "draft": id, "revision": revision });
        db::audit::record(&mut tx, now, &actor.0, "methodology.draft_saved", &title, detail).await?;
        let draft = db::drafts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        tx.commit().await?;
        Ok(draft.into())
    }

    /// Puts a draft away. [`App::restore_draft`] undoes it.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Conflict`] when it was published.
    pub async fn discard_draft(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        self.set_draft_status(scope, id, "discarded", "methodology.draft_discarded", actor).await
    }

    /// Takes a discarded draft back.
    ///
    /// # Errors
    /// As [`App::discard_draft`].
    pub async fn restore_draft(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        self.set_draft_status(scope, id, "draft", "methodology.draft_restored", actor).await
    }

    async fn set_draft_status(
        &self,
        scope: &TenantScope,
        id: Uuid,
        status: &str,
        action: &str,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let draft = db::drafts::lock(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if let Some(version) = draft.version {
            return Err(published_already(version));
        }
        if draft.status != status {
            db::drafts::set_status(&mut tx, id, status, &actor.0, now).await?;
            db::audit::record(&mut tx, now, &actor.0, action, &draft.title, json!({ "draft": id })).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// A draft that is open and as the caller saw it, locked.
pub(super) async fn open_draft(tx: &mut TenantTx, id: Uuid, expected_revision: i32) -> Result<StoredDraft> {
    let draft = db::drafts::lock(tx, id).await?.ok_or(Error::NotFound)?;
    if let Some(version) = draft.version {
        return Err(published_already(version));
    }
    if draft.status != "draft" {
        return Err(Error::Conflict("The draft was discarded: restore it first.".into()));
    }
    if draft.revision != expected_revision {
        return Err(Error::Conflict(format!(
            "{} saved this draft since you opened it (revision {}, yours is {expected_revision}): look at what they \
             changed first.",
            draft.updated_by, draft.revision
        )));
    }
    Ok(draft)
}

fn published_already(version: i32) -> Error {
    Error::Conflict(format!("The draft was published already, as version {version}."))
}

fn content<'a>(
    loaded: &'a LoadedPack,
    title: &'a str,
    source: &'a str,
    overrides: &'a serde_json::Value,
    actor: &'a Actor,
    at: chrono::DateTime<chrono::Utc>,
) -> Content<'a> {
    let (pack_id, pack_name, by) = (&loaded.id, &loaded.name, &actor.0);
    Content { title, pack_id, pack_name, source, overrides, by, at }
}

fn checked_title(title: &str, otherwise: &str) -> Result<String> {
    let title = if title.trim().is_empty() { otherwise } else { title }.trim();
    if title.chars().count() > MAX_TITLE || title.contains('\0') {
        return Err(Error::invalid(
            "title",
            format!("must have {MAX_TITLE} characters at most, none of them NUL"),
        ));
    }
    Ok(title.to_owned())
}
