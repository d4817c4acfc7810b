//! Who plays the roles of the methodology.

use serde_json::json;
use uuid::Uuid;

use super::alerts::check_member;
use super::{Actor, App, Error, Result};
use crate::db::{self, TenantScope};

/// Who plays a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Each account's own CSM.
    Owner,
    /// A member.
    Member(Uuid),
    /// Nobody yet: what it owns is shown as unassigned.
    Nobody,
}

impl App {
    /// Says who plays a role of the methodology; what is open and was not given away by hand goes to them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a role that is not known; [`Error::Invalid`] for a member who is not there.
    pub async fn cast_role(
        &self,
        scope: &TenantScope,
        role: &str,
        holder: Holder,
        actor: &Actor,
    ) -> Result<()> {
        let (follows, member) = match holder {
            Holder::Owner => ("owner", None),
            Holder::Member(id) => ("member", Some(id)),
            Holder::Nobody => ("nobody", None),
        };
        let mut tx = self.db.write(scope).await?;
        check_member(&mut tx, member).await?;
        if !db::roles::set(&mut tx, role, follows, member).await? {
            return Err(Error::NotFound);
        }
        let detail = json!({ "follows": follows, "member": member });
        db::audit::record(&mut tx, self.clock.now(), &actor.0, "role.set", role, detail).await?;
        Ok(tx.commit().await?)
    }

    /// Says who plays a role for one account; with none, whoever plays it everywhere.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Invalid`] for a member who is not.
    pub async fn cast_role_for(
        &self,
        scope: &TenantScope,
        external_id: &str,
        role: &str,
        member: Option<Uuid>,
        actor: &Actor,
    ) -> Result<()> {
        let mut tx = self.db.write(scope).await?;
        let account = db::accounts::find(&mut tx, external_id).await?.ok_or(Error::NotFound)?.id;
        check_member(&mut tx, member).await?;
        if !db::roles::list(&mut tx).await?.iter().any(|known| known.role == role) {
            return Err(Error::invalid("role", "is not a role of the methodology"));
        }
        db::roles::set_for_account(&mut tx, account, role, member).await?;
        let detail = json!({ "role": role, "member": member });
        db::audit::record(&mut tx, self.clock.now(), &actor.0, "role.set_for_account", external_id, detail)
            .await?;
        Ok(tx.commit().await?)
    }
}
