//! What any thing the product does may fail with.

use crate::db;
use crate::domain::pack::PackErrors;

/// The result of any thing the product does.
pub type Result<T> = std::result::Result<T, Error>;

/// Few kinds, so that every caller can answer each of them.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or belongs to somebody else.
    #[error("not found")]
    NotFound,
    /// The caller may not.
    #[error("not allowed")]
    Forbidden,
    /// What was given is wrong; each field says how.
    #[error("{}", list(.0))]
    Invalid(Vec<Field>),
    /// A methodology pack does not hold together; each fault says where.
    #[error("{0}")]
    Pack(PackErrors),
    /// It cannot be so beside something that is there already.
    #[error("{0}")]
    Conflict(String),
    /// Try again later.
    #[error("the database is not available")]
    Unavailable(#[source] db::Error),
    /// Our fault; the log has the cause.
    #[error("internal error: {0}")]
    Internal(#[source] anyhow::Error),
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The field's name in forms and JSON.
    pub name: String,
    /// What is wrong and what to do.
    pub message: String,
}

fn list(fields: &[Field]) -> String {
    fields.iter().map(|f| format!("{}: {}", f.name, f.message)).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// One field is wrong.
    pub fn invalid(name: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Invalid(vec![Field { name: name.into(), message: message.into() }])
    }
}

/// The one place where names of constraints become words.
fn broken(constraint: &str) -> Option<Error> {
    Some(match constraint {
        "tenants_slug_key" => Error::Conflict("There is a tenant of that name already.".into()),
        "tenants_slug_check" => Error::invalid("name", "must begin with a letter or digit"),
        "accounts_external_id_check" => Error::invalid("external_id", "must have 1 to 200 characters"),
        "accounts_name_check" => Error::invalid("name", "must have 1 to 300 characters"),
        "api_keys_name_check" => Error::invalid("name", "must have 1 to 100 characters"),
        "contracts_check1" => Error::invalid("end_date", "must be after the start date"),
        "metrics_name_check" | "custom_fields_name_check" => {
            Error::invalid("name", "must be letters, digits and underscores, beginning with a letter")
        }
        "pipeline_items_of_rule" => {
            Error::Conflict("Another one of the same rule or offer is open for this account by now.".into())
        }
        _ => return None,
    })
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        if let Some(known) = db::broken_constraint(&error).and_then(broken) {
            return known;
        }
        if db::is_temporary(&error) { Error::Unavailable(error) } else { Error::Internal(error.into()) }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error::Internal(error)
    }
}
