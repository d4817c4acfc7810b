//! What invented people hear from their customers and sell to them: requests that go their way, opportunities that
//! are won and lost.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::desk::dice;
use crate::app::pipelines::{Leave, NewItem, Written, standing};
use crate::app::{Actor, App};
use crate::db::accounts::Sort;
use crate::db::pipelines::{Filter, Item};
use crate::db::{self, TenantScope, accounts};
use crate::domain::money::Money;
use crate::domain::pack::schema::Pipeline;
use crate::domain::pipeline::Place;

const MANY: i64 = 10_000;
/// What people get done of it in a week.
const A_WEEK: usize = 10;
/// Requests, and what speaks for each.
const WISHES: [(&str, &str); 8] = [
    ("Dashboards offline", "Their field teams have no network on site; 40 more seats depend on it."),
    ("Alerts in Microsoft Teams", "Everybody lives in Teams; alerts by mail are read a day late."),
    (
        "Row-level rights by region",
        "Legal blocks the rollout to three countries until managers see their region only.",
    ),
    ("Scheduled exports to SFTP", "Their controllers load figures by hand each Monday, two hours a week."),
    ("Comments on charts", "Discussions happen in mails with screenshots, and decisions get lost."),
    ("Fiscal calendars", "Their year starts in October; every quarter is compared by hand now."),
    (
        "Single sign-on for guests",
        "Auditors get shared log-ins today, which their security team has flagged.",
    ),
    ("Faster refresh of large models", "The morning report is ready at ten; the stand-up is at nine."),
];
/// What is tried together with a customer.
const TRIALS: [(&str, &str); 3] = [
    ("Tests the new forecast view", "Engaged analysts, and they asked to be first."),
    ("Tests natural-language questions", "Their managers never learned the query builder."),
    ("Tests the connector for their ERP", "The only customer on that ERP with enough volume."),
];
/// What speaks for an offer.
const PULL: [&str; 3] = [
    "They asked for a quote after the last business review.",
    "Two more departments want in before the year ends.",
    "What they build around us by hand, we have ready.",
];
const DROPPED: [&str; 3] = [
    "Solved by a workaround they are content with.",
    "Budget is frozen until next year.",
    "Their priority changed.",
];
const WON: [&str; 2] = ["Signed with the next order.", "Approved by their new head of data."];

/// A week of it.
pub(super) async fn work(app: &App, scope: &TenantScope, day: NaiveDate) -> anyhow::Result<()> {
    let Some(in_force) = app.methodology(scope).await? else { return Ok(()) };
    let pipelines = &in_force.file.pipelines;
    let mut tx = app.db.read(scope).await?;
    let names: BTreeMap<Uuid, String> =
        db::members::list(&mut tx).await?.into_iter().map(|member| (member.id, member.name)).collect();
    let open = Filter { open: Some(true), ..Filter::default() };
    let items = db::pipelines::list(&mut tx, &open, 0, MANY).await?;
    let everyone = accounts::Filter::default();
    let accounts = accounts::list(&mut tx, &everyone, Sort::Name, false, 0, MANY).await?;
    drop(tx);
    let here: Vec<_> = accounts.iter().filter(|account| account.churned_on.is_none()).collect();
    let heard = dice(&format!("heard {day}"));
    let is_trial = heard.is_multiple_of(4);
    if let (Some(account), Some(pipeline)) =
        (here.get(heard % here.len().max(1)), pipelines.get(usize::from(is_trial)).or(pipelines.first()))
    {
        let all: &[(&str, &str)] = if is_trial { &TRIALS } else { &WISHES };
        let (title, why) = all[(heard / 7) % all.len()];
        let new = NewItem {
            account: account.external_id.clone(),
            pipeline: Some(pipeline.id.to_string()),
            written: Written { title: title.to_owned(), why: why.to_owned(), ..Written::default() },
            ..NewItem::default()
        };
        let by = account.owner_name.clone().map_or_else(Actor::holdfast, Actor);
        app.open_item(scope, &new, &by).await?;
    }
    if let (Some(account), Some(offer)) = (
        here.get((heard / 3) % here.len().max(1)).filter(|_| heard % 5 < 2),
        in_force.file.offers.get((heard / 11) % in_force.file.offers.len().max(1)),
    ) {
        let (title, why) = (offer.name.to_string(), PULL[heard % PULL.len()].to_owned());
        let new = NewItem {
            account: account.external_id.clone(),
            offer: Some(offer.id.to_string()),
            written: Written { title, why, ..Written::default() },
            ..NewItem::default()
        };
        let by = account.owner_name.clone().map_or_else(Actor::holdfast, Actor);
        app.open_item(scope, &new, &by).await?;
    }
    let due = items.iter().filter(|item| luck(item, day) < 45);
    for item in due.take(A_WEEK) {
        let by = item.owner_id.and_then(|id| names.get(&id)).cloned().map_or_else(Actor::holdfast, Actor);
        go_on(app, scope, pipelines, item, day, &by).await?;
    }
    Ok(())
}

fn luck(item: &Item, day: NaiveDate) -> usize {
    dice(&format!("{}{}{day}", item.title, item.external_id)) % 100
}

async fn go_on(
    app: &App,
    scope: &TenantScope,
    pipelines: &[Pipeline],
    item: &Item,
    day: NaiveDate,
    by: &Actor,
) -> anyhow::Result<()> {
    let luck = luck(item, day);
    let said = |texts: &[&str]| texts[luck % texts.len()].to_owned();
    if luck < 5 {
        let leave = Leave { reason: said(&DROPPED), ..Leave::default() };
        app.close_item(scope, item.id, false, &leave, by).await?;
        return Ok(());
    }
    let place = Place::of(pipelines, standing(item));
    let Some(step) = place.step() else {
        return sell(app, scope, item, luck, by).await;
    };
    // Now and then somebody is in a hurry.
    if luck.is_multiple_of(9) && place.next().is_some() && !step.checks.is_empty() {
        let reason = "Their steering committee meets tomorrow; the rest follows.".to_owned();
        let leave = Leave { force: true, reason, ..Leave::default() };
        app.move_item(scope, item.id, None, &leave, by).await?;
        return Ok(());
    }
    for check in &step.checks {
        app.tick_check(scope, item.id, check, true, by).await?;
    }
    if place.next().is_some() {
        app.move_item(scope, item.id, None, &Leave::default(), by).await?;
    } else {
        app.close_item(scope, item.id, true, &Leave::default(), by).await?;
    }
    Ok(())
}

/// An opportunity without steps: first somebody says what it is worth, later it is won.
async fn sell(app: &App, scope: &TenantScope, item: &Item, luck: usize, by: &Actor) -> anyhow::Result<()> {
    if item.amount_minor.is_some() {
        if luck < 14 {
            let leave = Leave { reason: WON[luck % WON.len()].to_owned(), ..Leave::default() };
            app.close_item(scope, item.id, true, &leave, by).await?;
        }
        return Ok(());
    }
    let thousands = 4 + dice(&item.external_id) % 60;
    let amount = Money::from_minor(thousands as i64 * 100_000, scope.currency().parse()?);
    let to = Written {
        title: item.title.clone(),
        why: if item.why.is_empty() { item.title.clone() } else { item.why.clone() },
        amount: Some(amount),
        owner: None,
    };
    app.rewrite_item(scope, item.id, &to, None, by).await?;
    Ok(())
}
