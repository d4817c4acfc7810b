//! Contracts as integrations state them.

use serde_json::json;

use super::error::Field;
use super::{Actor, App, Error, Result};
use crate::db::accounts::Change;
use crate::db::contracts::Contract;
use crate::db::{self, TenantScope};

impl App {
    /// Creates or updates a contract by its external id; it is stated whole. Saying the same twice changes nothing.
    /// What an outcome of its renewal ended stays ended.
    ///
    /// # Errors
    /// [`Error::Invalid`] for days, amounts or ids that do not fit, and for an account that is not there.
    pub async fn put_contract(
        &self,
        scope: &TenantScope,
        account: &str,
        contract: &Contract,
        actor: &Actor,
    ) -> Result<Change> {
        check(contract)?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let Some(owner) = db::accounts::id_of(&mut tx, account).await? else {
            return Err(Error::invalid("account", format!("no account has the external id {account:?}")));
        };
        let before = db::contracts::accounts_of(&mut tx, &[&contract.external_id]).await?;
        let change = db::contracts::put_many(&mut tx, &[(owner, contract)], now).await?;
        let change = change.first().copied().unwrap_or(Change::Unchanged);
        if change != Change::Unchanged {
            let touched: Vec<_> = before.into_iter().map(|(_, id)| id).chain([owner]).collect();
            db::accounts::mark_dirty(&mut tx, &touched, now).await?;
            let action = if change == Change::Created { "contract.created" } else { "contract.updated" };
            let detail = json!({ "account": account });
            db::audit::record(&mut tx, now, &actor.0, action, &contract.external_id, detail).await?;
        }
        tx.commit().await?;
        Ok(change)
    }
}

fn check(contract: &Contract) -> Result<()> {
    let mut wrong = Vec::new();
    let mut refuse = |name: &str, message: String| wrong.push(Field { name: name.to_owned(), message });
    if !(1..=200).contains(&contract.external_id.chars().count()) || contract.external_id.contains('\0') {
        refuse("external_id", "must have 1 to 200 characters, none of them NUL".to_owned());
    }
    if contract.arr_minor < 0 {
        refuse("arr_minor", "cannot be negative".to_owned());
    }
    if contract.term_months.is_some_and(|months| !(1..=600).contains(&months)) {
        refuse("term_months", "must be a whole number from 1 to 600".to_owned());
    }
    if contract.seats.is_some_and(|seats| seats < 0) {
        refuse("seats", "cannot be negative".to_owned());
    }
    if let Some((field, message)) = contract.term().fault() {
        refuse(field, message);
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}
