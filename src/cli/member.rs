//! `holdfast member`.

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use clap::Subcommand;

use super::say;
use crate::app::members::Role;
use crate::app::{Actor, App};

/// Add members.
#[derive(Debug, Subcommand)]
pub(super) enum Member {
    /// Add a member. The password is read from standard input; with --invite a link is printed instead.
    Add {
        /// Their address.
        email: String,
        /// Short name of the tenant.
        #[arg(long)]
        tenant: String,
        /// admin, manager, csm or executive.
        #[arg(long, value_parser = role)]
        role: Role,
        /// Their name [default: what stands before the @].
        #[arg(long)]
        name: Option<String>,
        /// Print an invitation link, good for seven days, instead of reading a password.
        #[arg(long)]
        invite: bool,
        /// Where people reach this Holdfast, for the link.
        #[arg(long, env = "HOLDFAST_PUBLIC_URL", default_value = "http://127.0.0.1:8420")]
        public_url: String,
    },
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "must be admin, manager, csm or executive".to_owned())
}

impl Member {
    pub(super) async fn run(self, app: &App) -> anyhow::Result<()> {
        let Member::Add { email, tenant, role, name, invite, public_url } = self;
        let scope = super::tenant(app, &tenant).await?;
        let actor = Actor::command_line();
        if invite {
            let invited = app.invite(&scope, &email, role, &actor).await?;
            let base = if public_url.is_empty() {
                "http://127.0.0.1:8420"
            } else {
                public_url.trim_end_matches('/')
            };
            say(format_args!("{base}/invitations/{}", invited.token));
            return Ok(());
        }
        let password = read_password()?;
        app.add_member(&scope, &email, name.as_deref(), role, &password, &actor).await?;
        say(format_args!("Added {email} to {tenant} as {}.", role.word()));
        Ok(())
    }
}

fn read_password() -> anyhow::Result<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        bail!(
            "give the password on standard input (`printf %s \"$PASSWORD\" | holdfast member add …`), or use --invite"
        );
    }
    let mut text = String::new();
    input.read_to_string(&mut text).context("the password cannot be read")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
