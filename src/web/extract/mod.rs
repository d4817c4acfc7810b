//! Who is asking, as argument types: a handler that takes [`Admin`] cannot be reached by anybody else.

mod form;
mod id;
mod json;
pub(in crate::web) mod key;
pub(in crate::web) mod member;
mod path;
mod posted;

pub use form::{Form, Query};
pub use id::Id;
pub use json::Json;
pub use key::{ManageKey, MethodologyReader, MethodologyWriter, ReadKey, WriteKey};
pub use member::{Admin, Csm, Hx, Manager, Member, SESSION_COOKIE, SESSION_COOKIE_INSECURE, session_cookie};
pub use path::Path;
pub use posted::Posted;
