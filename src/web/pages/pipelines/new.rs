//! `GET /pipelines/new` and `POST /pipelines/items`: opens an item by hand.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::view::{capital, pipelines};
use crate::app::pipelines::{NewItem, Written};
use crate::app::{Error, error};
use crate::db;
use crate::domain::money::{Currency, Money};
use crate::domain::pipeline::noun;
use crate::web::error::Result;
use crate::web::extract::{Csm, Form, Member, Query};
use crate::web::pages::crew::Crew;
use crate::web::pages::playbooks::start::account;
use crate::web::respond::{Done, Page, page_with_status};
use crate::web::ui::list::Choice;
use crate::web::ui::shell::Room;
use crate::web::ui::{Shell, filters};
use crate::web::{Web, paths};

/// What is written of an item, as it is typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub(super) title: String,
    pub(super) why: String,
    pub(super) amount: String,
    pub(super) currency: String,
    pub(super) owner: String,
}

impl Typed {
    /// What it says.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an amount, currency or member that is none.
    pub(super) fn written(&self) -> std::result::Result<Written, Error> {
        let amount = match self.amount.trim() {
            "" => None,
            text => {
                let currency: Currency = self
                    .currency
                    .parse()
                    .map_err(|_| Error::invalid("currency", "must be a code such as USD"))?;
                let money = Money::parse(text, currency);
                Some(money.map_err(|error| Error::invalid("amount", error.to_string()))?)
            }
        };
        let owner = match self.owner.as_str() {
            "" => None,
            id => Some(id.parse::<Uuid>().map_err(|_| Error::invalid("owner", "is no member"))?),
        };
        Ok(Written { title: self.title.clone(), why: self.why.clone(), amount, owner })
    }
}

/// What is to be opened, as it is typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    account: String,
    pipeline: String,
    offer: String,
    title: String,
    why: String,
    amount: String,
    currency: String,
    owner: String,
}

impl NewForm {
    fn typed(&self) -> Typed {
        Typed {
            title: self.title.clone(),
            why: self.why.clone(),
            amount: self.amount.clone(),
            currency: self.currency.clone(),
            owner: self.owner.clone(),
        }
    }
}

/// The form.
#[derive(Clone, Debug, Template)]
#[template(path = "pipelines/new.html")]
pub struct NewPage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub form: NewForm,
    /// The account's name, where it is chosen.
    pub account_name: String,
    /// The pipelines, and an opportunity without steps.
    pub pipelines: Vec<Choice>,
    /// The offers of the methodology, by kind; empty where it has none.
    pub offers: Vec<Choice>,
    /// Who may look after it.
    pub owners: Vec<Choice>,
    /// What is wrong, by field.
    pub errors: Vec<(String, String)>,
}

impl NewPage {
    /// What is wrong with a field.
    pub fn error(&self, name: &str) -> Option<&str> {
        self.errors.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// The form.
pub async fn show(
    State(web): State<Web>,
    Csm(member): Csm,
    Query(form): Query<NewForm>,
) -> Result<Page<NewPage>> {
    Ok(Page(page(&web, &member, form, Vec::new()).await?))
}

async fn page(web: &Web, member: &Member, mut form: NewForm, errors: Vec<error::Field>) -> Result<NewPage> {
    let in_force = web.app.methodology(&member.scope).await?;
    let in_force = in_force.as_deref();
    let mut tx = web.app.db.read(&member.scope).await?;
    let crew = Crew::load(&mut tx).await?;
    let wanted = form.account.trim();
    let known = match wanted.is_empty() || wanted.contains('\0') {
        true => None,
        false => db::accounts::find(&mut tx, wanted).await?,
    };
    drop(tx);
    if form.currency.is_empty() {
        member.scope.currency().clone_into(&mut form.currency);
    }
    let choice = |value: &str, label: String, chosen: &str| Choice {
        value: value.to_owned(),
        label,
        selected: value == chosen,
    };
    let of_pack = pipelines(in_force).iter().map(|pipeline| {
        let label = match *pipeline.name == *capital(&noun(&pipeline.subject)) {
            true => pipeline.name.to_string(),
            false => format!("{} ({})", pipeline.name, noun(&pipeline.subject)),
        };
        choice(&pipeline.id, label, &form.pipeline)
    });
    let plain = choice("", "An opportunity without steps".to_owned(), &form.pipeline);
    let offers = in_force.into_iter().flat_map(|m| m.file.offers.iter());
    let offers = offers.map(|offer| choice(&offer.id, offer.name.to_string(), &form.offer));
    let me = member.membership.member_id;
    Ok(NewPage {
        shell: member.shell(Room::Playbooks),
        account_name: known.map_or_else(String::new, |account| account.name),
        pipelines: of_pack.chain([plain]).collect(),
        offers: offers.collect(),
        owners: crew.choices("The account’s CSM", form.owner.parse().ok(), me),
        errors: errors.into_iter().map(|field| (field.name, field.message)).collect(),
        form,
    })
}

/// Opens it.
pub async fn open(State(web): State<Web>, Csm(member): Csm, Form(form): Form<NewForm>) -> Result<Response> {
    let wanted = form.account.trim();
    let mut tx = web.app.db.read(&member.scope).await?;
    let known = match wanted.is_empty() || wanted.contains('\0') {
        true => None,
        false => account(&mut tx, wanted).await?,
    };
    drop(tx);
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let wrong = |text: String| Error::invalid("account", text);
    let done = match (known, form.typed().written()) {
        (None, _) if wanted.is_empty() => Err(wrong("is needed".to_owned())),
        (None, _) => Err(wrong("is unknown: no one account is called that".to_owned())),
        (_, Err(error)) => Err(error),
        (Some(account), Ok(written)) => {
            let new = NewItem {
                account: account.external_id,
                pipeline: some(&form.pipeline),
                offer: some(&form.offer),
                written,
                external_id: None,
            };
            web.app.open_item(&member.scope, &new, &member.actor()).await
        }
    };
    match done {
        Ok((item, _)) => {
            let here = paths::item(item.id);
            let at = match item.step_name.as_str() {
                "" => "is open".to_owned(),
                step => format!("is open, at {step}"),
            };
            let undo = [("won", "no"), ("reason", "Opened by mistake")];
            let done = Done::to(here.clone(), format!("“{}” {at}.", item.title));
            Ok(done.undo(format!("{here}/close"), &undo).into_response())
        }
        Err(Error::Invalid(fields)) => {
            let page = page(&web, &member, form, fields).await?;
            Ok(page_with_status(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => Err(error.into()),
    }
}
