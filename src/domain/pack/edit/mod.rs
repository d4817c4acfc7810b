//! Changes to a pack's text that leave everything else as it was written: comments, layout, order, quotes.
//!
//! A part is named by a JSON pointer (RFC 6901), such as `/health/models/0/tree/1/weight`. Each change is made on the
//! places the loader's own parser tells, and is proved before it is handed out: the new text is read again, and what it
//! says must differ from the old by that change and nothing else.

mod outline;

use serde_json::Value;

pub use outline::Outline;
use outline::scalar;

use super::error::PackErrors;
use super::yaml::{ScalarType, plain_type};

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Writes a value in the place of another, or adds it where the map has no such key.
    Set {
        /// The place.
        at: String,
        /// What shall stand there.
        to: Part,
    },
    /// Puts an item into a list.
    Insert {
        /// The list.
        list: String,
        /// Where; at most the length of the list.
        index: usize,
        /// The item.
        item: Part,
    },
    /// Takes an item out of a list, or an entry out of a map.
    Remove {
        /// The place.
        at: String,
    },
    /// Lets an item of a list change places with the one after it.
    Swap {
        /// The list.
        list: String,
        /// Position of the first of the two.
        index: usize,
    },
}

/// What is written: its entries stand in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
    /// A truth value.
    Bool(bool),
    /// A list.
    List(Vec<Part>),
    /// A map.
    Map(Vec<(String, Part)>),
}

impl Part {
    /// A value as people type it: a number or truth value where it reads as one, a text otherwise.
    pub fn typed(text: &str) -> Self {
        let number = match plain_type(text) {
            ScalarType::Whole(n) => Some(n.into()),
            ScalarType::Number(n) => serde_json::Number::from_f64(n),
            ScalarType::Bool(b) => return Part::Bool(b),
            ScalarType::Null | ScalarType::Text => None,
        };
        number.map_or_else(|| Part::Text(text.to_owned()), Part::Number)
    }

    /// A map.
    pub fn map<const N: usize>(entries: [(&str, Part); N]) -> Self {
        Part::Map(entries.into_iter().map(|(key, part)| (key.to_owned(), part)).collect())
    }

    fn json(&self) -> Value {
        match self {
            Part::Text(text) => text.as_str().into(),
            Part::Number(number) => number.clone().into(),
            Part::Bool(truth) => (*truth).into(),
            Part::List(items) => items.iter().map(Part::json).collect(),
            Part::Map(entries) => entries.iter().map(|(key, part)| (key.clone(), part.json())).collect(),
        }
    }

    /// In one line.
    fn flow(&self) -> String {
        match self {
            Part::Text(text) => scalar(text),
            Part::Number(number) => number.to_string(),
            Part::Bool(truth) => truth.to_string(),
            Part::List(items) => format!("[{}]", items.iter().map(Part::flow).collect::<Vec<_>>().join(", ")),
            Part::Map(entries) => {
                let each = entries.iter().map(|(key, part)| format!("{}: {}", scalar(key), part.flow()));
                format!("{{{}}}", each.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Why a change was not made; the text is then as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no YAML.
    #[error("the file cannot be read: {0}")]
    Unreadable(PackErrors),
    /// There is no such place.
    #[error("there is nothing at {0}")]
    NoSuchPlace(String),
    /// It is written in a way that a change at this place would spoil.
    #[error("{0} is written in a way that only the file itself can be changed")]
    Layout(String),
}

/// Makes changes, one after another.
///
/// # Errors
/// The first that cannot be made.
pub fn apply(source: &str, edits: &[Edit]) -> Result<String, EditError> {
    let mut text = source.to_owned();
    for edit in edits {
        text = make(&text, edit)?;
    }
    Ok(text)
}

fn make(source: &str, edit: &Edit) -> Result<String, EditError> {
    let outline = Outline::read(source).map_err(EditError::Unreadable)?;
    let mut said = outline.json();
    let (Edit::Set { at, .. }
    | Edit::Insert { list: at, .. }
    | Edit::Remove { at }
    | Edit::Swap { list: at, .. }) = edit;
    let nowhere = || EditError::NoSuchPlace(at.clone());
    change(&mut said, edit).ok_or_else(nowhere)?;
    let layout = || EditError::Layout(at.clone());
    let text = outline.write(edit).ok_or_else(layout)?;
    match Outline::read(&text) {
        Ok(outline) if outline.json() == said => Ok(text),
        _ => Err(layout()),
    }
}

/// The change on what the text says.
fn change(said: &mut Value, edit: &Edit) -> Option<()> {
    match edit {
        Edit::Set { at, to } => match said.pointer_mut(at) {
            Some(there) => *there = to.json(),
            None => {
                let (parent, key) = split(at)?;
                said.pointer_mut(parent)?.as_object_mut()?.insert(unescape(key), to.json());
            }
        },
        Edit::Insert { list, index, item } => {
            let list = said.pointer_mut(list)?.as_array_mut()?;
            if *index > list.len() {
                return None;
            }
            list.insert(*index, item.json());
        }
        Edit::Remove { at } => {
            let (parent, key) = split(at)?;
            match said.pointer_mut(parent)? {
                Value::Array(items) => {
                    let index = key.parse().ok().filter(|i: &usize| *i < items.len())?;
                    items.remove(index);
                }
                Value::Object(entries) => {
                    entries.remove(&unescape(key))?;
                }
                _ => return None,
            }
        }
        Edit::Swap { list, index } => {
            let list = said.pointer_mut(list)?.as_array_mut()?;
            if index + 1 >= list.len() {
                return None;
            }
            list.swap(*index, index + 1);
        }
    }
    Some(())
}

/// A pointer as what it lies in and its last part.
fn split(pointer: &str) -> Option<(&str, &str)> {
    pointer.rsplit_once('/')
}

fn unescape(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// A part of a pointer for a key.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
