//! `/studio/drafts/{id}/contents`: everything in a draft's file, each with a link to its line.

use askama::Template;
use axum::extract::State;

use super::{Answer, DraftHead, Tab, answer, find};
use crate::app::methodology::{self, Draft};
use crate::domain::pack::{Text, schema};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Id, Member};
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Shell, filters, format};

/// What is in a draft.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/contents.html")]
pub struct ContentsPage {
    /// The frame.
    pub shell: Shell,
    /// The draft.
    pub head: DraftHead,
    /// Its sections.
    pub sections: Vec<Section>,
}

/// A section of the file.
#[derive(Clone, Debug)]
pub struct Section {
    /// What it holds.
    pub name: &'static str,
    /// How many.
    pub count: String,
    /// The things in it.
    pub things: Vec<Thing>,
}

/// A thing in a section.
#[derive(Clone, Debug)]
pub struct Thing {
    /// Its name.
    pub name: String,
    /// What decides about it: a condition, a formula.
    pub code: String,
    /// What else there is to say.
    pub note: String,
    /// Its line in the file.
    pub line: u32,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member, Id(id): Id) -> Answer {
    let draft = find(&web, &member, id).await?;
    Ok(answer(page(&web, &member, &draft).await.map(Page)))
}

async fn page(web: &Web, member: &Member, draft: &Draft) -> Result<ContentsPage> {
    let loaded = methodology::load_apart(&draft.stored.source, &draft.overrides).await?;
    let file = &loaded.file;
    let mut sections = vec![
        section("Segments", file.segments.iter().map(|s| thing(&s.name, s.when.as_ref(), coverage(s)))),
        section("Stages", file.lifecycle.iter().flat_map(|l| l.stages.iter()).map(stage)),
        section("Rules", file.rules.iter().map(|r| thing(&r.name, Some(&r.when), actions(r)))),
        section("Renewals", file.renewals.iter().map(renewal)),
        section(
            "Playbooks",
            file.playbooks.iter().map(|p| {
                thing(
                    &p.name,
                    None,
                    format!("{}, {}", p.category, format::count(p.tasks.len() as i64, "task")),
                )
            }),
        ),
        section(
            "Inputs",
            file.inputs.iter().map(|(name, input)| Thing {
                name: input.name.as_ref().unwrap_or(name).to_string(),
                code: input
                    .from
                    .as_ref()
                    .map_or_else(|| name.to_string(), |from| format!("{name} = {}", &**from)),
                note: input.note.as_ref().map_or_else(String::new, ToString::to_string),
                line: name.at.line,
            }),
        ),
        section(
            "KPIs",
            file.kpis.iter().map(|k| {
                thing(
                    &k.name,
                    Some(&k.formula),
                    k.target.as_ref().map_or_else(String::new, |t| format!("target {t}")),
                )
            }),
        ),
    ];
    sections.extend(more(file));
    sections.retain(|section| !section.things.is_empty());
    Ok(ContentsPage {
        shell: member.shell(Room::Settings),
        head: DraftHead::new(web, member, draft, Tab::Contents),
        sections,
    })
}

/// The sections of which only names are shown.
fn more(file: &schema::File) -> Vec<Section> {
    fn named<'a>(name: &'static str, names: impl Iterator<Item = &'a Text>) -> Section {
        section(name, names.map(|name| thing(name, None, String::new())))
    }
    let levels = file.sla.iter().flat_map(|sla| sla.levels.iter()).map(|level| &level.name);
    let programmes = file.advocacy.iter().flat_map(|a| a.programmes.iter()).map(|programme| &programme.name);
    let roles = file.team.iter().flat_map(|team| team.roles.iter()).map(|role| &role.name);
    vec![
        named("Support levels", levels),
        named("Value models", file.value_models.iter().map(|model| &model.name)),
        named("Pipelines", file.pipelines.iter().map(|pipeline| &pipeline.name)),
        named("Touchpoints", file.touchpoints.iter().map(|touchpoint| &touchpoint.name)),
        named("Surveys", file.surveys.iter().map(|survey| &survey.name)),
        named("Offers", file.offers.iter().map(|offer| &offer.name)),
        named("Advocacy", programmes),
        named("Reports", file.reports.iter().map(|report| &report.name)),
        named("Success plans", file.success_plans.iter().map(|plan| &plan.name)),
        named("Roles", roles),
        named("Integrations", file.integrations.iter().map(|integration| &integration.name)),
        named("Guides", file.guides.iter().map(|guide| &guide.title)),
        section(
            "Resolutions",
            file.resolutions.iter().map(|r| thing(&r.issue, None, r.resolution.to_string())),
        ),
    ]
}

fn section(name: &'static str, things: impl Iterator<Item = Thing>) -> Section {
    let things: Vec<Thing> = things.collect();
    Section { name, count: format::number(things.len() as i64), things }
}

fn thing(name: &Text, when: Option<&Text>, note: String) -> Thing {
    Thing {
        name: name.to_string(),
        code: when.map_or_else(String::new, ToString::to_string),
        note,
        line: name.at.line,
    }
}

fn coverage(segment: &schema::Segment) -> String {
    let coverage = segment.coverage.as_ref();
    let text = coverage.and_then(|c| c.text.as_ref()).or_else(|| coverage.map(|c| &c.model));
    text.map_or_else(String::new, ToString::to_string)
}

fn stage(stage: &schema::Stage) -> Thing {
    let days = match (stage.from, stage.to) {
        (Some(from), Some(to)) => format!("days {from} to {to}"),
        (Some(from), None) => format!("from day {from} on"),
        _ => "beside the others".to_owned(),
    };
    thing(&stage.name, stage.when.as_ref(), days)
}

fn actions(rule: &schema::Rule) -> String {
    let each = rule.actions.iter().map(|action| {
        let what = action.title.as_ref().or(action.playbook.as_ref()).map_or("", |text| text);
        format!("{:?} {what}", action.verb).trim().to_lowercase()
    });
    format!("{:?}: {}", rule.severity, each.collect::<Vec<_>>().join(", "))
}

fn renewal(timeline: &schema::RenewalTimeline) -> Thing {
    let name = timeline.name.as_ref().unwrap_or(&timeline.id);
    let strategies = timeline.strategies.iter().map(|strategy| strategy.name.to_string());
    let strategies = strategies.collect::<Vec<_>>().join(", ");
    let note = format!("begins {} days before: {strategies}", timeline.window);
    thing(name, timeline.when.as_ref(), note)
}
