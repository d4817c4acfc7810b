//! What was known of an account and its contracts on a past day.
//!
//! The rule, in three sentences. Own fields and a pinned segment carry no date of their own, so a day sees them as
//! they were last stated by then, and before the first statement it sees none. A contract is seen with the terms last
//! stated by then; one that was first stated later (imported history) is seen as first stated, from the day it began,
//! because its dates say when it held. A contract's end is seen from its day on, like any date.
//!
//! So an edit, a new end date, a lower ARR, an ending entered late, is never seen before the day on which it was made,
//! while what a company brings along when it begins still counts. What happened *after* a past day, the outcome a
//! backtest holds scores against, is read from everything known now.

use std::collections::HashMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::contracts::Contract;
use crate::db::facts::{AccountVersion, ContractVersion, Versions};

/// The versions of one account and of every contract that ever was its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    stated: Vec<AccountVersion>,
    contracts: Vec<Vec<ContractVersion>>,
}

impl Past {
    /// The versions of each account.
    pub(super) fn of(versions: Versions) -> HashMap<Uuid, Past> {
        let mut all: HashMap<Uuid, Past> = HashMap::new();
        for version in versions.accounts {
            all.entry(version.account_id).or_default().stated.push(version);
        }
        for contract in versions.contracts.chunk_by(|a, b| a.contract_id == b.contract_id) {
            let mut owners: Vec<Uuid> = contract.iter().map(|version| version.account_id).collect();
            owners.sort_unstable();
            owners.dedup();
            for owner in owners {
                all.entry(owner).or_default().contracts.push(contract.to_vec());
            }
        }
        all
    }

    /// What was stated last by a day; none before the first statement.
    pub(super) fn stated(&self, known_by: NaiveDate) -> Option<&AccountVersion> {
        self.stated.iter().rfind(|version| version.known_on <= known_by)
    }

    /// The start date as stated last by then; before that, as first stated if it had come.
    pub(super) fn start(&self, day: NaiveDate, known_by: NaiveDate) -> Option<NaiveDate> {
        match self.stated(known_by) {
            Some(version) => version.start_date,
            None => self.stated.first()?.start_date.filter(|start| *start <= day),
        }
    }

    /// The account's contracts, and whether any in the list was first stated after `known_by`.
    pub(super) fn contracts(
        &self,
        account: Uuid,
        day: NaiveDate,
        known_by: NaiveDate,
    ) -> (Vec<Contract>, bool) {
        let mut later = false;
        let seen = self.contracts.iter().filter_map(|versions| {
            let known = versions.iter().rfind(|version| version.known_on <= known_by);
            let version = known.or_else(|| versions.first().filter(|v| v.contract.start_date <= day))?;
            if version.account_id != account {
                return None;
            }
            later |= known.is_none();
            Some(version.contract.clone())
        });
        let seen = seen.collect();
        (seen, later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn version(known_on: &str, arr_minor: i64, ended_on: Option<&str>) -> ContractVersion {
        ContractVersion {
            contract_id: Uuid::nil(),
            known_on: day(known_on),
            account_id: Uuid::from_u128(1),
            contract: Contract {
                external_id: "c".into(),
                start_date: day("2026-01-01"),
                end_date: None,
                term_months: Some(12),
                arr_minor,
                currency: "USD".into(),
                seats: None,
                ended_on: ended_on.map(day),
            },
        }
    }

    fn stated(known_on: &str, start: &str, plan: &str) -> AccountVersion {
        AccountVersion {
            account_id: Uuid::from_u128(1),
            known_on: day(known_on),
            start_date: Some(day(start)),
            pinned_segment: None,
            fields: serde_json::json!({ "plan": plan }),
        }
    }

    fn past() -> Past {
        let contracts =
            vec![version("2026-06-01", 500, None), version("2026-09-01", 200, Some("2026-08-20"))];
        let accounts =
            vec![stated("2026-06-01", "2026-01-01", "basic"), stated("2026-09-01", "2026-02-01", "left")];
        Past::of(Versions { accounts, contracts }).remove(&Uuid::from_u128(1)).unwrap()
    }

    #[test]
    fn edits_are_not_seen_before_they_were_made() {
        let arr = |on: &str| {
            let (contracts, later) = past().contracts(Uuid::from_u128(1), day(on), day(on));
            (contracts.first().map(|c| (c.arr_minor, c.ended_on.is_some())), later)
        };
        assert_eq!(arr("2026-08-31"), (Some((500, false)), false), "the end was entered on 1 September");
        assert_eq!(arr("2026-09-01"), (Some((200, true)), false));
        assert_eq!(arr("2026-03-01"), (Some((500, false)), true), "imported history, as first stated");
        assert_eq!(arr("2025-12-31"), (None, false), "but not before it began");
    }

    #[test]
    fn fields_are_seen_from_the_day_they_were_stated() {
        let past = past();
        let plan = |on: &str| past.stated(day(on)).map(|v| v.fields["plan"].as_str().unwrap().to_owned());
        assert_eq!(plan("2026-05-31"), None);
        assert_eq!(plan("2026-08-31").as_deref(), Some("basic"));
        assert_eq!(plan("2026-09-01").as_deref(), Some("left"));
        assert_eq!(past.start(day("2025-12-31"), day("2025-12-31")), None);
        assert_eq!(past.start(day("2026-05-31"), day("2026-05-31")), Some(day("2026-01-01")));
        assert_eq!(past.start(day("2026-09-01"), day("2026-09-01")), Some(day("2026-02-01")));
    }

    #[test]
    fn a_contract_that_changed_hands_belongs_to_whoever_had_it_then() {
        let mut moved = version("2026-09-01", 500, None);
        moved.account_id = Uuid::from_u128(2);
        let contracts = vec![version("2026-06-01", 500, None), moved];
        let all = Past::of(Versions { accounts: Vec::new(), contracts });
        let has = |owner: u128, on: &str| {
            let owner = Uuid::from_u128(owner);
            all[&owner].contracts(owner, day(on), day(on)).0.len()
        };
        assert_eq!((has(1, "2026-08-01"), has(2, "2026-08-01")), (1, 0));
        assert_eq!((has(1, "2026-09-02"), has(2, "2026-09-02")), (0, 1));
    }
}
