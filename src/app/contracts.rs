//! Contracts as integrations state them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Field;
use super::{Actor, App, Error, Result};
use crate::db::accounts::Change;
use crate::db::contracts::Contract;
use crate::db::timeline::Entry;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::money::{Currency, Money};
use crate::domain::timeline::Kind;

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
        let change = state(&mut tx, &[(owner, contract)], now, &actor.0).await?;
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

/// Stores contracts, each with its account, and enters in the journal what really changed; tells which became of each.
pub(super) async fn state(
    tx: &mut TenantTx,
    stated: &[(Uuid, &Contract)],
    now: DateTime<Utc>,
    actor: &str,
) -> db::Result<Vec<Change>> {
    let ids: Vec<&str> = stated.iter().map(|(_, contract)| contract.external_id.as_str()).collect();
    let keyed = |(account, contract): (Uuid, Contract)| (contract.external_id.clone(), (account, contract));
    let before: HashMap<_, _> = db::contracts::stated(tx, &ids).await?.into_iter().map(keyed).collect();
    let changes = db::contracts::put_many(tx, stated, now).await?;
    let changed: Vec<&str> = ids
        .iter()
        .zip(&changes)
        .filter(|(_, change)| **change != Change::Unchanged)
        .map(|(id, _)| *id)
        .collect();
    // As they are kept: what an outcome has ended stays ended, whatever is stated.
    let entries = db::contracts::stated(tx, &changed).await?.into_iter().map(|(account, contract)| {
        let was = before.get(&contract.external_id).map(|(_, was)| was);
        let data = json!({ "contract": contract.external_id, "was": was.map(terms), "is": terms(&contract) });
        let entry = Entry::new(Kind::ContractChanged, Some(account), now, headline(was, &contract));
        let body = was.map_or_else(String::new, |was| differences(was, &contract));
        Entry { actor: actor.to_owned(), body, data, ..entry }
    });
    db::timeline::append(tx, &entries.collect::<Vec<_>>(), now).await?;
    Ok(changes)
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

fn day(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// `USD 50,000.00 a year`.
fn a_year(contract: &Contract) -> String {
    match contract.currency.parse::<Currency>() {
        Ok(currency) => format!("{} a year", Money::from_minor(contract.arr_minor, currency)),
        Err(_) => format!("{} a year", contract.currency),
    }
}

/// What became of a contract, in one line for the journal.
fn headline(was: Option<&Contract>, now: &Contract) -> String {
    let id = &now.external_id;
    match (was, now.ended_on) {
        (Some(was), Some(ended)) if was.ended_on != now.ended_on => {
            format!("Contract {id} ended on {}", day(ended))
        }
        (Some(was), _) if (was.arr_minor, &was.currency) != (now.arr_minor, &now.currency) => {
            format!("Contract {id}: {} → {}", a_year(was), a_year(now))
        }
        (Some(_), _) => format!("Contract {id} changed"),
        (None, Some(ended)) => {
            format!("Contract {id}: {}, {} to {}", a_year(now), day(now.start_date), day(ended))
        }
        (None, None) => format!("Contract {id}: {} from {}", a_year(now), day(now.start_date)),
    }
}

/// What differs, one term a line.
fn differences(was: &Contract, now: &Contract) -> String {
    let date = |date: Option<NaiveDate>| date.map_or_else(|| "none".to_owned(), day);
    let number = |n: Option<i32>| n.map_or_else(|| "none".to_owned(), |n| n.to_string());
    let terms = [
        ("ARR", a_year(was), a_year(now)),
        ("Start", day(was.start_date), day(now.start_date)),
        ("End", date(was.end_date), date(now.end_date)),
        ("Months", number(was.term_months), number(now.term_months)),
        ("Seats", number(was.seats), number(now.seats)),
        ("Ended on", date(was.ended_on), date(now.ended_on)),
    ];
    let lines = terms.iter().filter(|(_, was, now)| was != now);
    lines.map(|(name, was, now)| format!("{name}: {was} → {now}")).collect::<Vec<_>>().join("\n")
}

/// The same for machines.
fn terms(contract: &Contract) -> Value {
    json!({
        "start_date": contract.start_date, "end_date": contract.end_date, "term_months": contract.term_months,
        "arr_minor": contract.arr_minor, "currency": contract.currency, "seats": contract.seats,
        "ended_on": contract.ended_on,
    })
}
