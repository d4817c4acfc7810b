//! Sign-in, sessions, passwords.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use chrono::{DateTime, Duration, DurationRound, Utc};
use sha2::{Digest, Sha256};

use super::{App, Error, Result, secret};
use crate::db::platform::{self, Membership, Session, User};

/// How long a session lasts after its last use.
pub const SESSION_DAYS: i64 = 14;
/// The shortest password, in characters.
pub const MIN_PASSWORD: usize = 12;
/// Failures of one address, or of one network, in a window before both known and unknown addresses are refused.
const MAX_FAILURES_ADDRESS: i32 = 8;
const MAX_FAILURES_NETWORK: i32 = 60;
const WINDOW_MINUTES: i64 = 15;
/// The hash of a password nobody knows, so that an unknown address takes as long as a known one.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let hash = Argon2::default().hash_password(&super::secret::random::<32>());
    hash.map(|hash| hash.to_string()).unwrap_or_default()
});

/// Why somebody was not let in.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Address or password is wrong; which of them is not said.
    Wrong,
    /// Too many failures; try again at this time.
    Throttled(DateTime<Utc>),
}

/// A session that was just opened.
#[derive(Debug)]
pub struct Opened {
    /// The cookie's value; only its hash is stored.
    pub token: String,
    /// Until when it is good without use.
    pub expires_at: DateTime<Utc>,
}

/// What is wrong with a new password, if anything.
pub fn check_password(password: &str) -> Result<()> {
    match password.chars().count() {
        0..MIN_PASSWORD => {
            Err(Error::invalid("password", format!("must have at least {MIN_PASSWORD} characters")))
        }
        1025.. => Err(Error::invalid("password", "must have at most 1024 characters")),
        _ => Ok(()),
    }
}

impl App {
    /// Lets somebody in, or says why not. Known and unknown addresses are answered alike, and as slowly.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        network: &str,
    ) -> Result<std::result::Result<Opened, Refusal>> {
        let now = self.clock.now();
        let window = now.duration_trunc(Duration::minutes(WINDOW_MINUTES)).unwrap_or(now);
        let email = email.trim();
        let keys =
            [self.throttle_key("address", &email.to_lowercase()), self.throttle_key("network", network)];
        let mut tx = self.db.platform().await?;
        for (key, most) in keys.iter().zip([MAX_FAILURES_ADDRESS, MAX_FAILURES_NETWORK]) {
            if platform::failures(&mut tx, key, window).await? >= most {
                return Ok(Err(Refusal::Throttled(window + Duration::minutes(WINDOW_MINUTES))));
            }
        }
        let user = platform::user_by_email(&mut tx, email).await?;
        tx.commit().await?;
        let stored = user.as_ref().and_then(|u| u.password_hash.clone());
        let matches = self.verify(password.to_owned(), stored).await?;
        let mut tx = self.db.platform().await?;
        let answer = match user.filter(|_| matches) {
            Some(user) => Ok(self.open_session(&mut tx, &user).await?),
            None => {
                for key in &keys {
                    platform::count_failure(&mut tx, key, window).await?;
                }
                Err(Refusal::Wrong)
            }
        };
        tx.commit().await?;
        Ok(answer)
    }

    /// Opens a session in the first of the person's tenants.
    pub(super) async fn open_session(&self, tx: &mut crate::db::PlatformTx, user: &User) -> Result<Opened> {
        let now = self.clock.now();
        let opened = Opened { token: secret::token(), expires_at: now + Duration::days(SESSION_DAYS) };
        let tenant = platform::memberships(tx, user.id).await?.first().map(|m| m.scope.tenant_id());
        platform::open_session(tx, &secret::hash(&opened.token), user.id, tenant, now, opened.expires_at)
            .await?;
        Ok(opened)
    }

    /// The session of a cookie, and every place the person has. Its end moves at most once an hour, so that reading
    /// stays reading.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn session(&self, token: &str) -> Result<Option<(Session, Vec<Membership>)>> {
        let now = self.clock.now();
        let hash = secret::hash(token);
        let mut tx = self.db.platform().await?;
        let Some(session) = platform::session(&mut tx, &hash, now).await? else { return Ok(None) };
        let memberships = platform::memberships(&mut tx, session.user.id).await?;
        if now - session.seen_at > Duration::hours(1) {
            platform::touch_session(&mut tx, &hash, now, now + Duration::days(SESSION_DAYS)).await?;
        }
        tx.commit().await?;
        Ok(Some((session, memberships)))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sign_out(&self, token: &str) -> Result<()> {
        let mut tx = self.db.platform().await?;
        platform::close_session(&mut tx, &secret::hash(token)).await?;
        Ok(tx.commit().await?)
    }

    /// Moves a session to another tenant of the same person.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they are no member there.
    pub async fn switch_tenant(&self, token: &str, slug: &str) -> Result<()> {
        let mut tx = self.db.platform().await?;
        if !platform::switch_tenant(&mut tx, &secret::hash(token), slug).await? {
            return Err(Error::NotFound);
        }
        Ok(tx.commit().await?)
    }

    /// Changes a password and ends every other session of that person.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the current one is wrong or the new one too short.
    pub async fn change_password(&self, user: &User, token: &str, current: &str, new: &str) -> Result<()> {
        check_password(new)?;
        if !self.verify(current.to_owned(), user.password_hash.clone()).await? {
            return Err(Error::invalid("current", "is not your current password"));
        }
        let hash = self.hash_password(new.to_owned()).await?;
        let mut tx = self.db.platform().await?;
        platform::set_password(&mut tx, user.id, &hash, Some(&secret::hash(token)), self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Hashes a password by Argon2id, away from the async threads and only a few at once.
    pub(super) async fn hash_password(&self, password: String) -> Result<String> {
        let _permit = self.hashing.acquire().await.map_err(|e| Error::Internal(e.into()))?;
        tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
        })
        .await
        .map_err(|e| Error::Internal(e.into()))?
        .map_err(|e| Error::Internal(anyhow::anyhow!("hashing a password: {e}")))
    }

    async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        let _permit = self.hashing.acquire().await.map_err(|e| Error::Internal(e.into()))?;
        tokio::task::spawn_blocking(move || {
            PasswordHash::new(stored.as_ref().unwrap_or(&NOBODY))
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
        .map_err(|e| Error::Internal(e.into()))
    }

    /// A throttle key that tells nothing of the address in it to those who read the table.
    fn throttle_key(&self, kind: &str, value: &str) -> Vec<u8> {
        let mut digest = Sha256::new();
        digest.update(*self.throttle_key);
        digest.update(kind.as_bytes());
        digest.update([0]);
        digest.update(value.as_bytes());
        digest.finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_s_hash_can_be_verified() {
        // Were it not well formed, unknown addresses would be answered at once and so give themselves away.
        assert!(PasswordHash::new(&NOBODY).is_ok());
    }
}
