//! The things the product does, without HTTP.

mod overrides;
mod packs;
mod scoring;
mod work;
