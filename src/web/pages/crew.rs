//! The members of a tenant and the roles of its methodology, by their names.

use uuid::Uuid;

use crate::app::members::Role as Rights;
use crate::db::members::Member;
use crate::db::roles::Role;
use crate::db::{self, Result, TenantTx};
use crate::web::ui::Avatar;
use crate::web::ui::list::Choice;

/// Everybody, and every role.
#[derive(Debug, Clone)]
pub struct Crew {
    /// The members who are here, by name.
    pub members: Vec<Member>,
    /// The roles, by name.
    pub roles: Vec<Role>,
}

impl Crew {
    /// As they are now.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(tx: &mut TenantTx) -> Result<Crew> {
        Ok(Crew { members: db::members::list(tx).await?, roles: db::roles::list(tx).await? })
    }

    /// A member's name; none for one who has left.
    pub fn name(&self, id: Uuid) -> Option<&str> {
        self.members.iter().find(|member| member.id == id).map(|member| member.name.as_str())
    }

    /// A member as they are shown.
    pub fn avatar(&self, id: Option<Uuid>) -> Option<Avatar> {
        id.and_then(|id| self.name(id)).map(Avatar::new)
    }

    /// A role's name; its id where it is not known.
    pub fn role(&self, id: &str) -> String {
        let known = self.roles.iter().find(|role| role.role == id);
        known.map_or_else(|| id.replace('_', " "), |role| role.name.clone())
    }

    /// Everybody who may do a task, to choose from; `me` is marked, `first` is the choice for nobody in particular.
    pub fn choices(&self, first: &str, selected: Option<Uuid>, me: Uuid) -> Vec<Choice> {
        let nobody = Choice { value: String::new(), label: first.to_owned(), selected: selected.is_none() };
        let able =
            self.members.iter().filter(|m| m.role != Rights::Executive.word() || selected == Some(m.id));
        let people = able.map(|member| Choice {
            value: member.id.to_string(),
            label: if member.id == me { format!("{} (me)", member.name) } else { member.name.clone() },
            selected: selected == Some(member.id),
        });
        std::iter::once(nobody).chain(people).collect()
    }
}
