//! Rows of contacts.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ColumnSpec;
use super::cells::{Cells, Checked, yes_or_no};
use super::mapping::column;
use super::rows::{Fate, Owned, OwnedRow, Rows, store_owned};
use crate::db::accounts::Change;
use crate::db::contacts::Contact;
use crate::db::{self, TenantTx};

pub(super) const COLUMNS: &[ColumnSpec] = &[
    column("external_id", &["id", "contact_id", "contact"], true, "Your own id, at most 200 characters"),
    column(
        "account",
        &["account_id", "account_external_id", "customer", "customer_id"],
        true,
        "External id of the account",
    ),
    column("name", &["full_name", "contact_name"], true, "Display name"),
    column("email", &["email_address", "mail"], false, "Address"),
    column("title", &["job_title", "position"], false, "Job title"),
    column("role", &["contact_role"], false, "Part in the relationship: economic buyer, admin, user …"),
    column("champion", &["is_champion"], false, "Whether they champion the product: yes or no"),
    column("left_on", &["departed_on", "left"], false, "The day they left, such as 2027-01-31"),
];

/// Contacts are checked against nothing but their accounts.
#[derive(Clone)]
pub(super) struct Contacts;

impl Rows for Contacts {
    type Row = OwnedRow<Contact>;

    fn read(&self, cells: &Cells<'_>) -> Checked<OwnedRow<Contact>> {
        let email = cells.text("email", 254)?;
        if !email.is_empty() && (!email.contains('@') || email.contains(char::is_whitespace)) {
            return cells.wrong("email", format_args!("{email:?} is not an address such as ada@example.com"));
        }
        let champion = match cells.get("champion") {
            "" => false,
            text => match yes_or_no(text) {
                Ok(yes) => yes,
                Err(message) => return cells.wrong("champion", message),
            },
        };
        let contact = Contact {
            external_id: cells.needed("external_id", 200)?.to_owned(),
            name: cells.needed("name", 300)?.to_owned(),
            email: email.to_owned(),
            title: cells.text("title", 300)?.to_owned(),
            role: cells.text("role", 300)?.to_owned(),
            champion,
            left_on: cells.date("left_on")?,
        };
        Ok(OwnedRow { account: cells.needed("account", 200)?.to_owned(), stated: contact })
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

impl Owned for Contact {
    fn external_id(&self) -> &str {
        &self.external_id
    }

    async fn owners(tx: &mut TenantTx, external_ids: &[&str]) -> db::Result<Vec<(String, Uuid)>> {
        db::contacts::accounts_of(tx, external_ids).await
    }

    async fn put_many(
        tx: &mut TenantTx,
        stated: &[(Uuid, &Self)],
        now: DateTime<Utc>,
    ) -> db::Result<Vec<Change>> {
        db::contacts::put_many(tx, stated, now).await
    }
}
