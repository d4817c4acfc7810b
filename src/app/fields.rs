//! The fields a tenant adds to its accounts.

use serde_json::json;

use super::{Actor, App, Error, Result};
use crate::db::{self, TenantScope};

impl App {
    /// Defines a field of accounts, or changes the label and choices of the one with that name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name, kind or choices that will not do, [`Error::Conflict`] when the field is there
    /// with another kind.
    pub async fn define_field(
        &self,
        scope: &TenantScope,
        name: &str,
        label: &str,
        kind: &str,
        choices: &[String],
        actor: &Actor,
    ) -> Result<()> {
        if !["text", "number", "bool", "date", "enum"].contains(&kind) {
            return Err(Error::invalid("kind", "must be text, number, bool, date or enum"));
        }
        if (kind == "enum") == choices.iter().all(|choice| choice.trim().is_empty()) {
            return Err(Error::invalid("choices", "are needed for an enum, and for nothing else"));
        }
        if label.trim().is_empty() {
            return Err(Error::invalid("label", "is needed"));
        }
        if super::imports::ImportKind::Accounts.columns().iter().any(|column| column.name == name) {
            return Err(Error::invalid("name", format!("{name:?} is a field of every account")));
        }
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let known = db::custom_fields::list(&mut tx).await?;
        if let Some(field) = known.iter().find(|field| field.name == name && field.kind != kind) {
            return Err(Error::Conflict(format!(
                "{name} is a {} already: choose another name, values of one kind cannot become another.",
                field.kind
            )));
        }
        db::custom_fields::put(&mut tx, name, label.trim(), kind, choices, now).await?;
        let detail = json!({ "label": label.trim(), "kind": kind, "choices": choices });
        db::audit::record(&mut tx, now, &actor.0, "field.defined", name, detail).await?;
        Ok(tx.commit().await?)
    }
}
