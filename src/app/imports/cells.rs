//! Cells of a row, and what they may say.

use std::collections::HashMap;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::imports::Columns;

/// One row, by the fields its columns fill.
pub(super) struct Cells<'a> {
    record: &'a csv::StringRecord,
    columns: &'a Columns,
}

/// What is wrong with a row.
pub(super) type Checked<T> = Result<T, String>;

impl<'a> Cells<'a> {
    /// A row that has a cell for each column.
    pub(super) fn new(record: &'a csv::StringRecord, columns: &'a Columns) -> Checked<Self> {
        let (has, wants) = (record.len(), columns.header.len());
        if has != wants {
            return Err(format!("The row has {has} cells, the header has {wants}."));
        }
        if record.as_slice().contains('\0') {
            return Err("The row holds a NUL character.".to_owned());
        }
        Ok(Cells { record, columns })
    }

    /// Whether a column fills the field.
    pub(super) fn has(&self, field: &str) -> bool {
        self.columns.fields.iter().any(|(name, _)| name == field)
    }

    /// The cell without surrounding white space; empty when no column fills the field.
    pub(super) fn get(&self, field: &str) -> &'a str {
        let at = self.columns.fields.iter().find(|(name, _)| name == field).map(|(_, at)| *at);
        at.and_then(|at| self.record.get(at)).unwrap_or_default().trim()
    }

    /// Names the column as the file does.
    pub(super) fn wrong<T>(&self, field: &str, message: impl std::fmt::Display) -> Checked<T> {
        let at = self.columns.fields.iter().find(|(name, _)| name == field).map(|(_, at)| *at);
        let column = at.and_then(|at| self.columns.header.get(at)).map_or(field, String::as_str);
        Err(format!("{column}: {message}"))
    }

    /// A text of at most so many characters.
    pub(super) fn text(&self, field: &str, most: usize) -> Checked<&'a str> {
        let text = self.get(field);
        if text.len() > most && text.chars().count() > most {
            return self.wrong(field, format_args!("may have at most {most} characters"));
        }
        Ok(text)
    }

    /// A text that must be there.
    pub(super) fn needed(&self, field: &str, most: usize) -> Checked<&'a str> {
        match self.text(field, most)? {
            "" => self.wrong(field, "is empty"),
            text => Ok(text),
        }
    }

    /// A day, if there is one.
    pub(super) fn date(&self, field: &str) -> Checked<Option<NaiveDate>> {
        match self.get(field) {
            "" => Ok(None),
            text => match date(text) {
                Ok(day) => Ok(Some(day)),
                Err(message) => self.wrong(field, message),
            },
        }
    }

    /// A day that must be there.
    pub(super) fn needed_date(&self, field: &str) -> Checked<NaiveDate> {
        match self.date(field)? {
            Some(day) => Ok(day),
            None => self.wrong(field, "is empty"),
        }
    }

    /// A whole number between two, if there is one.
    pub(super) fn whole(&self, field: &str, least: i32, most: i32) -> Checked<Option<i32>> {
        let text = self.get(field);
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => self.wrong(field, format_args!("{text:?} is not a whole number from {least} to {most}")),
        }
    }
}

/// `2027-01-31` or `2027/01/31`, between 1900 and 2200.
pub(super) fn date(text: &str) -> Checked<NaiveDate> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).map(str::trim).collect();
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    if let [year, month, day] = parts[..] {
        let same_separator = text.contains('-') != text.contains('/') && !text.contains('.');
        if digits(year, 4) && digits(month, 2) && digits(day, 2) && same_separator {
            let day = format!("{year}-{month}-{day}").parse::<NaiveDate>();
            return match day {
                Ok(day) if ("1900".."2201").contains(&year) => Ok(day),
                Ok(_) => Err(format!("{text:?} is not a day between 1900 and 2200")),
                Err(_) => Err(format!("{text:?} is not a day of the calendar")),
            };
        }
        let short = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if short(year) && short(month) && (digits(day, 4) || digits(day, 2)) {
            return Err(format!(
                "{text:?} does not tell whether the day or the month comes first; write dates as 2027-01-31"
            ));
        }
    }
    Err(format!("{text:?} is not a date such as 2027-01-31"))
}

/// Yes or no, in the ways spreadsheets say it.
pub(super) fn yes_or_no(text: &str) -> Checked<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

/// A finite number in plain decimal notation.
pub(super) fn number(text: &str) -> Checked<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    match text.parse::<f64>() {
        Ok(number) if plain && number.is_finite() => Ok(number),
        _ => Err(format!("{text:?} is not a number such as 1234.5")),
    }
}

/// The account of a row whose account is not known.
pub(super) fn unknown_account(external_id: &str) -> String {
    format!("No account has the external id {external_id:?}; import accounts first.")
}

/// The accounts that rows name, by external id.
pub(super) async fn accounts_of(
    tx: &mut crate::db::TenantTx,
    names: impl Iterator<Item = &str>,
) -> crate::db::Result<HashMap<String, Uuid>> {
    let names: std::collections::BTreeSet<&str> = names.collect();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    Ok(crate::db::accounts::ids_of(tx, &names).await?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let day = NaiveDate::from_ymd_opt(2027, 1, 31).unwrap();
        for good in ["2027-01-31", "2027/01/31"] {
            assert_eq!(date(good), Ok(day), "{good}");
        }
        for (bad, why) in [
            ("01/02/2027", "comes first"),
            ("31/01/2027", "comes first"),
            ("1.2.2027", "comes first"),
            ("01-02-27", "comes first"),
            ("2027-02-29", "calendar"),
            ("2027-01/31", "not a date"),
            ("1203-01-31", "between"),
            ("soon", "not a date"),
            ("2027-01-31T00:00:00Z", "not a date"),
            ("46053", "not a date"),
        ] {
            let reason = date(bad).unwrap_err();
            assert!(reason.contains(why), "{bad}: {reason}");
        }
    }

    #[test]
    fn numbers_and_truth() {
        assert_eq!(number("-1.5e2"), Ok(-150.0));
        for bad in ["", "NaN", "inf", "1,5", "12%", "1e999", "0x10"] {
            assert!(number(bad).is_err(), "{bad}");
        }
        assert_eq!((yes_or_no("Yes"), yes_or_no("0")), (Ok(true), Ok(false)));
        assert!(yes_or_no("maybe").is_err());
    }
}
