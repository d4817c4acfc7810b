//! Support: the clocks of all tickets, and a ticket with what is done to it.

pub mod act;
pub mod figures;
pub mod list;
pub mod show;
pub mod words;
