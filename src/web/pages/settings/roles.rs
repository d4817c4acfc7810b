//! `/settings/roles`: who plays the roles that the methodology gives tasks and alerts to.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::members::Role as Rights;
use crate::app::roles::Holder;
use crate::db::roles::Role;
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Member, Path};
use crate::web::pages::crew::Crew;
use crate::web::respond::{Done, Page};
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, filters, format};
use crate::web::{Web, paths};

const HERE: &str = "/settings/roles";

/// Every role.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/roles.html")]
pub struct RolesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// One a row.
    pub roles: Vec<RoleRow>,
    /// Said instead of them.
    pub empty: Option<EmptyState>,
}

/// A role.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where the form goes.
    pub action: String,
    /// `owner`, `nobody`, or a member.
    pub choices: Vec<Choice>,
    /// Who plays it, in words.
    pub who: String,
    /// Whether nobody does.
    pub vacant: bool,
    /// Open tasks of it that nobody does; empty for none.
    pub unassigned: String,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<RolesPage>> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Roles).await?;
    let crew = Crew::load(&mut tx).await?;
    drop(tx);
    let none = || {
        let text = "The roles of a methodology appear here once one is in force.";
        EmptyState::new("user", "No roles yet", text).action("The methodology", paths::STUDIO)
    };
    Ok(Page(RolesPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Rights::Manager),
        empty: crew.roles.is_empty().then(none),
        roles: crew.roles.iter().map(|role| row(role, &crew)).collect(),
    }))
}

fn row(role: &Role, crew: &Crew) -> RoleRow {
    let player = role.member_id.and_then(|id| crew.name(id));
    let who = match (role.follows.as_str(), player) {
        ("owner", _) => "Each account's CSM".to_owned(),
        (_, Some(name)) => name.to_owned(),
        ("member", None) => "Somebody who left".to_owned(),
        _ => "Nobody yet".to_owned(),
    };
    let fixed = [("nobody", "Nobody yet"), ("owner", "Each account's CSM")];
    let fixed = fixed.map(|(value, label)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        selected: role.follows == value,
    });
    let members = crew.members.iter().map(|member| Choice {
        value: member.id.to_string(),
        label: member.name.clone(),
        selected: role.member_id == Some(member.id),
    });
    RoleRow {
        id: role.role.clone(),
        name: role.name.clone(),
        action: format!("{HERE}/{}", paths::encode(&role.role)),
        choices: fixed.into_iter().chain(members).collect(),
        who,
        vacant: role.follows != "owner" && player.is_none(),
        unassigned: if role.unassigned == 0 { String::new() } else { format::number(role.unassigned) },
    }
}

/// Who plays it.
#[derive(Debug, Deserialize)]
pub struct Cast {
    #[serde(default)]
    holder: String,
}

/// Says who plays a role from now on.
pub async fn cast(
    State(web): State<Web>,
    Manager(member): Manager,
    Path(role): Path<String>,
    Form(form): Form<Cast>,
) -> Result<Done> {
    let mut tx = web.app.db.read(&member.scope).await?;
    let crew = Crew::load(&mut tx).await?;
    drop(tx);
    let before = crew.roles.iter().find(|known| known.role == role).ok_or(Error::NotFound)?;
    let (holder, who) = match form.holder.as_str() {
        "owner" => (Holder::Owner, "each account's CSM".to_owned()),
        "nobody" | "" => (Holder::Nobody, "nobody".to_owned()),
        id => {
            let id = id.parse().map_err(|_| Error::invalid("holder", "is no member"))?;
            (Holder::Member(id), crew.name(id).unwrap_or_default().to_owned())
        }
    };
    web.app.cast_role(&member.scope, &role, holder, &member.actor()).await?;
    let was = before.member_id.map_or_else(|| before.follows.clone(), |id| id.to_string());
    Ok(Done::to(HERE, format!("{} is played by {who} now; what is open went along.", before.name))
        .undo(format!("{HERE}/{}", paths::encode(&role)), &[("holder", &was)]))
}
