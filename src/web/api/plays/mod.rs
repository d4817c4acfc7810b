//! `/api/v1/plays`: runs of playbooks; and `GET /api/v1/playbooks`: what there is to run.

pub mod act;
pub mod list;
pub mod playbooks;
pub mod shapes;
