//! `/plays/{id}`: one run of a playbook.

pub mod change;
pub mod progress;
pub mod show;

use chrono::{DateTime, Utc};

use crate::db::timeline::Entered;
use crate::domain::timeline::Kind;
use crate::web::extract::Member;
use crate::web::ui::format;

/// Something that happened: (when, what, who).
pub fn history(entry: &Entered, member: &Member, now: DateTime<Utc>) -> (String, String, String) {
    let label = Kind::parse(&entry.kind).map_or(entry.kind.as_str(), |kind| kind.label());
    let body = if entry.body.is_empty() { String::new() } else { format!(": {}", entry.body) };
    let (at, now) = (at(member, entry.at), at(member, now));
    let when = format!("{}, {}", format::date_near(at.date_naive(), now.date_naive()), at.format("%H:%M"));
    (when, format!("{label}: {}{body}", entry.title), entry.actor.clone())
}

fn at(member: &Member, at: DateTime<Utc>) -> DateTime<chrono_tz::Tz> {
    at.with_timezone(&member.scope.time_zone())
}
