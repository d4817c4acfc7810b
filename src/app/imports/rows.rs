//! What each kind of row must know how to do. To add a kind: a file beside this one that implements [`Rows`], its
//! columns, and a variant of [`super::ImportKind`].

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::cells::{Cells, Checked, accounts_of, unknown_account};
use crate::db::accounts::Change;
use crate::db::{self, TenantTx};

/// What became of a row: stored, or the reason why not.
pub(super) type Fate = Result<Change, String>;

/// A kind of row.
pub(super) trait Rows: Clone + Send + Sync + 'static {
    /// A row that is well formed.
    type Row: Send + Sync + 'static;

    /// Reads a row, or says what is wrong with it. Runs off the async threads.
    fn read(&self, cells: &Cells<'_>) -> Checked<Self::Row>;

    /// Stores rows and arranges what follows; tells of each what became of it, in their order.
    fn store(
        &self,
        tx: &mut TenantTx,
        rows: &[&Self::Row],
        now: DateTime<Utc>,
    ) -> impl Future<Output = db::Result<Vec<Fate>>> + Send;
}

/// A row about something that belongs to an account.
pub(super) struct OwnedRow<T> {
    /// External id of its account.
    pub(super) account: String,
    /// What is stated.
    pub(super) stated: T,
}

/// Something that belongs to an account and has an external id of its own.
pub(super) trait Owned: Send + Sync {
    /// Its own external id.
    fn external_id(&self) -> &str;

    /// The accounts that those of some external ids belong to so far.
    fn owners(
        tx: &mut TenantTx,
        external_ids: &[&str],
    ) -> impl Future<Output = db::Result<Vec<(String, Uuid)>>> + Send;

    /// Stores them, each with its account; no external id comes twice.
    fn put_many(
        tx: &mut TenantTx,
        stated: &[(Uuid, &Self)],
        now: DateTime<Utc>,
    ) -> impl Future<Output = db::Result<Vec<Change>>> + Send;
}

/// Stores rows whose accounts are known, and has the accounts they belong to, now or before, scored.
pub(super) async fn store_owned<T: Owned>(
    tx: &mut TenantTx,
    rows: &[&OwnedRow<T>],
    now: DateTime<Utc>,
) -> db::Result<Vec<Fate>> {
    let accounts = accounts_of(tx, rows.iter().map(|row| row.account.as_str())).await?;
    let mut fates: Vec<Fate> = rows.iter().map(|row| Err(unknown_account(&row.account))).collect();
    let known: Vec<(usize, Uuid, &T)> = rows
        .iter()
        .enumerate()
        .filter_map(|(at, row)| Some((at, *accounts.get(&row.account)?, &row.stated)))
        .collect();
    let names: Vec<&str> = known.iter().map(|(_, _, stated)| stated.external_id()).collect();
    let before: HashMap<String, Uuid> = T::owners(tx, &names).await?.into_iter().collect();
    let mut touched: Vec<Uuid> = Vec::new();
    for wave in one_at_a_time(names.iter()) {
        let stated: Vec<(Uuid, &T)> = wave.iter().map(|&k| (known[k].1, known[k].2)).collect();
        for (k, change) in wave.iter().zip(T::put_many(tx, &stated, now).await?) {
            let (at, account, stated) = &known[*k];
            if change != Change::Unchanged {
                touched.push(*account);
                touched.extend(before.get(stated.external_id()));
            }
            fates[*at] = Ok(change);
        }
    }
    if !touched.is_empty() {
        db::accounts::mark_dirty(tx, &touched, now).await?;
    }
    Ok(fates)
}

/// Splits rows into waves in none of which a key comes twice; of rows with one key the later is in a later wave.
pub(super) fn one_at_a_time<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> Vec<Vec<usize>> {
    let mut seen: HashMap<K, usize> = HashMap::new();
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (at, key) in keys.enumerate() {
        let times = seen.entry(key).or_default();
        if waves.len() == *times {
            waves.push(Vec::new());
        }
        waves[*times].push(at);
        *times += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_rows_come_later() {
        assert_eq!(one_at_a_time(["a", "b", "a", "c", "a"].iter()), [vec![0, 1, 3], vec![2], vec![4]]);
        assert!(one_at_a_time(std::iter::empty::<u8>()).is_empty());
    }
}
