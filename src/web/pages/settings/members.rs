//! `/settings/members`: who may come in, as what.
//!
//! Forms: `POST /settings/members` (`email`, `role`) invites; `POST /settings/members/{id}/role` (`role`)
//! changes; `POST /settings/members/{id}/remove` removes and `…/restore` undoes it;
//! `POST /settings/invitations/{id}/withdraw` takes an invitation back.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::members::Role;
use crate::db::members;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Admin, Form, Id, Member};
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, Shell, filters, format};

const HERE: &str = "/settings/members";

/// Members and open invitations.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/members.html")]
pub struct MembersPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// Roles to choose from: (value, label, what it may do).
    pub roles: Vec<(String, String, String)>,
    /// One a row.
    pub members: Vec<MemberRow>,
    /// Open invitations.
    pub invitations: Vec<InvitationRow>,
    /// The role chosen in the form.
    pub role: String,
    /// What was typed as an address, after an error.
    pub email: String,
    /// What is wrong with it.
    pub email_error: Option<String>,
    /// The link of the invitation just made, to be handed over; shown once.
    pub invited: Option<(String, String)>,
}

/// A member.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// For the URLs of the forms.
    pub id: String,
    /// Name with initials.
    pub avatar: Avatar,
    /// Address.
    pub email: String,
    /// Value of the role.
    pub role: String,
    /// The role as a word.
    pub role_text: String,
    /// `2 h ago`, `never`.
    pub last_seen: String,
    /// Accounts they look after: `41`.
    pub accounts: String,
    /// The visitor themself: cannot be removed or demoted here.
    pub is_me: bool,
}

/// An open invitation.
#[derive(Clone, Debug)]
pub struct InvitationRow {
    /// Address.
    pub email: String,
    /// The role as a word.
    pub role: String,
    /// `expires in 6 days`.
    pub expires: String,
    /// `POST` here takes it back.
    pub revoke: String,
}

/// Whom to invite, as what.
#[derive(Debug, Deserialize)]
pub struct Invite {
    email: String,
    role: String,
}

/// A role by its word.
#[derive(Debug, Deserialize)]
pub struct NewRole {
    role: String,
}

fn role_of(word: &str) -> Result<Role> {
    Ok(Role::parse(word).ok_or_else(|| Error::invalid("role", format!("{word:?} is no role")))?)
}

fn may(role: Role) -> &'static str {
    match role {
        Role::Admin => "everything, members and keys too",
        Role::Manager => "also imports and metrics",
        Role::Csm => "works accounts",
        Role::Executive => "reads",
    }
}

async fn page(web: &Web, member: &Member) -> Result<MembersPage> {
    let now = web.app.clock.now();
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Members).await?;
    let members = members::list(&mut tx).await?;
    let invitations = members::pending_invitations(&mut tx, now).await?;
    let label =
        |role: &str| Role::parse(role).map_or_else(|| role.to_owned(), |role| role.label().to_owned());
    let row = |m: members::Member| MemberRow {
        id: m.id.to_string(),
        avatar: Avatar::new(&m.name),
        role_text: label(&m.role),
        last_seen: m.last_seen_at.map_or("never".to_owned(), |at| format::ago(at, now)),
        accounts: format::number(m.accounts),
        is_me: m.id == member.membership.member_id,
        email: m.email,
        role: m.role,
    };
    let open = |i: members::PendingInvitation| InvitationRow {
        role: label(&i.role),
        expires: format!("expires {}", format::days_from(i.expires_at.date_naive(), now.date_naive())),
        revoke: format!("/settings/invitations/{}/withdraw", i.id),
        email: i.email,
    };
    Ok(MembersPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Admin),
        roles: Role::ALL.map(|r| (r.word().to_owned(), r.label().to_owned(), may(r).to_owned())).to_vec(),
        members: members.into_iter().map(row).collect(),
        invitations: invitations.into_iter().map(open).collect(),
        role: Role::Csm.word().to_owned(),
        email: String::new(),
        email_error: None,
        invited: None,
    })
}

/// The list.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<MembersPage>> {
    Ok(Page(page(&web, &member).await?))
}

/// Makes an invitation and shows its link, this once.
pub async fn invite(
    State(web): State<Web>,
    Admin(member): Admin,
    Form(form): Form<Invite>,
) -> Result<Response> {
    let role = role_of(&form.role)?;
    let made = web.app.invite(&member.scope, &form.email, role, &member.actor()).await;
    let mut page = page(&web, &member).await?;
    match made {
        Ok(invited) => {
            let link = format!("{}/invitations/{}", member.origin(&web), invited.token);
            page.invited = Some((form.email.trim().to_owned(), link));
            Ok(Page(page).into_response())
        }
        Err(Error::Invalid(fields)) => {
            page.email_error = fields.into_iter().next().map(|field| field.message);
            (page.email, page.role) = (form.email, form.role);
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}

/// A member of the tenant; an admin cannot shut themself out by mistake.
async fn other(web: &Web, me: &Member, id: Uuid) -> Result<members::Member> {
    if id == me.membership.member_id {
        let text = "Your own place is changed by another admin.";
        return Err(Error::Conflict(text.to_owned()).into());
    }
    let mut tx = web.app.db.read(&me.scope).await?;
    let found = members::list(&mut tx).await?.into_iter().find(|member| member.id == id);
    Ok(found.ok_or(Error::NotFound)?)
}

/// Changes a role.
pub async fn set_role(
    State(web): State<Web>,
    Admin(member): Admin,
    Id(id): Id,
    Form(form): Form<NewRole>,
) -> Result<Done> {
    let role = role_of(&form.role)?;
    let before = other(&web, &member, id).await?;
    web.app.set_role(&member.scope, id, role, &member.actor()).await?;
    Ok(Done::to(HERE, format!("{} is {} now.", before.name, role.label()))
        .undo(format!("{HERE}/{id}/role"), &[("role", &before.role)]))
}

/// Takes a member's place away.
pub async fn remove(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    let gone = other(&web, &member, id).await?;
    web.app.set_removed(&member.scope, id, true, &member.actor()).await?;
    let left = match gone.accounts {
        0 => String::new(),
        n => format!(" {} stay assigned until someone takes them over.", format::count(n, "account")),
    };
    Ok(Done::to(HERE, format!("{} was removed.{left}", gone.name)).undo(format!("{HERE}/{id}/restore"), &[]))
}

/// Gives it back.
pub async fn restore(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.set_removed(&member.scope, id, false, &member.actor()).await?;
    Ok(Done::to(HERE, "The member is back."))
}

/// Takes an invitation back.
pub async fn withdraw(State(web): State<Web>, Admin(member): Admin, Id(id): Id) -> Result<Done> {
    web.app.withdraw_invitation(&member.scope, id, &member.actor()).await?;
    Ok(Done::to(HERE, "The invitation was taken back: its link no longer works."))
}
