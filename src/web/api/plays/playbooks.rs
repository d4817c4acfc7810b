//! `GET /api/v1/playbooks`: what there is to run.

use axum::extract::State;
use chrono::Days;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db;
use crate::domain::pack::schema::{Anchor, Subject};
use crate::web::Web;
use crate::web::api::Result;
use crate::web::api::paging::Page;
use crate::web::extract::ReadKey;

/// Plays that began longer ago do not count for what followed.
const FOLLOWED_DAYS: u64 = 365;

/// A template of the methodology, and what followed its plays of the last year.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybookDetail {
    /// Its id.
    #[schema(example = "onboarding-90")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its category.
    #[schema(example = "onboarding")]
    pub category: String,
    /// `account`, `member` or `tenant`.
    #[schema(example = "account")]
    pub subject: String,
    /// What its days count from: `start`, `stage_entry`, `renewal` or `trigger`.
    #[schema(example = "start")]
    pub anchor: String,
    /// Its length in days.
    pub days: Option<i64>,
    /// How many tasks it has.
    pub tasks: usize,
    /// What it is for.
    pub goal: Option<String>,
    /// The condition by which data decides about the goal.
    pub goal_when: Option<String>,
    /// How its plays ended.
    pub plays: PlayCounts,
}

/// How plays of a playbook ended. What followed is counted; it does not say what caused it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct PlayCounts {
    /// Running or paused.
    pub running: i64,
    /// Their goal was reached, by data.
    pub reached: i64,
    /// Their time passed before.
    pub missed: i64,
    /// Their tasks were done, without a goal that data decides.
    pub done: i64,
    /// A person stopped them.
    pub stopped: i64,
    /// Ended plays of accounts with a score when they began and one now.
    pub compared: i64,
    /// Of those, accounts that stand higher now.
    pub higher: i64,
}

/// List playbooks.
///
/// In the order of the methodology.
#[utoipa::path(
    get,
    path = "/v1/playbooks",
    operation_id = "listPlaybooks",
    tag = "Plays",
    responses((status = 200, description = "Every playbook", body = Page<PlaybookDetail>)),
    security(("readKey" = []))
)]
pub async fn list(State(web): State<Web>, key: ReadKey) -> Result<axum::Json<Page<PlaybookDetail>>> {
    let today = web.app.clock.today(key.scope.time_zone());
    let in_force = web.app.methodology(&key.scope).await?;
    let mut tx = web.app.db.read(&key.scope).await?;
    let followed = db::plays::followed(&mut tx, today - Days::new(FOLLOWED_DAYS)).await?;
    let playbooks = in_force.iter().flat_map(|m| m.file.playbooks.iter()).map(|playbook| PlaybookDetail {
        id: playbook.id.to_string(),
        name: playbook.name.to_string(),
        category: playbook.category.to_string(),
        subject: match playbook.subject {
            Subject::Account => "account",
            Subject::Member => "member",
            Subject::Tenant => "tenant",
        }
        .to_owned(),
        anchor: match playbook.anchor {
            Anchor::Start => "start",
            Anchor::StageEntry => "stage_entry",
            Anchor::Renewal => "renewal",
            Anchor::Trigger => "trigger",
        }
        .to_owned(),
        days: playbook.days,
        tasks: playbook.tasks.len(),
        goal: playbook.goal.as_ref().map(|goal| goal.to_string()),
        goal_when: playbook.goal_when.as_ref().map(|when| when.to_string()),
        plays: followed.iter().find(|f| *f.playbook == *playbook.id).map_or_else(PlayCounts::default, |f| {
            PlayCounts {
                running: f.running,
                reached: f.reached,
                missed: f.missed,
                done: f.done,
                stopped: f.stopped,
                compared: f.compared,
                higher: f.higher,
            }
        }),
    });
    Ok(axum::Json(Page::whole(playbooks.collect())))
}
