//! What changes tasks: add one; done, skipped, given away, put off, many at once; and the undo of each.
//!
//! Forms: `POST /tasks` adds; `POST /tasks/bulk` takes every `task` that is ticked and a `do`; `POST /tasks/{id}`
//! saves owner, day and note of one; `POST /tasks/undo` takes a change back by the fields of its toast.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;
use uuid::Uuid;

use crate::app::Error;
use crate::app::tasks::Wanted;
use crate::db;
use crate::db::tasks::Task;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Id, Member};
use crate::web::paths;
use crate::web::respond::{Done, sentences};
use crate::web::ui::format;

/// Where a change is taken back.
const UNDO: &str = "/tasks/undo";
/// What a task was before, where it is undone without knowing.
const NOTHING: &[u8] = &[];

/// A task to add.
#[derive(Debug, Deserialize)]
pub struct NewTask {
    title: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    due: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    next: String,
}

/// Adds a task by hand.
pub async fn add(State(web): State<Web>, Csm(member): Csm, Form(form): Form<NewTask>) -> Result<Response> {
    let account = form.account.trim();
    if account.contains('\0') {
        return Err(Error::invalid("account", "holds a NUL character").into());
    }
    let next = next(&form.next);
    let Ok(due) = day(&form.due) else {
        let text = format!("“{}” is no day; write it like 2027-03-12. Nothing was added.", form.due.trim());
        return Ok(Done::failed(next, text).into_response());
    };
    let wanted = Wanted {
        account: (!account.is_empty()).then(|| account.to_owned()),
        alert: None,
        title: form.title.clone(),
        note: form.note.clone(),
        due,
        // What is about no account is for whoever writes it down.
        owner: id(&form.owner)?.or(account.is_empty().then_some(member.membership.member_id)),
    };
    match web.app.add_task(&member.scope, &wanted, &member.actor()).await {
        Ok(task) => {
            let undo = blob([(task.id, NOTHING)]);
            let text = format!("“{}” is on the list.", task.title);
            Ok(Done::to(next.clone(), text).undo(UNDO, &fields("skip", &undo, &next)).into_response())
        }
        Err(Error::NotFound) => {
            Ok(Done::failed(next, format!("There is no account “{account}”. Nothing was added."))
                .into_response())
        }
        Err(Error::Invalid(fields)) => {
            Ok(Done::failed(next, format!("{} Nothing was added.", sentences(&fields))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Does one thing to every task that is ticked.
pub async fn bulk(
    State(web): State<Web>,
    Csm(member): Csm,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let value =
        |name: &str| pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let next = next(value("next"));
    // The button of a row is about that row alone.
    let (verb, ids) = match value("done") {
        "" => (
            value("do"),
            pairs.iter().filter(|(name, _)| name == "task").map(|(_, id)| id.as_str()).collect(),
        ),
        one => ("done", vec![one]),
    };
    let ids: Vec<Uuid> = ids
        .into_iter()
        .map(|id| id.parse().map_err(|_| Error::NotFound))
        .collect::<std::result::Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(Done::failed(next, "Tick the tasks first; nothing was changed.").into_response());
    }
    known(&web, &member, &ids).await?;
    let (scope, actor) = (&member.scope, member.actor());
    let done = match verb {
        "done" | "skip" => {
            let tasks = web.app.finish_tasks(scope, &ids, verb == "skip", &actor).await?;
            finished(&tasks, verb == "skip", next)
        }
        "assign" => {
            let before = by_ids(&web, &member, &ids).await?;
            let owner = id(value("owner"))?;
            let tasks = web.app.assign_tasks(scope, &ids, owner, &actor).await?;
            let to = owner_name(&web, &member, owner).await?;
            let changed = before.iter().filter(|task| tasks.iter().any(|now| now.id == task.id));
            let undo = owners(changed);
            Done::to(next.clone(), format!("{} went to {to}.", format::count(tasks.len() as i64, "task")))
                .undo(UNDO, &fields("assign", &undo, &next))
        }
        "put_off" => {
            let Some(due) = day(value("due"))? else {
                return Ok(Done::failed(next, "Choose the day first; nothing was changed.").into_response());
            };
            let days: Vec<_> = ids.iter().map(|id| (*id, Some(due))).collect();
            let before = web.app.put_off_tasks(scope, &days, &actor).await?;
            moved(&before, due, next)
        }
        _ => return Err(Error::invalid("do", "is done, skip, assign or put_off").into()),
    };
    Ok(done.into_response())
}

/// What is left open of a task, and who does it.
#[derive(Debug, Deserialize)]
pub struct Edit {
    #[serde(default)]
    owner: Option<String>,
    #[serde(default)]
    due: Option<String>,
    #[serde(default)]
    note: Option<String>,
}

/// Saves owner, day and note of one task.
pub async fn save(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<Edit>,
) -> Result<Done> {
    let before = by_ids(&web, &member, &[id]).await?.pop().ok_or(Error::NotFound)?;
    let (scope, actor) = (&member.scope, member.actor());
    let is_open = before.state == "open";
    if let Some(owner) = form.owner.as_deref().filter(|_| is_open) {
        let owner = self::id(owner)?;
        if owner != before.owner_id.filter(|_| before.owner_by_hand) {
            web.app.assign_tasks(scope, &[id], owner, &actor).await?;
        }
    }
    if let Some(due) = form.due.as_deref().filter(|_| is_open) {
        let due = day(due)?;
        if due != before.due_on {
            web.app.put_off_tasks(scope, &[(id, due)], &actor).await?;
        }
    }
    if let Some(note) = &form.note {
        web.app.note_task(scope, id, note.trim(), &actor).await?;
    }
    Ok(Done::to(paths::task(id), "Saved."))
}

/// How a task is ended, or taken up again.
#[derive(Debug, Deserialize)]
pub struct Ending {
    state: String,
    #[serde(default)]
    next: String,
}

/// Ends one task as done or skipped, or opens it again.
pub async fn end(
    State(web): State<Web>,
    Csm(member): Csm,
    Id(id): Id,
    Form(form): Form<Ending>,
) -> Result<Done> {
    known(&web, &member, &[id]).await?;
    let to = if form.next.is_empty() { paths::task(id) } else { next(&form.next) };
    let (scope, actor) = (&member.scope, member.actor());
    if form.state == "open" {
        web.app.reopen_tasks(scope, &[id], &actor).await?;
        return Ok(Done::to(to, "The task is open again."));
    }
    let tasks = web.app.finish_tasks(scope, &[id], form.state == "skipped", &actor).await?;
    if tasks.is_empty() {
        return Ok(Done::failed(to, "The task is not open any more."));
    }
    Ok(finished(&tasks, form.state == "skipped", to))
}

/// What to take back, and of which tasks.
#[derive(Debug, Deserialize)]
pub struct Undo {
    verb: String,
    tasks: String,
    #[serde(default)]
    next: String,
}

/// Takes a change back.
pub async fn undo(State(web): State<Web>, Csm(member): Csm, Form(form): Form<Undo>) -> Result<Done> {
    let (scope, actor) = (&member.scope, member.actor());
    let next = next(&form.next);
    let wrong = || Error::invalid("tasks", "is nothing that can be undone");
    let of = |extra: usize| unblob(&form.tasks, extra).ok_or_else(wrong);
    let count = match form.verb.as_str() {
        "reopen" => {
            let ids: Vec<Uuid> = of(0)?.into_iter().map(|(id, _)| id).collect();
            web.app.reopen_tasks(scope, &ids, &actor).await?.len()
        }
        "skip" => {
            let ids: Vec<Uuid> = of(0)?.into_iter().map(|(id, _)| id).collect();
            web.app.finish_tasks(scope, &ids, true, &actor).await?.len()
        }
        "put_off" => {
            let days = of(4)?.into_iter().map(|(id, day)| {
                let number = i32::from_be_bytes(day.try_into().unwrap_or_default());
                (id, NaiveDate::from_num_days_from_ce_opt(number).filter(|_| number != 0))
            });
            web.app.put_off_tasks(scope, &days.collect::<Vec<_>>(), &actor).await?.len()
        }
        "assign" => {
            let pairs =
                of(16)?.into_iter().map(|(id, owner)| (id, Uuid::from_slice(&owner).unwrap_or_default()));
            let mut pairs: Vec<(Uuid, Uuid)> = pairs.collect();
            pairs.sort_by_key(|(_, owner)| *owner);
            let mut count = 0;
            for chunk in pairs.chunk_by(|a, b| a.1 == b.1) {
                let ids: Vec<Uuid> = chunk.iter().map(|(id, _)| *id).collect();
                let owner = chunk.first().map(|(_, owner)| *owner).filter(|owner| !owner.is_nil());
                count += web.app.assign_tasks(scope, &ids, owner, &actor).await?.len();
            }
            count
        }
        _ => return Err(wrong().into()),
    };
    Ok(Done::to(next, format!("Taken back: {}.", format::count(count as i64, "task"))))
}

fn finished(tasks: &[Task], skipped: bool, next: String) -> Done {
    let what = if skipped { "skipped" } else { "done" };
    let text = match tasks {
        [] => return Done::failed(next, "None of them was open any more."),
        [one] => format!("“{}” is {what}.", one.title),
        many => format!("{} are {what}.", format::count(many.len() as i64, "task")),
    };
    let undo = blob(tasks.iter().map(|task| (task.id, NOTHING)));
    Done::to(next.clone(), text).undo(UNDO, &fields("reopen", &undo, &next))
}

fn moved(before: &[Task], due: NaiveDate, next: String) -> Done {
    let days: Vec<(Uuid, [u8; 4])> = before
        .iter()
        .map(|t| (t.id, t.due_on.map_or(0, |day| day.num_days_from_ce()).to_be_bytes()))
        .collect();
    let undo = blob(days.iter().map(|(id, day)| (*id, day.as_slice())));
    let text = format!("{} due {} now.", format::count(before.len() as i64, "task"), format::date(due));
    Done::to(next.clone(), text).undo(UNDO, &fields("put_off", &undo, &next))
}

/// Who had them by hand; zeros stand for "by their role".
fn owners<'t>(before: impl Iterator<Item = &'t Task>) -> String {
    let had: Vec<(Uuid, Uuid)> = before
        .map(|task| (task.id, task.owner_id.filter(|_| task.owner_by_hand).unwrap_or_default()))
        .collect();
    blob(had.iter().map(|(id, owner)| (*id, owner.as_bytes().as_slice())))
}

/// Ids, each followed by as many bytes of what it was before: short, because a toast travels in a cookie.
fn blob<'b>(of: impl IntoIterator<Item = (Uuid, &'b [u8])>) -> String {
    let bytes: Vec<u8> =
        of.into_iter().flat_map(|(id, more)| [id.as_bytes().as_slice(), more].concat()).collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unblob(text: &str, more: usize) -> Option<Vec<(Uuid, Vec<u8>)>> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let whole = bytes.len().is_multiple_of(16 + more) && !bytes.is_empty();
    let parts = bytes
        .chunks_exact(16 + more)
        .map(|part| Some((Uuid::from_slice(&part[..16]).ok()?, part[16..].to_vec())));
    whole.then(|| parts.collect()).flatten()
}

fn fields<'f>(verb: &'f str, tasks: &'f str, next: &'f str) -> [(&'f str, &'f str); 3] {
    [("verb", verb), ("tasks", tasks), ("next", next)]
}

async fn by_ids(web: &Web, member: &Member, ids: &[Uuid]) -> Result<Vec<Task>> {
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(db::tasks::by_ids(&mut tx, ids).await?)
}

/// Every one of them must be of this tenant.
async fn known(web: &Web, member: &Member, ids: &[Uuid]) -> Result<()> {
    let found = by_ids(web, member, ids).await?;
    let all = ids.iter().all(|id| found.iter().any(|task| task.id == *id));
    if all { Ok(()) } else { Err(Error::NotFound.into()) }
}

async fn owner_name(web: &Web, member: &Member, owner: Option<Uuid>) -> Result<String> {
    let Some(owner) = owner else { return Ok("whoever plays their role".to_owned()) };
    let mut tx = web.app.db.read(&member.scope).await?;
    let members = db::members::list(&mut tx).await?;
    Ok(members.into_iter().find(|one| one.id == owner).map_or_else(|| "somebody".to_owned(), |one| one.name))
}

fn id(text: &str) -> std::result::Result<Option<Uuid>, Error> {
    match text {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| Error::invalid("owner", "is no member")),
    }
}

/// A day of a form; nothing for none.
pub fn day(text: &str) -> std::result::Result<Option<NaiveDate>, Error> {
    match text.trim() {
        "" => Ok(None),
        day => match day.parse::<NaiveDate>() {
            Ok(day) if (1970..3000).contains(&day.year()) => Ok(Some(day)),
            _ => Err(Error::invalid("due", "is no day")),
        },
    }
}

fn next(next: &str) -> String {
    if next.is_empty() { paths::TASKS.to_owned() } else { paths::local(next).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undone_comes_back_as_it_went() {
        let ids = [Uuid::now_v7(), Uuid::now_v7()];
        let text = blob(ids.map(|id| (id, &[1, 2, 3, 4][..])));
        assert_eq!(unblob(&text, 4), Some(ids.map(|id| (id, vec![1, 2, 3, 4])).to_vec()));
        for (text, more) in [(text.as_str(), 0), ("", 0), ("%", 4), ("AAAA", 4)] {
            assert_eq!(unblob(text, more), None, "{text}");
        }
    }
}
