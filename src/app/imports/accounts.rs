//! Rows of accounts.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

use super::ColumnSpec;
use super::cells::{Cells, Checked, date, number, yes_or_no};
use super::mapping::column;
use super::rows::{Fate, Rows, one_at_a_time};
use crate::app::accounts::put_in;
use crate::db::accounts::Stated;
use crate::db::custom_fields::CustomField;
use crate::db::{self, TenantTx};

pub(super) const COLUMNS: &[ColumnSpec] = &[
    column(
        "external_id",
        &["id", "account_id", "account_external_id", "account"],
        true,
        "Your own id, at most 200 characters",
    ),
    column("name", &["account_name", "company", "company_name", "customer"], false, "Display name"),
    column("owner_email", &["owner", "csm", "csm_email"], false, "Address of the member who looks after it"),
    column("start_date", &["start", "customer_since"], false, "First day as a customer, such as 2027-01-31"),
    column("tags", &["tag", "labels"], false, "Words separated by ; or |"),
];

/// What rows of accounts are checked against.
#[derive(Clone)]
pub(super) struct Accounts {
    own: Arc<[CustomField]>,
    members: Arc<HashMap<String, Uuid>>,
}

impl Accounts {
    pub(super) async fn load(tx: &mut TenantTx, own: Vec<CustomField>) -> db::Result<Self> {
        let members = db::members::ids_by_email(tx).await?;
        Ok(Accounts { own: own.into(), members: Arc::new(members.into_iter().collect()) })
    }
}

impl Rows for Accounts {
    type Row = Stated;

    /// A column that is there states its field: an empty cell clears it, but never the name.
    fn read(&self, cells: &Cells<'_>) -> Checked<Stated> {
        let owner_id = match (cells.has("owner_email"), cells.get("owner_email")) {
            (false, _) => None,
            (true, "") => Some(None),
            (true, address) => match self.members.get(&address.to_lowercase()) {
                Some(id) => Some(Some(*id)),
                None => {
                    return cells.wrong("owner_email", format_args!("no member has the address {address:?}"));
                }
            },
        };
        let name = Some(cells.text("name", 300)?).filter(|name| !name.is_empty());
        let start_date = if cells.has("start_date") { Some(cells.date("start_date")?) } else { None };
        let mut fields = Map::new();
        for field in self.own.iter().filter(|field| cells.has(&field.name)) {
            match own_value(field, cells.get(&field.name)) {
                Ok(value) => fields.insert(field.name.clone(), value),
                Err(message) => return cells.wrong(&field.name, message),
            };
        }
        Ok(Stated {
            external_id: cells.needed("external_id", 200)?.to_owned(),
            name: name.map(str::to_owned),
            owner_id,
            start_date,
            tags: if cells.has("tags") { Some(tags(cells)?) } else { None },
            fields: (!fields.is_empty()).then_some(Value::Object(fields)),
        })
    }

    async fn store(&self, tx: &mut TenantTx, rows: &[&Stated], now: DateTime<Utc>) -> db::Result<Vec<Fate>> {
        let mut fates = vec![Err(String::new()); rows.len()];
        for wave in one_at_a_time(rows.iter().map(|row| row.external_id.as_str())) {
            let stated: Vec<&Stated> = wave.iter().map(|&at| rows[at]).collect();
            for (at, change) in wave.iter().zip(put_in(tx, &stated, now).await?) {
                fates[*at] = Ok(change);
            }
        }
        Ok(fates)
    }
}

fn tags(cells: &Cells<'_>) -> Checked<Vec<String>> {
    let mut tags: Vec<String> = Vec::new();
    for tag in cells.get("tags").split([';', '|']).map(str::trim).filter(|tag| !tag.is_empty()) {
        if tag.chars().count() > 100 {
            return cells.wrong("tags", "a tag may have at most 100 characters");
        }
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > 50 { cells.wrong("tags", "there may be at most 50 tags") } else { Ok(tags) }
}

/// The value of an own field; an empty cell is none.
fn own_value(field: &CustomField, text: &str) -> Checked<Value> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match field.kind.as_str() {
        "number" => {
            // Whole numbers stay whole, beyond what a float could hold.
            let whole = text.parse::<i64>().ok().map(Number::from);
            let number = whole.or_else(|| number(text).ok().and_then(Number::from_f64));
            number.map(Value::Number).ok_or_else(|| format!("{text:?} is not a number such as 1234.5"))
        }
        "bool" => yes_or_no(text).map(Value::Bool),
        "date" => date(text).map(|day| Value::String(day.to_string())),
        "enum" => match field.choices.iter().find(|choice| choice.to_lowercase() == text.to_lowercase()) {
            Some(choice) => Ok(Value::String(choice.clone())),
            None => Err(format!("{text:?} is none of {}", field.choices.join(", "))),
        },
        _ if text.chars().count() > 10_000 => Err("may have at most 10000 characters".to_owned()),
        _ => Ok(Value::String(text.to_owned())),
    }
}
