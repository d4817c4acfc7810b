//! `GET /accounts/{external_id}/people`: the contacts.

use askama::Template;

use super::head::AccountHead;
use crate::web::ui::{Avatar, EmptyState, Shell, filters};

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
    /// Telephone, may be empty.
    pub phone: String,
    /// `3 h ago`, `never`.
    pub last_seen: String,
}
