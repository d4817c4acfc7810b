//! The things the product does, without HTTP.

mod acting;
pub mod backtest;
mod corrections;
mod hostile;
mod notices;
mod overrides;
mod packs;
mod renewals;
mod scoring;
mod versions;
mod work;
