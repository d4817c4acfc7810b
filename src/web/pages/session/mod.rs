//! Coming in and going out: sign-in, invitation, password, theme, tenant.

pub mod invitation;
pub mod password;
pub mod sign_in;
pub mod sign_out;
pub mod tenant;
pub mod theme;
