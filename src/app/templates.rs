//! Mails to customers: the templates of the methodology and the tenant's own, their merge fields, and how a mail is made
//! of one. A mail is queued as a message; that it goes out is another matter.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::error::Field;
use super::methodology::InForce;
use super::{Actor, App, Error, Result};
use crate::app::notices::wording::address;
use crate::db::mail_templates::{self, MailTemplate, MergeFacts};
use crate::db::messages::NewMessage;
use crate::db::{self, TenantScope, TenantTx};
use crate::domain::merge;
use crate::domain::money::Money;

/// A template of mails.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its id, by which rules name it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// One line, with merge fields.
    pub subject: String,
    /// The text, with merge fields.
    pub body: String,
    /// When the methodology sends it.
    pub send_on: String,
    /// Whether the methodology has one of this id.
    pub of_methodology: bool,
    /// When the tenant wrote it and who did; none when it is the methodology's own.
    pub written: Option<(chrono::DateTime<chrono::Utc>, String)>,
}

/// A mail made of a template.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Whom it is for: an address with a name; none when no contact of the account has one.
    pub to: Option<String>,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Fields that have no value.
    pub missing: Vec<String>,
}

/// Every template of a tenant: the methodology's, with what the tenant wrote in their place, then its own.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut TenantTx, in_force: Option<&InForce>) -> Result<Vec<Template>> {
    let own = mail_templates::list(tx).await?;
    let of_file = in_force.into_iter().flat_map(|in_force| in_force.file.templates.iter());
    let mut all: Vec<Template> = of_file
        .filter(|template| &*template.kind == "email")
        .map(|template| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let subject = text(template.subject.as_deref());
            Template {
                id: template.id.to_string(),
                name: template.title.as_deref().map_or_else(|| subject.clone(), str::to_owned),
                subject,
                body: text(template.body.as_deref()),
                send_on: text(template.send_on.as_deref()),
                of_methodology: true,
                written: None,
            }
        })
        .collect();
    for one in own {
        let written = Some((one.updated_at, one.updated_by));
        match all.iter_mut().find(|template| template.id == one.id) {
            Some(template) => {
                let (send_on, id) = (std::mem::take(&mut template.send_on), one.id);
                *template = Template {
                    id,
                    name: one.name,
                    subject: one.subject,
                    body: one.body,
                    send_on,
                    of_methodology: true,
                    written,
                };
            }
            None => all.push(Template {
                id: one.id,
                name: one.name,
                subject: one.subject,
                body: one.body,
                send_on: String::new(),
                of_methodology: false,
                written,
            }),
        }
    }
    Ok(all)
}

/// A document or tool that the methodology works with.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `document` or `tool`.
    pub kind: String,
    /// What it consists of.
    pub sections: Vec<String>,
}

/// The documents and tools of the methodology, in its order.
pub fn papers(in_force: Option<&InForce>) -> Vec<Paper> {
    let of_file = in_force.into_iter().flat_map(|in_force| in_force.file.templates.iter());
    let paper = |template: &crate::domain::pack::schema::Template| Paper {
        id: template.id.to_string(),
        name: template.title.as_ref().unwrap_or(&template.id).to_string(),
        kind: template.kind.to_string(),
        sections: template.sections.iter().map(ToString::to_string).collect(),
    };
    of_file.filter(|template| &*template.kind != "email").map(paper).collect()
}

/// Makes a mail of a template for an account. `given` holds what only the caller knows, such as `task.due`.
///
/// # Errors
/// [`Error::NotFound`] without such an account.
pub async fn render(
    tx: &mut TenantTx,
    in_force: Option<&InForce>,
    template: &Template,
    account: Uuid,
    given: &[(&str, String)],
    today: NaiveDate,
) -> Result<Rendered> {
    let facts = mail_templates::merge_facts(tx, account).await?.ok_or(Error::NotFound)?;
    let value = |name: &str| {
        let told = given.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone());
        told.or_else(|| known(&facts, in_force, name, today))
    };
    let (subject, body) = (merge::fill(&template.subject, value), merge::fill(&template.body, value));
    let mut missing = subject.missing;
    missing.extend(body.missing.into_iter().filter(|name| !template.subject.contains(name.as_str())));
    let name = facts.contact_name.as_deref().unwrap_or_default();
    Ok(Rendered {
        to: facts.contact_email.as_deref().map(|email| address(name, email)),
        // A line break in a name must not begin another header.
        subject: subject.text.replace(['\r', '\n'], " "),
        body: body.text,
        missing,
    })
}

fn known(facts: &MergeFacts, in_force: Option<&InForce>, name: &str, today: NaiveDate) -> Option<String> {
    let day = |day: NaiveDate| day.format("%-d %B %Y").to_string();
    let first = |name: &Option<String>| name.as_deref()?.split_whitespace().next().map(str::to_owned);
    let stages = in_force.map_or(&[][..], |in_force| &in_force.methodology.lifecycle.stages);
    let at = stages.iter().position(|stage| facts.stage.as_deref() == Some(&*stage.id));
    match name {
        "tenant.name" => Some(facts.tenant.clone()),
        "account.name" => Some(facts.account.clone()),
        "account.start_date" => facts.start_date.map(day),
        "account.renewal_date" => facts.renewal_date.map(day),
        "account.arr" => {
            facts.arr_minor.zip(facts.currency.as_deref()).and_then(|(minor, code)| money(minor, code))
        }
        "account.segment" => {
            let id = facts.segment.as_deref()?;
            let segments = in_force.map_or(&[][..], |in_force| &in_force.methodology.segments);
            Some(segments.iter().find(|s| *s.id == *id).map_or(id, |s| &*s.name).to_owned())
        }
        "account.stage" | "stage.name" => at.map(|at| stages[at].name.to_string()),
        "stage.next" => stages.get(at? + 1).map(|stage| stage.name.to_string()),
        "account.score" => facts.score.map(|score| format!("{}", score.round())),
        "account.band" => {
            let id = facts.band.as_deref()?;
            let bands = in_force.map_or(&[][..], |in_force| &in_force.methodology.health.bands);
            Some(bands.iter().find(|b| *b.id == *id).map_or(id, |b| &*b.name).to_owned())
        }
        "contact.name" => facts.contact_name.clone(),
        "contact.first_name" => first(&facts.contact_name),
        "contact.email" => facts.contact_email.clone(),
        "contact.title" => facts.contact_title.clone(),
        "csm.name" => facts.csm_name.clone(),
        "csm.first_name" => first(&facts.csm_name),
        "csm.email" => facts.csm_email.clone(),
        "today" => Some(day(today)),
        _ => None,
    }
}

/// `USD 48,000`, in whole units.
fn money(minor: i64, code: &str) -> Option<String> {
    let money = Money::from_minor(minor, code.parse().ok()?);
    Some(format!("{code} {}", money.figure_whole()))
}

/// What is wrong with a template, field by field, each with its place.
fn check(id: &str, name: &str, subject: &str, body: &str) -> Result<()> {
    let mut fields = Vec::new();
    let mut wrong = |name: &str, message: String| fields.push(Field { name: name.to_owned(), message });
    let id_is_one = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= 63
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    if !id_is_one {
        wrong("id", "must be small letters, digits, - and _, beginning with a letter".to_owned());
    }
    for (field, text, most) in [("name", name, 200), ("subject", subject, 300), ("body", body, 20_000)] {
        if text.trim().is_empty() {
            wrong(field, "is needed".to_owned());
        } else if text.chars().count() > most {
            wrong(field, format!("must have at most {most} characters"));
        }
    }
    if subject.contains(['\n', '\r']) {
        wrong("subject", "must be one line".to_owned());
    }
    for (field, text) in [("subject", subject), ("body", body)] {
        for fault in merge::check(text) {
            wrong(field, format!("line {}, column {}: {}", fault.line, fault.column, fault.message));
        }
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid(fields)) }
}

impl App {
    /// Stores a template of the tenant's own, in place of the methodology's of the same id.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the place of each merge field that is unknown.
    pub async fn put_template(
        &self,
        scope: &TenantScope,
        id: &str,
        name: &str,
        subject: &str,
        body: &str,
        actor: &Actor,
    ) -> Result<()> {
        let body = body.replace("\r\n", "\n");
        let (id, name, subject) = (id.trim(), name.trim(), subject.trim());
        check(id, name, subject, &body)?;
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let template = MailTemplate {
            id: id.to_owned(),
            name: name.to_owned(),
            subject: subject.to_owned(),
            body,
            updated_at: now,
            updated_by: actor.0.clone(),
        };
        mail_templates::put(&mut tx, &template).await?;
        let detail = json!({ "subject": template.subject });
        db::audit::record(&mut tx, now, &actor.0, "template.set", id, detail).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a template of the tenant's own away; the methodology's of the same id counts again. Returns what it was.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none such.
    pub async fn remove_template(
        &self,
        scope: &TenantScope,
        id: &str,
        actor: &Actor,
    ) -> Result<MailTemplate> {
        let now = self.clock.now();
        let mut tx = self.db.write(scope).await?;
        let removed = mail_templates::remove(&mut tx, id).await?.ok_or(Error::NotFound)?;
        db::audit::record(&mut tx, now, &actor.0, "template.removed", id, json!({})).await?;
        tx.commit().await?;
        Ok(removed)
    }

    /// Makes a mail of a template for an account and queues it, in the transaction of its cause; with `once`, at most
    /// once for that word. A mail whose fields or address are not known is stored as failed, with what is missing,
    /// so that somebody sees it. Returns its id; none when it was there already.
    ///
    /// # Errors
    /// [`Error::NotFound`] without such an account or template.
    #[expect(clippy::too_many_arguments, reason = "each is one thing the mail is made of")]
    pub async fn queue_mail(
        &self,
        tx: &mut TenantTx,
        scope: &TenantScope,
        in_force: Option<&InForce>,
        account: Uuid,
        template: &str,
        given: &[(&str, String)],
        once: Option<String>,
    ) -> Result<Option<Uuid>> {
        let now = self.clock.now();
        let templates = list(tx, in_force).await?;
        let template = templates.iter().find(|one| one.id == template).ok_or(Error::NotFound)?;
        let mail = render(tx, in_force, template, account, given, scope.day_of(now)).await?;
        let problem = match (&mail.to, mail.missing.as_slice()) {
            (None, _) => Some("no contact of the account has an address".to_owned()),
            (Some(_), []) => None,
            (Some(_), missing) => Some(format!("there is no value for {}", missing.join(", "))),
        };
        let message = NewMessage {
            channel: "mail",
            cause: "template",
            recipient: mail.to.unwrap_or_default(),
            account: Some(account),
            template: Some(template.id.clone()),
            subject: mail.subject,
            body: mail.body,
            once,
            problem,
            ..NewMessage::default()
        };
        Ok(db::messages::queue(tx, &[(message, now)], now).await?.pop())
    }
}
