//! The things the product does, without HTTP.

pub mod backtest;
mod scoring;
mod work;
