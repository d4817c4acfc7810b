//! `POST /playbooks/{id}/start`: starts it by hand, for whom and from when the page showed.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use uuid::Uuid;

use super::show::Params;
use crate::app::Error;
use crate::app::plays::Target;
use crate::db::accounts::Account;
use crate::db::{self, TenantTx};
use crate::domain::pack::schema::{Anchor, Playbook, Subject};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Path};
use crate::web::pages::tasks::change::day;
use crate::web::paths;
use crate::web::respond::{Done, unless_conflict};
use crate::web::ui::format;

/// For whom and from when, as far as it is chosen.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// Whom it would be started for.
    pub target: Option<Target>,
    /// Their name.
    pub name: Option<String>,
    /// The account's external id.
    pub account: Option<String>,
    /// The account's id.
    pub account_id: Option<Uuid>,
    /// The day that was chosen, else the one that suggests itself.
    pub anchor: Option<NaiveDate>,
    /// What is wrong with the choice.
    pub error: Option<String>,
}

/// Reads a choice: the account by its id or its name, the day by what the playbook counts from.
///
/// # Errors
/// When the database is away.
pub async fn choose(
    tx: &mut TenantTx,
    playbook: &Playbook,
    params: &Params,
    today: NaiveDate,
) -> db::Result<Chosen> {
    let given = day(&params.anchor);
    let error = given.is_err().then(|| format!("“{}” is no day.", params.anchor));
    let anchor = given.ok().flatten();
    let mut chosen = Chosen { anchor: anchor.or(Some(today)), error, ..Chosen::default() };
    match playbook.subject {
        Subject::Tenant => {
            chosen.target = Some(Target::Tenant);
            chosen.name = Some("The company".to_owned());
        }
        Subject::Member => {
            let members = db::members::list(tx).await?;
            let id = params.member.parse::<Uuid>().ok();
            if let Some(member) = members.into_iter().find(|member| Some(member.id) == id) {
                chosen.target = Some(Target::Member(member.id));
                chosen.name = Some(member.name);
            }
        }
        Subject::Account => {
            let wanted = params.account.trim();
            let found =
                if wanted.is_empty() || wanted.contains('\0') { None } else { account(tx, wanted).await? };
            match found {
                Some(found) => {
                    chosen.anchor = anchor.or(suggested(playbook.anchor, &found)).or(Some(today));
                    chosen.target = Some(Target::Account(found.external_id.clone()));
                    chosen.account_id = Some(found.id);
                    chosen.account = Some(found.external_id);
                    chosen.name = Some(found.name);
                }
                None if !wanted.is_empty() => {
                    chosen.error = Some(format!("No one account is called “{wanted}”."));
                }
                None => {}
            }
        }
    }
    Ok(chosen)
}

/// An account by its external id, or by a name that only one has.
///
/// # Errors
/// When the database is away.
pub async fn account(tx: &mut TenantTx, wanted: &str) -> db::Result<Option<Account>> {
    if let Some(found) = db::accounts::find(tx, wanted).await? {
        return Ok(Some(found));
    }
    let mut found = db::accounts::search(tx, wanted, 5).await?;
    let named = found.iter().position(|account| account.name.eq_ignore_ascii_case(wanted));
    Ok(match (named, found.len()) {
        (Some(at), _) => Some(found.swap_remove(at)),
        (None, 1) => found.pop(),
        _ => None,
    })
}

fn suggested(anchor: Anchor, account: &Account) -> Option<NaiveDate> {
    match anchor {
        Anchor::Start => account.start_date,
        Anchor::Renewal => account.renewal_date,
        Anchor::StageEntry | Anchor::Trigger => None,
    }
}

/// Starts it.
pub async fn start(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(id): Path<String>,
    Form(params): Form<Params>,
) -> Result<Response> {
    let today = member.scope.day_of(web.app.clock.now());
    let in_force = web.app.methodology(&member.scope).await?.ok_or(Error::NotFound)?;
    let playbook = in_force.file.playbooks.iter().find(|p| *p.id == *id).ok_or(Error::NotFound)?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let chosen = choose(&mut tx, playbook, &params, today).await?;
    drop(tx);
    let again = paths::with_query(
        &paths::playbook(&id),
        &[("account", &params.account), ("member", &params.member), ("anchor", &params.anchor)],
    );
    let (Some(target), Some(anchor), None) = (&chosen.target, chosen.anchor, &chosen.error) else {
        let text = chosen.error.unwrap_or_else(|| "Choose for whom first; nothing was started.".to_owned());
        return Ok(Done::failed(again, text).into_response());
    };
    let started = web.app.start_play(&member.scope, &id, target, anchor, &member.actor()).await;
    unless_conflict(again, started, |_, play| {
        let here = paths::play(play.id);
        let text = format!(
            "“{}” runs for {}: {}.",
            play.name,
            chosen.name.unwrap_or_default(),
            format::count(play.tasks, "task")
        );
        let undo = [("reason", "Started by mistake.")];
        Done::to(here.clone(), text).undo(format!("{here}/stop"), &undo)
    })
}
