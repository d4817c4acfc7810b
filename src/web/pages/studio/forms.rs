//! What the forms of a draft have in common: fields named by the place they stand for, and saving what was typed.
//!
//! A field whose name begins with `/` is the value at that JSON pointer of the file; `%/…` is a weight in percent.

use axum::extract::Multipart;

use crate::app::Error;
use crate::app::methodology::Draft;
use crate::domain::pack::PackErrors;
use crate::domain::pack::edit::{self, Edit, Outline, Part};
use crate::web::Web;
use crate::web::error::Result;
use crate::web::extract::Member;
use crate::web::ui::{Notice, Tone};

/// The fields of a form in their order.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub Vec<(String, String)>);

/// What a refused form shows again: what was typed, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Refused {
    /// What was typed.
    pub fields: Fields,
    /// Faults by the name of the field.
    pub errors: Vec<(String, String)>,
    /// What no field stands for.
    pub notice: Option<Notice>,
}

/// What became of a form.
pub enum Saved {
    /// It is stored.
    Done(Box<Draft>),
    /// It is not.
    Not(Refused),
}

impl Fields {
    /// The first value of a name; empty without one.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
    }

    /// The value of a name if it was sent.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The revision of the draft the form was made from.
    pub fn revision(&self) -> i32 {
        self.get("revision").parse().unwrap_or(0)
    }

    /// The values typed for places of the file that say something else than the file does.
    pub fn changed<'f>(&'f self, outline: &'f Outline<'_>) -> impl Iterator<Item = (&'f str, &'f str)> {
        let places = self.0.iter().filter(|(name, _)| name.starts_with('/'));
        places.map(|(name, value)| (name.as_str(), value.trim())).filter(|(name, value)| {
            let is = outline.text(name).unwrap_or_default();
            is.trim() != *value && !(is.is_empty() && value.is_empty())
        })
    }

    /// Those as changes: what is emptied is taken away.
    pub fn edits(&self, outline: &Outline<'_>) -> Vec<Edit> {
        let edit = |(at, to): (&str, &str)| match to {
            "" => Edit::Remove { at: at.to_owned() },
            to => Edit::Set { at: at.to_owned(), to: Part::typed(to) },
        };
        self.changed(outline).map(edit).collect()
    }
}

impl Refused {
    /// A form refused for one reason.
    pub fn because(fields: Fields, title: &str, text: &str) -> Self {
        Refused { fields, errors: Vec::new(), notice: Some(Notice::new(Tone::Critical, title, text)) }
    }

    /// A form refused for its fields.
    pub fn for_fields(fields: Fields, errors: Vec<(String, String)>) -> Self {
        let text = "Nothing was changed. What is wrong stands at its field.";
        Refused { errors, ..Refused::because(fields, "Not saved.", text) }
    }

    /// What stands in a field: what was typed, or else what the file says.
    pub fn value(&self, name: &str, otherwise: &str) -> String {
        self.fields.find(name).unwrap_or(otherwise).to_owned()
    }

    /// What is wrong with a field; empty for nothing.
    pub fn error(&self, name: &str) -> String {
        let of = self.errors.iter().filter(|(n, _)| n == name).map(|(_, message)| message.as_str());
        of.collect::<Vec<_>>().join(" ")
    }
}

/// Makes changes to a draft's file and saves it, if it then still holds together and nobody saved it since.
///
/// # Errors
/// When the database fails.
pub async fn save(
    web: &Web,
    member: &Member,
    draft: &Draft,
    fields: Fields,
    edits: &[Edit],
) -> Result<Saved> {
    let source = match edit::apply(&draft.stored.source, edits) {
        Ok(source) => source,
        Err(error) => {
            let text = format!("{error}. Nothing was changed.");
            return Ok(Saved::Not(Refused::because(fields, "That cannot be written from here:", &text)));
        }
    };
    let (id, revision, actor) = (draft.stored.id, fields.revision(), member.actor());
    let saving = web.app.save_draft(&member.scope, id, None, &source, &draft.overrides, revision, &actor);
    match saving.await {
        Ok(draft) => Ok(Saved::Done(Box::new(draft))),
        Err(Error::Pack(errors)) => Ok(Saved::Not(at_fields(fields, &source, &errors))),
        Err(Error::Conflict(why)) => Ok(Saved::Not(conflict(fields, &why))),
        Err(error) => Err(error.into()),
    }
}

/// Somebody was faster: what was typed stays in its fields, and saving again writes it over theirs.
pub fn conflict(fields: Fields, why: &str) -> Refused {
    let text = format!("{why} What you typed is in its fields still; the rest is as they saved it.");
    Refused::because(fields, "Not saved.", &text)
}

/// Gives each fault to the field whose place it lies in.
fn at_fields(fields: Fields, tried: &str, errors: &PackErrors) -> Refused {
    let outline = Outline::read(tried).ok();
    let place = |name: &str| outline.as_ref()?.at(name.strip_prefix('%').unwrap_or(name));
    let (mut at_fields, mut general) = (Vec::new(), Vec::new());
    for error in &errors.0 {
        let found = error.at.and_then(|at| {
            let inside = |name: &str| {
                place(name).is_some_and(|span| {
                    (span.line, span.column) <= (at.line, at.column)
                        && (at.line, at.column) <= (span.end_line, span.end_column)
                })
            };
            fields.0.iter().find(|(name, _)| name.starts_with(['/', '%']) && inside(name))
        });
        match (found, error.at) {
            (Some((name, _)), _) => at_fields.push((name.clone(), error.message.clone())),
            (None, Some(at)) => general.push(format!("Line {} would say: {}.", at.line, error.message)),
            (None, None) => general.push(format!("{}.", error.message)),
        }
    }
    if general.is_empty() {
        return Refused::for_fields(fields, at_fields);
    }
    let text = format!("Nothing was changed. {}", general.join(" "));
    Refused { errors: at_fields, ..Refused::because(fields, "Not saved.", &text) }
}

/// The fields of a form with a file: its text stands under the file's name, if one was chosen.
///
/// # Errors
/// A sentence for people when the upload broke off or is too large.
pub async fn multipart(mut form: Multipart) -> std::result::Result<Fields, String> {
    let broken =
        |_| "The upload broke off, or the file is larger than a pack may be. Nothing was kept.".to_owned();
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let bytes = field.bytes().await.map_err(broken)?;
        if is_file && bytes.is_empty() {
            continue;
        }
        let text = String::from_utf8(bytes.into()).map_err(|_| "The file is not UTF-8 text.".to_owned())?;
        fields.0.push((name, text));
    }
    Ok(fields)
}
