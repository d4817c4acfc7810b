//! The things the product does, without HTTP.

pub mod backtest;
mod corrections;
mod hostile;
mod overrides;
mod packs;
mod renewals;
mod scoring;
mod versions;
mod work;
