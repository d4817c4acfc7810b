//! Who is told of what happened. The journal is gone through once, entry by entry; for each it is decided who is told
//! and how, in the transaction that marks it as told: with any number of processes nobody is told twice or not at all.
//!
//! Nothing is sent here. Notifications, messages and deliveries are rows; [`outgoing`](super::outgoing) sends them.

mod bell;
mod digest;
mod preferences;
pub mod wording;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::methodology::InForce;
use super::{App, Error, Result};
use crate::db::messages::{NewMessage, SlackHook};
use crate::db::notice_preferences::Hearer;
use crate::db::notices::{News, Notification};
use crate::db::webhooks::{Endpoint, NewDelivery};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::notice::{Preferences, Severity};
use crate::domain::timeline::{Group, Kind};

pub use bell::Ring;

/// Entries gone through in one transaction.
const CHUNK: i64 = 200;
/// Entries passed over in one statement.
const OLD_CHUNK: i64 = 10_000;
/// What happened longer ago is nothing new: data that was taken over, or a history loaded at once.
const NEWS_FOR: Duration = Duration::days(2);

impl App {
    /// Tells of up to two hundred entries of the journal; returns how many were gone through.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_news(&self, scope: &TenantScope) -> Result<usize> {
        let now = self.clock.now();
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.write(scope).await?;
        let old = db::notices::pass_over(&mut tx, now - NEWS_FOR, now, OLD_CHUNK).await?;
        if old > 0 {
            tx.commit().await?;
            return Ok(usize::try_from(old).unwrap_or(usize::MAX));
        }
        let news = db::notices::take_news(&mut tx, CHUNK).await?;
        if news.is_empty() {
            return Ok(0);
        }
        let roles = db::notices::role_holders(&mut tx, &roles_asked(&news)).await?;
        let hearers = db::notice_preferences::hearers(&mut tx, None).await?;
        let desk = Desk {
            hearers: hearers.into_iter().map(|hearer| (hearer.id, hearer)).collect(),
            roles: roles.into_iter().map(|(account, role, member)| ((account, role), member)).collect(),
            slack: db::messages::slack(&mut tx).await?,
            endpoints: db::webhooks::endpoints(&mut tx).await?,
            scope,
            public_url: &self.outlets.public_url,
            now,
        };
        let mut out = Out::default();
        for one in &news {
            desk.tell(one, &mut out);
        }
        for one in &news {
            self.write_to_customer(&mut tx, scope, in_force.as_deref(), one).await?;
        }
        db::notices::notify(&mut tx, &out.notifications, now).await?;
        db::messages::queue(&mut tx, &out.messages, now).await?;
        db::webhooks::deliver(&mut tx, &out.deliveries, now).await?;
        let ids: Vec<Uuid> = news.iter().map(|one| one.id).collect();
        db::notices::mark_told(&mut tx, &ids, now).await?;
        db::notices::ring(&mut tx, &out.bells()).await?;
        tx.commit().await?;
        Ok(news.len())
    }

    /// Queues the mail that a rule asked for.
    async fn write_to_customer(
        &self,
        tx: &mut TenantTx,
        scope: &TenantScope,
        in_force: Option<&InForce>,
        news: &News,
    ) -> Result<()> {
        let template = news.data.get("template").and_then(Value::as_str);
        let (Some(account), Some(template)) = (news.account_id, template) else { return Ok(()) };
        if news.kind != Kind::Email.word() {
            return Ok(());
        }
        let once = Some(format!("email:{}", news.id));
        match self.queue_mail(tx, scope, in_force, account, template, &[], once).await {
            // The template was taken away in between: the entry says which one it would have been.
            Ok(_) | Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Who can be told, and where else.
struct Desk<'a> {
    hearers: HashMap<Uuid, Hearer>,
    /// Who plays a role of the methodology for an account.
    roles: HashMap<(Option<Uuid>, String), Uuid>,
    slack: Option<SlackHook>,
    endpoints: Vec<Endpoint>,
    scope: &'a TenantScope,
    public_url: &'a str,
    now: DateTime<Utc>,
}

/// What follows from a chunk of entries.
#[derive(Default)]
struct Out {
    notifications: Vec<Notification>,
    messages: Vec<(NewMessage, DateTime<Utc>)>,
    deliveries: Vec<NewDelivery>,
}

impl Out {
    fn bells(&self) -> Vec<Uuid> {
        let shown = self.notifications.iter().filter(|one| one.shown);
        shown.map(|one| one.member).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Desk<'_> {
    fn tell(&self, news: &News, out: &mut Out) {
        // A kind of a later release, during a rolling update: that release tells of the next ones.
        let Some(kind) = Kind::parse(&news.kind) else { return };
        let severity = news.severity.as_deref().and_then(Severity::parse);
        for member in self.concerned(news, severity) {
            let Some(hearer) = self.hearers.get(&member) else { continue };
            self.tell_member(hearer, news, kind, severity, out);
        }
        if let Some(hook) = &self.slack
            && wants(&hook.groups, &[], hook.min_severity.as_deref(), kind, severity)
        {
            let message = NewMessage {
                channel: "slack",
                cause: "notice",
                account: news.account_id,
                entry: Some(news.id),
                subject: wording::headline(news),
                body: wording::slack(news, kind, severity, self.public_url),
                once: Some(format!("slack:{}", news.id)),
                ..NewMessage::default()
            };
            out.messages.push((message, self.now));
        }
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.enabled) {
            let least = endpoint.min_severity.as_deref();
            if wants_of_endpoint(endpoint, least, kind, severity) {
                let id = Uuid::now_v7();
                let body = wording::payload(news, kind, self.public_url);
                let kind = kind.word().to_owned();
                out.deliveries.push(NewDelivery {
                    id,
                    endpoint: endpoint.id,
                    entry: Some(news.id),
                    kind,
                    body,
                });
            }
        }
    }

    fn tell_member(
        &self,
        hearer: &Hearer,
        news: &News,
        kind: Kind,
        severity: Option<Severity>,
        out: &mut Out,
    ) {
        let usual;
        let preferences = match &hearer.preferences {
            Some(preferences) => preferences,
            None => {
                usual = Preferences::usual(self.scope.time_zone());
                &usual
            }
        };
        let ways = preferences.ways(kind.group(), severity);
        let (shown, digest) = (ways.app && !kind.is_routine(), ways.digest);
        if shown || digest {
            out.notifications.push(Notification { member: hearer.id, entry: news.id, shown, digest });
        }
        if ways.mail {
            let message = NewMessage {
                channel: "mail",
                cause: "notice",
                recipient: wording::address(&hearer.name, &hearer.email),
                member: Some(hearer.id),
                account: news.account_id,
                entry: Some(news.id),
                subject: wording::headline(news),
                body: wording::mail(news, kind, severity, self.public_url),
                once: Some(format!("notice:{}:{}", news.id, hearer.id)),
                ..NewMessage::default()
            };
            out.messages.push((message, preferences.mail_at(self.now)));
        }
    }

    /// The member it concerns, else the account's owner; those whose roles are named; and never who did it. What has
    /// nobody goes to the managers when it is grave or concerns the tenant as a whole.
    fn concerned(&self, news: &News, severity: Option<Severity>) -> BTreeSet<Uuid> {
        let present = |id: &Uuid| self.hearers.contains_key(id);
        let first = news.member_id.filter(present).or(news.owner_id.filter(present));
        let mut told: BTreeSet<Uuid> = first.into_iter().collect();
        for role in roles(&news.data) {
            let holder = self.roles.get(&(news.account_id, role.to_owned())).copied();
            match (role, holder) {
                (_, Some(holder)) => told.extend(Some(holder).filter(present)),
                ("owner" | "csm", None) if news.account_id.is_some() => {
                    told.extend(news.owner_id.filter(present));
                }
                (role, None) => told.extend(self.of_role(role)),
            }
        }
        if told.is_empty() && (news.account_id.is_none() || severity >= Some(Severity::High)) {
            told.extend(self.of_role("manager"));
        }
        told.retain(|id| self.hearers.get(id).is_some_and(|hearer| hearer.name != news.actor));
        told
    }

    fn of_role<'d>(&'d self, role: &'d str) -> impl Iterator<Item = Uuid> + 'd {
        self.hearers.values().filter(move |hearer| hearer.role == role).map(|hearer| hearer.id)
    }
}

/// The roles an entry names in its data.
fn roles(data: &Value) -> impl Iterator<Item = &str> {
    data.get("roles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Which roles of which accounts entries name.
fn roles_asked(news: &[News]) -> Vec<(Option<Uuid>, String)> {
    let named = news.iter().flat_map(|one| roles(&one.data).map(|role| (one.account_id, role.to_owned())));
    named.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether something is wanted by whoever named groups, kinds and a least severity.
fn wants(
    groups: &[String],
    kinds: &[String],
    least: Option<&str>,
    kind: Kind,
    severity: Option<Severity>,
) -> bool {
    let named = groups.iter().any(|group| Group::parse(group) == Some(kind.group()))
        || kinds.iter().any(|word| word == kind.word());
    named && severity >= least.and_then(Severity::parse)
}

/// As [`wants`]; an endpoint that named nothing wants everything.
fn wants_of_endpoint(
    endpoint: &Endpoint,
    least: Option<&str>,
    kind: Kind,
    severity: Option<Severity>,
) -> bool {
    if endpoint.groups.is_empty() && endpoint.kinds.is_empty() {
        return severity >= least.and_then(Severity::parse);
    }
    wants(&endpoint.groups, &endpoint.kinds, least, kind, severity)
}
