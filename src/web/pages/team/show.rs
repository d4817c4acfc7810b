//! `GET /team`: who looks after how much, held against what the methodology says one can; and who is looked after by nobody.

use askama::Template;
use axum::extract::State;

use crate::app::methodology::InForce;
use crate::app::team::{Load, MEETING_DAYS, RoleLoad, SegmentLoad, TeamLoad};
use crate::db;
use crate::db::accounts::Filter;
use crate::domain::coverage;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::pages::kpis::{KpiRow, kpis};
use crate::web::pages::tasks::tabs;
use crate::web::pages::wording::Wording;
use crate::web::paths;
use crate::web::respond::Page;
use crate::web::ui::shell::Room;
use crate::web::ui::{Avatar, EmptyState, Shell, StatTile, Tabs, Tone, filters, format};

/// Accounts without a CSM that are named.
const NAMED: i64 = 20;

/// Everybody's load.
#[derive(Clone, Debug, Template)]
#[template(path = "team/show.html")]
pub struct TeamPage {
    /// The frame.
    pub shell: Shell,
    /// The pages of the room.
    pub tabs: Tabs,
    /// Over capacity, unassigned accounts and tasks.
    pub stats: Vec<StatTile>,
    /// The fullest first.
    pub members: Vec<MemberRow>,
    /// Said instead of them.
    pub empty: Option<EmptyState>,
    /// In the order of the methodology.
    pub segments: Vec<SegmentRow>,
    /// What the figures say of the company: (question, answer, by what).
    pub profile: Vec<(String, String, String)>,
    /// Roles with a range of accounts: (role, who, text, tone).
    pub roles: Vec<(String, String, String, Tone)>,
    /// Accounts that need a CSM and have none: (name, link, segment, ARR).
    pub unassigned: Vec<(String, String, String, String)>,
    /// What the methodology asks of meetings, and of accounts per person.
    pub kpis: Vec<KpiRow>,
    /// What the methodology says of its roles.
    pub craft: Vec<Craft>,
    /// Steps of a career: (name, years).
    pub career: Vec<(String, String)>,
    /// (award, how often).
    pub recognition: Vec<(String, String)>,
}

/// One member.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// Who.
    pub avatar: Avatar,
    /// Their accounts.
    pub href: String,
    /// `21 of 20 Mid-market, 3 Small business`.
    pub shares: String,
    /// Accounts.
    pub accounts: String,
    /// Their ARR.
    pub arr: String,
    /// `105 %`; a dash without a ratio.
    pub used: String,
    /// The same as a number for the bar, at most 100.
    pub bar: i64,
    /// `over capacity`, `full`, or empty.
    pub word: String,
    /// Critical when over, watch when full.
    pub tone: Tone,
    /// `12, 3 overdue`.
    pub tasks: String,
}

/// One segment.
#[derive(Clone, Debug)]
pub struct SegmentRow {
    /// Its name.
    pub name: String,
    /// `3`; `3 of 2,000 planned`.
    pub accounts: String,
    /// `3.3 accounts each`, `at most 3`.
    pub ratio: String,
    /// What the methodology says.
    pub wanted: String,
    /// Over or not.
    pub tone: Tone,
    /// `2 without a CSM`, `needs none`.
    pub unassigned: String,
}

/// A role as the methodology describes it.
#[derive(Clone, Debug)]
pub struct Craft {
    /// Its name.
    pub name: String,
    /// (heading, lines).
    pub parts: Vec<(&'static str, Vec<String>)>,
}

/// The page.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<TeamPage>> {
    let words = Wording::of(&web, &member).await?;
    let load = web.app.team_load(&member.scope).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let filter = Filter { owner: Some(None), ..Filter::default() };
    let without = db::accounts::list(&mut tx, &filter, db::accounts::Sort::Arr, true, 0, 200).await?;
    drop(tx);
    let file = words.in_force.as_deref().map(|m| &m.file);
    let needs = |segment: Option<&str>| file.zip(segment).is_some_and(|(f, id)| coverage::needs_owner(f, id));
    let unassigned = without.iter().filter(|a| a.churned_on.is_none() && needs(a.segment.as_deref()));
    let unassigned = unassigned.take(NAMED as usize).map(|account| {
        let segment = words.segment(account.segment.as_deref());
        (account.name.clone(), paths::account(&account.external_id), segment, words.arr(account))
    });
    let none = || {
        let text = "Give accounts to members on the account's page, or import them with `owner_email`.";
        EmptyState::new("users", "Nobody looks after an account yet", text)
            .action("Accounts", paths::ACCOUNTS)
    };
    Ok(Page(TeamPage {
        shell: member.shell(Room::Playbooks),
        tabs: tabs("/team"),
        stats: stats(&load),
        empty: load.members.is_empty().then(none),
        members: load.members.iter().map(|one| row(&words, one)).collect(),
        segments: load.segments.iter().map(|one| segment(&words, one)).collect(),
        profile: profile(&load),
        roles: load.roles.iter().map(role).collect(),
        unassigned: unassigned.collect(),
        kpis: words.in_force.as_deref().map_or_else(Vec::new, |in_force| targets(in_force, &words, &load)),
        craft: words.in_force.as_deref().map_or_else(Vec::new, craft),
        career: career(words.in_force.as_deref()),
        recognition: recognition(words.in_force.as_deref()),
    }))
}

/// The KPIs that the load decides: of the company, and segment by segment where the methodology asks for that.
fn targets(in_force: &InForce, words: &Wording, load: &TeamLoad) -> Vec<KpiRow> {
    let of = |segment: Option<&SegmentLoad>| {
        let id = segment.map(|segment| segment.segment.as_str());
        kpis(in_force, |name| load.measure(name, segment), id, words.today)
    };
    let whole = of(None).into_iter().filter(|row| !row.per_segment);
    let each = load.segments.iter().filter(|segment| !segment.segment.is_empty()).flat_map(|segment| {
        let name = words.segment(Some(&*segment.segment));
        let rows = of(Some(segment)).into_iter().filter(|row| row.per_segment);
        rows.map(move |row| KpiRow { name: format!("{}, {name}", row.name), ..row })
    });
    whole.chain(each).collect()
}

fn stats(load: &TeamLoad) -> Vec<StatTile> {
    let over = load.members.iter().filter(|one| one.is_over()).count() as i64;
    let owners = load.members.iter().filter(|one| !one.shares.is_empty()).count() as i64;
    let waiting: i64 = load.segments.iter().filter(|s| s.needs_owner).map(|s| s.unassigned).sum();
    vec![
        StatTile::new("Over capacity", format::number(over), "by the ratios of their accounts' segments")
            .unit(&format!("of {}", format::number(owners))),
        StatTile::new("Without a CSM", format::number(waiting), "accounts of segments that name one")
            .link("/accounts?csm=none"),
        StatTile::new(
            "Tasks without an owner",
            format::number(load.unassigned_tasks),
            "nobody plays their role, or they are the company's own",
        )
        .link("/tasks?who=unassigned"),
        StatTile::new(
            "Meetings held",
            match load.meetings.scheduled {
                0 => "\u{2013}".to_owned(),
                n => format::percent(load.meetings.attended as f64 / n as f64, 0),
            },
            &format!(
                "{} of {} due in {MEETING_DAYS} days",
                format::number(load.meetings.attended),
                format::count(load.meetings.scheduled, "meeting")
            ),
        ),
    ]
}

/// `4 of 3 Fortune 500, 12 Small business`.
pub fn shares(words: &Wording, load: &Load) -> String {
    let share = |share: &coverage::Share| {
        let name = words.segment(Some(&*share.segment).filter(|id| !id.is_empty()));
        match share.most {
            Some(most) => format!("{} of {} {name}", share.accounts, format::decimal(most, 1)),
            None => format!("{} {name}", share.accounts),
        }
    };
    load.shares.iter().map(share).collect::<Vec<_>>().join(", ")
}

fn row(words: &Wording, load: &Load) -> MemberRow {
    let (word, tone) = match load.used {
        Some(used) if coverage::is_over(used) => ("over capacity", Tone::Critical),
        Some(used) if used > 0.9 => ("full", Tone::Watch),
        _ => ("", Tone::None),
    };
    let accounts: i64 = load.shares.iter().map(|share| share.accounts).sum();
    let overdue = match load.overdue {
        0 => String::new(),
        n => format!(", {} overdue", format::number(n)),
    };
    MemberRow {
        avatar: Avatar::new(&load.member.name),
        href: paths::with_query(paths::ACCOUNTS, &[("csm", &load.member.id.to_string())]),
        shares: shares(words, load),
        accounts: format::number(accounts),
        arr: format::money_short(load.arr_base_minor, &words.currency),
        used: load.used.map_or_else(|| "\u{2013}".to_owned(), |used| format::percent(used, 0)),
        bar: load.used.map_or(0, |used| (used * 100.0).round().min(100.0) as i64),
        word: word.to_owned(),
        tone,
        tasks: format!("{}{overdue}", format::number(load.open)),
    }
}

fn segment(words: &Wording, load: &SegmentLoad) -> SegmentRow {
    let wanted = match (load.most, load.needs_owner) {
        (Some(most), _) => format!("at most {} each", format::decimal(most, 1)),
        (None, true) => "a named CSM".to_owned(),
        (None, false) => "no named CSM".to_owned(),
    };
    SegmentRow {
        name: words.segment(Some(&*load.segment).filter(|id| !id.is_empty())),
        accounts: match load.planned {
            Some(planned) => {
                format!("{} of {} planned", format::number(load.accounts), format::decimal(planned, 0))
            }
            None => format::number(load.accounts),
        },
        ratio: load.ratio().map_or_else(|| "\u{2013}".to_owned(), |ratio| format::decimal(ratio, 1)),
        wanted,
        tone: if load.is_over() { Tone::Critical } else { Tone::None },
        unassigned: match (load.unassigned, load.needs_owner) {
            (0, _) => String::new(),
            (n, true) => format!("{} without a CSM", format::number(n)),
            (n, false) => format!("{} without a CSM, which they do not need", format::number(n)),
        },
    }
}

fn profile(load: &TeamLoad) -> Vec<(String, String, String)> {
    let by = |question: &str| match (question, load.per_csm) {
        ("coverage_model", Some(ratio)) => format!("{} accounts per CSM", format::decimal(ratio, 1)),
        _ => String::new(),
    };
    load.profile.iter().map(|one| (one.name.clone(), one.answer_name.clone(), by(&one.question))).collect()
}

fn role(load: &RoleLoad) -> (String, String, String, Tone) {
    let range = match (load.least, load.most) {
        (Some(least), Some(most)) => {
            format!(", {} to {} are meant", format::decimal(least, 1), format::decimal(most, 1))
        }
        (None, Some(most)) => format!(", at most {}", format::decimal(most, 1)),
        _ => String::new(),
    };
    let (who, tone) = match &load.member {
        Some(member) if load.is_over() => (member.name.clone(), Tone::Critical),
        Some(member) => (member.name.clone(), Tone::None),
        None => ("nobody".to_owned(), Tone::Watch),
    };
    (load.name.clone(), who, format!("{}{range}", format::count(load.accounts, "account")), tone)
}

fn craft(in_force: &InForce) -> Vec<Craft> {
    let texts =
        |texts: &[crate::domain::pack::Text]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
    let roles = in_force.file.team.iter().flat_map(|team| team.roles.iter());
    roles
        .map(|role| Craft {
            name: role.name.to_string(),
            parts: [
                ("Responsible for", texts(&role.responsibilities)),
                ("Focus", texts(&role.focus)),
                ("Skills", texts(&role.skills)),
                ("Measured by", texts(&role.metrics)),
            ]
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .collect(),
        })
        .filter(|craft| !craft.parts.is_empty())
        .collect()
}

fn career(in_force: Option<&InForce>) -> Vec<(String, String)> {
    let steps =
        in_force.and_then(|m| m.file.team.as_ref()).into_iter().flat_map(|team| team.career_path.iter());
    steps
        .map(|step| {
            let years = step.years.as_ref().map_or_else(String::new, |years| format!("{} years", &**years));
            (step.id.replace('_', " "), years)
        })
        .collect()
}

fn recognition(in_force: Option<&InForce>) -> Vec<(String, String)> {
    let awards =
        in_force.and_then(|m| m.file.team.as_ref()).into_iter().flat_map(|team| team.recognition.iter());
    awards.map(|award| (award.award.to_string(), award.every.to_string())).collect()
}
