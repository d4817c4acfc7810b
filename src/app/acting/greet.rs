//! Mails that a new customer gets by itself: templates that the methodology sends on `account start`.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::app::Result;
use crate::db::timeline::Entry;
use crate::db::{self, TenantTx};
use crate::domain::pack::schema::{File, Template};
use crate::domain::timeline::Kind;

/// What the methodology calls the occasion.
const ON_START: &str = "account start";
/// Days after its start in which an account is still greeted: its contacts often come later than itself. Whoever
/// began before that is no new customer.
const DAYS: i64 = 14;

/// Whether an account that began on a day is new today.
pub(super) fn is_new(start: Option<NaiveDate>, today: NaiveDate) -> bool {
    start.is_some_and(|start| (0..=DAYS).contains(&(today - start).num_days()))
}

/// The mails for new accounts whom somebody can be written at, to be entered in the journal: each of them once, ever.
pub(super) async fn greetings(
    tx: &mut TenantTx,
    file: &File,
    new: &[Uuid],
    at: DateTime<Utc>,
) -> Result<Vec<Entry>> {
    let greets =
        |template: &&Template| &*template.kind == "email" && template.send_on.as_deref() == Some(ON_START);
    let templates: Vec<&Template> = file.templates.iter().filter(greets).collect();
    if templates.is_empty() || new.is_empty() {
        return Ok(Vec::new());
    }
    let reachable: HashSet<Uuid> = db::contacts::reachable(tx, new).await?.into_iter().collect();
    let entry = &|account: Uuid, template: &Template| {
        let title = template.subject.as_ref().or(template.title.as_ref()).unwrap_or(&template.id);
        Entry {
            once: Some(format!("greeting:{account}:{}", template.id)),
            data: json!({ "template": &*template.id }),
            ..Entry::new(Kind::Email, Some(account), at, title.to_string())
        }
    };
    let accounts = new.iter().filter(|account| reachable.contains(account));
    Ok(accounts.flat_map(|account| templates.iter().map(move |template| entry(*account, template))).collect())
}
