//! The head that all pages of one account share, and the two small changes it offers.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::overrides::ByHand;
use crate::app::Error;
use crate::app::members::Role;
use crate::app::team::Load;
use crate::db;
use crate::db::accounts::Account;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Member};
use crate::web::pages::team::show::shares;
use crate::web::pages::wording::Wording;
use crate::web::respond::Done;
use crate::web::ui::list::Choice;
use crate::web::ui::{Avatar, HealthBadge, Notice, Tabs, Tone, filters, html_safe};
use crate::web::{Web, paths};

/// Name, score, facts and tabs.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/head.html")]
pub struct AccountHead {
    /// The account's name.
    pub name: String,
    /// Its id at the tenant.
    pub external_id: String,
    /// Score with band and trend; made `large()`.
    pub health: HealthBadge,
    /// `94 % of the model`, the share that has data.
    pub coverage: String,
    /// `last event 3 h ago`.
    pub freshness: String,
    /// Its segment.
    pub segment: String,
    /// Whether the segment was set by hand.
    pub pinned: bool,
    /// Its stage.
    pub stage: String,
    /// `day 412`.
    pub stage_day: String,
    /// Its ARR.
    pub arr: String,
    /// Whether it leaves on its renewal date instead of renewing.
    pub leaves: bool,
    /// The renewal date, empty without a contract.
    pub renewal: String,
    /// `in 53 days`.
    pub renewal_in: String,
    /// Watch or worse when it is near or past.
    pub renewal_tone: Tone,
    /// Who looks after it.
    pub csm: Option<Avatar>,
    /// Free tags.
    pub tags: Vec<String>,
    /// Overview, Health, Usage, People, Support, Contracts & renewal.
    pub tabs: Tabs,
    /// Something about the whole account: churned on a day, no data for two weeks.
    pub notice: Option<Notice>,
    /// What a person set against the model, with what the model says.
    pub by_hand: Option<ByHand>,
    /// What the member may change here.
    pub edit: Option<HeadEdit>,
}

html_safe!(AccountHead);

/// The forms behind "Edit".
#[derive(Clone, Debug)]
pub struct HeadEdit {
    /// Takes `owner`, a member's id or nothing, and `next`.
    pub owner_action: String,
    /// Who may be chosen.
    pub owners: Vec<Choice>,
    /// Takes `segment`, an id or nothing for the rule, and `next`.
    pub segment_action: String,
    /// The segments.
    pub segments: Vec<Choice>,
    /// The page to come back to.
    pub next: String,
}

impl HeadEdit {
    /// What this member may change: managers give accounts to anybody, a CSM takes or leaves them.
    pub fn new(member: &Member, words: &Wording, account: &Account, members: &[db::members::Member]) -> Self {
        let me = member.membership.member_id;
        let nobody =
            Choice { value: String::new(), label: "Nobody".to_owned(), selected: account.owner_id.is_none() };
        let may_choose = |id: Uuid| member.may(Role::Manager) || id == me || account.owner_id == Some(id);
        let people = members.iter().filter(|m| m.role != Role::Executive.word() && may_choose(m.id));
        let owners = people.map(|m| Choice {
            value: m.id.to_string(),
            label: if m.id == me { format!("{} (me)", m.name) } else { m.name.clone() },
            selected: account.owner_id == Some(m.id),
        });
        let by_rule = Choice {
            value: String::new(),
            label: "By the rules".to_owned(),
            selected: account.pinned_segment.is_none(),
        };
        let segments = words.in_force.iter().flat_map(|m| &m.methodology.segments).map(|segment| Choice {
            value: segment.id.to_string(),
            label: segment.name.to_string(),
            selected: account.pinned_segment.as_deref() == Some(&*segment.id),
        });
        HeadEdit {
            owner_action: paths::account_tab(&account.external_id, "owner"),
            owners: std::iter::once(nobody).chain(owners).collect(),
            segment_action: paths::account_tab(&account.external_id, "segment"),
            segments: std::iter::once(by_rule).chain(segments).collect(),
            next: member.here().to_owned(),
        }
    }
}

/// A member's id, or nothing to take the CSM away.
#[derive(Debug, Deserialize)]
pub struct Owner {
    #[serde(default)]
    owner: String,
    #[serde(default)]
    next: String,
}

/// Gives the account to somebody. A CSM may only take one, or leave their own.
pub async fn assign(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(form): Form<Owner>,
) -> Result<Response> {
    let owner: Option<Uuid> = match form.owner.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::NotFound)?),
    };
    let (account, members) = found(&web, &member, &external_id).await?;
    let me = Some(member.membership.member_id);
    let leaves = owner.is_none() && account.owner_id == me;
    if !(member.may(Role::Manager) || owner == me || leaves || owner == account.owner_id) {
        return Err(Error::Forbidden.into());
    }
    web.app.assign(&member.scope, &external_id, owner, &member.actor()).await?;
    let name = owner.and_then(|id| members.iter().find(|m| m.id == id)).map(|m| m.name.as_str());
    let full = match owner {
        Some(owner) => over_capacity(&web, &member, owner).await?,
        None => String::new(),
    };
    let text = match name {
        Some(name) => format!("{} is now with {name}.{full}", account.name),
        None => format!("{} has no CSM now.", account.name),
    };
    let next = back(&form.next, &external_id);
    let before = account.owner_id.map(|id| id.to_string()).unwrap_or_default();
    let done = Done::to(next.clone(), text);
    // A CSM who took an account from somebody cannot hand it back: only a manager can.
    let may_undo = member.may(Role::Manager) || account.owner_id.is_none() || account.owner_id == me;
    Ok(if may_undo {
        let action = paths::account_tab(&external_id, "owner");
        done.undo(action, &[("owner", &before), ("next", &next)]).into_response()
    } else {
        done.into_response()
    })
}

/// A warning, when somebody has more accounts now than their segments' ratios allow.
async fn over_capacity(web: &Web, member: &Member, owner: Uuid) -> Result<String> {
    let Some(load) = web.app.load_of(&member.scope, owner).await?.filter(Load::is_over) else {
        return Ok(String::new());
    };
    let words = Wording::of(web, member).await?;
    Ok(format!(" They are over capacity: {}.", shares(&words, &load)))
}

/// A segment's id, or nothing for what the rules say.
#[derive(Debug, Deserialize)]
pub struct Segment {
    #[serde(default)]
    segment: String,
    #[serde(default)]
    next: String,
}

/// Sets the segment by hand, or gives it back to the rules.
pub async fn pin(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(form): Form<Segment>,
) -> Result<Response> {
    let (account, _) = found(&web, &member, &external_id).await?;
    let segment = Some(form.segment.as_str()).filter(|id| !id.is_empty());
    web.app.pin_segment(&member.scope, &external_id, segment, &member.actor()).await?;
    let words = Wording::of(&web, &member).await?;
    let text = match segment {
        Some(id) => format!("{} counts as {} now.", account.name, words.segment(id)),
        None => format!("The rules choose the segment of {} again.", account.name),
    };
    let next = back(&form.next, &external_id);
    let before = account.pinned_segment.unwrap_or_default();
    let action = paths::account_tab(&external_id, "segment");
    Ok(Done::to(next.clone(), text).undo(action, &[("segment", &before), ("next", &next)]).into_response())
}

async fn found(web: &Web, member: &Member, external_id: &str) -> Result<(Account, Vec<db::members::Member>)> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let account = db::accounts::find(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
    Ok((account, db::members::list(&mut tx).await?))
}

fn back(next: &str, external_id: &str) -> String {
    if next.is_empty() { paths::account(external_id) } else { paths::local(next).to_owned() }
}
