//! The things the product does, without HTTP.

mod backtest;
mod scoring;
mod work;
