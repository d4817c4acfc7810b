//! The things the product does, without HTTP.

mod overrides;
mod scoring;
mod work;
