//! The things the product does, without HTTP.

mod corrections;
mod hostile;
mod overrides;
mod packs;
mod scoring;
mod versions;
mod work;
