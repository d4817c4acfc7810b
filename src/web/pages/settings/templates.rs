//! `/settings/templates`: mails to customers. `GET …/new` and `GET …/{id}` show one, with `account` as a preview for that
//! account; `POST …/{id}` (`name`, `subject`, `body`; `id` for a new one at `…/new`) saves it, `POST …/{id}/remove` takes
//! the tenant's own words back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{SettingsNav, SettingsRoom};
use crate::app::members::Role;
use crate::app::templates::{self, Template};
use crate::app::{Error, error::Field};
use crate::db;
use crate::domain::merge;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Form, Manager, Member, Path, Query};
use crate::web::paths;
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::shell::Room;
use crate::web::ui::{EmptyState, Shell, filters, format};

const HERE: &str = "/settings/templates";
/// The id under which a new template is written.
const NEW: &str = "new";

/// All templates.
#[derive(Clone, Debug, askama::Template)]
#[template(path = "settings/templates.html")]
pub struct TemplatesPage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// One a row.
    pub rows: Vec<Row>,
    /// Documents and tools of the methodology: (name, id, kind, sections).
    pub papers: Vec<(String, String, String, String)>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// A template in the list.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its page.
    pub href: String,
    /// What it is called.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The subject.
    pub subject: String,
    /// When it is sent.
    pub send_on: String,
    /// Whose words: `Methodology`, `Own`, `Own, in place of the methodology's`.
    pub whose: &'static str,
}

/// One template.
#[derive(Clone, Debug, askama::Template)]
#[template(path = "settings/template.html")]
pub struct TemplatePage {
    /// The frame.
    pub shell: Shell,
    /// The rooms at the left.
    pub nav: SettingsNav,
    /// Whether the visitor may change anything.
    pub may_edit: bool,
    /// Its page, for the URLs of forms.
    pub path: String,
    /// Whether it is new.
    pub is_new: bool,
    /// Its id, name, subject and text.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Whose words, and when they were written.
    pub whose: String,
    /// Whether there are own words to take back.
    pub is_own: bool,
    /// What is wrong, by field.
    pub errors: Vec<(String, String)>,
    /// Merge fields: (`{{contact.name}}`, what it stands for).
    pub fields: Vec<(String, &'static str)>,
    /// The account it is previewed for, as typed.
    pub account: String,
    /// Accounts to choose from: (external id, name).
    pub accounts: Vec<(String, String)>,
    /// How it would read.
    pub preview: Option<Preview>,
    /// What is wrong with the account typed.
    pub account_error: Option<String>,
}

impl TemplatePage {
    /// What is wrong with a field, one a line.
    pub fn errors_of(&self, name: &str) -> Vec<&str> {
        self.errors.iter().filter(|(field, _)| field == name).map(|(_, message)| message.as_str()).collect()
    }
}

/// A mail as it would go out.
#[derive(Clone, Debug)]
pub struct Preview {
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Fields without a value.
    pub missing: String,
}

async fn all(web: &Web, member: &Member) -> Result<Vec<Template>> {
    let in_force = web.app.methodology(&member.scope).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    Ok(templates::list(&mut tx, in_force.as_deref()).await?)
}

/// The list.
pub async fn show(State(web): State<Web>, member: Member) -> Result<Page<TemplatesPage>> {
    let all = all(&web, &member).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Templates).await?;
    let papers = templates::papers(web.app.methodology(&member.scope).await?.as_deref());
    let row = |template: Template| Row {
        href: format!("{HERE}/{}", paths::encode(&template.id)),
        whose: match (&template.written, template.of_methodology) {
            (None, _) => "Methodology",
            (Some(_), true) => "Own, in place of the methodology's",
            (Some(_), false) => "Own",
        },
        name: template.name,
        id: template.id,
        subject: template.subject,
        send_on: template.send_on,
    };
    let empty = || {
        let text = "The methodology brings no mails. Write your own; rules can then send them by their id.";
        EmptyState::new("mail", "No templates yet", text)
    };
    Ok(Page(TemplatesPage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Manager),
        empty: all.is_empty().then(empty),
        papers: papers.into_iter().map(|p| (p.name, p.id, p.kind, p.sections.join(", "))).collect(),
        rows: all.into_iter().map(row).collect(),
    }))
}

/// For which account it is previewed.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    #[serde(default)]
    account: String,
}

async fn page(web: &Web, member: &Member, template: &Template, account: &str) -> Result<TemplatePage> {
    let in_force = web.app.methodology(&member.scope).await?;
    let now = web.app.clock.now();
    let mut tx = web.app.db.read(&member.scope).await?;
    let nav = SettingsNav::load(&mut tx, SettingsRoom::Templates).await?;
    let near = db::accounts::search(&mut tx, "", 100).await?;
    let account = account.trim();
    let found = db::accounts::id_of(&mut tx, account).await?;
    let mut preview = None;
    if let Some(found) = found {
        let today = member.scope.day_of(now);
        let mail = templates::render(&mut tx, in_force.as_deref(), template, found, &[], today).await?;
        preview = Some(Preview {
            to: mail.to.unwrap_or_else(|| "nobody: no contact of the account has an address".to_owned()),
            subject: mail.subject,
            body: mail.body,
            missing: mail.missing.join(", "),
        });
    }
    let whose = match &template.written {
        Some((at, by)) => format!("Written by {by}, {}", format::ago(*at, now)),
        None if template.of_methodology => "As the methodology has it".to_owned(),
        None => String::new(),
    };
    let unknown = !account.is_empty() && found.is_none();
    Ok(TemplatePage {
        shell: member.shell(Room::Settings),
        nav,
        may_edit: member.may(Role::Manager),
        path: format!("{HERE}/{}", paths::encode(if template.id.is_empty() { NEW } else { &template.id })),
        is_new: template.id.is_empty(),
        id: template.id.clone(),
        name: template.name.clone(),
        subject: template.subject.clone(),
        body: template.body.clone(),
        whose,
        is_own: template.written.is_some(),
        errors: Vec::new(),
        fields: merge::FIELDS.iter().map(|(name, what)| (format!("{{{{{name}}}}}"), *what)).collect(),
        account: account.to_owned(),
        accounts: near.into_iter().map(|account| (account.external_id, account.name)).collect(),
        preview,
        account_error: unknown.then(|| "is no account's id".to_owned()),
    })
}

fn blank() -> Template {
    Template {
        id: String::new(),
        name: String::new(),
        subject: String::new(),
        body: "Hi {{contact.first_name}},\n\n\n\n{{csm.name}}\n".to_owned(),
        send_on: String::new(),
        of_methodology: false,
        written: None,
    }
}

/// A new one.
pub async fn new(State(web): State<Web>, Manager(member): Manager) -> Result<Page<TemplatePage>> {
    Ok(Page(page(&web, &member, &blank(), "").await?))
}

/// One of them.
pub async fn edit(
    State(web): State<Web>,
    member: Member,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Page<TemplatePage>> {
    let all = all(&web, &member).await?;
    let template = all.iter().find(|template| template.id == id).ok_or(Error::NotFound)?;
    Ok(Page(page(&web, &member, template, &params.account).await?))
}

/// How it is to be.
#[derive(Debug, Deserialize)]
pub struct TemplateForm {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    body: String,
}

/// Adds one.
pub async fn create(state: State<Web>, member: Manager, form: Form<TemplateForm>) -> Result<Response> {
    save(state, member, Path(NEW.to_owned()), form).await
}

/// Saves one.
pub async fn save(
    State(web): State<Web>,
    Manager(member): Manager,
    Path(id): Path<String>,
    Form(form): Form<TemplateForm>,
) -> Result<Response> {
    let all = all(&web, &member).await?;
    let is_new = id == NEW;
    let id = if is_new { form.id.trim().to_owned() } else { id };
    let before = all.into_iter().find(|template| template.id == id);
    let saved = match (&before, is_new) {
        (None, false) => return Err(Error::NotFound.into()),
        (Some(_), true) => Err(Error::invalid("id", "belongs to another template")),
        _ => {
            let actor = member.actor();
            web.app.put_template(&member.scope, &id, &form.name, &form.subject, &form.body, &actor).await
        }
    };
    let fields: Vec<Field> = match saved {
        Ok(()) => return Ok(Done::to(format!("{HERE}/{}", paths::encode(&id)), "Saved.").into_response()),
        Err(Error::Invalid(fields)) => fields,
        Err(error) => return Err(error.into()),
    };
    let shown = before.filter(|_| !is_new).unwrap_or_else(blank);
    let mut page = page(&web, &member, &shown, "").await?;
    (page.id, page.name, page.subject, page.body) = (id, form.name, form.subject, form.body);
    page.errors = fields.into_iter().map(|field| (field.name, field.message)).collect();
    Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// Takes the tenant's own words back.
pub async fn remove(
    State(web): State<Web>,
    Manager(member): Manager,
    Path(id): Path<String>,
) -> Result<Done> {
    let was = web.app.remove_template(&member.scope, &id, &member.actor()).await?;
    let all = all(&web, &member).await?;
    let undo = [("id", was.id.as_str()), ("name", &was.name), ("subject", &was.subject), ("body", &was.body)];
    let (text, undo_at) = if all.iter().any(|template| template.id == id) {
        ("The methodology's words count again.", format!("{HERE}/{}", paths::encode(&id)))
    } else {
        ("The template is gone.", format!("{HERE}/{NEW}"))
    };
    let done = Done::to(HERE, text);
    // What the cookie of a toast cannot hold is not offered to be undone.
    Ok(if was.body.len() < 2_000 { done.undo(undo_at, &undo) } else { done })
}
