//! Accounts as people and integrations state them.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Actor, App, Error, Result};
use crate::db::accounts::{Change, Stated};
use crate::db::custom_fields::CustomField;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::exchange::Rate;
use crate::domain::money::Currency;

/// Checks values of own fields against their types; unknown names are errors, null removes a value.
///
/// # Errors
/// [`Error::Invalid`] naming each field that does not fit.
pub fn check_fields(known: &[CustomField], given: &Map<String, Value>) -> Result<()> {
    let wrong: Vec<super::error::Field> = given
        .iter()
        .filter_map(|(name, value)| {
            let message = match known.iter().find(|field| field.name == *name) {
                None => Some("is no field of this tenant; define it in Settings first".to_owned()),
                Some(field) => misfit(field, value),
            };
            message.map(|message| super::error::Field { name: format!("fields.{name}"), message })
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

fn misfit(field: &CustomField, value: &Value) -> Option<String> {
    let fits = match (field.kind.as_str(), value) {
        (_, Value::Null)
        | ("text", Value::String(_))
        | ("number", Value::Number(_))
        | ("bool", Value::Bool(_)) => true,
        ("date", Value::String(text)) => text.parse::<chrono::NaiveDate>().is_ok(),
        ("enum", Value::String(text)) => field.choices.iter().any(|choice| choice == text),
        _ => false,
    };
    (!fits).then(|| match field.kind.as_str() {
        "enum" => format!("must be one of {}", field.choices.join(", ")),
        "date" => "must be a date such as 2027-01-31".to_owned(),
        kind => format!("must be a {kind}"),
    })
}

/// Stores accounts inside a transaction and arranges what follows from it: scoring, and counting what waited.
/// No external id may come twice.
pub(super) async fn put_in(
    tx: &mut TenantTx,
    stated: &[&Stated],
    now: chrono::DateTime<chrono::Utc>,
) -> db::Result<Vec<Change>> {
    let put = db::accounts::put_many(tx, stated, now).await?;
    let touched: Vec<Uuid> =
        put.iter().filter(|(_, change)| *change != Change::Unchanged).map(|(id, _)| *id).collect();
    if !touched.is_empty() {
        db::accounts::mark_dirty(tx, &touched, now).await?;
    }
    let created = || stated.iter().zip(&put).filter(|(_, (_, change))| *change == Change::Created);
    let names: Vec<&str> = created().map(|(stated, _)| stated.external_id.as_str()).collect();
    if let Some((_, (first, _))) = created().next()
        && db::quarantine::waits_for(tx, &names).await?
    {
        let dedupe = format!("replay:{first}");
        db::jobs::enqueue(tx, "replay", &json!({}), Some(&dedupe), now).await?;
    }
    Ok(put.into_iter().map(|(_, change)| change).collect())
}

impl App {
    /// Creates or updates an account by its external id; saying the same twice changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] for own fields that do not fit, or names and ids of the wrong length.
    pub async fn put_account(&self, scope: &TenantScope, stated: &Stated, actor: &Actor) -> Result<Change> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if let Some(Value::Object(fields)) = &stated.fields {
            check_fields(&db::custom_fields::list(&mut tx).await?, fields)?;
        }
        let change = put_in(&mut tx, &[stated], now).await?.first().copied().unwrap_or(Change::Unchanged);
        if change != Change::Unchanged {
            let action = if change == Change::Created { "account.created" } else { "account.updated" };
            db::audit::record(&mut tx, now, &actor.0, action, &stated.external_id, json!({})).await?;
        }
        tx.commit().await?;
        Ok(change)
    }

    /// Sets or clears an account's segment by hand.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a segment the methodology does not have.
    pub async fn pin_segment(
        &self,
        scope: &TenantScope,
        external_id: &str,
        segment: Option<&str>,
        actor: &Actor,
    ) -> Result<()> {
        if let (Some(segment), Some(in_force)) = (segment, self.methodology(scope).await?)
            && !in_force.methodology.segments.iter().any(|s| *s.id == *segment)
        {
            return Err(Error::invalid("segment", format!("{segment:?} is no segment of this methodology")));
        }
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let id = db::accounts::id_of(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        db::accounts::pin_segment(&mut tx, id, segment, now).await?;
        db::accounts::mark_dirty(&mut tx, &[id], now).await?;
        let detail = json!({ "segment": segment });
        db::audit::record(&mut tx, now, &actor.0, "account.segment", external_id, detail).await?;
        Ok(tx.commit().await?)
    }

    /// States an exchange rate into the tenant's currency and has every account scored by it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a currency or rate that is none.
    pub async fn put_rate(
        &self,
        scope: &TenantScope,
        currency: &str,
        rate: &str,
        actor: &Actor,
    ) -> Result<()> {
        let currency: Currency = currency
            .parse()
            .map_err(|e: crate::domain::money::MoneyError| Error::invalid("currency", e.to_string()))?;
        rate.parse::<Rate>().map_err(|e| Error::invalid("rate", e.to_string()))?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        db::contracts::put_rate(&mut tx, currency.code(), rate.trim(), now).await?;
        db::jobs::enqueue(&mut tx, "score_all", &json!({}), None, now).await?;
        let detail = json!({ "rate": rate });
        db::audit::record(&mut tx, now, &actor.0, "rate.changed", currency.code(), detail).await?;
        Ok(tx.commit().await?)
    }

    /// Gives an account to a CSM, or takes it from them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account or member that is not there.
    pub async fn assign(
        &self,
        scope: &TenantScope,
        external_id: &str,
        owner: Option<Uuid>,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let id = db::accounts::id_of(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        if let Some(owner) = owner
            && !db::members::list(&mut tx).await?.iter().any(|member| member.id == owner)
        {
            return Err(Error::NotFound);
        }
        db::accounts::set_owner(&mut tx, id, owner, now).await?;
        db::audit::record(&mut tx, now, &actor.0, "account.assigned", external_id, json!({ "owner": owner }))
            .await?;
        Ok(tx.commit().await?)
    }
}
