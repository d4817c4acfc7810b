//! Accounts, contracts and series in great numbers: over days folded, the last two as they stand in the daytime.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::note;
use crate::app::App;
use crate::db::accounts::Stated;
use crate::db::contracts::Contract;
use crate::db::metrics::Metric;
use crate::db::{self, TenantScope};
use crate::demo::bulk::{self, BulkAccount, Shape};
use crate::domain::methodology::{InputType, Methodology};
use crate::domain::series::{Month, Row, Run, month_of};

/// The same accounts every time.
const SEED: u64 = 90;
/// Accounts stored in one transaction.
const CHUNK: u64 = 1_000;

/// What is to be made.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) accounts: u64,
    pub(super) days: i64,
    pub(super) today: NaiveDate,
    pub(super) metrics: Vec<(i32, Shape)>,
}

/// An account and its series, as they are stored.
struct Made {
    account: BulkAccount,
    months: Vec<(NaiveDate, Vec<u8>)>,
    fresh: Vec<(i32, Row)>,
}

/// How each metric of the catalogue is filled: by its kind, words from what the methodology lists.
pub(super) fn shapes(catalogue: &[Metric], methodology: &Methodology) -> Vec<(i32, Shape)> {
    let shape = |metric: &Metric| match (metric.kind.as_str(), metric.property.is_some()) {
        ("distinct", _) => Shape::Users,
        ("counter", true) => Shape::Amount,
        ("counter", false) => Shape::Counter,
        _ => match methodology.input(&metric.name) {
            Some(input) if input.ty == InputType::Enum => {
                Shape::Word(input.values.iter().map(|word| Arc::from(&**word)).collect())
            }
            Some(input) if input.ty == InputType::Bool => Shape::Word(vec!["true".into(), "false".into()]),
            _ => Shape::Number,
        },
    };
    catalogue.iter().map(|metric| (metric.id, shape(metric))).collect()
}

/// Makes and stores everything.
pub(super) async fn fill(app: &App, scope: &TenantScope, plan: &Plan) -> anyhow::Result<()> {
    // Two threads make accounts while others are being stored.
    let (sender, mut chunks) = mpsc::channel::<Vec<Made>>(4);
    let next = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let making: Vec<_> = (0..2)
        .map(|_| {
            let (plan, sender, next) = (plan.clone(), sender.clone(), next.clone());
            tokio::task::spawn_blocking(move || {
                loop {
                    let first = next.fetch_add(CHUNK, std::sync::atomic::Ordering::Relaxed);
                    let numbers = first..(first + CHUNK).min(plan.accounts);
                    if numbers.is_empty()
                        || sender.blocking_send(numbers.map(|n| made(&plan, n)).collect()).is_err()
                    {
                        return;
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let mut done = 0;
    while let Some(chunk) = chunks.recv().await {
        store(app, scope, &chunk).await?;
        done += chunk.len();
        if done % 50_000 == 0 {
            note(format_args!("  {done} accounts stored"));
        }
    }
    for making in making {
        making.await?;
    }
    Ok(app.db.analyze().await?)
}

fn made(plan: &Plan, number: u64) -> Made {
    let from = plan.today - Duration::days(plan.days - 1);
    // What became known today and yesterday is not folded yet.
    let fresh_from = plan.today - Duration::days(1);
    let mut months: BTreeMap<NaiveDate, Month> = BTreeMap::new();
    let mut fresh = Vec::new();
    for Run { metric, rows } in bulk::series(SEED, number, &plan.metrics, from, plan.today) {
        for row in rows {
            if row.known_on >= fresh_from {
                fresh.push((metric, row));
            } else {
                let start = month_of(row.day);
                months.entry(start).or_insert_with(|| Month::new(start)).merge(metric, row);
            }
        }
    }
    let mut before: Option<Month> = None;
    let mut written = Vec::with_capacity(months.len());
    for (start, mut month) in months {
        if let Some(before) = &before {
            month.carry = before.carry_into(start);
        }
        written.push((start, month.write()));
        before = Some(month);
    }
    Made { account: bulk::account(SEED, number, plan.today), months: written, fresh }
}

async fn store(app: &App, scope: &TenantScope, chunk: &[Made]) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.write(scope).await?;
    let stated: Vec<Stated> = chunk
        .iter()
        .map(|made| Stated {
            external_id: made.account.external_id.clone(),
            name: Some(made.account.name.clone()),
            start_date: Some(Some(made.account.start)),
            ..Stated::default()
        })
        .collect();
    let put = db::accounts::put_many(&mut tx, &stated.iter().collect::<Vec<_>>(), now).await?;
    let ids: HashMap<&str, Uuid> =
        stated.iter().zip(&put).map(|(stated, (id, _))| (stated.external_id.as_str(), *id)).collect();
    let mut made: Vec<(Uuid, &Made)> =
        chunk.iter().map(|made| (ids[made.account.external_id.as_str()], made)).collect();
    made.sort_unstable_by_key(|(id, _)| *id);
    let contract = |made: &Made| Contract {
        external_id: format!("{}-C1", made.account.external_id),
        start_date: made.account.start,
        end_date: None,
        term_months: Some(made.account.term_months),
        arr_minor: made.account.arr_minor,
        currency: scope.currency().to_owned(),
        seats: Some(made.account.seats),
        ended_on: None,
    };
    let contracts: Vec<Contract> = made.iter().map(|(_, made)| contract(made)).collect();
    let contracts: Vec<(Uuid, &Contract)> = made.iter().map(|(id, _)| *id).zip(&contracts).collect();
    db::contracts::put_many(&mut tx, &contracts, now).await?;
    let months: Vec<(Uuid, NaiveDate, Vec<u8>)> = made
        .iter()
        .flat_map(|(id, made)| made.months.iter().map(|(start, data)| (*id, *start, data.clone())))
        .collect();
    db::metrics::put_months(&mut tx, &months).await?;
    let fresh: Vec<(Uuid, i32, &Row)> = made
        .iter()
        .flat_map(|(id, made)| made.fresh.iter().map(|(metric, row)| (*id, *metric, row)))
        .collect();
    db::metrics::put_rows(&mut tx, &fresh).await?;
    Ok(tx.commit().await?)
}
