//! `/tasks`: what is to be done, by whom, until when.

pub mod calendar;
pub mod change;
pub mod feed;
pub mod list;
pub mod row;
pub mod show;

use crate::web::ui::Tabs;

/// The pages of the room, one beside the other.
pub fn tabs(current: &str) -> Tabs {
    [("Tasks", "/tasks"), ("Playbooks", "/playbooks"), ("Pipelines", "/pipelines"), ("Load", "/team")]
        .into_iter()
        .fold(Tabs::new("Playbooks and tasks"), |tabs, (label, href)| tabs.tab(label, href, href == current))
}
