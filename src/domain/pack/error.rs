//! What is wrong with a pack, each with the line it stands on and a caret under the text.

use std::fmt;

/// A place in a pack's text; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Line of the character after the last.
    pub end_line: u32,
    /// Column of the character after the last.
    pub end_column: u32,
}

/// All that is wrong with a pack, in the order of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackErrors(pub Vec<PackError>);

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    /// Where; none when it is about no place in the text, such as an override.
    pub at: Option<Span>,
    /// What is wrong, for people.
    pub message: String,
    /// The line it stands on.
    pub text: String,
}

/// How much of a long line is shown on either side of the caret.
const CONTEXT: usize = 60;

impl std::error::Error for PackErrors {}

impl fmt::Display for PackErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if i > 0 { "\n\n" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = self.at else { return f.write_str(&self.message) };
        write!(f, "line {}, column {}: {}\n{}", at.line, at.column, self.message, self.excerpt())
    }
}

impl PackError {
    /// The line it stands on with its number, and a caret under the text; empty when it is about no place.
    pub fn excerpt(&self) -> String {
        let Some(at) = self.at else { return String::new() };
        let line: Vec<char> = self.text.chars().collect();
        let start = (at.column.max(1) as usize - 1).min(line.len());
        let end = if at.end_line > at.line { line.len() } else { (at.end_column as usize).saturating_sub(1) };
        let end = end.clamp(start, line.len());
        let from = start.saturating_sub(CONTEXT);
        let to = (start + CONTEXT).max(end.min(start + 2 * CONTEXT)).min(line.len());
        let shown: String = line[from..to].iter().collect();
        let (before, after) = (if from > 0 { "…" } else { "" }, if to < line.len() { "…" } else { "" });
        let number = at.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(start - from + before.chars().count());
        let carets = "^".repeat((end.min(to) - start).max(1));
        format!(" {number} | {before}{shown}{after}\n {margin} | {indent}{carets}")
    }
}

/// Collects errors while a pack is read.
#[derive(Debug, Default)]
pub(super) struct Errors<'s> {
    lines: Vec<&'s str>,
    found: Vec<PackError>,
}

impl<'s> Errors<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { lines: source.lines().collect(), found: Vec::new() }
    }

    pub(super) fn line(&self, number: u32) -> &'s str {
        (number as usize).checked_sub(1).and_then(|i| self.lines.get(i)).copied().unwrap_or("")
    }

    pub(super) fn add(&mut self, at: Span, message: impl Into<String>) {
        let text = self.line(at.line).to_owned();
        self.found.push(PackError { at: Some(at), message: message.into(), text });
    }

    pub(super) fn general(&mut self, message: impl Into<String>) {
        self.found.push(PackError { at: None, message: message.into(), text: String::new() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The errors in the order of the text, if there are any.
    pub(super) fn finish(mut self) -> Result<(), PackErrors> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|e| e.at.map(|at| (at.line, at.column)));
        self.found.dedup();
        Err(PackErrors(self.found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_text() {
        let mut errors = Errors::new("a: 1\nbéta: wrong here\n");
        errors.add(Span { line: 2, column: 7, end_line: 2, end_column: 12 }, "no such word");
        let shown = errors.finish().unwrap_err().to_string();
        assert_eq!(shown, "line 2, column 7: no such word\n 2 | béta: wrong here\n   |       ^^^^^");
    }

    #[test]
    fn long_lines_are_cut() {
        let source = format!("{}x{}", "a".repeat(200), "b".repeat(200));
        let mut errors = Errors::new(&source);
        errors.add(Span { line: 1, column: 201, end_line: 1, end_column: 202 }, "x");
        let shown = errors.finish().unwrap_err().to_string();
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().nth(caret), Some('x'));
        assert!(lines[1].chars().count() < 140);
    }
}
