//! The things the product does, without HTTP.

mod scoring;
mod work;
