//! The methodology over the API: what is in force, its versions, and the drafts of the next.
//!
//! Keys of scope read look, keys of scope write prepare drafts, and only keys of scope manage publish; these may also
//! do what the others can here.

pub mod drafts;
pub mod packs;
pub mod preview;
pub mod publish;
pub mod shapes;
pub mod versions;
