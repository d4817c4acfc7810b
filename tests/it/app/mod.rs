//! The things the product does, without HTTP.

mod acting;
pub mod backtest;
mod corrections;
mod hostile;
mod overrides;
mod packs;
mod scoring;
mod versions;
mod work;
