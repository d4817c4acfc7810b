//! Members: who belongs, in which role, and how they come in.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::auth::{Opened, check_password};
use super::{Actor, App, Error, Result, secret};
use crate::db::platform::{self, Invitation};
use crate::db::{self, TenantScope};

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads everything, changes nothing.
    Executive,
    /// Works accounts.
    Csm,
    /// Also imports, assigns and decides about sources.
    Manager,
    /// Also members, keys and how the tenant works.
    Admin,
}

impl Role {
    /// Every role, most rights first.
    pub const ALL: [Role; 4] = [Role::Admin, Role::Manager, Role::Csm, Role::Executive];

    /// The word in the database, in commands and in forms.
    pub fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Manager => "manager",
            Role::Csm => "csm",
            Role::Executive => "executive",
        }
    }

    /// The word on pages.
    pub fn label(self) -> &'static str {
        match self {
            Role::Admin => "Admin",
            Role::Manager => "Manager",
            Role::Csm => "CSM",
            Role::Executive => "Executive",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An invitation that was just made.
#[derive(Debug)]
pub struct Invited {
    /// The secret part of its link; only its hash is stored.
    pub token: String,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

fn check_email(email: &str) -> Result<&str> {
    let email = email.trim();
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
    }) && email.len() <= 254
        && !email.contains(char::is_whitespace);
    if well_formed {
        Ok(email)
    } else {
        Err(Error::invalid("email", "must be an address such as ada@example.com"))
    }
}

impl App {
    /// Adds a member with a password, or gives an existing person a place in the tenant (their password stays).
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address or password that will not do.
    pub async fn add_member(
        &self,
        scope: &TenantScope,
        email: &str,
        name: Option<&str>,
        role: Role,
        password: &str,
        actor: &Actor,
    ) -> Result<()> {
        let email = check_email(email)?;
        check_password(password)?;
        let now = self.clock.now();
        let hash = self.hash_password(password.to_owned()).await?;
        let mut tx = self.db.platform().await?;
        let user = platform::ensure_user(&mut tx, email, name.unwrap_or_else(|| name_of(email)), now).await?;
        if user.password_hash.is_none() {
            platform::set_password(&mut tx, user.id, &hash, None, now).await?;
        }
        platform::put_member(&mut tx, scope, user.id, role.word(), now).await?;
        tx.commit().await?;
        self.audit(scope, actor, "member.added", email, json!({ "role": role.word() })).await
    }

    /// Notes that a member is here, at most once an hour, and tells when they were last seen before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seen(&self, scope: &TenantScope, member: Uuid) -> Result<Option<DateTime<Utc>>> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let before = db::members::last_seen(&mut tx, member).await?;
        if before.is_none_or(|before| now - before >= Duration::hours(1)) {
            db::members::seen(&mut tx, member, now).await?;
            tx.commit().await?;
        }
        Ok(before)
    }

    /// Makes an invitation link's secret, good for seven days.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that cannot be one.
    pub async fn invite(
        &self,
        scope: &TenantScope,
        email: &str,
        role: Role,
        actor: &Actor,
    ) -> Result<Invited> {
        let email = check_email(email)?;
        let now = self.clock.now();
        let invited = Invited { token: secret::token(), expires_at: now + Duration::days(7) };
        let mut tx = self.db.write(scope).await?;
        let hash = secret::hash(&invited.token);
        db::members::invite(&mut tx, email, role.word(), &hash, now, invited.expires_at).await?;
        db::audit::record(&mut tx, now, &actor.0, "member.invited", email, json!({ "role": role.word() }))
            .await?;
        tx.commit().await?;
        Ok(invited)
    }

    /// The open invitation of a link.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn invitation(&self, token: &str) -> Result<Option<Invitation>> {
        let mut tx = self.db.platform().await?;
        Ok(platform::invitation(&mut tx, &secret::hash(token), self.clock.now()).await?)
    }

    /// Whether an address has a log-in already.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn has_log_in(&self, email: &str) -> Result<bool> {
        let mut tx = self.db.platform().await?;
        Ok(platform::user_by_email(&mut tx, email).await?.is_some_and(|user| user.password_hash.is_some()))
    }

    /// Accepts an invitation: a new person chooses name and password, one who has a password proves it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the link is used up, [`Error::Invalid`] when the password will not do.
    pub async fn accept_invitation(&self, token: &str, name: &str, password: &str) -> Result<Opened> {
        let now = self.clock.now();
        let mut tx = self.db.platform().await?;
        let hash = secret::hash(token);
        let invitation = platform::invitation(&mut tx, &hash, now).await?.ok_or(Error::NotFound)?;
        let existing = platform::user_by_email(&mut tx, &invitation.email).await?;
        tx.commit().await?;
        let new_hash = match existing.as_ref().and_then(|u| u.password_hash.as_ref()) {
            Some(_) => match self.sign_in(&invitation.email, password, "invitation").await? {
                Ok(_) => None,
                Err(_) => {
                    return Err(Error::invalid("password", "is not the one you already use with Holdfast"));
                }
            },
            None => {
                check_password(password)?;
                Some(self.hash_password(password.to_owned()).await?)
            }
        };
        let name = if name.trim().is_empty() { name_of(&invitation.email) } else { name.trim() };
        let mut tx = self.db.platform().await?;
        if !platform::accept_invitation(&mut tx, &invitation, now).await? {
            return Err(Error::NotFound);
        }
        let user = platform::ensure_user(&mut tx, &invitation.email, name, now).await?;
        if let Some(hash) = new_hash {
            platform::set_password(&mut tx, user.id, &hash, None, now).await?;
        }
        platform::put_member(&mut tx, &invitation.scope, user.id, &invitation.role, now).await?;
        let opened = self.open_session(&mut tx, &user).await?;
        tx.commit().await?;
        let actor = Actor(user.name.clone());
        self.audit(
            &invitation.scope,
            &actor,
            "member.joined",
            &user.email,
            json!({ "role": invitation.role }),
        )
        .await?;
        Ok(opened)
    }

    /// Withdraws an invitation.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn withdraw_invitation(&self, scope: &TenantScope, id: Uuid, actor: &Actor) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        let email = db::members::withdraw_invitation(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let now = self.clock.now();
        db::audit::record(&mut tx, now, &actor.0, "member.uninvited", &email, json!({})).await?;
        Ok(tx.commit().await?)
    }

    /// Changes a member's role.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it would leave the tenant without an admin.
    pub async fn set_role(&self, scope: &TenantScope, id: Uuid, role: Role, actor: &Actor) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        db::members::count_admins(&mut tx).await?;
        if !db::members::set_role(&mut tx, id, role.word()).await? {
            return Err(Error::NotFound);
        }
        self.keep_an_admin(&mut tx).await?;
        let detail = json!({ "role": role.word() });
        db::audit::record(&mut tx, self.clock.now(), &actor.0, "member.role", &id.to_string(), detail)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Takes a member's place away, or gives it back.
    ///
    /// # Errors
    /// As [`App::set_role`].
    pub async fn set_removed(
        &self,
        scope: &TenantScope,
        id: Uuid,
        removed: bool,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::members::count_admins(&mut tx).await?;
        if !db::members::set_removed(&mut tx, id, removed.then_some(now)).await? {
            return Err(Error::NotFound);
        }
        self.keep_an_admin(&mut tx).await?;
        let action = if removed { "member.removed" } else { "member.restored" };
        db::audit::record(&mut tx, now, &actor.0, action, &id.to_string(), json!({})).await?;
        Ok(tx.commit().await?)
    }

    async fn keep_an_admin(&self, tx: &mut db::TenantTx) -> Result<()> {
        if db::members::count_admins(tx).await? == 0 {
            return Err(Error::Conflict(
                "A tenant needs at least one admin: make somebody else admin first.".into(),
            ));
        }
        Ok(())
    }

    /// Writes a line of the audit log on its own.
    pub(super) async fn audit(
        &self,
        scope: &TenantScope,
        actor: &Actor,
        action: &str,
        subject: &str,
        detail: serde_json::Value,
    ) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        db::audit::record(&mut tx, self.clock.now(), &actor.0, action, subject, detail).await?;
        Ok(tx.commit().await?)
    }
}

fn name_of(email: &str) -> &str {
    email.split('@').next().unwrap_or(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["ada@example.com", " ada@example.com ", "אדה@example.co.il"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in ["", "ada", "ada@", "@example.com", "ada@example", "a b@example.com", "ada@.com"] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_are_ordered_by_their_rights() {
        assert!(Role::Admin > Role::Manager && Role::Manager > Role::Csm && Role::Csm > Role::Executive);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
        }
    }
}
