//! `holdfast key`.

use clap::Subcommand;

use super::say;
use crate::app::keys::KeyScope;
use crate::app::{Actor, App};

/// Create keys for integrations.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Create a key and print it, once.
    Create {
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// write: send events and change accounts; read: read accounts, health and renewals; manage: read, change and
        /// publish the methodology.
        #[arg(long, value_parser = scope)]
        scope: KeyScope,
        /// What you call it.
        #[arg(long)]
        name: String,
    },
}

fn scope(word: &str) -> Result<KeyScope, String> {
    KeyScope::parse(word).ok_or_else(|| "must be read, write or manage".to_owned())
}

impl Key {
    pub(super) async fn run(self, app: &App) -> anyhow::Result<()> {
        let Key::Create { tenant, scope: key_scope, name } = self;
        let scope = super::tenant(app, &tenant).await?;
        say(app.create_key(&scope, &name, key_scope, &Actor::command_line()).await?);
        Ok(())
    }
}
