//! Tenants.

use chrono::Months;

use super::methodology::Publishing;
use super::{Actor, App, Error, Result};
use crate::db::{TenantScope, platform};
use crate::domain::metric::normalise;
use crate::domain::money::Currency;
use crate::domain::pack::Overrides;

/// What a new tenant is to be.
#[derive(Debug, Clone)]
pub struct NewTenant<'a> {
    /// Display name; the short name follows from it.
    pub name: &'a str,
    /// Short name for commands and switches, if it is to be another.
    pub slug: Option<&'a str>,
    /// IANA name of the time zone in which its days begin.
    pub time_zone: &'a str,
    /// ISO code of the currency it adds up in; the pack's unless stated.
    pub currency: Option<&'a str>,
}

impl App {
    /// Makes a tenant and sets it up by a pack.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the name is taken, [`Error::Pack`] for a pack that does not hold together,
    /// [`Error::Invalid`] for a time zone or currency that is none.
    pub async fn create_tenant(
        &self,
        new: &NewTenant<'_>,
        pack_source: &str,
        actor: &Actor,
    ) -> Result<TenantScope> {
        self.create_tenant_with(new, pack_source, &Overrides::default(), actor).await
    }

    /// As [`App::create_tenant`], with a preset and parameters of the pack.
    ///
    /// # Errors
    /// As [`App::create_tenant`].
    pub async fn create_tenant_with(
        &self,
        new: &NewTenant<'_>,
        pack_source: &str,
        overrides: &Overrides,
        actor: &Actor,
    ) -> Result<TenantScope> {
        let pack = super::methodology::load(pack_source, overrides)?;
        let slug = new.slug.map_or_else(|| slug_of(new.name), str::to_owned);
        if slug.is_empty() {
            return Err(Error::invalid("name", "needs a letter or a digit"));
        }
        let zone: chrono_tz::Tz = new
            .time_zone
            .parse()
            .map_err(|_| Error::invalid("time_zone", format!("{:?} is no IANA time zone", new.time_zone)))?;
        let currency = new.currency.unwrap_or(&pack.currency);
        let currency: Currency = currency
            .parse()
            .map_err(|_| Error::invalid("currency", format!("{currency:?} is no ISO 4217 code")))?;
        let now = self.clock.now();
        let mut tx = self.db.platform().await?;
        let scope =
            platform::create_tenant(&mut tx, &slug, new.name.trim(), zone.name(), currency.code(), now)
                .await?;
        tx.commit().await?;
        self.publish_file(&scope, pack_source, overrides, &Publishing::default(), actor).await?;
        Ok(scope)
    }

    /// A tenant by its short name, name or id, for operators.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn tenant(&self, name: &str) -> Result<TenantScope> {
        let mut tx = self.db.platform().await?;
        platform::tenant_by_name(&mut tx, name).await?.ok_or(Error::NotFound)
    }

    /// Makes this and the next three months' partitions of raw events, and drops those past retention.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn keep_event_months(&self, retention_days: Option<u32>) -> Result<()> {
        let today = self.clock.now().date_naive();
        let mut tx = self.db.platform().await?;
        let last = today.checked_add_months(Months::new(3)).unwrap_or(today);
        platform::ensure_event_months(&mut tx, today, last).await?;
        if let Some(days) = retention_days {
            let before = today - chrono::Duration::days(i64::from(days));
            let dropped = platform::drop_event_months(&mut tx, before).await?;
            if dropped > 0 {
                tracing::info!(months = dropped, "dropped raw events past retention");
            }
        }
        platform::sweep(&mut tx, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

fn slug_of(name: &str) -> String {
    let slug: String =
        normalise(name).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    slug.trim_matches('-').chars().take(63).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names() {
        assert_eq!(slug_of("Larkfield Analytics"), "larkfield-analytics");
        assert_eq!(slug_of("  Ünïted!  "), "n-ted");
        assert_eq!(slug_of("😀"), "");
    }
}
