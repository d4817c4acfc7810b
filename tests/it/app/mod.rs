//! The things the product does, without HTTP.

mod hostile;
mod scoring;
mod work;
