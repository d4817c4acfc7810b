//! `POST /settings/outgoing/customers` (`on`): whether mails to customers go out.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Customers, HERE};
use crate::app::outgoing::EXPIRES_AFTER;
use crate::db::{self, TenantTx, messages};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Admin, Form};
use crate::web::respond::Done;
use crate::web::ui::format;

/// What is wanted.
#[derive(Debug, Deserialize)]
pub struct CustomersForm {
    #[serde(default)]
    on: String,
}

/// What becomes of mails to customers now.
pub(super) async fn load(tx: &mut TenantTx, now: DateTime<Utc>) -> db::Result<Customers> {
    let on = messages::sends_to_customers(tx).await?;
    let (all, of_use) = messages::waiting_for_customers(tx, now - EXPIRES_AFTER).await?;
    let waiting = match (on, all, of_use) {
        (true, ..) | (_, 0, _) => String::new(),
        (_, all, of_use) if all == of_use => {
            format!("{} will go out when you switch this on.", format::count(all, "mail"))
        }
        (_, all, of_use) => format!(
            "{} waiting: {} will go out when you switch this on; older ones have expired by then.",
            format::count(all, "mail"),
            format::number(of_use)
        ),
    };
    Ok(Customers { on, waiting })
}

/// Switches it.
pub async fn set(
    State(web): State<Web>,
    Admin(member): Admin,
    Form(form): Form<CustomersForm>,
) -> Result<Done> {
    let on = form.on == "yes";
    if !web.app.send_to_customers(&member.scope, on, &member.actor()).await? {
        // To take back what did not happen would do the opposite.
        return Ok(Done::to(HERE, "Nothing changed: it was so already."));
    }
    let text = if on {
        "Mails to customers go out from now on."
    } else {
        "Mails to customers are written and wait; none goes out."
    };
    Ok(Done::to(HERE, text).undo(format!("{HERE}/customers"), &[("on", if on { "no" } else { "yes" })]))
}
