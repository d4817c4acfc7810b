//! Which column of a file fills which field.

use super::{ColumnSpec, ImportKind};
use crate::app::{Error, Result};
use crate::db::custom_fields::CustomField;
use crate::db::imports::Columns;
use crate::domain::metric::normalise;

/// Columns whose field somebody chose, as `(column, field)`; an empty field leaves the column out. Every other column
/// goes by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping(pub Vec<(String, String)>);

impl Mapping {
    /// Reads choices written as `column=field`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text without `=`.
    pub fn parse<T: AsRef<str>>(choices: impl IntoIterator<Item = T>) -> Result<Mapping> {
        let pairs = choices.into_iter().map(|choice| {
            let choice = choice.as_ref();
            // Columns may be called anything; fields have no `=` in their names.
            let pair = choice.rsplit_once('=');
            pair.map(|(column, field)| (column.trim().to_owned(), field.trim().to_owned()))
                .ok_or_else(|| Error::invalid("map", format!("{choice:?} is not written as column=field")))
        });
        Ok(Mapping(pairs.collect::<Result<_>>()?))
    }

    /// The fields of a file's columns; the text says what is missing, if anything needed is.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a choice that names no column or no field.
    pub(super) fn resolve(
        &self,
        kind: ImportKind,
        header: &[String],
        own: &[CustomField],
    ) -> Result<(Columns, Option<String>)> {
        let mut chosen: Vec<Option<String>> = vec![None; header.len()];
        for (column, field) in &self.0 {
            let at = header
                .iter()
                .position(|name| name == column)
                .or_else(|| header.iter().position(|name| normalise(name) == normalise(column)));
            let Some(at) = at else {
                let known = header.join(", ");
                return Err(Error::invalid(
                    "map",
                    format!("the file has no column {column:?}; it has {known}"),
                ));
            };
            let known = field.is_empty()
                || kind.columns().iter().any(|c| c.name == field)
                || own.iter().any(|o| o.name == *field);
            if !known {
                return Err(Error::invalid(
                    "map",
                    format!("{field:?} is no field of {}; there are {}", kind.word(), fields_of(kind, own)),
                ));
            }
            if !field.is_empty() && chosen.iter().flatten().any(|other| other == field) {
                return Err(Error::invalid("map", format!("two columns are to fill {field}")));
            }
            chosen[at] = Some(field.clone());
        }
        let fields = by_name(kind, header, own, &chosen);
        let ignored = (0..header.len()).filter(|at| !fields.iter().any(|(_, filled)| filled == at));
        let ignored = ignored.map(|at| header[at].clone()).collect();
        let columns = Columns { header: header.to_vec(), fields, ignored };
        let missing = missing(kind, &columns);
        Ok((columns, missing))
    }
}

/// Fills fields from the columns chosen for them, then by their own names, then by names others use.
fn by_name(
    kind: ImportKind,
    header: &[String],
    own: &[CustomField],
    chosen: &[Option<String>],
) -> Vec<(String, usize)> {
    let mut fields: Vec<(String, usize)> = Vec::new();
    for (at, field) in chosen.iter().enumerate() {
        if let Some(field) = field.as_ref().filter(|field| !field.is_empty()) {
            fields.push((field.clone(), at));
        }
    }
    let names: Vec<String> = header.iter().map(|name| normalise(name)).collect();
    let mut take = |field: &str, known_as: &str| {
        let free = |at: &usize| chosen[*at].is_none() && !fields.iter().any(|(_, filled)| filled == at);
        let at = (0..names.len()).filter(free).find(|at| names[*at] == known_as);
        if let (Some(at), false) = (at, fields.iter().any(|(name, _)| name == field)) {
            fields.push((field.to_owned(), at));
        }
    };
    kind.columns().iter().for_each(|column| take(column.name, column.name));
    own.iter().for_each(|field| take(&field.name, &field.name));
    for column in kind.columns() {
        column.aliases.iter().for_each(|alias| take(column.name, alias));
    }
    fields
}

fn missing(kind: ImportKind, columns: &Columns) -> Option<String> {
    let has = |field: &str| columns.fields.iter().any(|(name, _)| name == field);
    let mut missing: Vec<&str> =
        kind.columns().iter().filter(|c| c.required && !has(c.name)).map(|c| c.name).collect();
    if kind == ImportKind::Contracts && !has("end_date") && !has("term_months") {
        missing.push("end_date (or term_months)");
    }
    let first = missing.first()?.split(' ').next().unwrap_or_default();
    Some(format!(
        "The file has no column for {}. It has {}. Rename a column, or say which one it is: --map \"COLUMN={first}\".",
        missing.join(", "),
        columns.header.join(", "),
    ))
}

fn fields_of(kind: ImportKind, own: &[CustomField]) -> String {
    let names: Vec<&str> =
        kind.columns().iter().map(|c| c.name).chain(own.iter().map(|o| o.name.as_str())).collect();
    names.join(", ")
}

/// A field with its name in files, names by which it is also found, and what it may hold.
pub(super) const fn column(
    name: &'static str,
    aliases: &'static [&'static str],
    required: bool,
    help: &'static str,
) -> ColumnSpec {
    ColumnSpec { name, aliases, required, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(kind: ImportKind, header: &str, choices: &[&str]) -> (Vec<(String, usize)>, Option<String>) {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        let (columns, missing) = Mapping::parse(choices).unwrap().resolve(kind, &header, &[]).unwrap();
        (columns.fields, missing)
    }

    #[test]
    fn names_choices_and_aliases() {
        let filled = |fields: &[(String, usize)], field: &str| {
            fields.iter().find(|(name, _)| name == field).map(|(_, at)| *at)
        };
        let (fields, missing) = resolved(ImportKind::Accounts, "Account ID,External Id,Company", &[]);
        assert_eq!((filled(&fields, "external_id"), filled(&fields, "name")), (Some(1), Some(2)));
        assert_eq!(missing, None);
        let (fields, _) = resolved(
            ImportKind::Accounts,
            "Account ID,External Id,Company",
            &["Account ID=external_id", "Company="],
        );
        assert_eq!((filled(&fields, "external_id"), filled(&fields, "name")), (Some(0), None));
        let (_, missing) = resolved(ImportKind::Contracts, "id,account,start,arr", &[]);
        let missing = missing.unwrap();
        assert!(missing.contains("end_date (or term_months)") && missing.contains("--map"), "{missing}");
    }

    #[test]
    fn choices_that_cannot_be() {
        let header = ["a=b".to_owned(), "c".to_owned()];
        for (choice, why) in [
            (&["x=name"][..], "it has a=b, c"),
            (&["c=colour"], "external_id, name"),
            (&["a=b=name", "c=name"], "two columns"),
        ] {
            let error =
                Mapping::parse(choice).unwrap().resolve(ImportKind::Accounts, &header, &[]).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        assert!(Mapping::parse(["name"]).is_err());
    }
}
