//! Endpoints of outgoing webhooks.

use chrono::Duration;
use serde_json::json;
use uuid::Uuid;

use super::{App, Result};
use crate::app::error::Field;
use crate::app::{Actor, Error, secret};
use crate::db::{self, TenantScope};
use crate::domain::notice::Severity;
use crate::domain::timeline::{Group, Kind};
use crate::integrations::webhooks::shown;

pub use crate::db::webhooks::Endpoint;

/// How long a secret that was replaced still signs, so that receivers can change theirs.
const BOTH_FOR: Duration = Duration::hours(24);
/// Endpoints a tenant may have.
const MOST: usize = 50;

/// How an endpoint is to be.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Where.
    pub url: String,
    /// What the tenant calls it.
    pub description: String,
    /// Words of whole groups.
    pub groups: Vec<String>,
    /// Words of single kinds. With no groups either: everything.
    pub kinds: Vec<String>,
    /// How grave it must be; none for anything.
    pub min_severity: Option<String>,
    /// Whether it is told.
    pub enabled: bool,
}

/// A secret just made: the only time it is seen.
#[derive(Debug, Clone)]
pub struct WantedSecret {
    /// The endpoint.
    pub endpoint: Uuid,
    /// `whsec_…`.
    pub secret: String,
}

fn check(wanted: &Wanted) -> Result<()> {
    let mut fields = Vec::new();
    let mut wrong = |name: &str, message: String| fields.push(Field { name: name.to_owned(), message });
    for word in &wanted.groups {
        if Group::parse(word).is_none() {
            wrong("groups", format!("{word:?} is no group: {}", Group::ALL.map(Group::word).join(", ")));
        }
    }
    for word in &wanted.kinds {
        if Kind::parse(word).is_none() {
            wrong("kinds", format!("{word:?} is no kind of event"));
        }
    }
    if let Some(word) = &wanted.min_severity
        && Severity::parse(word).is_none()
    {
        wrong(
            "min_severity",
            format!("{word:?} is none of {}", Severity::ALL.map(Severity::word).join(", ")),
        );
    }
    if wanted.description.chars().count() > 200 {
        wrong("description", "must have at most 200 characters".to_owned());
    }
    if wanted.url.len() > 2000 {
        wrong("url", "must have at most 2000 characters".to_owned());
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid(fields)) }
}

impl App {
    /// Adds an endpoint; its secret is shown this once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a URL that may not be asked or words that nothing is called by.
    pub async fn create_endpoint(
        &self,
        scope: &TenantScope,
        wanted: &Wanted,
        actor: &Actor,
    ) -> Result<WantedSecret> {
        self.check_endpoint(wanted).await?;
        let now = self.clock.now();
        let key = secret::random::<32>();
        let endpoint = Endpoint {
            id: Uuid::now_v7(),
            url: wanted.url.trim().to_owned(),
            description: wanted.description.trim().to_owned(),
            secret: key.to_vec(),
            secret_before: None,
            secret_before_until: None,
            groups: wanted.groups.clone(),
            kinds: wanted.kinds.clone(),
            min_severity: wanted.min_severity.clone(),
            enabled: wanted.enabled,
            paused_why: (!wanted.enabled).then(|| "hand".to_owned()),
            failing_since: None,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.db.write(scope).await?;
        if db::webhooks::endpoints(&mut tx).await?.len() >= MOST {
            return Err(Error::Conflict(format!("A company has at most {MOST} endpoints.")));
        }
        db::webhooks::put(&mut tx, &endpoint).await?;
        let detail = json!({ "url": endpoint.url, "groups": endpoint.groups, "kinds": endpoint.kinds });
        db::audit::record(&mut tx, now, &actor.0, "endpoint.created", &endpoint.id.to_string(), detail)
            .await?;
        tx.commit().await?;
        Ok(WantedSecret { endpoint: endpoint.id, secret: shown(&key) })
    }

    /// Changes an endpoint. One that was paused and is switched on has a clean slate.
    ///
    /// # Errors
    /// As [`App::create_endpoint`], and [`Error::NotFound`].
    pub async fn change_endpoint(
        &self,
        scope: &TenantScope,
        id: Uuid,
        wanted: &Wanted,
        actor: &Actor,
    ) -> Result<()> {
        self.check_endpoint(wanted).await?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let before = db::webhooks::endpoint(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if before.enabled && !wanted.enabled {
            db::webhooks::pause(&mut tx, id, "hand", now).await?;
        }
        let paused_why = match (wanted.enabled, before.enabled) {
            (true, _) => None,
            (false, true) => Some("hand".to_owned()),
            (false, false) => before.paused_why.clone(),
        };
        let endpoint = Endpoint {
            url: wanted.url.trim().to_owned(),
            description: wanted.description.trim().to_owned(),
            groups: wanted.groups.clone(),
            kinds: wanted.kinds.clone(),
            min_severity: wanted.min_severity.clone(),
            enabled: wanted.enabled,
            paused_why,
            failing_since: before.failing_since.filter(|_| before.enabled == wanted.enabled),
            updated_at: now,
            ..before
        };
        db::webhooks::put(&mut tx, &endpoint).await?;
        let detail = json!({
            "url": endpoint.url, "groups": endpoint.groups, "kinds": endpoint.kinds, "enabled": endpoint.enabled,
        });
        db::audit::record(&mut tx, now, &actor.0, "endpoint.changed", &id.to_string(), detail).await?;
        Ok(tx.commit().await?)
    }

    async fn check_endpoint(&self, wanted: &Wanted) -> Result<()> {
        check(wanted)?;
        let checked = self.outlets.http.check(wanted.url.trim()).await;
        checked.map_err(|error| Error::invalid("url", error.to_string()))
    }

    /// Gives an endpoint a new secret, shown this once; the one before signs as well for a day.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn rotate_secret(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<WantedSecret> {
        let now = self.clock.now();
        let key = secret::random::<32>();
        let mut tx = self.db.write(scope).await?;
        let before = db::webhooks::endpoint(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let endpoint = Endpoint {
            secret: key.to_vec(),
            secret_before: Some(before.secret.clone()),
            secret_before_until: Some(now + BOTH_FOR),
            updated_at: now,
            ..before
        };
        db::webhooks::put(&mut tx, &endpoint).await?;
        db::audit::record(&mut tx, now, &actor.0, "endpoint.rotated", &id.to_string(), json!({})).await?;
        tx.commit().await?;
        Ok(WantedSecret { endpoint: id, secret: shown(&key) })
    }

    /// Takes an endpoint away, or brings it back.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn set_endpoint_removed(
        &self,
        scope: &TenantScope,
        id: Uuid,
        removed: bool,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if !db::webhooks::set_removed(&mut tx, id, removed.then_some(now)).await? {
            return Err(Error::NotFound);
        }
        let action = if removed { "endpoint.removed" } else { "endpoint.restored" };
        db::audit::record(&mut tx, now, &actor.0, action, &id.to_string(), json!({})).await?;
        Ok(tx.commit().await?)
    }
}
