//! `/studio`: the version in force, the drafts of the next one, every version there was, and the packs that come along.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use crate::app::members::Role;
use crate::app::methodology::{self, Version};
use crate::db::drafts::{self, DraftRow};
use crate::domain::pack::Overrides;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::pages::settings::{SettingsNav, SettingsRoom};
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, filters, format};
use crate::web::{Web, paths};

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    /// Show drafts that were put away as well.
    #[serde(default)]
    discarded: String,
}

/// The studio's home.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/home.html")]
pub struct HomePage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// What is in force; none before the first.
    pub in_force: Option<InForceCard>,
    /// Drafts, last saved first.
    pub drafts: Vec<DraftLine>,
    /// Said instead of drafts.
    pub no_drafts: Option<EmptyState>,
    /// Versions, newest first.
    pub versions: Vec<VersionLine>,
    /// Packs that come with Holdfast: (id, name, summary).
    pub packs: Vec<(String, String, String)>,
    /// Whether discarded drafts are shown as well.
    pub discarded: bool,
    /// Whether the member may draft.
    pub may_draft: bool,
    /// Whether the member may go back to a version.
    pub may_roll_back: bool,
}

/// The version in force.
#[derive(Clone, Debug)]
pub struct InForceCard {
    /// Its number.
    pub version: i32,
    /// Where it is read whole.
    pub href: String,
    /// Name of the pack.
    pub name: String,
    /// What it is, in a sentence.
    pub summary: String,
    /// (name, value): since when, by whom, what is in it.
    pub facts: Vec<(&'static str, String)>,
    /// Why it was published; empty without a word.
    pub note: String,
}

/// A draft.
#[derive(Clone, Debug)]
pub struct DraftLine {
    /// Its first page.
    pub href: String,
    /// Its title.
    pub title: String,
    /// `Acme customer success`.
    pub pack: String,
    /// `version 3`.
    pub over: String,
    /// `4 min ago by Ada Berg`.
    pub saved: String,
    /// Whether it was put away.
    pub discarded: bool,
}

/// A version.
#[derive(Clone, Debug)]
pub struct VersionLine {
    /// Its number.
    pub version: i32,
    /// Where it is read whole.
    pub href: String,
    /// What it was called.
    pub title: String,
    /// Why it was published.
    pub note: String,
    /// `22 Nov 2026`.
    pub day: String,
    /// By whom.
    pub by: String,
    /// Whether it is in force.
    pub current: bool,
    /// What changed since the one before; none for the first.
    pub changes: Option<String>,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(params): Query<Params>,
) -> Result<Page<HomePage>> {
    let in_force = web.app.methodology(&member.scope).await?;
    let versions = web.app.versions(&member.scope).await?;
    let discarded = !params.discarded.is_empty();
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Methodology).await?;
    let drafts = drafts::list(&mut tx, discarded).await?;
    drop(tx);
    let now = web.app.clock.now();
    let day = |version: &Version| format::date(member.scope.day_of(version.published_at));
    let current = versions.iter().find(|version| version.status == "published");
    let lines: Vec<DraftLine> = drafts.iter().map(|draft| draft_line(draft, now)).collect();
    Ok(Page(HomePage {
        shell: member.shell(Room::Settings),
        nav,
        in_force: in_force.as_ref().zip(current).map(|(m, v)| card(m, v, day(v))),
        no_drafts: lines.is_empty().then(|| {
            let text = "A draft is where the next version is made and tried out. Nothing changes for anybody \
                        before it is published.";
            EmptyState::new("layers", "No drafts", text)
        }),
        drafts: lines,
        versions: versions.iter().map(|version| version_line(version, day(version))).collect(),
        packs: packs(),
        discarded,
        may_draft: member.may(Role::Manager),
        may_roll_back: member.may(Role::Admin),
    }))
}

fn card(in_force: &methodology::InForce, version: &Version, day: String) -> InForceCard {
    let (file, m) = (&in_force.file, &in_force.methodology);
    let count = |n: usize, what: &str| format::count(n as i64, what);
    InForceCard {
        version: version.version,
        href: paths::version(version.version),
        name: version.pack_name.clone(),
        summary: file.pack.summary.as_ref().map_or_else(String::new, |text| format::sentence(text)),
        facts: vec![
            ("In force since", day),
            ("Published by", version.published_by.clone()),
            (
                "Health",
                format!(
                    "{}, {}",
                    count(m.health.models.len(), "model"),
                    count(m.health.indicators.len(), "measure")
                ),
            ),
            ("Segments", format::number(m.segments.len() as i64)),
            ("Rules", format::number(m.rules.len() as i64)),
            ("Playbooks", format::number(m.playbooks.len() as i64)),
        ],
        note: version.note.clone(),
    }
}

fn draft_line(draft: &DraftRow, now: chrono::DateTime<chrono::Utc>) -> DraftLine {
    DraftLine {
        href: paths::draft(draft.id),
        title: draft.title.clone(),
        pack: draft.pack_name.clone(),
        over: draft.based_on.map_or_else(String::new, |n| format!("version {n}")),
        saved: format!("{} by {}", format::ago(draft.updated_at, now), draft.updated_by),
        discarded: draft.status == "discarded",
    }
}

fn version_line(version: &Version, day: String) -> VersionLine {
    let n = version.version;
    VersionLine {
        version: n,
        href: paths::version(n),
        title: version.title.clone(),
        note: version.note.clone(),
        day,
        by: version.published_by.clone(),
        current: version.status == "published",
        changes: (n > 1).then(|| format!("/studio/compare?from={}&to={n}", n - 1)),
    }
}

/// The packs that come with Holdfast, as (id, name, summary). They never change, so they are read once.
pub(super) fn packs() -> Vec<(String, String, String)> {
    static PACKS: LazyLock<Vec<(String, String, String)>> = LazyLock::new(|| {
        let described = |id: String| {
            let loaded = methodology::load(&methodology::pack_source(&id)?, &Overrides::default()).ok()?;
            let summary =
                loaded.file.pack.summary.as_ref().map_or_else(String::new, |text| format::sentence(text));
            Some((id, loaded.name, summary))
        };
        methodology::pack_ids().into_iter().filter_map(described).collect()
    });
    PACKS.clone()
}
