//! What is wrong with a pack, each with the line it stands on and a caret under the text.

use std::fmt;
use std::ops::Range;

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
    /// The line it stands on, as far as it is shown: of a long one the part around the place.
    pub text: String,
    /// The part of `text` that is wrong, counted in characters.
    pub marked: Range<usize>,
}

/// How much of a long line is shown on either side of the caret.
const CONTEXT: usize = 60;
/// Most errors that are shown of one pack.
pub const MAX_SHOWN: usize = 100;
/// Most errors that are remembered, to show the first of them in the order of the text.
const MAX_KEPT: usize = 1000;

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
        let number = at.line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(self.marked.start);
        let carets = "^".repeat(self.marked.len());
        format!(" {number} | {}\n {margin} | {indent}{carets}", self.text)
    }
}

/// Collects errors while a pack is read.
#[derive(Debug, Default)]
pub(super) struct Errors<'s> {
    lines: Vec<Line<'s>>,
    found: Vec<PackError>,
    /// Those that are only counted.
    more: usize,
}

impl<'s> Errors<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { lines: lines(source), found: Vec::new(), more: 0 }
    }

    /// The text of a line from a column on.
    pub(super) fn text_from(&self, line: u32, column: u32) -> &'s str {
        let line = (line as usize).checked_sub(1).and_then(|i| self.lines.get(i));
        line.map_or("", |line| line.from((column as usize).saturating_sub(1)))
    }

    pub(super) fn add(&mut self, at: Span, message: impl Into<String>) {
        if self.found.len() >= MAX_KEPT {
            self.more += 1;
            return;
        }
        let (text, marked) = self.excerpt(at);
        self.found.push(PackError { at: Some(at), message: message.into(), text, marked });
    }

    pub(super) fn general(&mut self, message: impl Into<String>) {
        self.found.push(PackError { at: None, message: message.into(), text: String::new(), marked: 0..0 });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether another error would still be shown, so that it is worth a hint.
    pub(super) fn wants_hints(&self) -> bool {
        self.found.len() < MAX_SHOWN
    }

    /// The line of a place, cut to what is shown, and the part of it that is meant.
    fn excerpt(&self, at: Span) -> (String, Range<usize>) {
        let column = at.column.max(1);
        let from = column.saturating_sub(CONTEXT as u32).max(1);
        let wide = match at.end_column.checked_sub(column) {
            Some(width) if at.end_line <= at.line => (width as usize).max(1),
            _ => usize::MAX,
        };
        let ahead = (column - from) as usize;
        let shown = ahead + wide.clamp(CONTEXT, 2 * CONTEXT);
        let mut rest = self.text_from(at.line, from).chars();
        let mut text: String = if from > 1 { "…".to_owned() } else { String::new() };
        let start = ahead + text.chars().count();
        text.extend(rest.by_ref().take(shown));
        let length = text.chars().count();
        if rest.next().is_some() {
            text.push('…');
        }
        let start = start.min(length);
        (text, start..start.saturating_add(wide).min(length).max(start + 1))
    }

    /// The errors in the order of the text, if there are any.
    pub(super) fn finish(mut self) -> Result<(), PackErrors> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|e| e.at.map(|at| (at.line, at.column)));
        self.found.dedup();
        let more = self.more + self.found.len().saturating_sub(MAX_SHOWN);
        self.found.truncate(MAX_SHOWN);
        if more > 0 {
            self.general(format!("and {more} more"));
        }
        Err(PackErrors(self.found))
    }
}

/// A line of the text, in which a column is found at once however long it is.
#[derive(Debug)]
struct Line<'s> {
    text: &'s str,
    /// The byte offset of every so many characters; none for a short line.
    marks: Vec<u32>,
}

/// Characters between two marks of a line.
const STRIDE: usize = 256;

impl<'s> Line<'s> {
    fn new(text: &'s str) -> Self {
        let marked = text.char_indices().step_by(STRIDE).map(|(offset, _)| offset as u32);
        Self { text, marks: if text.len() > STRIDE { marked.collect() } else { Vec::new() } }
    }

    /// The text after so many characters.
    fn from(&self, characters: usize) -> &'s str {
        let near = self.marks.get(characters / STRIDE);
        let (start, skip) = match near {
            Some(offset) => (*offset as usize, characters % STRIDE),
            None if self.marks.is_empty() => (0, characters),
            None => return "",
        };
        let rest = &self.text[start..];
        rest.char_indices().nth(skip).map_or("", |(offset, _)| &rest[offset..])
    }
}

/// The lines of a text, which may end in LF, CR LF or CR.
fn lines(source: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut rest = source.strip_prefix('\u{feff}').unwrap_or(source);
    while let Some(end) = rest.find(['\n', '\r']) {
        lines.push(Line::new(&rest[..end]));
        let after = if rest[end..].starts_with("\r\n") { end + 2 } else { end + 1 };
        rest = &rest[after..];
    }
    lines.push(Line::new(rest));
    lines
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
