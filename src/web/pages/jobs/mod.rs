//! Long work. Its progress is part of the page about its result; here it is stopped.

pub mod cancel;
