//! Keys of integrations.

use serde_json::json;
use uuid::Uuid;

use super::{Actor, App, Error, Result, secret};
use crate::db::platform::KeyHolder;
use crate::db::{self, TenantScope};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScope {
    /// Read accounts, health and renewals.
    Read,
    /// Send events and change accounts.
    Write,
    /// Read, change and publish the methodology; set up webhooks.
    Manage,
}

impl KeyScope {
    /// The word in the database, commands and forms.
    pub fn word(self) -> &'static str {
        match self {
            KeyScope::Read => "read",
            KeyScope::Write => "write",
            KeyScope::Manage => "manage",
        }
    }

    /// The scope of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [KeyScope::Read, KeyScope::Write, KeyScope::Manage].into_iter().find(|scope| scope.word() == word)
    }
}

impl App {
    /// Makes a key and returns its secret, which is never shown again.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty or overlong name.
    pub async fn create_key(
        &self,
        scope: &TenantScope,
        name: &str,
        key_scope: KeyScope,
        actor: &Actor,
    ) -> Result<String> {
        let name = name.trim();
        let token = secret::token();
        let key = format!("hf{}_{token}", &key_scope.word()[..1]);
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::api_keys::create(&mut tx, name, key_scope.word(), &key[..9], &secret::hash(&key), now).await?;
        db::audit::record(&mut tx, now, &actor.0, "key.created", name, json!({ "scope": key_scope.word() }))
            .await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Stops a key from working, or lets it work again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn set_key_revoked(
        &self,
        scope: &TenantScope,
        id: Uuid,
        revoked: bool,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if !db::api_keys::set_revoked(&mut tx, id, revoked.then_some(now)).await? {
            return Err(Error::NotFound);
        }
        let action = if revoked { "key.revoked" } else { "key.restored" };
        db::audit::record(&mut tx, now, &actor.0, action, &id.to_string(), json!({})).await?;
        Ok(tx.commit().await?)
    }

    /// Who holds a key.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn key_holder(&self, key: &str) -> Result<Option<KeyHolder>> {
        if !key.starts_with("hf") || key.len() > 100 {
            return Ok(None);
        }
        let mut tx = self.db.platform().await?;
        Ok(db::platform::key_holder(&mut tx, &secret::hash(key)).await?)
    }
}
