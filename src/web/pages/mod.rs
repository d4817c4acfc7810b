//! Page view models.
