//! `/api/v1/roles`: who plays the roles of the methodology; and `GET /api/v1/team/load`: who looks after how much.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::{Owner, member_by_email};
use super::paging::Page;
use super::{Refusal, Result};
use crate::app::Error;
use crate::app::roles::Holder;
use crate::db;
use crate::web::Web;
use crate::web::extract::{Path, Posted, ReadKey, WriteKey};

/// A role and who plays it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleDetail {
    /// Its id in the methodology.
    #[schema(example = "solution_architect")]
    pub role: String,
    /// What people call it.
    pub name: String,
    /// `owner` (each account's CSM), `member` or `nobody`.
    #[schema(example = "member")]
    pub follows: String,
    /// The member, for `member`.
    pub member: Option<Owner>,
    /// Open tasks of it that nobody does.
    pub unassigned_tasks: i64,
}

/// List roles.
///
/// By name.
#[utoipa::path(
    get,
    path = "/v1/roles",
    operation_id = "listRoles",
    tag = "Team",
    responses((status = 200, description = "Every role", body = Page<RoleDetail>)),
    security(("readKey" = []))
)]
pub async fn roles(State(web): State<Web>, key: ReadKey) -> Result<axum::Json<Page<RoleDetail>>> {
    Ok(axum::Json(Page::whole(all(&web, &key.scope).await?)))
}

/// Who plays a role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "follows": "member", "member": "sam@example.com" }))]
pub struct RoleStatement {
    /// Whom it follows.
    follows: Follows,
    /// The member's address, for `member`.
    member: Option<String>,
}

/// Whom a role follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follows {
    /// Each account's CSM.
    Owner,
    /// One member.
    Member,
    /// Nobody yet.
    Nobody,
}

/// Say who plays a role.
///
/// What is open, and was not given to somebody by hand, goes to them at once.
#[utoipa::path(
    put,
    path = "/v1/roles/{role}",
    operation_id = "putRole",
    tag = "Team",
    params(("role" = String, Path, description = "Its id in the methodology", example = "solution_architect")),
    request_body(content = RoleStatement, description = "Up to 256 KB"),
    responses((status = 200, description = "As it is now", body = RoleDetail)),
    security(("writeKey" = []))
)]
pub async fn cast(
    Posted { web, key, id: Path(role), body }: Posted<WriteKey, Path<String>, RoleStatement>,
) -> Result<axum::Json<RoleDetail>> {
    let holder = match (body.follows, &body.member) {
        (Follows::Owner, None) => Holder::Owner,
        (Follows::Nobody, None) => Holder::Nobody,
        (Follows::Member, Some(email)) => {
            let mut tx = web.app.db.read(&key.scope).await?;
            let members = db::members::list(&mut tx).await?;
            Holder::Member(member_by_email(&members, email).map_err(|text| Error::invalid("member", text))?)
        }
        (Follows::Member, None) => return Err(Error::invalid("member", "is needed").into()),
        _ => return Err(Error::invalid("member", "goes with `member` alone").into()),
    };
    let unknown = || Refusal::not_found("role", &role);
    web.app.cast_role(&key.scope, &role, holder, &key.actor()).await.map_err(|error| match error {
        Error::NotFound => unknown(),
        other => other.into(),
    })?;
    let found = all(&web, &key.scope).await?.into_iter().find(|known| known.role == role);
    Ok(axum::Json(found.ok_or_else(unknown)?))
}

async fn all(web: &Web, scope: &db::TenantScope) -> Result<Vec<RoleDetail>> {
    let mut tx = web.app.db.read(scope).await?;
    let members = db::members::list(&mut tx).await?;
    let detail = |role: db::roles::Role| RoleDetail {
        member: role.member_id.and_then(|id| Owner::member(&members, id)),
        role: role.role,
        name: role.name,
        follows: role.follows,
        unassigned_tasks: role.unassigned,
    };
    Ok(db::roles::list(&mut tx).await?.into_iter().map(detail).collect())
}

/// Who looks after how much.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoadDetail {
    /// Each member who has accounts or tasks, the fullest first.
    pub members: Vec<MemberLoad>,
    /// Each segment, in the order of the methodology.
    pub segments: Vec<SegmentLoad>,
    /// Accounts in business per CSM who has some; null without one.
    #[schema(example = 33.33)]
    pub accounts_per_csm: Option<f64>,
    /// What these figures say of the company, where the methodology asks.
    pub profile: Vec<ProfileAnswer>,
    /// Open tasks that nobody does.
    pub unassigned_tasks: i64,
    /// Meetings of the last 90 days.
    pub meetings: MeetingCount,
}

/// Meetings that were planned, and how many of them took place.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingCount {
    /// Planned, their day has come, and not called off.
    pub scheduled: i64,
    /// Those of them that took place.
    pub attended: i64,
}

/// A question of the methodology about the company that its figures answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileAnswer {
    /// The question's id.
    #[schema(example = "coverage_model")]
    pub question: String,
    /// The answer's id.
    #[schema(example = "mid_touch")]
    pub answer: String,
    /// What people call the answer.
    #[schema(example = "Mid-Touch (1:50-100)")]
    pub name: String,
}

/// What one member has.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberLoad {
    /// Who.
    pub member: Owner,
    /// Their accounts by segment.
    pub accounts: Vec<SegmentShare>,
    /// How much of their capacity the accounts take, 1 is all of it; null where no segment of theirs has a ratio.
    #[schema(example = 1.05)]
    pub capacity_used: Option<f64>,
    /// Whether that is more than one can do.
    pub over_capacity: bool,
    /// Open tasks.
    pub open_tasks: i64,
    /// Overdue ones.
    pub overdue_tasks: i64,
}

/// Accounts of one segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentShare {
    /// The segment's id; empty for none.
    #[schema(example = "mid_market")]
    pub segment: String,
    /// Accounts of it.
    pub accounts: i64,
    /// The most that one may have.
    pub most: Option<f64>,
}

/// What a segment needs and has.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentLoad {
    /// Its id; empty for accounts without one.
    #[schema(example = "mid_market")]
    pub segment: String,
    /// Accounts in business.
    pub accounts: i64,
    /// How many are planned for; null where the methodology does not say.
    pub planned: Option<f64>,
    /// Accounts per CSM who has some of them.
    pub per_csm: Option<f64>,
    /// The most that one may have.
    pub most: Option<f64>,
    /// Whether there are more.
    pub over_capacity: bool,
    /// Accounts without a CSM.
    pub unassigned: i64,
    /// Whether they need one.
    pub needs_csm: bool,
}

/// Show the team's load against the ratios of the methodology.
#[utoipa::path(
    get,
    path = "/v1/team/load",
    operation_id = "getTeamLoad",
    tag = "Team",
    responses((status = 200, description = "Everybody's load", body = LoadDetail)),
    security(("readKey" = []))
)]
pub async fn load(State(web): State<Web>, key: ReadKey) -> Result<axum::Json<LoadDetail>> {
    let load = web.app.team_load(&key.scope).await?;
    let members = load.members.iter().map(|one| MemberLoad {
        member: Owner { name: one.member.name.clone(), email: one.member.email.clone() },
        accounts: one
            .shares
            .iter()
            .map(|s| SegmentShare { segment: s.segment.clone(), accounts: s.accounts, most: s.most })
            .collect(),
        capacity_used: one.used.map(super::common::six_decimals),
        over_capacity: one.is_over(),
        open_tasks: one.open,
        overdue_tasks: one.overdue,
    });
    let segments = load.segments.iter().map(|one| SegmentLoad {
        segment: one.segment.clone(),
        accounts: one.accounts,
        planned: one.planned,
        per_csm: one.ratio().map(super::common::six_decimals),
        most: one.most,
        over_capacity: one.is_over(),
        unassigned: one.unassigned,
        needs_csm: one.needs_owner,
    });
    Ok(axum::Json(LoadDetail {
        members: members.collect(),
        segments: segments.collect(),
        accounts_per_csm: load.per_csm.map(super::common::six_decimals),
        profile: load
            .profile
            .iter()
            .map(|one| ProfileAnswer {
                question: one.question.clone(),
                answer: one.answer.clone(),
                name: one.answer_name.clone(),
            })
            .collect(),
        unassigned_tasks: load.unassigned_tasks,
        meetings: MeetingCount { scheduled: load.meetings.scheduled, attended: load.meetings.attended },
    }))
}
