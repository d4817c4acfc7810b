//! `GET /accounts/{external_id}/people`: the contacts.

use askama::Template;
use axum::extract::{Path, State};

use super::head::AccountHead;
use super::load::{AsOf, Subject};
use crate::db;
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::{Member, Query};
use crate::web::respond::Page;
use crate::web::ui::{Avatar, EmptyState, Shell, filters, format};

/// The people of an account, champions first.
#[derive(Clone, Debug, Template)]
#[template(path = "accounts/people.html")]
pub struct AccountPeoplePage {
    /// The frame.
    pub shell: Shell,
    /// The account's head.
    pub head: AccountHead,
    /// One a row.
    pub people: Vec<Person>,
    /// Said when there are none.
    pub empty: Option<EmptyState>,
}

/// A contact.
#[derive(Clone, Debug)]
pub struct Person {
    /// Name with initials.
    pub avatar: Avatar,
    /// `VP of Operations`.
    pub title: String,
    /// Role in the buying: `decision maker`.
    pub role: String,
    /// Whether this is the champion.
    pub champion: bool,
    /// Address, may be empty.
    pub email: String,
    /// `3 h ago`; empty for somebody the product has not named under the same id or address.
    pub last_seen: String,
    /// `left 3 Mar 2026`.
    pub left: Option<String>,
}

/// The page.
pub async fn show(
    State(web): State<Web>,
    member: Member,
    Path(external_id): Path<String>,
    Query(as_of): Query<AsOf>,
) -> Result<Page<AccountPeoplePage>> {
    let subject = Subject::load(&web, &member, &external_id, &as_of).await?;
    let mut tx = web.app.db.read(&member.scope).await?;
    let contacts = db::contacts::of_account(&mut tx, subject.account.id).await?;
    // A user of the product is the same person when their id is the contact's, or the contact's address.
    let ids: Vec<&str> = contacts
        .iter()
        .flat_map(|c| [c.external_id.as_str(), c.email.as_str()])
        .filter(|id| !id.is_empty())
        .collect();
    let seen = db::events::users_seen(&mut tx, &ids).await?;
    let people = contacts.iter().map(|contact| {
        let last = [&contact.external_id, &contact.email].into_iter().filter_map(|id| seen.get(id)).max();
        Person {
            avatar: Avatar::new(&contact.name),
            title: contact.title.clone(),
            role: contact.role.replace('_', " "),
            champion: contact.champion,
            email: contact.email.clone(),
            last_seen: last.map_or_else(String::new, |at| format::ago(*at, subject.words.now)),
            left: contact
                .left_on
                .filter(|day| *day <= subject.day)
                .map(|day| format!("left {}", format::date(day))),
        }
    });
    let empty = contacts.is_empty().then(|| {
        let text = "Knowing who decides and who champions the product is half of a renewal. Contacts come \
                    from a CSV import.";
        EmptyState::new("users", "No contacts yet", text).action("Import contacts", "/settings/imports")
    });
    Ok(Page(AccountPeoplePage {
        shell: subject.shell(&member, "people"),
        head: subject.head("people"),
        people: people.collect(),
        empty,
    }))
}
