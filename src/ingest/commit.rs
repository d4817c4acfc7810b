//! Group commit: concurrent requests of a tenant share one transaction, and each is answered after its commit.
//!
//! Every tenant with traffic has a task of its own. While it writes one batch, requests queue up behind it and
//! become the next, so the batches grow with the load and a quiet tenant waits for nobody. When the queue is full
//! the sender is told to come back, instead of piling up memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::message::{self, Arrival, MAX_BYTES, Unsound};
use super::wire::{Endpoint, Envelope};
use super::{Message, Outcome, write};
use crate::clock::Clock;
use crate::db::quarantine::NewEntry;
use crate::db::{self, Db, TenantScope};

/// The most messages one transaction carries.
const BATCH: usize = 5_000;
/// The most requests of a tenant that may wait.
const QUEUE: usize = 512;
/// How long a tenant's task waits for more before it ends.
const IDLE: Duration = Duration::from_secs(30);

/// One request's messages on their way into the database.
#[derive(Debug)]
pub struct Submission {
    /// The key that brought them.
    pub key_id: Uuid,
    /// Those that are sound.
    pub messages: Vec<Message>,
    /// Those that are not.
    pub rejects: Vec<NewEntry>,
}

impl Submission {
    /// Sorts the messages of a request into those that can be counted and those that never can.
    pub fn read(envelope: &Envelope<'_>, key_id: Uuid, received_at: DateTime<Utc>) -> Submission {
        let arrival = Arrival {
            kind: if let Endpoint::One(kind) = envelope.endpoint { Some(kind) } else { None },
            received_at,
            sent_at: envelope.sent_at,
            context: envelope.context,
            historical: envelope.endpoint == Endpoint::Import,
        };
        let mut submission = Submission { key_id, messages: Vec::new(), rejects: Vec::new() };
        for raw in &envelope.messages {
            match message::read(raw, arrival) {
                Ok(message) => submission.messages.push(message),
                Err(unsound) => submission.rejects.push(rejected(raw.get(), unsound, key_id, arrival)),
            }
        }
        submission
    }
}

fn rejected(raw: &str, unsound: Unsound, key_id: Uuid, arrival: Arrival<'_>) -> NewEntry {
    NewEntry {
        // The same unsound message sent again is one row; the prefix keeps it apart from real message ids.
        event_id: message::id_of(&format!("unsound\u{0}{raw}")),
        key_id,
        reason: unsound.reason,
        detail: unsound.detail,
        group_id: None,
        user_id: None,
        message_id: None,
        message: raw[..raw.floor_char_boundary(MAX_BYTES)].to_owned(),
        sent_at: arrival.sent_at,
        waiting: false,
    }
}

/// The queue of a tenant is full; nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests are waiting to be stored")]
pub struct Busy;

/// Why a submission was not stored. Nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// Come back later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database is away, or shutting down.
    #[error("the database is not available: {0}")]
    Unavailable(Arc<db::Error>),
    /// Something that trying again will not mend.
    #[error("the messages could not be stored: {0}")]
    Failed(Arc<db::Error>),
    /// Holdfast is stopping.
    #[error("Holdfast is stopping")]
    Stopping,
}

struct Waiting {
    submission: Submission,
    reply: oneshot::Sender<Result<Outcome, CommitError>>,
}

type Queues = Arc<Mutex<HashMap<Uuid, mpsc::Sender<Waiting>>>>;

/// The way in for messages.
#[derive(Clone)]
pub struct Ingest {
    db: Db,
    clock: Clock,
    queues: Queues,
}

impl Ingest {
    /// The way into a database, by a clock.
    pub fn new(db: Db, clock: Clock) -> Self {
        Ingest { db, clock, queues: Queues::default() }
    }

    /// Stores a request's messages and returns once they are durable.
    ///
    /// The commit goes on even when the caller goes away.
    ///
    /// # Errors
    /// See [`CommitError`]; in every case nothing of the submission was kept.
    pub async fn submit(&self, scope: &TenantScope, submission: Submission) -> Result<Outcome, CommitError> {
        let (reply, answer) = oneshot::channel();
        let mut waiting = Waiting { submission, reply };
        loop {
            let queue = self.queue(scope);
            match queue.try_send(waiting) {
                Ok(()) => break,
                Err(mpsc::error::TrySendError::Full(_)) => return Err(Busy.into()),
                // The task ended between the look-up and the sending: the next round starts another.
                Err(mpsc::error::TrySendError::Closed(back)) => {
                    self.forget(scope.tenant_id(), &queue);
                    waiting = back;
                }
            }
        }
        answer.await.unwrap_or(Err(CommitError::Stopping))
    }

    fn queue(&self, scope: &TenantScope) -> mpsc::Sender<Waiting> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues
            .entry(scope.tenant_id())
            .or_insert_with(|| {
                let (sender, receiver) = mpsc::channel(QUEUE);
                tokio::spawn(self.clone().run(scope.clone(), receiver));
                sender
            })
            .clone()
    }

    fn forget(&self, tenant: Uuid, queue: &mpsc::Sender<Waiting>) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.get(&tenant).is_some_and(|q| q.same_channel(queue)) {
            queues.remove(&tenant);
        }
    }

    async fn run(self, scope: TenantScope, mut receiver: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::new();
        while let Ok(Some(first)) = tokio::time::timeout(IDLE, receiver.recv()).await {
            let mut messages = first.submission.messages.len();
            batch.push(first);
            while messages < BATCH {
                let Ok(next) = receiver.try_recv() else { break };
                messages += next.submission.messages.len();
                batch.push(next);
            }
            self.commit(&scope, &mut batch).await;
        }
        // Nothing may be lost between the last look and the end: close first, then serve what is left.
        receiver.close();
        while let Some(waiting) = receiver.recv().await {
            batch.push(waiting);
        }
        self.commit(&scope, &mut batch).await;
    }

    async fn commit(&self, scope: &TenantScope, batch: &mut Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
        metrics::histogram!("holdfast_ingest_batch_requests").record(batch.len() as f64);
        let submissions: Vec<&Submission> = batch.iter().map(|w| &w.submission).collect();
        match self.store(scope, &submissions).await {
            Ok(outcomes) => {
                for (waiting, outcome) in batch.drain(..).zip(outcomes) {
                    // A caller who went away is no reason to stop: what they sent is stored.
                    drop(waiting.reply.send(Ok(outcome)));
                }
            }
            Err(error) if batch.len() == 1 || db::is_temporary(&error) => {
                let error = Arc::new(error);
                tracing::error!(%error, "a batch of messages was not stored");
                for waiting in batch.drain(..) {
                    let kind =
                        if db::is_temporary(&error) { CommitError::Unavailable } else { CommitError::Failed };
                    drop(waiting.reply.send(Err(kind(error.clone()))));
                }
            }
            Err(_) => {
                // One request spoils the batch: each on its own, so that only that one fails.
                for waiting in batch.drain(..) {
                    let result = self.store(scope, &[&waiting.submission]).await;
                    let answer = result.map(|o| o.into_iter().next().unwrap_or_default());
                    drop(waiting.reply.send(answer.map_err(|e| CommitError::Failed(Arc::new(e)))));
                }
            }
        }
    }

    /// One transaction, tried again a few times when PostgreSQL made it a victim.
    async fn store(&self, scope: &TenantScope, submissions: &[&Submission]) -> db::Result<Vec<Outcome>> {
        let mut tries = 0;
        loop {
            let started = tokio::time::Instant::now();
            let result = write::submissions(&self.db, scope, self.clock.now(), submissions).await;
            metrics::histogram!("holdfast_ingest_commit_seconds").record(started.elapsed().as_secs_f64());
            match result {
                Err(error) if tries < 3 && is_victim(&error) => tries += 1,
                other => return other,
            }
        }
    }
}

fn is_victim(error: &db::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "40P01" || code == "40001")
}
