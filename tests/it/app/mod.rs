//! The things the product does, without HTTP.

mod hostile;
mod overrides;
mod packs;
mod scoring;
mod versions;
mod work;
