//! The things the product does, without HTTP.

mod packs;
mod hostile;
mod scoring;
mod work;
