//! The deterministic simulator behind `holdfast demo`.
//!
//! [`World::generate`] invents two companies that use Holdfast, their customers, and eighteen months
//! of what those customers did. It is a pure function of a seed and a day: no database, no clock, no
//! I/O, no floating-point functions whose last bit differs between machines. The same arguments give
//! the same bytes, so tests can rely on single accounts and two people can talk about the same demo.
//!
//! What it returns is what a real company would bring: CSV files for accounts, contracts, contacts and
//! slow gauges, and Segment `track` messages day by day. The caller feeds these to the same import and
//! ingest functions as real data; nothing here knows how they are stored.
//!
//! | file | concern |
//! |---|---|
//! | `dice` | keyed, portable random numbers |
//! | `names` | invented companies and people |
//! | `stories` | what happens to an account, and the numbers it implies |
//! | `cast` | which account plays which story, how large it is, when it renews |
//! | `season` | weekdays, holidays, seasons |
//! | `contracts`, `contacts`, `gauges`, `signals`, `usage` | one kind of data each |
//! | `account` | puts one customer together |
//! | `company` | the two tenants, their members and how many accounts play which story |
//! | `tickets` | what became of the tickets that `signals` open |
//! | `tenant` | what happened on a day, over all accounts |
//! | `export` | the CSV files |
//! | `bulk` | any number of accounts without a story, for measuring |
//!
//! To add a story: a variant of [`Story`], its shape and temper in `stories`, a number of accounts in
//! `company`; the compiler finds the rest.

mod account;
pub mod bulk;
mod cast;
mod company;
mod contacts;
mod contracts;
mod dice;
mod event;
mod export;
mod gauges;
mod names;
mod season;
mod signals;
mod stories;
mod tenant;
#[cfg(test)]
mod tests;
mod tickets;
mod usage;

use chrono::NaiveDate;

pub use account::AccountPlan;
pub use contacts::ContactPlan;
pub use contracts::{ContractPlan, Term};
pub use event::{DemoEvent, EventName, Flaw};
pub use gauges::{GaugeSample, METRICS};
pub use stories::{Leaving, Season, Story};
pub use tenant::{MemberPlan, TenantPlan};
pub use tickets::TicketPlan;
pub use usage::ProductUser;

/// Days of history, the last of them being the `today` of [`World::generate`]: eighteen months.
pub const HISTORY_DAYS: i64 = 548;

/// The seed of the demo everybody sees unless another is asked for.
pub const DEFAULT_SEED: u64 = 0x601D_FA57;

/// Everything the simulator invents.
#[derive(Debug, Clone)]
pub struct World {
    /// Two companies: the first with 173 customers of which 20 have left, the second with 45, of which 6.
    pub tenants: Vec<TenantPlan>,
}

impl World {
    /// Invents the demo world as it stands at the end of `today` (a day in each tenant's own time zone).
    ///
    /// All dates are laid out backwards from `today`, so the stories are always fresh; data made for two
    /// different days therefore does not continue one another.
    pub fn generate(seed: u64, today: NaiveDate) -> World {
        World { tenants: company::companies().into_iter().map(|c| c.plan(seed, today)).collect() }
    }
}
