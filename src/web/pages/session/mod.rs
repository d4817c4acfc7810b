//! Coming in: sign-in, invitation, password.

pub mod invitation;
pub mod password;
pub mod sign_in;
