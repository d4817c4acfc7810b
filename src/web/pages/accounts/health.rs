//! `GET /accounts/{external_id}/health`: the score down to its last point.

use askama::Template;
use axum::extract::{Path, State};

use super::corrections::{self, CorrectedDays};
use super::head::AccountHead;
use super::load::{AsOf, Scored, Subject};
use super::overrides::{Judgement, OverrideForm};
use super::{history, reasons, way_up};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::respond::Page;
use crate::web::ui::charts::{CurveDot, LineChart, Waterfall};
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters, format};

/// Health, explained.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/health.html")]
pub struct AccountHealthPage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// Said instead of everything while there is no score.
    pub empty: Option<EmptyState>,
    /// One sentence that a customer would understand.
    pub verdict: String,
    /// `Health score, version 3, as of 22 Nov 2026`.
    pub model: String,
    /// A person's word against the model's.
    pub judgement: Judgement,
    /// From 100 to what the model says.
    pub waterfall: Option<Waterfall>,
    /// Caps and vetoes in force: `Held at 69 (Yellow): usage fell by 31 % in 30 days`.
    pub caps: Vec<Notice>,
    /// The band worth reaching: `Green`; empty when it is there.
    pub goal: String,
    /// What it would take to get there, nearest first; empty when it is.
    pub path_up: Vec<PathUp>,
    /// Components with their measures, in the model's order.
    pub components: Vec<ComponentRow>,
    /// The score over time.
    pub score: Option<LineChart>,
    /// What changed it, newest first: weeks, the band, the methodology, people; with the signs of the chart's flags.
    pub changes: Vec<ScoreChange>,
    /// Past scores of which more is known since.
    pub corrected: Vec<CorrectedDays>,
}

/// One way up.
#[derive(Clone, Debug)]
pub struct PathUp {
    /// `Active users from 31 % to 48 %`.
    pub text: String,
    /// `+9.2`; empty where points are not the matter.
    pub gain: String,
    /// `alone enough` or `reaches 74 with those above`.
    pub note: String,
}

/// A component of the model.
#[derive(Clone, Debug)]
pub struct ComponentRow {
    /// Its name.
    pub name: String,
    /// Its share of the whole as the model asks: `30 %`.
    pub weight: String,
    /// Its own score: `54 of 100`.
    pub score: String,
    /// The tone of that.
    pub tone: Tone,
    /// What it gave of what it could: `16.2 of 30`.
    pub points: String,
    /// What lies below it.
    pub measures: Vec<MeasureRow>,
}

/// A measure.
#[derive(Clone, Debug)]
pub struct MeasureRow {
    /// Names the row in URLs.
    pub anchor: String,
    /// Its name.
    pub name: String,
    /// What is measured: its formula, or the name of its input.
    pub what: String,
    /// The reading: `31`, or `no data`.
    pub reading: String,
    /// Its unit.
    pub unit: String,
    /// `30 days to 21 Nov`.
    pub window: String,
    /// The curve with the account's dot.
    pub curve: CurveDot,
    /// The weight the model asks for: `10 %`.
    pub weight_asked: String,
    /// The weight it got after missing measures gave theirs away; the same text when nothing changed.
    pub weight_given: String,
    /// `+4.1`: points it gave to the hundred.
    pub gained: String,
    /// `−5.9`: points it cost, or `0`.
    pub lost: String,
    /// How bad that is.
    pub tone: Tone,
    /// `2 days ago`.
    pub fresh: String,
    /// `wanted within 7 days`; empty for what never goes stale.
    pub wanted: String,
    /// `stale` or `no data`; `None` when all is well.
    pub mark: Option<String>,
    /// The series behind it, when there is one.
    pub href: Option<String>,
}

/// A day on which something changed the score.
#[derive(Clone, Debug)]
pub struct ScoreChange {
    /// The flag's sign in the chart: `1`, `M` for the methodology, `H` for by hand; empty for a dot on the line.
    pub sign: String,
    /// `13 Nov`.
    pub date: String,
    /// `82 → 71`.
    pub change: String,
    /// Its tone.
    pub tone: Tone,
    /// `logins −43 %, two urgent tickets`.
    pub why: String,
}

/// The page, of today or of a past day as it was computed then.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(as_of): Query<AsOf>,
) -> Result<Page<AccountHealthPage>> {
    let subject = Subject::load(&web, &member, &external_id, &as_of).await?;
    let judgement = Judgement::of(&member, &subject, None);
    Ok(Page(page(&web, &member, &subject, judgement).await?))
}

/// The page with a form as it was sent, and what is wrong with it.
pub async fn with_form(
    web: &Web,
    member: &Member,
    external_id: &str,
    form: OverrideForm,
) -> Result<AccountHealthPage> {
    let subject = Subject::load(web, member, external_id, &AsOf::default()).await?;
    let judgement = Judgement::of(member, &subject, Some(form));
    page(web, member, &subject, judgement).await
}

async fn page(
    web: &Web,
    member: &Member,
    subject: &Subject,
    judgement: Judgement,
) -> Result<AccountHealthPage> {
    let mut page = AccountHealthPage {
        shell: subject.shell(member, "health"),
        head: subject.head("health"),
        empty: None,
        verdict: String::new(),
        model: String::new(),
        judgement,
        waterfall: None,
        caps: Vec::new(),
        goal: String::new(),
        path_up: Vec::new(),
        components: Vec::new(),
        score: None,
        changes: Vec::new(),
        corrected: Vec::new(),
    };
    let Some(scored) = subject.score.as_ref().filter(|scored| scored.explained.health.is_some()) else {
        page.empty = Some(no_score(subject));
        return Ok(page);
    };
    page.verdict = reasons::verdict(scored);
    page.model = model_line(scored);
    page.waterfall = reasons::waterfall(scored);
    page.caps = reasons::caps(scored);
    (page.goal, page.path_up) = way_up::path_up(scored);
    page.components = reasons::components(subject, scored);
    let points = history::points(web, member, subject).await?;
    let corrected = corrections::of(web, member, subject, &points).await?;
    page.caps.extend(corrected.notice);
    page.corrected = corrected.rows;
    let (chart, changes) = history::explained(web, member, subject, scored, &points, corrected.flags).await?;
    (page.score, page.changes) = (Some(chart), changes);
    Ok(page)
}

/// What an account without a score says, and what to do.
pub fn no_score(subject: &Subject) -> EmptyState {
    if subject.words.in_force.is_none() {
        let text = "Accounts are scored as soon as a methodology is applied.";
        return EmptyState::new("gauge", "No methodology yet", text).action("Methodology", "/studio");
    }
    let text = "A score needs at least one measure with data. Send events with this account's id as the \
                group, or import its metrics; the score follows within a minute.";
    EmptyState::new("activity", "Not enough data to score", text)
        .action("See what arrives", "/settings/sources")
        .action("Import metrics", "/settings/imports")
}

fn model_line(scored: &Scored) -> String {
    let health = &scored.in_force.methodology.health;
    let model = scored.explained.primary.map_or("", |at| &*health.models[at].name);
    format!(
        "{model} of {}, version {}, as of {}",
        scored.in_force.pack_name,
        scored.row.version,
        format::date(scored.row.day)
    )
}
