//! The things the product does, without HTTP.

mod corrections;
mod packs;
mod scoring;
mod work;
