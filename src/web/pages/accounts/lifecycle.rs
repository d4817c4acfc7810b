//! `/accounts/{external_id}/lifecycle`: which stages the account has gone through, what is missing, and what people
//! say of it. `lifecycle_change` changes it.

use askama::Template;
use axum::extract::State;
use chrono::NaiveDate;

use super::head::AccountHead;
use super::load::{AsOf, Subject};
use crate::app::members::Role;
use crate::app::methodology::InForce;
use crate::app::stages::Journey;
use crate::db;
use crate::db::stages::{Entry, Hold, Ticked};
use crate::domain::lifecycle::{CriterionState, Lifecycle, Moment, Stage, StageSpan};
use crate::domain::pack::schema;
use crate::web::error::Result;
use crate::web::extract::{Member, Path, Query};
use crate::web::respond::Page;
use crate::web::ui::list::Choice;
use crate::web::ui::{EmptyState, Notice, Shell, Tone, filters, format};
use crate::web::{Web, paths};

/// Stages, criteria, moments, segment.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/lifecycle.html")]
pub struct LifecyclePage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// Said where the methodology has no lifecycle.
    pub empty: Option<EmptyState>,
    /// What is missing of the stages that are behind the account.
    pub behind: Option<Notice>,
    /// The stage that a person holds it in.
    pub held: Option<Held>,
    /// Base stages in order.
    pub stages: Vec<StageRow>,
    /// Overlays: name, what it says of itself, and whether it is in force.
    pub overlays: Vec<(String, String, bool)>,
    /// Moments: name, date or `not yet`, whether it came.
    pub moments: Vec<(String, String, bool)>,
    /// Its segment.
    pub segment: SegmentCard,
    /// The forms, for those who may.
    pub edit: Option<Edit>,
}

/// A stage that a person chose.
#[derive(Clone, Debug)]
pub struct Held {
    /// `Held in Adoption by Casey Lin since 3 Mar 2027`.
    pub text: String,
    /// Why.
    pub reason: String,
}

/// A base stage.
#[derive(Clone, Debug)]
pub struct StageRow {
    /// Its name.
    pub name: String,
    /// `Days 31 to 90`.
    pub span: String,
    /// `entered 3 Mar 2027, left 2 May 2027`; empty for one to come.
    pub entered: String,
    /// `passed`, `current` or `ahead`.
    pub state: &'static str,
    /// `day 45`, for the current one.
    pub day: String,
    /// What should be true before it is left.
    pub criteria: Vec<CriterionRow>,
    /// `2 of 4 met`; empty without criteria.
    pub met: String,
    /// What it is for.
    pub objectives: Vec<String>,
    /// What speaks against it going well.
    pub risks: Vec<String>,
}

/// A criterion.
#[derive(Clone, Debug)]
pub struct CriterionRow {
    /// Its name.
    pub name: String,
    /// Whether it is met.
    pub met: bool,
    /// `by data`, `ticked by Casey Lin on 3 Mar 2027`.
    pub how: String,
    /// Missed: the stage is over and it is not met.
    pub missed: bool,
    /// The stage's id, where it is ticked by hand and the member may.
    pub stage: Option<String>,
}

/// What the rules say of its segment.
#[derive(Clone, Debug)]
pub struct SegmentCard {
    /// The segment that counts.
    pub name: String,
    /// `set by hand; the rules say Gold`.
    pub note: String,
    /// Whether a person set it against the rules.
    pub differs: bool,
    /// What should be true beside it: the condition, and whether it agrees.
    pub advisory: Vec<(String, &'static str, Tone)>,
}

/// The forms.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Where they are sent: this and the verb.
    pub action: String,
    /// Stages to choose.
    pub stages: Vec<Choice>,
    /// Where the segment is sent.
    pub segment_action: String,
    /// Segments to choose.
    pub segments: Vec<Choice>,
}

/// What is stored of its stages.
struct Stored {
    entries: Vec<Entry>,
    hold: Option<Hold>,
    ticks: Vec<Ticked>,
    moments: Vec<(String, NaiveDate)>,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(as_of): Query<AsOf>,
) -> Result<Page<LifecyclePage>> {
    let subject = Subject::load(&web, &member, &external_id, &as_of).await?;
    let (id, day) = (subject.account.id, subject.day);
    let mut tx = web.app.db.read(&member.scope).await?;
    let known = |on: &NaiveDate| *on <= day;
    let stored = Stored {
        entries: db::stages::entries(&mut tx, id)
            .await?
            .into_iter()
            .filter(|e| known(&e.entered_on))
            .collect(),
        hold: db::stages::holds(&mut tx, &[id], day, day).await?.pop(),
        ticks: db::stages::ticks(&mut tx, &[id], day, day).await?,
        moments: db::stages::moments(&mut tx, id).await?.into_iter().filter(|(_, on)| known(on)).collect(),
    };
    drop(tx);
    let journey = web.app.journey(&member.scope, id, day).await?;
    let may_edit = member.may(Role::Csm) && !subject.is_past();
    let edit = may_edit.then(|| edit(&subject, journey.as_ref()));
    let in_force = web.app.methodology(&member.scope).await?;
    let view = journey.as_ref().zip(in_force.as_deref());
    let view = view.map(|(journey, in_force)| View { in_force, journey, stored: &stored, may_edit });
    let has_stages = view.as_ref().is_some_and(|view| !view.lifecycle().stages.is_empty());
    Ok(Page(LifecyclePage {
        shell: subject.shell(&member, "lifecycle"),
        head: subject.head("lifecycle"),
        empty: (!has_stages).then(|| {
            let text = "A methodology says which stages a customer goes through, and what should be true before each is left.";
            EmptyState::new("layers", "No lifecycle", text).action("See the methodology", paths::STUDIO)
        }),
        behind: view.as_ref().and_then(View::behind),
        held: stored.hold.as_ref().map(|hold| Held {
            text: format!(
                "Held in {} by {} since {}",
                subject.words.stage(&hold.stage),
                hold.set_by,
                format::date_near(hold.set_on, day)
            ),
            reason: hold.reason.clone(),
        }),
        stages: view.as_ref().map(View::stages).unwrap_or_default(),
        overlays: view.as_ref().map(View::overlays).unwrap_or_default(),
        moments: view.as_ref().map(View::moments).unwrap_or_default(),
        segment: segment(&subject, journey.as_ref()),
        edit: edit.filter(|_| has_stages),
    }))
}

/// What a page says of a journey.
struct View<'a> {
    in_force: &'a InForce,
    journey: &'a Journey,
    stored: &'a Stored,
    may_edit: bool,
}

impl View<'_> {
    fn lifecycle(&self) -> &Lifecycle {
        &self.in_force.methodology.lifecycle
    }

    fn said(&self, at: usize) -> Option<&schema::Stage> {
        self.in_force.file.lifecycle.as_ref()?.stages.get(at)
    }

    /// `Behind: …`, where criteria of stages that are over are unmet.
    fn behind(&self) -> Option<Notice> {
        let lifecycle = self.lifecycle();
        let missing = self.journey.passed(lifecycle).filter_map(|at| {
            let unmet = self.journey.exits.get(at)?.iter().filter(|c| !c.met);
            let names: Vec<&str> = unmet.map(|c| &*c.name).collect();
            (!names.is_empty()).then(|| format!("{}: {}", lifecycle.stages[at].name, names.join(", ")))
        });
        let missing: Vec<String> = missing.collect();
        (!missing.is_empty()).then(|| {
            let text = format!("The stage follows the calendar. Still unmet of {}.", missing.join("; of "));
            Notice::new(Tone::Watch, "Behind.", &text)
        })
    }

    fn stages(&self) -> Vec<StageRow> {
        let lifecycle = self.lifecycle();
        let passed: Vec<usize> = self.journey.passed(lifecycle).collect();
        let current = self.journey.evaluation.stage.as_deref();
        let row = |(at, stage): (usize, &Stage)| {
            let StageSpan::Days(from, to) = stage.span else { return None };
            let state = match Some(&*stage.id) == current {
                true => "current",
                false if passed.contains(&at) => "passed",
                false => "ahead",
            };
            let criteria = self.journey.exits.get(at).map_or(&[][..], Vec::as_slice);
            let met = criteria.iter().filter(|c| c.met).count();
            let said = self.said(at);
            let texts = |texts: &[crate::domain::pack::Text]| texts.iter().map(ToString::to_string).collect();
            Some(StageRow {
                name: stage.name.to_string(),
                span: match to {
                    Some(to) => format!("Days {from} to {to}"),
                    None => format!("From day {from}"),
                },
                entered: self.entered(&stage.id),
                state,
                day: match (state, self.journey.evaluation.day) {
                    ("current", Some(day)) => format!("day {}", format::number(day)),
                    _ => String::new(),
                },
                criteria: criteria.iter().map(|c| self.criterion(&stage.id, c, state)).collect(),
                met: if criteria.is_empty() {
                    String::new()
                } else {
                    format!("{met} of {} met", criteria.len())
                },
                objectives: said.map(|s| texts(&s.objectives)).unwrap_or_default(),
                risks: said.map(|s| texts(&s.risks)).unwrap_or_default(),
            })
        };
        lifecycle.stages.iter().enumerate().filter_map(row).collect()
    }

    fn entered(&self, stage: &str) -> String {
        let date = |day| format::date(day);
        let times = self.stored.entries.iter().filter(|entry| entry.stage == stage).map(|entry| match entry
            .left_on
        {
            Some(left) => format!("entered {}, left {}", date(entry.entered_on), date(left)),
            None => format!("entered {}", date(entry.entered_on)),
        });
        times.collect::<Vec<_>>().join("; ")
    }

    fn criterion(&self, stage: &str, criterion: &CriterionState, state: &str) -> CriterionRow {
        let tick = self.stored.ticks.iter().find(|t| t.stage == stage && *t.criterion == *criterion.name);
        let how = match (criterion.by_hand, tick) {
            (false, _) => "by data".to_owned(),
            (true, Some(tick)) => format!("ticked by {} on {}", tick.ticked_by, format::date(tick.ticked_on)),
            (true, None) => "by hand".to_owned(),
        };
        CriterionRow {
            name: criterion.name.to_string(),
            met: criterion.met,
            how,
            missed: !criterion.met && state == "passed",
            stage: (criterion.by_hand && self.may_edit).then(|| stage.to_owned()),
        }
    }

    fn overlays(&self) -> Vec<(String, String, bool)> {
        let row = |(at, stage): (usize, &Stage)| {
            let StageSpan::Overlay(_) = stage.span else { return None };
            let on = self.journey.evaluation.overlays.contains(&stage.id);
            let said = self.said(at).and_then(|s| s.duration_text.as_ref()).map(ToString::to_string);
            let entered = self.entered(&stage.id);
            let text = if entered.is_empty() { said.unwrap_or_default() } else { entered };
            Some((stage.name.to_string(), text, on))
        };
        self.lifecycle().stages.iter().enumerate().filter_map(row).collect()
    }

    fn moments(&self) -> Vec<(String, String, bool)> {
        let row = |moment: &Moment| {
            let on = self.stored.moments.iter().find(|(id, _)| **id == *moment.id).map(|(_, on)| *on);
            let text = on.map_or_else(|| "not yet".to_owned(), format::date);
            (moment.name.to_string(), text, on.is_some())
        };
        self.lifecycle().moments.iter().map(row).collect()
    }
}

fn segment(subject: &Subject, journey: Option<&Journey>) -> SegmentCard {
    let words = &subject.words;
    let evaluation = journey.map(|journey| &journey.evaluation);
    let counts = evaluation.and_then(|e| e.segment.as_deref());
    let by_rule = evaluation.and_then(|e| e.segment_by_rule.as_deref());
    let pinned = subject.account.pinned_segment.is_some();
    let differs = pinned && counts != by_rule;
    let note = match (pinned, differs) {
        (false, _) => "by the rules".to_owned(),
        (true, false) => "set by hand; the rules say the same".to_owned(),
        (true, true) => format!("set by hand; the rules say {}", words.segment(by_rule)),
    };
    let file = words.in_force.as_deref().map(|in_force| &in_force.file);
    let said = file.and_then(|file| file.segments.iter().find(|s| Some(&*s.id) == counts));
    let advisory = said.map(|s| &s.advisory[..]).unwrap_or_default().iter();
    let states = evaluation.map(|e| e.advisory.as_slice()).unwrap_or_default();
    let advisory = advisory.zip(states).map(|(text, state)| {
        let (word, tone) = match state {
            Some(true) => ("agrees", Tone::Good),
            Some(false) => ("disagrees", Tone::Watch),
            None => ("no data", Tone::None),
        };
        (text.to_string(), word, tone)
    });
    SegmentCard { name: words.segment(counts), note, differs, advisory: advisory.collect() }
}

fn edit(subject: &Subject, journey: Option<&Journey>) -> Edit {
    let id = &subject.account.external_id;
    let current = journey.and_then(|journey| journey.evaluation.stage.as_deref());
    let in_force = subject.words.in_force.as_deref();
    let stages = in_force.iter().flat_map(|m| &m.methodology.lifecycle.stages);
    let stages = stages.filter(|stage| matches!(stage.span, StageSpan::Days(..))).map(|stage| Choice {
        value: stage.id.to_string(),
        label: stage.name.to_string(),
        selected: Some(&*stage.id) == current,
    });
    let pinned = subject.account.pinned_segment.as_deref();
    let by_rule =
        Choice { value: String::new(), label: "By the rules".to_owned(), selected: pinned.is_none() };
    let segments = in_force.iter().flat_map(|m| &m.methodology.segments).map(|segment| Choice {
        value: segment.id.to_string(),
        label: segment.name.to_string(),
        selected: pinned == Some(&*segment.id),
    });
    Edit {
        action: paths::account_tab(id, "lifecycle"),
        stages: stages.collect(),
        segment_action: paths::account_tab(id, "segment"),
        segments: std::iter::once(by_rule).chain(segments).collect(),
    }
}
