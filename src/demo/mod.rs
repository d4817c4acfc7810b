//! The deterministic simulator behind `holdfast demo`.
