//! What is under way for an account: its open tasks and plays, what its segment is given, and who plays which role for it.

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use uuid::Uuid;

use super::load::Subject;
use crate::app::Error;
use crate::app::members::Role as Rights;
use crate::db::tasks::Filter;
use crate::db::{self, Result as DbResult, TenantTx, pipelines, plays};
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Member, Path};
use crate::web::pages::crew::Crew;
use crate::web::pages::pipelines::view::Card;
use crate::web::pages::plays::progress::PlayRow;
use crate::web::pages::tasks::row::TaskRow;
use crate::web::respond::Done;
use crate::web::ui::list::Choice;
use crate::web::ui::{filters, format, html_safe};
use crate::web::{Web, paths};

/// Tasks and plays named on the overview.
const NAMED: i64 = 6;

/// Next steps, and the plays they belong to.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/work.html")]
pub struct Work {
    /// The earliest first.
    pub tasks: Vec<TaskRow>,
    /// `All 23 tasks`, or `All tasks`.
    pub all: String,
    /// All of them.
    pub tasks_href: String,
    /// What runs for it.
    pub plays: Vec<PlayRow>,
    /// What is open of it in pipelines, the longest in its step first.
    pub items: Vec<Card>,
    /// `and 3 more`; empty where all are here.
    pub more_items: String,
    /// Where one is opened.
    pub open_href: String,
    /// Where a playbook is chosen and started.
    pub start_href: String,
    /// The account's id.
    pub external_id: String,
    /// This page.
    pub here: String,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
}

html_safe!(Work);

impl Work {
    /// What is under way.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(tx: &mut TenantTx, subject: &Subject, crew: &Crew, member: &Member) -> DbResult<Work> {
        let (account, today) = (&subject.account, subject.words.today);
        let filter = Filter { account: Some(account.id), ..Filter::default() };
        let (tasks, total) = db::tasks::list(tx, &filter, 0, NAMED).await?;
        let running = plays::Filter { account: Some(account.id), ..plays::Filter::default() };
        let (plays, _) = plays::list(tx, &running, today, 0, NAMED).await?;
        let of_account = [("account", account.external_id.as_str())];
        let open = pipelines::Filter { account: Some(account.id), open: Some(true), ..Default::default() };
        let items = pipelines::list(tx, &open, 0, NAMED).await?;
        let in_force = subject.words.in_force.as_deref();
        Ok(Work {
            tasks: tasks.iter().map(|task| TaskRow::of(task, crew, today)).collect(),
            all: if total > NAMED {
                format!("All {} tasks", format::number(total))
            } else {
                "All tasks".to_owned()
            },
            tasks_href: paths::with_query(paths::TASKS, &[("who", "team"), of_account[0]]),
            plays: plays.iter().map(|play| PlayRow::of(play, crew, today)).collect(),
            items: items.iter().map(|item| Card::of(item, in_force, today)).collect(),
            more_items: match pipelines::count(tx, &open).await? - items.len() as i64 {
                0 => String::new(),
                more => format!("and {} more", format::number(more)),
            },
            open_href: paths::with_query("/pipelines/new", &of_account),
            start_href: format!("{}#templates", paths::with_query(paths::PLAYBOOKS, &of_account)),
            external_id: account.external_id.clone(),
            here: paths::account(&account.external_id),
            may_edit: member.may(Rights::Csm),
        })
    }
}

/// Coverage: what the segment is given, and by whom.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/coverage.html")]
pub struct Coverage {
    /// The segment.
    pub segment: String,
    /// `A shared success manager; at most 20 accounts each`.
    pub text: String,
    /// (name, value).
    pub service: Vec<(String, String)>,
    /// Success activities.
    pub activities: Vec<String>,
    /// Who plays which role.
    pub roles: Vec<RoleRow>,
    /// Where the form goes.
    pub action: String,
    /// The roles to choose from.
    pub choices: Vec<Choice>,
    /// The members to choose from.
    pub members: Vec<Choice>,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
}

html_safe!(Coverage);

/// A role for this account.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// Its name.
    pub name: String,
    /// Who plays it; empty for nobody.
    pub who: String,
    /// Whether that is for this account only.
    pub here_only: bool,
}

impl Coverage {
    /// What the account's segment is given; none without a methodology.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load(
        tx: &mut TenantTx,
        subject: &Subject,
        crew: &Crew,
        member: &Member,
    ) -> DbResult<Option<Coverage>> {
        let Some(in_force) = subject.words.in_force.as_deref() else { return Ok(None) };
        let account = &subject.account;
        let here = db::roles::of_account(tx, account.id).await?;
        let segment = in_force.file.segments.iter().find(|s| Some(&*s.id) == account.segment.as_deref());
        let coverage = segment.and_then(|segment| segment.coverage.as_ref());
        let most = segment.and_then(|s| crate::domain::coverage::most_of(&in_force.file, &s.id));
        let said = coverage.and_then(|c| c.text.as_ref()).map(|text| text.to_string());
        let model = coverage.map(|c| format!("{} coverage", c.model.replace('_', " ")));
        let most = most.map(|most| format!("at most {} accounts each", format::decimal(most, 1)));
        let volume = coverage
            .and_then(|c| c.account_volume.as_ref())
            .map(|v| format!("{} accounts are planned", &**v));
        let service = segment.into_iter().flat_map(|s| s.service.iter());
        let csm = account.owner_name.clone().unwrap_or_default();
        let role = |role: &db::roles::Role| {
            let own = here.iter().find(|(id, _)| *id == role.role).and_then(|(_, id)| crew.name(*id));
            let who = match (own, role.follows.as_str()) {
                (Some(name), _) => name.to_owned(),
                (None, "owner") => csm.clone(),
                (None, _) => role.member_id.and_then(|id| crew.name(id)).unwrap_or_default().to_owned(),
            };
            RoleRow { name: role.name.clone(), who, here_only: own.is_some() }
        };
        Ok(Some(Coverage {
            segment: subject.words.segment(account.segment.as_deref()),
            text: [said.or(model), most, volume].into_iter().flatten().collect::<Vec<_>>().join("; "),
            service: service.map(|(name, value)| (label(name), spoken(value))).collect(),
            activities: segment
                .map_or_else(Vec::new, |s| s.activities.iter().map(|a| a.to_string()).collect()),
            roles: crew.roles.iter().map(role).filter(|row| !row.who.is_empty()).collect(),
            action: paths::account_tab(&account.external_id, "roles"),
            choices: crew
                .roles
                .iter()
                .map(|role| Choice { value: role.role.clone(), label: role.name.clone(), selected: false })
                .collect(),
            members: crew.choices("Whoever plays it elsewhere", None, member.membership.member_id),
            may_edit: member.may(Rights::Csm),
        }))
    }
}

fn label(id: &str) -> String {
    let mut text = id.replace('_', " ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}

fn spoken(value: &str) -> String {
    match value {
        "true" => "Yes".to_owned(),
        "false" => "No".to_owned(),
        other => other.to_owned(),
    }
}

/// A role, and who plays it here.
#[derive(Debug, Deserialize)]
pub struct Cast {
    role: String,
    #[serde(default)]
    member: String,
}

/// Says who plays a role for this account.
pub async fn cast(
    State(web): State<Web>,
    Csm(member): Csm,
    Path(external_id): Path<String>,
    Form(form): Form<Cast>,
) -> Result<Done> {
    let player: Option<Uuid> = match form.member.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::invalid("member", "is no member"))?),
    };
    let mut tx = web.app.db.read(&member.scope).await?;
    let account = db::accounts::id_of(&mut tx, &external_id).await?.ok_or(Error::NotFound)?;
    let crew = Crew::load(&mut tx).await?;
    let before = db::roles::of_account(&mut tx, account).await?;
    drop(tx);
    web.app.cast_role_for(&member.scope, &external_id, &form.role, player, &member.actor()).await?;
    let who = player.and_then(|id| crew.name(id)).unwrap_or("whoever plays it elsewhere");
    let was =
        before.iter().find(|(role, _)| *role == form.role).map(|(_, id)| id.to_string()).unwrap_or_default();
    let text = format!("{}: {who}. What is open went to them.", crew.role(&form.role));
    let here = paths::account(&external_id);
    let action = paths::account_tab(&external_id, "roles");
    Ok(Done::to(here, text).undo(action, &[("role", &form.role), ("member", &was)]))
}
