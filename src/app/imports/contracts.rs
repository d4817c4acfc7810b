//! Rows of contracts.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::ColumnSpec;
use super::cells::{Cells, Checked};
use super::mapping::column;
use super::rows::{Fate, Owned, Rows, store_owned};
use crate::db::accounts::Change;
use crate::db::contracts::Contract;
use crate::db::timeline::Entry;
use crate::db::{self, TenantTx};
use crate::domain::money::{Currency, Money};
use crate::domain::timeline::Kind;

pub(super) const COLUMNS: &[ColumnSpec] = &[
    column("external_id", &["id", "contract_id", "contract"], true, "Your own id, at most 200 characters"),
    column(
        "account",
        &["account_id", "account_external_id", "customer", "customer_id"],
        true,
        "External id of the account",
    ),
    column("start_date", &["start", "starts_on"], true, "First day, such as 2027-01-31"),
    column(
        "end_date",
        &["end", "ends_on", "renewal_date"],
        false,
        "The day it renews, one after its last; or its term",
    ),
    column("term_months", &["term", "months"], false, "Length in months; or its end date"),
    column("arr", &["annual_recurring_revenue"], true, "Annual recurring revenue, such as 12,000.00"),
    column("currency", &["currency_code"], false, "Three letters; the tenant's own unless stated"),
    column("seats", &["licenses", "licences", "quantity"], false, "Seats bought"),
    column(
        "ended_on",
        &["cancelled_on", "canceled_on", "churned_on"],
        false,
        "The day it ended without renewal",
    ),
];

/// What rows of contracts are checked against.
#[derive(Clone)]
pub(super) struct Contracts {
    pub(super) currency: Currency,
}

/// A contract and the external id of its account.
pub(super) struct Row {
    account: String,
    contract: Contract,
}

impl Rows for Contracts {
    type Row = Row;

    fn read(&self, cells: &Cells<'_>) -> Checked<Row> {
        let currency = match cells.get("currency") {
            "" => self.currency,
            code => match code.parse() {
                Ok(currency) => currency,
                Err(error) => return cells.wrong("currency", error),
            },
        };
        let arr = match Money::parse(cells.needed("arr", 40)?, currency) {
            Ok(arr) if arr.minor >= 0 => arr,
            Ok(_) => return cells.wrong("arr", "cannot be negative"),
            Err(error) => return cells.wrong("arr", error),
        };
        let start_date = cells.needed_date("start_date")?;
        let (end_date, term_months) = (cells.date("end_date")?, cells.whole("term_months", 1, 600)?);
        if end_date.is_none() && term_months.is_none() {
            return cells.wrong("end_date", "is empty, and so is the term; state one of them");
        }
        if end_date.is_some_and(|end| end <= start_date) {
            return cells.wrong("end_date", format_args!("is not after the start, {start_date}"));
        }
        let ended_on = cells.date("ended_on")?;
        if ended_on.is_some_and(|end| end < start_date) {
            return cells.wrong("ended_on", format_args!("is before the start, {start_date}"));
        }
        let contract = Contract {
            external_id: cells.needed("external_id", 200)?.to_owned(),
            start_date,
            end_date,
            term_months,
            arr_minor: arr.minor,
            currency: currency.code().to_owned(),
            seats: cells.whole("seats", 0, i32::MAX)?,
            ended_on,
        };
        Ok(Row { account: cells.needed("account", 200)?.to_owned(), contract })
    }

    async fn store(&self, tx: &mut TenantTx, rows: &[&Row], now: DateTime<Utc>) -> db::Result<Vec<Fate>> {
        store_owned(tx, rows, now).await
    }
}

impl Owned for Row {
    fn account(&self) -> &str {
        &self.account
    }

    fn external_id(&self) -> &str {
        &self.contract.external_id
    }

    async fn owners(tx: &mut TenantTx, external_ids: &[&str]) -> db::Result<Vec<(String, Uuid)>> {
        db::contracts::accounts_of(tx, external_ids).await
    }

    async fn put_many(
        tx: &mut TenantTx,
        stated: &[(Uuid, &Self)],
        now: DateTime<Utc>,
    ) -> db::Result<Vec<Change>> {
        let stated: Vec<(Uuid, &Contract)> =
            stated.iter().map(|(account, row)| (*account, &row.contract)).collect();
        let ids: Vec<&str> = stated.iter().map(|(_, contract)| contract.external_id.as_str()).collect();
        let before: HashMap<String, Contract> = db::contracts::stated(tx, &ids)
            .await?
            .into_iter()
            .map(|(_, contract)| (contract.external_id.clone(), contract))
            .collect();
        let changes = db::contracts::put_many(tx, &stated, now).await?;
        let changed = stated.iter().zip(&changes).filter(|(_, change)| **change != Change::Unchanged);
        let entries: Vec<Entry> = changed
            .map(|((account, contract), _)| {
                let was = before.get(&contract.external_id);
                let entry = Entry::new(Kind::ContractChanged, Some(*account), now, headline(was, contract));
                let data = json!({ "contract": contract.external_id, "was": was.map(terms), "is": terms(contract) });
                Entry { body: was.map_or_else(String::new, |was| differences(was, contract)), data, ..entry }
            })
            .collect();
        db::timeline::append(tx, &entries, now).await?;
        Ok(changes)
    }
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
