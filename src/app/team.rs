//! Load: who looks after how many accounts, held against what the methodology says one can.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::methodology::InForce;
use super::{App, Result};
use crate::db::members::Member;
pub use crate::db::team::MEETING_DAYS;
use crate::db::team::{Busy, Meetings, Owned, Played};
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::Id;
use crate::domain::coverage::{self, Share};
use crate::domain::money::Money;

/// What one member has.
#[derive(Debug, Clone)]
pub struct Load {
    /// The member.
    pub member: Member,
    /// Their accounts by segment.
    pub shares: Vec<Share>,
    /// ARR of their accounts in the tenant's currency.
    pub arr_base_minor: i64,
    /// How much of their capacity the accounts take; above 1 is too much. None without a ratio.
    pub used: Option<f64>,
    /// Open tasks.
    pub open: i64,
    /// Overdue ones.
    pub overdue: i64,
}

impl Load {
    /// Whether it is more than one can do.
    pub fn is_over(&self) -> bool {
        self.used.is_some_and(coverage::is_over)
    }
}

/// What one segment needs and has.
#[derive(Debug, Clone)]
pub struct SegmentLoad {
    /// Its id.
    pub segment: String,
    /// Accounts in business.
    pub accounts: i64,
    /// Members who have some of them.
    pub owners: i64,
    /// Accounts without a CSM.
    pub unassigned: i64,
    /// Whether each of them needs one.
    pub needs_owner: bool,
    /// The most that one may have.
    pub most: Option<f64>,
    /// How many accounts of it are planned for; none where the methodology does not say.
    pub planned: Option<f64>,
}

impl SegmentLoad {
    /// Accounts per CSM who has some; none without one.
    pub fn ratio(&self) -> Option<f64> {
        (self.owners > 0).then(|| (self.accounts - self.unassigned) as f64 / self.owners as f64)
    }

    /// Whether that is more than one may have.
    pub fn is_over(&self) -> bool {
        self.ratio().zip(self.most).is_some_and(|(ratio, most)| ratio > most)
    }
}

/// For how many accounts a member plays a role that has a range.
#[derive(Debug, Clone)]
pub struct RoleLoad {
    /// The role's id.
    pub role: String,
    /// Its name.
    pub name: String,
    /// Who plays it; none where nobody does.
    pub member: Option<Member>,
    /// For how many accounts.
    pub accounts: i64,
    /// The fewest it should be.
    pub least: Option<f64>,
    /// The most it should be.
    pub most: Option<f64>,
}

impl RoleLoad {
    /// Whether these are more than one can do.
    pub fn is_over(&self) -> bool {
        self.most.is_some_and(|most| self.accounts as f64 > most)
    }
}

/// A question of the tenant's profile that its figures answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The question's id.
    pub question: String,
    /// Its name.
    pub name: String,
    /// The answer's id.
    pub answer: String,
    /// Its name.
    pub answer_name: String,
}

/// Everybody's load.
#[derive(Debug, Clone)]
pub struct TeamLoad {
    /// Each member who has accounts or tasks, or whose role it is to; the fullest first.
    pub members: Vec<Load>,
    /// Each segment, in the order of the methodology.
    pub segments: Vec<SegmentLoad>,
    /// Each player of a role with a range of accounts.
    pub roles: Vec<RoleLoad>,
    /// What the tenant's figures say of its profile, such as its coverage model by accounts per CSM.
    pub profile: Vec<Answered>,
    /// Accounts in business per CSM who has some; none without one.
    pub per_csm: Option<f64>,
    /// Open tasks that nobody does.
    pub unassigned_tasks: i64,
    /// Meetings of the last [`MEETING_DAYS`] days.
    pub meetings: Meetings,
    /// How many members play each role whose number the methodology asks for.
    pub players: BTreeMap<String, i64>,
}

impl TeamLoad {
    /// The figure of a base measure's name, of the whole company or of one segment.
    pub fn measure(&self, name: &str, segment: Option<&SegmentLoad>) -> Option<f64> {
        let people = |n: i64| (n > 0).then_some(n as f64);
        let of_role = || self.players.get(name.strip_suffix("_count")?).copied().and_then(people);
        match (name, segment) {
            // Whom nobody looks after is said beside it.
            ("account_count", Some(segment)) => Some((segment.accounts - segment.unassigned) as f64),
            ("csm_count", Some(segment)) => people(segment.owners),
            (_, Some(_)) => None,
            ("account_count", None) => Some(self.segments.iter().map(|s| s.accounts as f64).sum()),
            ("csm_count", None) => {
                people(self.members.iter().filter(|m| !m.shares.is_empty()).count() as i64)
            }
            (name, None) => self.meetings.measure(name).or_else(of_role),
        }
    }
}

impl App {
    /// Everybody's load as of today.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn team_load(&self, scope: &TenantScope) -> Result<TeamLoad> {
        let in_force = self.methodology(scope).await?;
        let today = self.clock.today(scope.time_zone());
        let mut tx = self.db.read(scope).await?;
        let owned = db::team::owned(&mut tx, None).await?;
        let busy = db::team::busy(&mut tx, today).await?;
        let since = today - chrono::Duration::days(MEETING_DAYS);
        let meetings = db::team::meetings(&mut tx, since, today).await?;
        let members = db::members::list(&mut tx).await?;
        let (roles, players) = match &in_force {
            Some(in_force) => {
                (role_loads(&mut tx, in_force, &members).await?, players(&mut tx, in_force).await?)
            }
            None => Default::default(),
        };
        drop(tx);
        let in_force = in_force.as_deref();
        let per_csm = per_csm(&owned, &members);
        let currency = scope.currency();
        let mut loads: Vec<Load> =
            members.iter().map(|member| load(in_force, member, &owned, &busy)).collect();
        loads.retain(|load| !load.shares.is_empty() || load.open > 0 || load.member.role == "csm");
        loads.sort_by(|a, b| {
            let of = |load: &Load| (load.used.unwrap_or(0.0), load.arr_base_minor);
            of(b).partial_cmp(&of(a)).unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(TeamLoad {
            members: loads,
            segments: segment_loads(in_force, &owned, &members),
            roles,
            profile: in_force
                .zip(per_csm)
                .map_or_else(Vec::new, |(m, per_csm)| profile(m, per_csm, &owned, currency, today)),
            per_csm,
            unassigned_tasks: busy.iter().filter(|b| b.owner_id.is_none()).map(|b| b.open).sum(),
            meetings,
            players,
        })
    }

    /// What one member has; none when they are not there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn load_of(&self, scope: &TenantScope, member: Uuid) -> Result<Option<Load>> {
        let in_force = self.methodology(scope).await?;
        let mut tx = self.db.read(scope).await?;
        let owned = db::team::owned(&mut tx, Some(member)).await?;
        let found = db::members::list(&mut tx).await?.into_iter().find(|one| one.id == member);
        Ok(found.map(|member| load(in_force.as_deref(), &member, &owned, &[])))
    }
}

fn load(in_force: Option<&InForce>, member: &Member, owned: &[Owned], busy: &[Busy]) -> Load {
    let mine = || owned.iter().filter(|owned| owned.owner_id == Some(member.id));
    let shares: Vec<Share> = mine()
        .map(|owned| {
            let segment = owned.segment.clone().unwrap_or_default();
            let most = in_force.and_then(|m| coverage::most_of(&m.file, &segment));
            Share { segment, accounts: owned.accounts, most }
        })
        .collect();
    let busy = busy.iter().find(|busy| busy.owner_id == Some(member.id));
    Load {
        member: member.clone(),
        arr_base_minor: mine().map(|owned| owned.arr_base_minor).sum(),
        used: coverage::used(&shares),
        shares,
        open: busy.map_or(0, |busy| busy.open),
        overdue: busy.map_or(0, |busy| busy.overdue),
    }
}

fn segment_loads(in_force: Option<&InForce>, owned: &[Owned], members: &[Member]) -> Vec<SegmentLoad> {
    let Some(in_force) = in_force else { return Vec::new() };
    let is_here = |id: Uuid| members.iter().any(|member| member.id == id);
    let mut found: BTreeMap<&str, SegmentLoad> = BTreeMap::new();
    for owned in owned {
        let id = owned.segment.as_deref().unwrap_or_default();
        let entry = found.entry(id).or_insert_with(|| SegmentLoad {
            segment: id.to_owned(),
            accounts: 0,
            owners: 0,
            unassigned: 0,
            needs_owner: coverage::needs_owner(&in_force.file, id),
            most: coverage::most_of(&in_force.file, id),
            planned: coverage::planned(&in_force.file, id),
        });
        entry.accounts += owned.accounts;
        // Who left looks after nobody any more.
        match owned.owner_id.filter(|owner| is_here(*owner)) {
            Some(_) => entry.owners += 1,
            None => entry.unassigned += owned.accounts,
        }
    }
    let order = |id: &str| in_force.file.segments.iter().position(|segment| *segment.id == *id);
    let mut all: Vec<SegmentLoad> = found.into_values().collect();
    all.sort_by_key(|load| order(&load.segment).unwrap_or(usize::MAX));
    all
}

/// Accounts in business per member who looks after some.
fn per_csm(owned: &[Owned], members: &[Member]) -> Option<f64> {
    let is_owner = |member: &&Member| owned.iter().any(|owned| owned.owner_id == Some(member.id));
    let owners = members.iter().filter(is_owner).count();
    let accounts: i64 = owned.iter().map(|owned| owned.accounts).sum();
    (owners > 0).then(|| accounts as f64 / owners as f64)
}

/// What figures of the whole tenant answer of its profile; without a CSM they answer nothing.
fn profile(
    in_force: &InForce,
    per_csm: f64,
    owned: &[Owned],
    currency: &str,
    today: NaiveDate,
) -> Vec<Answered> {
    let mut facts = in_force.methodology.blank_facts(today);
    let minor: i64 = owned.iter().map(|owned| owned.arr_base_minor).sum();
    let arr = currency.parse().ok().map(|currency| Money::from_minor(minor, currency).to_major_f64());
    for (name, value) in [("accounts_per_csm", Some(per_csm)), ("tenant_arr", arr)] {
        if let Some(id) = in_force.methodology.measure(name) {
            facts.measures[usize::from(id.0)] = value;
        }
    }
    let answered = |(question, answer): (Id, Option<Id>)| {
        let said = in_force.file.profile.iter().find(|known| *known.id == *question)?;
        let answer = said.options.iter().find(|option| Some(&*option.id) == answer.as_deref())?;
        Some(Answered {
            question: question.to_string(),
            name: said.name.to_string(),
            answer: answer.id.to_string(),
            answer_name: answer.name.to_string(),
        })
    };
    in_force.methodology.suggest(&facts).into_iter().filter_map(answered).collect()
}

async fn role_loads(tx: &mut TenantTx, in_force: &InForce, members: &[Member]) -> Result<Vec<RoleLoad>> {
    let roles: Vec<_> = in_force
        .file
        .team
        .iter()
        .flat_map(|team| team.roles.iter())
        .filter(|role| role.accounts.is_some())
        .collect();
    let ids: Vec<String> = roles.iter().map(|role| role.id.to_string()).collect();
    let played = db::team::played(tx, &ids).await?;
    let of = |played: Played| {
        let role = roles.iter().find(|role| *role.id == *played.role)?;
        let limits = role.accounts.as_ref();
        Some(RoleLoad {
            name: role.name.to_string(),
            member: members.iter().find(|member| Some(member.id) == played.member_id).cloned(),
            accounts: played.accounts,
            least: limits.and_then(|limits| limits.min.as_ref()).map(|min| min.value),
            most: coverage::most(limits),
            role: played.role,
        })
    };
    Ok(played.into_iter().filter_map(of).collect())
}

/// How many members play the roles of which the methodology has a measure called `<role>_count`; who plays `csm` is
/// known from the accounts.
async fn players(tx: &mut TenantTx, in_force: &InForce) -> Result<BTreeMap<String, i64>> {
    let roles = in_force.file.team.iter().flat_map(|team| team.roles.iter()).map(|role| role.id.to_string());
    let asked = roles.filter(|role| in_force.methodology.measure(&format!("{role}_count")).is_some());
    let asked: Vec<String> = asked.filter(|role| role != "csm").collect();
    let mut players = BTreeMap::new();
    if !asked.is_empty() {
        for played in db::team::played(tx, &asked).await?.iter().filter(|played| played.member_id.is_some()) {
            *players.entry(played.role.clone()).or_default() += 1;
        }
    }
    Ok(players)
}
