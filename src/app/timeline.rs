//! What people enter into the journal themselves: notes, calls, meetings, e-mails.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Actor, App, Error, Result};
use crate::db::timeline::{Entry, Listed};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::timeline::Kind;

/// The most characters of a text.
pub const MAX_TEXT: usize = 20_000;
/// The most attendees, and the most characters of one.
pub const MAX_ATTENDEES: usize = 100;
const MAX_NAME: usize = 200;
/// The most characters of the line that an entry begins with.
const LINE: usize = 160;
/// How far back something may have happened, in days.
const OLDEST_DAYS: i64 = 3_660;

/// Something to be entered.
#[derive(Debug, Clone)]
pub struct Logged {
    /// A note, call, meeting or e-mail.
    pub kind: Kind,
    /// When it happened; none is now.
    pub at: Option<DateTime<Utc>>,
    /// What happened, 1 to 20,000 characters; its first line stands for it in lists.
    pub text: String,
    /// Who took part.
    pub attendees: Vec<String>,
    /// What makes it one for the account: entered a second time it changes nothing.
    pub external_id: Option<String>,
}

impl App {
    /// Enters something that a person did with an account, or tells that it was entered before. `member` is who does
    /// so; none for a key.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account that is not there; [`Error::Invalid`] for what does not fit.
    pub async fn log_entry(
        &self,
        scope: &TenantScope,
        external_id: &str,
        logged: &Logged,
        actor: &Actor,
        member: Option<Uuid>,
    ) -> Result<(Listed, bool)> {
        let now = self.clock.now();
        check(logged, now)?;
        let mut tx = self.db.write(scope).await?;
        let account = db::accounts::id_of(&mut tx, external_id).await?.ok_or(Error::NotFound)?;
        let own = logged.external_id.as_deref().map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
        let once = format!("logged:{account}:{own}");
        if let Some(known) = db::timeline::find_once(&mut tx, &once).await? {
            return Ok((known, false));
        }
        let (title, body) = headline(logged.text.trim());
        let entry = Entry::new(logged.kind, Some(account), logged.at.unwrap_or(now), title);
        let attendees: Vec<&str> = logged.attendees.iter().map(|name| name.trim()).collect();
        let entry = Entry {
            actor: actor.0.clone(),
            body,
            data: json!({ "by_hand": true, "member": member, "attendees": attendees }),
            once: Some(once.clone()),
            ..entry
        };
        let new = db::timeline::append(&mut tx, &[entry], now).await?.pop();
        let entry = db::timeline::find_once(&mut tx, &once).await?.ok_or(Error::NotFound)?;
        if new.is_some() {
            let detail = json!({ "kind": logged.kind.word(), "entry": entry.id });
            db::audit::record(&mut tx, now, &actor.0, "timeline.log", external_id, detail).await?;
        }
        tx.commit().await?;
        Ok((entry, new.is_some()))
    }

    /// Takes back what a person entered, or brings it back. Nobody takes back what another entered; `member` is who
    /// asks.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an entry that is not there or that nobody entered by hand; [`Error::Forbidden`] for
    /// somebody else's.
    pub async fn remove_entry(
        &self,
        scope: &TenantScope,
        id: Uuid,
        removed: bool,
        actor: &Actor,
        member: Uuid,
    ) -> Result<Listed> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let entry = db::timeline::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if !is_by_hand(&entry) {
            return Err(Error::NotFound);
        }
        if !is_of(&entry, member) {
            return Err(Error::Forbidden);
        }
        if db::timeline::set_removed(&mut tx, id, removed.then_some(now)).await? {
            self.audit_removal(&mut tx, &entry, removed, actor).await?;
        }
        tx.commit().await?;
        Ok(entry)
    }

    async fn audit_removal(
        &self,
        tx: &mut TenantTx,
        entry: &Listed,
        removed: bool,
        actor: &Actor,
    ) -> Result<()> {
        let action = if removed { "timeline.remove" } else { "timeline.restore" };
        let subject = entry.external_id.clone().unwrap_or_default();
        let detail = json!({ "entry": entry.id, "title": entry.title });
        db::audit::record(tx, self.clock.now(), &actor.0, action, &subject, detail).await?;
        Ok(())
    }
}

/// Whether a person entered it.
pub fn is_by_hand(entry: &Listed) -> bool {
    entry.data["by_hand"] == json!(true)
}

/// Whether this member entered it.
pub fn is_of(entry: &Listed, member: Uuid) -> bool {
    is_by_hand(entry) && entry.data["member"] == json!(member)
}

fn check(logged: &Logged, now: DateTime<Utc>) -> Result<()> {
    if !logged.kind.is_by_hand() {
        return Err(Error::invalid("kind", "is note, call, meeting or email"));
    }
    let text = logged.text.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(Error::invalid("text", "is 1 to 20,000 characters"));
    }
    let oldest = now - Duration::days(OLDEST_DAYS);
    if logged.at.is_some_and(|at| at > now || at < oldest) {
        return Err(Error::invalid("at", "is a moment that has passed, ten years ago at most"));
    }
    let fits = |name: &String| (1..=MAX_NAME).contains(&name.trim().chars().count());
    if logged.attendees.len() > MAX_ATTENDEES || !logged.attendees.iter().all(fits) {
        return Err(Error::invalid("attendees", "are 100 at most, each of 1 to 200 characters"));
    }
    if logged.external_id.as_ref().is_some_and(|id| !fits(id)) {
        return Err(Error::invalid("external_id", "is 1 to 200 characters"));
    }
    let own = logged.external_id.iter();
    if own.chain(&logged.attendees).chain([&logged.text]).any(|text| text.contains('\0')) {
        return Err(Error::invalid("text", "holds a NUL character, which no text may"));
    }
    Ok(())
}

/// The line that stands for a text in lists, and the rest of it; where the first line is too long, all of it.
fn headline(text: &str) -> (String, String) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first = first.trim();
    if first.chars().count() <= LINE {
        return (first.to_owned(), rest.trim().to_owned());
    }
    let mut line = String::new();
    for word in first.split_whitespace() {
        if line.chars().count() + word.chars().count() >= LINE {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    if line.is_empty() {
        line = first.chars().take(LINE).collect();
    }
    (format!("{line} …"), text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_stands_for_a_text() {
        assert_eq!(headline("Called Rosa"), ("Called Rosa".to_owned(), String::new()));
        assert_eq!(
            headline("Called Rosa\n\nShe is in\n"),
            ("Called Rosa".to_owned(), "She is in".to_owned())
        );
        let long = "word ".repeat(60);
        let (line, body) = headline(long.trim());
        assert!(line.ends_with("word …") && line.chars().count() <= LINE + 2, "{line}");
        assert_eq!(body, long.trim());
        let (line, _) = headline(&"x".repeat(400));
        assert_eq!(line.chars().count(), LINE + 2);
    }
}
