//! `/studio/compare?from=2&to=3`: what differs between two versions.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;

use super::changes::{ChangeList, DiffView, in_words};
use crate::app::Error;
use crate::app::methodology::{Side, overrides_of};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Shell, filters};

/// Which two.
#[derive(Debug, Deserialize)]
pub struct Params {
    from: i32,
    to: i32,
}

/// Two versions.
#[derive(Clone, Debug, Template)]
#[template(path = "studio/compare.html")]
pub struct ComparePage {
    /// The frame.
    pub shell: Shell,
    /// The first.
    pub from: i32,
    /// The second.
    pub to: i32,
    /// Every version, newest first, and whether it is the first or the second.
    pub versions: Vec<(i32, bool, bool)>,
    /// In words.
    pub words: ChangeList,
    /// As text.
    pub diff: DiffView,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Query(Params { from, to }): Query<Params>,
) -> Result<Page<ComparePage>> {
    let diff = web.app.diff(&member.scope, Side::Version(from), Side::Version(to)).await?;
    let a = web.app.version(&member.scope, from).await?.ok_or(Error::NotFound)?;
    let b = web.app.version(&member.scope, to).await?.ok_or(Error::NotFound)?;
    let (of_a, of_b) = (overrides_of(&a.overrides), overrides_of(&b.overrides));
    let versions = web.app.versions(&member.scope).await?;
    Ok(Page(ComparePage {
        shell: member.shell(Room::Settings),
        from,
        to,
        versions: versions.iter().map(|v| (v.version, v.version == from, v.version == to)).collect(),
        words: in_words((&a.source, &of_a), (&b.source, &of_b))?,
        diff: DiffView::new(&diff),
    }))
}
