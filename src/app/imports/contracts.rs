//! Rows of contracts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ColumnSpec;
use super::cells::{Cells, Checked};
use super::mapping::column;
use super::rows::{Fate, Owned, OwnedRow, Rows, store_owned};
use crate::app::contracts::state;
use crate::db::accounts::Change;
use crate::db::contracts::Contract;
use crate::db::{self, TenantTx};
use crate::domain::money::{Currency, Money};

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

impl Rows for Contracts {
    type Row = OwnedRow<Contract>;

    fn read(&self, cells: &Cells<'_>) -> Checked<OwnedRow<Contract>> {
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
        let ended_on = cells.date("ended_on")?;
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
        if let Some((field, message)) = contract.term().fault() {
            return cells.wrong(field, message);
        }
        Ok(OwnedRow { account: cells.needed("account", 200)?.to_owned(), stated: contract })
    }

    async fn store(
        &self,
        tx: &mut TenantTx,
        rows: &[&Self::Row],
        now: DateTime<Utc>,
    ) -> db::Result<Vec<Fate>> {
        store_owned(tx, rows, now).await
    }
}

impl Owned for Contract {
    fn external_id(&self) -> &str {
        &self.external_id
    }

    async fn owners(tx: &mut TenantTx, external_ids: &[&str]) -> db::Result<Vec<(String, Uuid)>> {
        db::contracts::accounts_of(tx, external_ids).await
    }

    async fn put_many(
        tx: &mut TenantTx,
        stated: &[(Uuid, &Self)],
        now: DateTime<Utc>,
    ) -> db::Result<Vec<Change>> {
        state(tx, stated, now, "import").await
    }
}
