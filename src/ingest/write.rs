//! The one transaction that stores messages: claim ids, find accounts, write events, roll up, mark for scoring.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::commit::Submission;
use super::{Kind, Message, Outcome};
use crate::db::custom_fields::CustomField;
use crate::db::events::{NewEvent, UserUpdate};
use crate::db::metrics::{Increment, Metric, Sample, SeenUser};
use crate::db::quarantine::NewEntry;
use crate::db::sources::SourceDay;
use crate::db::{self, Db, TenantScope, TenantTx};
use crate::domain::metric::normalise;

/// Stores submissions in one transaction and tells each its outcome, in their order.
pub(super) async fn submissions(
    db: &Db,
    scope: &TenantScope,
    now: DateTime<Utc>,
    submissions: &[&Submission],
) -> db::Result<Vec<Outcome>> {
    let mut tx = db.write(scope).await?;
    let today = scope.day_of(now);
    let ids: BTreeSet<Uuid> = submissions.iter().flat_map(|s| s.messages.iter().map(|m| m.id)).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut fresh = db::events::claim_ids(&mut tx, &ids, today).await?;
    let mut outcomes = vec![Outcome::default(); submissions.len()];
    let mut taken: Vec<Taken<'_>> = Vec::with_capacity(fresh.len());
    for (index, submission) in submissions.iter().enumerate() {
        for message in &submission.messages {
            // The first of several with one id counts; removing it makes the others duplicates.
            if fresh.remove(&message.id) {
                taken.push(Taken { message, key_id: submission.key_id, from: index });
            } else {
                outcomes[index].duplicate += 1;
            }
        }
    }
    let waiting = messages(&mut tx, scope, now, &taken).await?;
    for taken in &taken {
        outcomes[taken.from].accepted += 1;
    }
    for &at in &waiting {
        outcomes[taken[at].from].accepted -= 1;
        outcomes[taken[at].from].waiting += 1;
    }
    let entries: Vec<NewEntry> = waiting.iter().map(|&at| quarantined(&taken[at])).collect();
    db::quarantine::insert(&mut tx, &entries, now).await?;
    let mut days: HashMap<Uuid, SourceDay> = HashMap::new();
    for (submission, outcome) in submissions.iter().zip(&mut outcomes) {
        db::quarantine::insert(&mut tx, &submission.rejects, now).await?;
        outcome.rejected = submission.rejects.len() as u64;
        let key_id = submission.key_id;
        let day =
            days.entry(key_id).or_insert_with(|| SourceDay { key_id, day: today, ..SourceDay::default() });
        day.accepted += outcome.accepted as i64;
        day.duplicate += outcome.duplicate as i64;
        day.waiting += outcome.waiting as i64;
        day.rejected += outcome.rejected as i64;
    }
    let mut days: Vec<SourceDay> = days.into_values().collect();
    days.sort_by_key(|day| day.key_id);
    for day in &days {
        db::sources::add(&mut tx, day, now).await?;
    }
    tx.commit().await?;
    for outcome in &outcomes {
        metrics::counter!("holdfast_messages_total", "outcome" => "accepted").increment(outcome.accepted);
        metrics::counter!("holdfast_messages_total", "outcome" => "duplicate").increment(outcome.duplicate);
        metrics::counter!("holdfast_messages_total", "outcome" => "waiting").increment(outcome.waiting);
        metrics::counter!("holdfast_messages_total", "outcome" => "rejected").increment(outcome.rejected);
    }
    Ok(outcomes)
}

/// A message whose id this transaction claimed.
pub(super) struct Taken<'a> {
    pub(super) message: &'a Message,
    pub(super) key_id: Uuid,
    pub(super) from: usize,
}

/// Writes claimed messages, and returns the positions of those whose account is not known.
pub(super) async fn messages(
    tx: &mut TenantTx,
    scope: &TenantScope,
    now: DateTime<Utc>,
    taken: &[Taken<'_>],
) -> db::Result<Vec<usize>> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let metrics = db::metrics::list(tx).await?;
    let groups = resolve_groups(tx, taken, now).await?;
    let accounts = accounts_of(tx, &groups).await?;
    let mut roll = Rollup::new(&metrics, scope.day_of(now));
    let (mut events, mut waiting, mut traits) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (taken, group)) in taken.iter().zip(&groups).enumerate() {
        let message = taken.message;
        let account = group.as_ref().and_then(|group| accounts.get(group)).copied();
        let Some(account_id) = account else {
            // Who a user is needs no account; everything else waits for one.
            if !matches!(message.kind, Kind::Identify | Kind::Alias) {
                waiting.push(at);
            }
            continue;
        };
        let day = scope.day_of(message.occurred_at);
        events.push(NewEvent {
            id: message.id,
            occurred_at: message.occurred_at,
            day,
            account_id,
            kind: message.kind.name(),
            name: &message.name,
            user_id: message.user_id.as_deref(),
            message_id: &message.message_id,
            key_id: taken.key_id,
            properties: message.properties.as_deref(),
        });
        if message.kind.is_usage() {
            roll.usage(account_id, day, message);
        }
        if let (Kind::Group, Some(sent)) = (message.kind, &message.traits)
            && let Ok(Value::Object(sent)) = serde_json::from_str(sent)
        {
            roll.traits(account_id, day, message.occurred_at, &sent);
            traits.push((account_id, message.occurred_at, sent));
        }
    }
    let touched: Vec<Uuid> =
        events.iter().map(|e| e.account_id).collect::<HashSet<_>>().into_iter().collect();
    // Everybody locks in this order: accounts, their series and states, the list of those to score.
    db::events::touch_accounts(tx, &touched, now).await?;
    db::events::insert(tx, &events, now).await?;
    roll.write(tx).await?;
    write_traits(tx, traits, now).await?;
    db::accounts::mark_dirty(tx, &touched, now).await?;
    Ok(waiting)
}

/// The group of each message: its own, else the one its user joined last, within the batch or before it.
async fn resolve_groups(
    tx: &mut TenantTx,
    taken: &[Taken<'_>],
    now: DateTime<Utc>,
) -> db::Result<Vec<Option<String>>> {
    let users: BTreeSet<&str> = taken
        .iter()
        .flat_map(|t| [t.message.user_id.as_deref(), t.message.previous_id.as_deref()])
        .flatten()
        .collect();
    let mut known = db::events::groups_of(tx, &users.into_iter().collect::<Vec<_>>()).await?;
    let mut updates: HashMap<&str, UserUpdate> = HashMap::new();
    let mut groups = Vec::with_capacity(taken.len());
    for Taken { message, .. } in taken {
        let user = message.user_id.as_deref();
        let group = message.group_id.clone().or_else(|| user.and_then(|user| known.get(user).cloned()));
        let joins = match message.kind {
            Kind::Group => group.clone(),
            // The new id inherits the group of the old one, unless it has one.
            Kind::Alias if group.is_none() => {
                message.previous_id.as_deref().and_then(|previous| known.get(previous).cloned())
            }
            _ => None,
        };
        if let Some(user) = user {
            let entry = updates
                .entry(user)
                .or_insert_with(|| UserUpdate { user_id: user.to_owned(), ..UserUpdate::default() });
            if let Some(group) = joins
                && entry.grouped_at.is_none_or(|before| before <= message.occurred_at)
            {
                entry.group_id = Some(group.clone());
                entry.grouped_at = Some(message.occurred_at);
                known.insert(user.to_owned(), group);
            }
            if message.kind == Kind::Identify
                && entry.traits_at.is_none_or(|before| before <= message.occurred_at)
            {
                entry.traits = message.traits.as_deref().map(str::to_owned);
                entry.traits_at = entry.traits.is_some().then_some(message.occurred_at);
            }
        }
        groups.push(group);
    }
    // Users merely seen need no row: only those who joined a group or told who they are.
    let mut updates: Vec<UserUpdate> =
        updates.into_values().filter(|u| u.group_id.is_some() || u.traits.is_some()).collect();
    updates.sort_by(|a, b| a.user_id.cmp(&b.user_id));
    if !updates.is_empty() {
        db::events::put_users(tx, &updates, now).await?;
    }
    Ok(groups)
}

async fn accounts_of(tx: &mut TenantTx, groups: &[Option<String>]) -> db::Result<HashMap<String, Uuid>> {
    let wanted: BTreeSet<&String> = groups.iter().flatten().collect();
    let wanted: Vec<String> = wanted.into_iter().cloned().collect();
    Ok(db::accounts::ids_of(tx, &wanted).await?.into_iter().collect())
}

/// Values of own fields among the traits of `group` calls, oldest first.
async fn write_traits(
    tx: &mut TenantTx,
    mut traits: Vec<(Uuid, DateTime<Utc>, serde_json::Map<String, Value>)>,
    now: DateTime<Utc>,
) -> db::Result<()> {
    if traits.is_empty() {
        return Ok(());
    }
    let fields = db::custom_fields::list(tx).await?;
    traits.sort_by_key(|t| (t.0, t.1));
    for (account_id, at, sent) in traits {
        let known: serde_json::Map<String, Value> = sent
            .iter()
            .filter_map(|(name, value)| {
                let field = fields.iter().find(|field| field.name == normalise(name))?;
                fits(field, value).then(|| (field.name.clone(), value.clone()))
            })
            .collect();
        if !known.is_empty() {
            db::accounts::merge_traits(tx, account_id, &Value::Object(known), at, now).await?;
        }
    }
    Ok(())
}

fn fits(field: &CustomField, value: &Value) -> bool {
    match (field.kind.as_str(), value) {
        (_, Value::Null) => true,
        ("text", Value::String(_)) | ("number", Value::Number(_)) | ("bool", Value::Bool(_)) => true,
        ("date", Value::String(text)) => text.parse::<NaiveDate>().is_ok(),
        ("enum", Value::String(text)) => field.choices.iter().any(|choice| choice == text),
        _ => false,
    }
}

fn quarantined(taken: &Taken<'_>) -> NewEntry {
    let message = taken.message;
    let (reason, detail) = match (&message.group_id, &message.user_id) {
        (Some(group), _) => (
            "unknown_account",
            format!("No account has the external id {group:?}. Create it and this is counted."),
        ),
        (None, Some(user)) => (
            "no_account",
            format!("The user {user:?} has not joined an account. Send a group call or context.groupId."),
        ),
        (None, None) => {
            ("no_identity", "It names neither a user nor an account, so it can never be counted.".to_owned())
        }
    };
    NewEntry {
        event_id: message.id,
        key_id: taken.key_id,
        reason,
        detail,
        group_id: message.group_id.clone(),
        user_id: message.user_id.clone(),
        message_id: Some(message.message_id.clone()),
        message: message.raw.to_string(),
        sent_at: message.sent_at,
        waiting: reason != "no_identity",
    }
}

/// What a batch adds to the daily series.
struct Rollup<'m> {
    known_on: NaiveDate,
    usage: Vec<(&'m Metric, Option<String>)>,
    traits: Vec<(&'m Metric, String)>,
    counts: HashMap<(Uuid, i32, NaiveDate), i64>,
    sums: Vec<Increment>,
    users: BTreeSet<SeenUser>,
    samples: HashMap<(Uuid, i32, NaiveDate), Sample>,
}

impl<'m> Rollup<'m> {
    fn new(metrics: &'m [Metric], known_on: NaiveDate) -> Self {
        let usage = metrics.iter().filter_map(|m| {
            let event = m.event.as_deref()?;
            Some((m, (event != "*").then(|| normalise(event))))
        });
        let traits = metrics.iter().filter_map(|m| Some((m, normalise(m.trait_name.as_deref()?))));
        Rollup {
            known_on,
            usage: usage.collect(),
            traits: traits.collect(),
            counts: HashMap::new(),
            sums: Vec::new(),
            users: BTreeSet::new(),
            samples: HashMap::new(),
        }
    }

    fn usage(&mut self, account_id: Uuid, day: NaiveDate, message: &Message) {
        let name = normalise(&message.name);
        let mut properties: Option<Value> = None;
        for at in 0..self.usage.len() {
            let (metric, event) = &self.usage[at];
            if event.as_ref().is_some_and(|event| *event != name) {
                continue;
            }
            let metric = *metric;
            let mut property = |wanted: &str| {
                let all = properties.get_or_insert_with(|| {
                    message
                        .properties
                        .as_deref()
                        .and_then(|p| serde_json::from_str(p).ok())
                        .unwrap_or_default()
                });
                all.get(wanted).cloned()
            };
            match (metric.kind.as_str(), &metric.property) {
                ("distinct", _) => {
                    if let Some(user) = &message.user_id {
                        let user_hash = user_hash(user);
                        self.users.insert(SeenUser { account_id, metric_id: metric.id, day, user_hash });
                    }
                }
                ("gauge", Some(wanted)) => {
                    if let Some(value) = property(wanted) {
                        self.sample(account_id, metric.id, day, message.occurred_at, &value);
                    }
                }
                (_, Some(wanted)) => {
                    if let Some(Value::Number(number)) = property(wanted) {
                        let (metric_id, sum) = (metric.id, number.to_string());
                        self.sums.push(Increment { account_id, metric_id, day, count: 1, sum });
                    }
                }
                _ => *self.counts.entry((account_id, metric.id, day)).or_default() += 1,
            }
        }
    }

    fn traits(
        &mut self,
        account_id: Uuid,
        day: NaiveDate,
        at: DateTime<Utc>,
        sent: &serde_json::Map<String, Value>,
    ) {
        for (name, value) in sent {
            let name = normalise(name);
            let metrics: Vec<i32> =
                self.traits.iter().filter(|(_, t)| *t == name).map(|(m, _)| m.id).collect();
            for metric_id in metrics {
                self.sample(account_id, metric_id, day, at, value);
            }
        }
    }

    /// Of two samples on a day the later one counts.
    fn sample(&mut self, account_id: Uuid, metric_id: i32, day: NaiveDate, at: DateTime<Utc>, value: &Value) {
        let (value, label) = match value {
            Value::Number(number) => (number.as_f64(), None),
            Value::String(text) => (None, Some(text.clone())),
            Value::Bool(yes) => (None, Some(yes.to_string())),
            _ => return,
        };
        let key = (account_id, metric_id, day);
        if self.samples.get(&key).is_none_or(|before| before.at <= at) {
            self.samples.insert(key, Sample { account_id, metric_id, day, value, label, at });
        }
    }

    async fn write(self, tx: &mut TenantTx) -> db::Result<()> {
        let mut increments = self.sums;
        increments.extend(self.counts.into_iter().map(|((account_id, metric_id, day), count)| Increment {
            account_id,
            metric_id,
            day,
            count,
            sum: "0".to_owned(),
        }));
        if !increments.is_empty() {
            db::metrics::add(tx, &increments, self.known_on).await?;
        }
        if !self.users.is_empty() {
            db::metrics::add_users(tx, &self.users.into_iter().collect::<Vec<_>>(), self.known_on).await?;
        }
        let mut samples: Vec<Sample> = self.samples.into_values().collect();
        samples.sort_by_key(|s| (s.account_id, s.metric_id, s.day));
        if !samples.is_empty() {
            db::metrics::put_samples(tx, &samples, self.known_on).await?;
        }
        Ok(())
    }
}

/// 64 bits of a user's id: enough to tell the users of one account and day apart.
fn user_hash(user: &str) -> i64 {
    let digest = Sha256::digest(user.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}
