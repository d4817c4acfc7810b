//! The things the product does, without HTTP.

mod packs;
mod scoring;
mod versions;
mod work;
