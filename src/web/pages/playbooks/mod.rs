//! `/playbooks`: the templates of the methodology, what runs of them, and what followed.

pub mod list;
pub mod show;
pub mod start;

use crate::domain::pack::schema::{Anchor, Playbook, Subject};
use crate::web::ui::format;

/// `from the contract start, 90 days, 9 tasks`.
pub fn shape(playbook: &Playbook) -> String {
    let from = match playbook.anchor {
        Anchor::Start => "from the customer's start",
        Anchor::StageEntry => "from the entry of its stage",
        Anchor::Renewal => "around the renewal date",
        Anchor::Trigger => "from the day it is started",
    };
    let whom = match playbook.subject {
        Subject::Account => "",
        Subject::Member => ", for a member of the team",
        Subject::Tenant => ", for the company",
    };
    let length = playbook.days.map_or_else(String::new, |days| format!(", {}", format::count(days, "day")));
    format!("{from}{length}, {}{whom}", format::count(playbook.tasks.len() as i64, "task"))
}

/// A category's id as people read it.
pub fn category(id: &str) -> String {
    let mut text = id.replace(['_', '-'], " ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text
}
