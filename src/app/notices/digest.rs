//! The daily digest: once a day, at the hour each member wants it, what happened and what is near.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use uuid::Uuid;

use super::{App, Result, wording};
use crate::db::messages::NewMessage;
use crate::db::notice_preferences::Hearer;
use crate::db::notices::Told;
use crate::db::{self, TenantScope};
use crate::domain::notice::Preferences;
use crate::domain::timeline::{Group, Kind};

/// Renewals within this many days are near.
const RENEWAL_DAYS: u64 = 30;
/// Things a digest tells of; it says how many more there are.
const MOST: i64 = 200;
/// Things of one group that are spelled out.
const SPELLED_OUT: usize = 15;

impl App {
    /// Makes every digest of a tenant that is due and was not made; returns how many had something in them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_digests(&self, scope: &TenantScope) -> Result<usize> {
        let now = self.clock.now();
        let mut tx = self.db.read(scope).await?;
        let hearers = db::notice_preferences::hearers(&mut tx, None).await?;
        let last = db::notice_preferences::last_digests(&mut tx).await?;
        drop(tx);
        let last: HashMap<Uuid, (NaiveDate, DateTime<Utc>)> =
            last.into_iter().map(|(member, day, at)| (member, (day, at))).collect();
        let mut made = 0;
        for hearer in hearers {
            let usual = || Preferences::usual(scope.time_zone());
            let preferences = hearer.preferences.clone().unwrap_or_else(usual);
            let Some((day, due)) = preferences.digest_due(now) else { continue };
            let before = last.get(&hearer.id);
            // Who came after its hour, or moved to another time zone, waits for tomorrow's.
            if hearer.since > due || before.is_some_and(|(last, _)| *last >= day) {
                continue;
            }
            let since = before.map_or(due - Duration::days(1), |(_, at)| *at);
            made += usize::from(self.make_digest(scope, &hearer, day, since).await?);
        }
        Ok(made)
    }

    async fn make_digest(
        &self,
        scope: &TenantScope,
        hearer: &Hearer,
        day: NaiveDate,
        since: DateTime<Utc>,
    ) -> Result<bool> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        if !db::notice_preferences::claim_digest(&mut tx, hearer.id, day, now).await? {
            return Ok(false);
        }
        let told = db::notices::for_digest(&mut tx, hearer.id, since, now, MOST).await?;
        let today = scope.day_of(now);
        let until = today.checked_add_days(Days::new(RENEWAL_DAYS)).unwrap_or(today);
        let near = db::notice_preferences::renewals_near(&mut tx, hearer.id, today, until).await?;
        let due = db::notice_preferences::tasks_due(&mut tx, hearer.id, today).await?;
        let something = !told.is_empty() || !near.is_empty() || !due.is_empty();
        if something {
            let message = NewMessage {
                channel: "mail",
                cause: "digest",
                recipient: wording::address(&hearer.name, &hearer.email),
                member: Some(hearer.id),
                subject: subject(told.len(), due.len(), near.len(), day),
                body: text(&told, &due, &near, today, &self.outlets.public_url),
                once: Some(format!("digest:{}:{day}", hearer.id)),
                ..NewMessage::default()
            };
            db::messages::queue(&mut tx, &[(message, now)], now).await?;
        }
        tx.commit().await?;
        Ok(something)
    }
}

fn subject(told: usize, due: usize, near: usize, day: NaiveDate) -> String {
    let many = |n: usize, one: &str, after: &str| {
        let s = if n == 1 { "" } else { "s" };
        (n > 0).then(|| format!("{n} {one}{s} {after}"))
    };
    let parts =
        [many(told, "thing", "since yesterday"), many(due, "task", "due"), many(near, "renewal", "near")];
    let what = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    format!("{}: {what}", day.format("%A, %-d %B"))
}

fn text(
    told: &[Told],
    due: &[(String, Option<String>, NaiveDate)],
    near: &[(String, NaiveDate, Option<i64>)],
    today: NaiveDate,
    public_url: &str,
) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let of_group: Vec<&Told> = told
            .iter()
            .filter(|one| Kind::parse(&one.kind).is_some_and(|kind| kind.group() == group))
            .collect();
        if of_group.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}\n", group.label());
        for one in of_group.iter().take(SPELLED_OUT) {
            let account = one.account.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let grave = one.severity.as_ref().map(|severity| format!(" ({severity})")).unwrap_or_default();
            let _ = writeln!(text, "- {account}{}{grave}", one.title);
            let link = wording::link(public_url, one.entry_id);
            if !link.is_empty() {
                let _ = writeln!(text, "  {link}");
            }
        }
        if of_group.len() > SPELLED_OUT {
            let _ = writeln!(text, "- and {} more", of_group.len() - SPELLED_OUT);
        }
        text.push('\n');
    }
    if !due.is_empty() {
        text += "Tasks due\n\n";
        for (title, account, date) in due {
            let account = account.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let late = if *date < today { " (late)" } else { "" };
            let _ = writeln!(text, "- {}: {account}{title}{late}", date.format("%-d %b"));
        }
        text.push('\n');
    }
    if !near.is_empty() {
        let _ = writeln!(text, "Renewals in the next {RENEWAL_DAYS} days\n");
        for (account, date, _) in near {
            let _ = writeln!(text, "- {}: {account}{}", date.format("%-d %b"), in_days(*date, today));
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n" + &wording::foot(public_url, None)
}

fn in_days(date: NaiveDate, today: NaiveDate) -> String {
    match (date - today).num_days() {
        0 => ", today".to_owned(),
        1 => ", tomorrow".to_owned(),
        days => format!(", in {days} days"),
    }
}
