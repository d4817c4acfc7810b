//! `/settings/rules`: the rules in force, and how many accounts one may open on at once. The form posts `percent` and
//! `least`.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{SettingsNav, SettingsRoom};
use crate::app::Error;
use crate::app::members::Role;
use crate::db;
use crate::db::storms::Storm;
use crate::domain::pack::schema::{Cadence, Rule, RuleCategory, Severity as Grave, Verb};
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Member};
use crate::web::pages::alerts::item::Severity;
use crate::web::pages::alerts::storm::{self, StormBanner};
use crate::web::pages::wording::Wording;
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, filters, format};
use crate::web::{Web, paths};

const HERE: &str = "/settings/rules";

/// The rules.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/rules.html")]
pub struct RulesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// What waits for a manager.
    pub storms: Vec<StormBanner>,
    /// Whether the visitor may change the limits.
    pub may_edit: bool,
    /// The share, in percent, as it stands or was typed.
    pub percent: String,
    /// The number that always may open, as it stands or was typed.
    pub least: String,
    /// What that comes to: `A rule may open on 40 accounts at once.`
    pub limit: String,
    /// What is wrong with what was typed.
    pub error: String,
    /// What was decided: rule, day, accounts, decision.
    pub decided: Vec<(String, String, String, String)>,
    /// The rules in the methodology's order.
    pub rules: Vec<RuleRow>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// Its name.
    pub name: String,
    /// Its condition.
    pub when: String,
    /// How grave what it raises is.
    pub severity: Severity,
    /// What it is about.
    pub category: &'static str,
    /// When it is looked at.
    pub cadence: &'static str,
    /// What it does: `asks somebody, starts a playbook`.
    pub does: String,
    /// Open alerts, and the list of them.
    pub open: (String, String),
}

/// The limits as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Limits {
    percent: String,
    least: String,
}

async fn page(web: &Web, member: &Member) -> Result<RulesPage> {
    let words = Wording::of(web, member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Rules).await?;
    let storms = storm::waiting(&mut tx, member, &words, HERE).await?;
    let (share, least, accounts) = db::storms::limits(&mut tx).await?;
    let decided = db::storms::list(&mut tx, true).await?;
    let open = db::alerts::rules(&mut tx, &db::alerts::Filter::default(), words.today).await?;
    let open: HashMap<String, i64> = open.into_iter().map(|(rule, _, open)| (rule, open)).collect();
    drop(tx);
    let most = (f64::from(share) * accounts as f64).floor().max(f64::from(least));
    let rules = words.in_force.iter().flat_map(|in_force| in_force.file.rules.iter());
    let rules: Vec<RuleRow> = rules.map(|rule| row(rule, &open)).collect();
    let none = || {
        let text = "Rules stand in the methodology: a condition, and what to do when it turns true.";
        EmptyState::new("circle-alert", "No rules", text).action("See the methodology", paths::STUDIO)
    };
    let decided = decided.into_iter().filter(|storm| storm.decided_at.is_some()).take(20);
    Ok(RulesPage {
        shell: member.shell(Room::Settings),
        nav,
        storms,
        may_edit: member.may(Role::Manager),
        percent: format::decimal(f64::from((share * 10_000.0).round()) / 100.0, 2),
        least: least.to_string(),
        limit: format!(
            "Of {}, a rule may open on {} at once; what would open on more waits for a manager.",
            format::count(accounts, "account"),
            format::number(most as i64)
        ),
        error: String::new(),
        decided: decided.map(|storm| line(&words, storm)).collect(),
        empty: rules.is_empty().then(none),
        rules,
    })
}

fn row(rule: &Rule, open: &HashMap<String, i64>) -> RuleRow {
    let severity = match rule.severity {
        Grave::Low => "low",
        Grave::Medium => "medium",
        Grave::High => "high",
        Grave::Critical => "critical",
    };
    let does = rule.actions.iter().map(|action| match action.verb {
        Verb::Cta => "asks somebody to act",
        Verb::Notify => "tells somebody",
        Verb::Opportunity => "notes a way to grow",
        Verb::Email => "prepares an e-mail",
        Verb::Task => "adds a task",
        Verb::Playbook => "starts a playbook",
        Verb::Renewal => "starts the renewal",
    });
    let open = open.get(&*rule.id).copied().unwrap_or_default();
    RuleRow {
        name: rule.name.to_string(),
        when: rule.when.to_string(),
        severity: Severity::of(severity),
        category: match rule.category {
            RuleCategory::Risk => "Risk",
            RuleCategory::Engagement => "Engagement",
            RuleCategory::Expansion => "Growth",
            RuleCategory::Renewal => "Renewal",
            RuleCategory::Advocacy => "Advocacy",
        },
        cadence: match rule.cadence {
            Cadence::Daily => "as data arrives",
            Cadence::Weekly => "weekly",
            Cadence::Monthly => "monthly",
            Cadence::Quarterly => "quarterly",
        },
        does: does.collect::<Vec<_>>().join(", "),
        open: (format::number(open), paths::with_query(paths::ALERTS, &[("rule", &rule.id)])),
    }
}

fn line(words: &Wording, storm: Storm) -> (String, String, String, String) {
    let decision = match storm.decision.as_deref() {
        Some("released") => format!("let pass by {}", storm.decided_by.unwrap_or_default()),
        Some("refused") => format!("refused by {}", storm.decided_by.unwrap_or_default()),
        _ => "cleared by itself".to_owned(),
    };
    let accounts = format!("{} of {}", storm.accounts, storm.of_accounts);
    (storm.name, format::date_near(storm.noticed_on, words.today), accounts, decision)
}

/// The rules.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<RulesPage>> {
    Ok(Page(page(&web, &member).await?))
}

/// Sets the limits.
pub async fn limit(
    State(web): State<Web>,
    Manager(member): Manager,
    Form(typed): Form<Limits>,
) -> Result<Response> {
    let mut page = page(&web, &member).await?;
    let percent = typed.percent.trim().replace('%', "").trim().parse().unwrap_or(f32::NAN);
    let least = typed.least.trim().parse().unwrap_or(0);
    match web.app.set_storm_limits(&member.scope, percent, least, &member.actor()).await {
        Ok(()) => {
            let text =
                format!("A rule may open on {percent} % of the accounts at once, and always on {least}.");
            let before = [("percent", page.percent.as_str()), ("least", &page.least)];
            Ok(Done::to(HERE, text).undo(HERE, &before).into_response())
        }
        Err(Error::Invalid(fields)) => {
            let named = |name: &str| if name == "percent" { "The share" } else { "The number" };
            let text: Vec<String> =
                fields.iter().map(|f| format!("{} {}.", named(&f.name), f.message)).collect();
            (page.percent, page.least, page.error) = (typed.percent, typed.least, text.join(" "));
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}
