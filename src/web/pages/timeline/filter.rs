//! What of the journal is asked for: groups as chips, words, a place to go on from.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::stream::{Day, Teller};
use crate::db::timeline::{Filter, Listed};
use crate::db::{self, TenantTx};
use crate::domain::timeline::Group;
use crate::web::paths;
use crate::web::ui::EmptyState;

/// Entries of a page.
const SIZE: i64 = 40;
/// The most characters that are searched for.
const MOST_WORDS: usize = 200;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Groups, with commas between them; all with none.
    group: String,
    /// Words.
    pub q: String,
    /// `mine` or `all`, where there is a choice.
    pub who: String,
    /// The entry to begin before: microseconds and id.
    before: String,
}

/// A group that can be switched on and off.
#[derive(Clone, Debug)]
pub struct Toggle {
    /// What it says.
    pub label: &'static str,
    /// Whether it is on.
    pub on: bool,
    /// The page with it the other way.
    pub href: String,
}

/// A part of the journal.
pub struct Part {
    /// Entries by day.
    pub days: Vec<Day>,
    /// Where it goes on.
    pub more: Option<String>,
    /// Said when nothing is there at all.
    pub empty: Option<EmptyState>,
}

impl Params {
    fn groups(&self) -> Vec<Group> {
        let asked: Vec<&str> = self.group.split(',').collect();
        Group::ALL.into_iter().filter(|group| asked.contains(&group.word())).collect()
    }

    /// The groups that are asked for, as the address says them.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Words as they are searched for.
    fn words(&self) -> Option<String> {
        let words: String = self.q.trim().chars().take(MOST_WORDS).collect();
        Some(words).filter(|words| !words.is_empty())
    }

    fn cursor(&self) -> Option<(DateTime<Utc>, Uuid)> {
        let (micros, id) = self.before.split_once('.')?;
        Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
    }

    /// Whether it is a page after the first.
    pub fn goes_on(&self) -> bool {
        self.cursor().is_some()
    }

    fn href(&self, path: &str, group: &str, before: &str) -> String {
        paths::with_query(path, &[("who", &self.who), ("group", group), ("q", &self.q), ("before", before)])
    }

    /// The groups as chips.
    pub fn toggles(&self, path: &str) -> Vec<Toggle> {
        let on = self.groups();
        let words = |groups: &[Group]| groups.iter().map(|group| group.word()).collect::<Vec<_>>().join(",");
        let toggle = |group: Group| {
            let is_on = on.contains(&group);
            let next: Vec<Group> =
                Group::ALL.into_iter().filter(|other| on.contains(other) != (*other == group)).collect();
            Toggle { label: group.label(), on: is_on, href: self.href(path, &words(&next), "") }
        };
        Group::ALL.map(toggle).into()
    }

    /// Reads the part that is asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(
        &self,
        tx: &mut TenantTx,
        path: &str,
        filter: Filter,
        teller: &Teller,
    ) -> db::Result<Part> {
        let kinds = self.groups().into_iter().flat_map(Group::kinds).map(|kind| kind.word()).collect();
        let filter = Filter { kinds, words: self.words(), ..filter };
        let before = self.cursor();
        let mut entries = db::timeline::page(tx, &filter, before, SIZE + 1).await?;
        let more = entries.len() as i64 > SIZE;
        entries.truncate(SIZE as usize);
        let cursor = |last: &Listed| format!("{}.{}", last.at.timestamp_micros(), last.id);
        let more = entries.last().filter(|_| more).map(|last| self.href(path, &self.group, &cursor(last)));
        let empty = (entries.is_empty() && before.is_none()).then(|| self.nothing(path));
        Ok(Part { days: teller.days(entries, before.map(|(at, _)| at)), more, empty })
    }

    fn nothing(&self, path: &str) -> EmptyState {
        if self.words().is_none() && self.groups().is_empty() {
            let text = "Scores, stages, alerts, playbooks and contracts enter themselves here as they change; notes, \
                        calls and meetings are added by hand.";
            return EmptyState::new("activity", "Nothing has happened yet", text);
        }
        EmptyState::new("search", "Nothing matches", "Look for another word, or switch a group off.")
            .action("Show everything", path)
    }
}
