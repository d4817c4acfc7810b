//! The things the product does, without HTTP.

mod overrides;
mod packs;
mod hostile;
mod scoring;
mod versions;
mod work;
