//! `GET /portfolio/retention`: what revenue was kept, opened up to its bridge month by month; and the same as a file,
//! `GET /portfolio/retention.csv`.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde::Deserialize;

use crate::app::Error;
use crate::app::retention::{Asked, Retention};
use crate::db::{contracts, members};
use crate::domain::money::Money;
use crate::domain::retention::{Bridge, Renewed};
use crate::web::error::Result;
use crate::web::extract::{Hx, Member, Query};
use crate::web::pages::renewals::export;
use crate::web::pages::renewals::load::owner;
use crate::web::pages::wording::Wording;
use crate::web::respond::Page;
use crate::web::ui::charts::{BridgeChart, BridgeStep};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Notice, SelectFilter, Shell, StatTile, Tone, filters, format};
use crate::web::{Web, paths};

/// What the filters send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    csm: String,
    segment: String,
    currency: String,
    months: String,
    as_of: String,
}

impl Params {
    fn asked(&self) -> Asked {
        Asked {
            segment: Some(self.segment.clone()).filter(|segment| !segment.is_empty()),
            owner: owner(&self.csm),
            currency: self.currency.parse().ok(),
            months: self.months.parse().ok().filter(|n| (1..=60).contains(n)).unwrap_or(12),
        }
    }

    fn day(&self, today: NaiveDate) -> Result<NaiveDate> {
        match self.as_of.as_str() {
            "" => Ok(today),
            text => {
                let day = text.parse::<NaiveDate>();
                Ok(day.map_err(|_| Error::invalid("as_of", "must be a date such as 2026-11-22"))?.min(today))
            }
        }
    }
}

/// Retention.
#[derive(Clone, Debug, Template)]
#[template(path = "portfolio/retention.html", blocks = ["figures"])]
pub struct RetentionPage {
    /// The frame.
    pub shell: Shell,
    /// Period, segment, CSM, currency.
    pub selects: Vec<SelectFilter>,
    /// Net, gross, logos, renewal rate.
    pub stats: Vec<StatTile>,
    /// `1 Dec 2025 to 22 Nov 2026`.
    pub period: String,
    /// From opening to closing.
    pub bridge: Option<BridgeChart>,
    /// Oldest first.
    pub months: Vec<Row>,
    /// The whole period.
    pub whole: Option<Row>,
    /// KPIs of the methodology: name, figure, target, whether it is met.
    pub kpis: Vec<(String, String, String, Tone)>,
    /// The file.
    pub download: String,
    /// What could not be converted.
    pub notice: Option<Notice>,
    /// Said when there are no contracts.
    pub empty: Option<EmptyState>,
}

/// A month, or all of them.
#[derive(Clone, Debug)]
pub struct Row {
    /// `November 2026`.
    pub name: String,
    /// Opening, new, expansion, contraction, churn, closing.
    pub money: Vec<String>,
    /// `160 +2 −1`.
    pub accounts: String,
    /// Net retention.
    pub net: String,
    /// Gross retention.
    pub gross: String,
    /// Renewed of renewable.
    pub renewed: String,
}

/// The page, or its figures for htmx.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Hx(part): Hx,
    Query(params): Query<Params>,
) -> Result<Response> {
    let today = web.app.clock.today(member.scope.time_zone());
    let told = web.app.retention(&member.scope, &params.asked(), params.day(today)?).await?;
    let names = Wording::of(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let members = members::list(&mut tx).await?;
    let currencies = contracts::currencies(&mut tx).await?;
    drop(tx);
    let whole = &told.bridges.whole;
    let is_empty = whole.opening_accounts + whole.new_accounts + whole.closing_accounts == 0;
    let query = [
        ("csm", &*params.csm),
        ("segment", &*params.segment),
        ("currency", &*params.currency),
        ("months", &*params.months),
        ("as_of", &*params.as_of),
    ];
    let none = Renewed::default();
    let month = |(first, bridge): &(NaiveDate, Bridge)| {
        let renewed = told.renewed_months.get(first).unwrap_or(&none);
        row(first.format("%B %Y").to_string(), bridge, renewed, &told)
    };
    let page = RetentionPage {
        shell: member.shell(Room::Portfolio),
        selects: selects(&params, &names, &members, &currencies),
        stats: stats(&told),
        period: format!("{} to {}", format::date(told.bridges.from), format::date(told.bridges.to)),
        bridge: (!is_empty).then(|| bridge(&told)),
        months: told.bridges.months.iter().map(month).collect(),
        whole: Some(row("Each account once".to_owned(), whole, &told.renewed, &told)),
        kpis: kpis(&told, &names),
        download: paths::with_query("/portfolio/retention.csv", &query),
        notice: (told.unconverted > 0).then(|| {
            let title = format!("{} left out.", format::count(told.unconverted, "account"));
            Notice::new(
                Tone::Watch,
                &title,
                "Their currency has no exchange rate: state it under Settings, Exchange rates.",
            )
        }),
        empty: is_empty.then(|| {
            let text = "Retention follows from contracts and from what became of renewals.";
            EmptyState::new("chart-pie", "No contract in this period", text)
                .action("Import contracts", "/settings/imports")
        }),
    };
    Ok(if part { Page(page.as_figures()).into_response() } else { Page(page).into_response() })
}

fn selects(
    params: &Params,
    names: &Wording,
    members: &[members::Member],
    currencies: &[(String, i64)],
) -> Vec<SelectFilter> {
    let csms = members.iter().filter(|m| m.accounts > 0).map(|m| (m.id.to_string(), m.name.clone()));
    let csms = csms.chain([("none".to_owned(), "No CSM".to_owned())]);
    let months =
        [("3", "Last 3 months"), ("6", "Last 6 months"), ("24", "Last 24 months"), ("36", "Last 36 months")];
    let currencies = currencies.iter().map(|(code, _)| (code.clone(), format!("Only {code}")));
    vec![
        SelectFilter::new("months", "Period", "Last 12 months", months, Some(&params.months)),
        SelectFilter::new("segment", "Segment", "Any segment", names.segments(), Some(&params.segment)),
        SelectFilter::new("csm", "CSM", "Any CSM", csms, Some(&params.csm)),
        SelectFilter::new("currency", "Currency", "All, converted", currencies, Some(&params.currency)),
    ]
}

/// `104.2 %`, or a dash.
pub(super) fn share(share: Option<f64>) -> String {
    share.map_or("\u{2013}".to_owned(), |share| format::percent(share, 1))
}

fn money(told: &Retention, minor: i64) -> String {
    format::money_short(minor, told.currency.code())
}

fn stats(told: &Retention) -> Vec<StatTile> {
    let (whole, renewed) = (&told.bridges.whole, &told.renewed);
    let kept = |n: i64| format!("{} of {}", money(told, n), money(told, whole.opening));
    let net = whole.opening + whole.expansion - whole.contraction - whole.churned;
    let gross = whole.opening - whole.contraction - whole.churned;
    let logos = whole.opening_accounts - whole.churned_accounts;
    vec![
        StatTile::new("Net revenue retention", share(whole.net()), &kept(net)),
        StatTile::new("Gross revenue retention", share(whole.gross()), &kept(gross)),
        StatTile::new(
            "Logo retention",
            share(whole.logos()),
            &format!("{logos} of {}", format::count(whole.opening_accounts, "account")),
        ),
        StatTile::new(
            "Renewal rate",
            share(renewed.rate()),
            &match renewed.renewable {
                0 => "no renewal was decided".to_owned(),
                up => format!("{} of {} that was decided", money(told, renewed.renewed), money(told, up)),
            },
        ),
    ]
}

fn bridge(told: &Retention) -> BridgeChart {
    let whole = &told.bridges.whole;
    let accounts = |n: i64| if n == 0 { String::new() } else { format::count(n, "account") };
    let step = |name: &str, change: i64, n: i64| BridgeStep {
        name: name.to_owned(),
        change: change as f64,
        text: match change {
            0 => "0".to_owned(),
            1.. => format!("+{}", money(told, change)),
            _ => money(told, change),
        },
        note: accounts(n),
    };
    let end = |sum: i64, name: &str, n: i64| {
        (sum as f64, money(told, sum), format!("{name}, {}", format::count(n, "account")))
    };
    BridgeChart::new(
        "From the opening to the closing ARR",
        end(whole.opening, "Opening", whole.opening_accounts),
        vec![
            step("New", whole.new, whole.new_accounts),
            step("Expansion", whole.expansion, 0),
            step("Contraction", -whole.contraction, 0),
            step("Churn", -whole.churned, whole.churned_accounts),
        ],
        end(whole.closing, "Closing", whole.closing_accounts),
    )
}

fn row(name: String, bridge: &Bridge, renewed: &Renewed, told: &Retention) -> Row {
    let exact = |minor: i64| match minor {
        0 => "\u{2013}".to_owned(),
        minor => format::money(minor, told.currency.code()),
    };
    let signed = |n: i64, sign: &str| if n == 0 { String::new() } else { format!(" {sign}{n}") };
    Row {
        name,
        money: vec![
            exact(bridge.opening),
            exact(bridge.new),
            exact(bridge.expansion),
            exact(-bridge.contraction),
            exact(-bridge.churned),
            exact(bridge.closing),
        ],
        accounts: format!(
            "{}{}{}",
            format::number(bridge.closing_accounts),
            signed(bridge.new_accounts, "+"),
            signed(bridge.churned_accounts, "\u{2212}")
        ),
        net: share(bridge.net()),
        gross: share(bridge.gross()),
        renewed: match renewed.renewable {
            0 => "\u{2013}".to_owned(),
            _ => format!("{} of {}", money(told, renewed.renewed), money(told, renewed.renewable)),
        },
    }
}

/// Those KPIs that retention answers, with what the pack says of them.
fn kpis(told: &Retention, names: &Wording) -> Vec<(String, String, String, Tone)> {
    let Some(in_force) = names.in_force.as_deref() else { return Vec::new() };
    let written = |id: &str| in_force.file.kpis.iter().find(|kpi| *kpi.id == *id);
    let named = |id: &str| in_force.methodology.kpis.iter().find(|kpi| *kpi.id == *id);
    let line = |value: &crate::domain::kpi::KpiValue| {
        let name = named(&value.id).map_or_else(|| value.id.to_string(), |kpi| kpi.name.to_string());
        let target = written(&value.id).and_then(|kpi| kpi.target.as_ref()).map(|target| target.to_string());
        let tone = match value.met {
            Some(true) => Tone::Good,
            Some(false) => Tone::Risk,
            None => Tone::None,
        };
        Some((name, format::decimal(value.value?, 1), target.unwrap_or_default(), tone))
    };
    told.kpis.iter().filter_map(line).collect()
}

/// The file: a line a month, exact, and the whole.
pub async fn download(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Response> {
    let today = web.app.clock.today(member.scope.time_zone());
    let told = web.app.retention(&member.scope, &params.asked(), params.day(today)?).await?;
    let mut csv = export::csv_head(&[
        "period",
        "from",
        "currency",
        "opening",
        "new",
        "expansion",
        "contraction",
        "churned",
        "closing",
        "opening_accounts",
        "new_accounts",
        "churned_accounts",
        "closing_accounts",
        "renewable",
        "renewed",
    ]);
    let line = |period: &str, from: NaiveDate, b: &Bridge, r: &Renewed| {
        let figure = |minor: i64| Money::from_minor(minor, told.currency).figure().replace(',', "");
        let mut cells = vec![period.to_owned(), from.to_string(), told.currency.code().to_owned()];
        cells.extend([b.opening, b.new, b.expansion, b.contraction, b.churned, b.closing].map(figure));
        let accounts = [b.opening_accounts, b.new_accounts, b.churned_accounts, b.closing_accounts];
        cells.extend(accounts.map(|n| n.to_string()));
        cells.extend([r.renewable, r.renewed].map(figure));
        export::row(&cells.iter().map(String::as_str).collect::<Vec<_>>())
    };
    for (first, bridge) in &told.bridges.months {
        let renewed = told.renewed_months.get(first).copied().unwrap_or_default();
        csv += &line("month", *first, bridge, &renewed);
    }
    csv += &line("whole", told.bridges.from, &told.bridges.whole, &told.renewed);
    Ok(export::answer("retention.csv", csv))
}
