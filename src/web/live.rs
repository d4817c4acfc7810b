//! What rings the bells of open pages: one connection of the process listens to the database for all of them.
//!
//! A bell says only that something changed; whoever hears it reads what. So nothing is lost when the connection breaks
//! (every bell rings when it is back) and no transaction is held while a page is open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::db::{self, Db};

/// How long to wait before the database is listened to again.
const AGAIN: Duration = Duration::from_secs(5);

/// A tenant's member.
type Whose = (Uuid, Uuid);

/// The bells of this process.
#[derive(Debug, Default)]
pub struct Live {
    bells: Mutex<HashMap<Whose, watch::Sender<u64>>>,
    listening: AtomicBool,
    over: watch::Sender<bool>,
}

impl Live {
    /// A bell that rings when something changed for a member, and word of the end of it all.
    pub fn subscribe(
        self: &Arc<Self>,
        db: &Db,
        whose: Whose,
    ) -> (watch::Receiver<u64>, watch::Receiver<bool>) {
        if !self.listening.swap(true, Ordering::SeqCst) {
            tokio::spawn(self.clone().listen(db.clone()));
        }
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        bells.retain(|_, bell| bell.receiver_count() > 0);
        (bells.entry(whose).or_default().subscribe(), self.over.subscribe())
    }

    /// Ends every open stream: the process is going down.
    pub fn close(&self) {
        self.over.send_replace(true);
    }

    /// Rings one bell, or all.
    fn ring(&self, whose: Option<Whose>) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        match whose {
            Some(whose) => bells.get(&whose).into_iter().for_each(|bell| bell.send_modify(|n| *n += 1)),
            None => bells.values().for_each(|bell| bell.send_modify(|n| *n += 1)),
        }
    }

    async fn listen(self: Arc<Self>, db: Db) {
        let mut over = self.over.subscribe();
        while !*over.borrow() {
            let listened = tokio::select! {
                ended = self.hear(&db) => ended,
                _ = over.changed() => return,
            };
            if let Err(error) = listened {
                tracing::warn!(%error, "the database cannot be listened to; pages ask for what is new meanwhile");
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = over.changed() => return,
            }
        }
    }

    async fn hear(&self, db: &Db) -> db::Result<()> {
        let mut listener = db.listen(db::notices::BELLS).await?;
        // What rang before the connection stood was not heard.
        self.ring(None);
        loop {
            match listener.next().await? {
                Some(payload) => {
                    let whose = payload.split_once(':');
                    self.ring(
                        whose.and_then(|(tenant, member)| Some((tenant.parse().ok()?, member.parse().ok()?))),
                    );
                }
                None => self.ring(None),
            }
        }
    }
}
