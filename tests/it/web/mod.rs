//! HTTP from outside.

mod collect;
