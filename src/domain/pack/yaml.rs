//! The text of a pack as a tree in which every part knows its place.
//!
//! Only what JSON can say is accepted: no anchors, aliases, tags, or second documents; keys are unique.

use std::collections::HashSet;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::error::{Errors, PackErrors, Span};

/// Largest pack, in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// Deepest nesting of lists and maps.
pub const MAX_NESTING: usize = 64;
/// Longest list or map of a pack, in entries.
pub const MAX_ENTRIES: usize = 1000;
/// Most texts, lists and maps of a pack, all together.
pub const MAX_PARTS: usize = 100_000;
/// Longest text of a pack, in bytes.
pub const MAX_TEXT: usize = 32 * 1024;

/// A part of the text.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: Span,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) at: Span,
    pub(super) text: String,
}

/// A scalar, and where each piece of its text stands.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) ty: ScalarType,
    pub(super) pieces: Vec<Piece>,
}

/// What an unquoted scalar is read as; quoted ones are text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ScalarType {
    Null,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text,
}

/// A stretch of a scalar's text: as written from a column on, or put in for a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) of: Range<usize>,
    pub(super) column: u32,
    pub(super) width: u32,
    pub(super) literal: bool,
}

impl Scalar {
    /// Where a byte range of the text stands; `at` is where all of it does.
    pub(super) fn locate(&self, at: Span, range: Range<usize>) -> Span {
        let place = |offset: usize, end: bool| {
            let inside = |p: &&Piece| p.of.contains(&offset) || (end && p.of.end == offset);
            let piece =
                if end { self.pieces.iter().find(inside) } else { self.pieces.iter().rev().find(inside) }?;
            let before = self.text.get(piece.of.start..offset)?.chars().count() as u32;
            Some(
                piece.column
                    + if piece.literal {
                        before
                    } else if end {
                        piece.width
                    } else {
                        0
                    },
            )
        };
        let last = self.pieces.last().map(|p| p.column + p.width);
        let start = place(range.start, false).or(last);
        let end = place(range.end, true);
        match start {
            Some(column) if at.line == at.end_line => {
                let end_column = end.unwrap_or(column).max(column + 1);
                Span { line: at.line, column, end_line: at.line, end_column }
            }
            _ => at,
        }
    }
}

impl Node {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Map(entries) = &self.kind else { return None };
        entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    /// What it is, for people.
    pub(super) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Scalar(scalar) => match scalar.ty {
                ScalarType::Null => "nothing",
                ScalarType::Bool(_) => "true or false",
                ScalarType::Whole(_) | ScalarType::Number(_) => "a number",
                ScalarType::Text => "a text",
            },
        }
    }
}

/// Any text in the format's dialect of YAML as JSON.
///
/// # Errors
/// Everything that keeps it from being read.
pub fn to_json(source: &str) -> Result<serde_json::Value, PackErrors> {
    let mut errors = Errors::new(source);
    let root = parse(source, usize::MAX, &mut errors);
    errors.finish()?;
    root.map(json).ok_or_else(|| PackErrors(Vec::new()))
}

pub(super) fn json(node: Node) -> serde_json::Value {
    match node.kind {
        Kind::Scalar(scalar) => match scalar.ty {
            ScalarType::Null => serde_json::Value::Null,
            ScalarType::Bool(b) => b.into(),
            ScalarType::Whole(n) => n.into(),
            ScalarType::Number(n) => n.into(),
            ScalarType::Text => scalar.text.into(),
        },
        Kind::List(items) => items.into_iter().map(json).collect(),
        Kind::Map(entries) => entries.into_iter().map(|(key, value)| (key.text, json(value))).collect(),
    }
}

/// Reads a text with lists and maps of so many entries at most. `None` when it is no YAML at all; smaller faults are
/// reported and passed over.
pub(super) fn parse(source: &str, max_entries: usize, errors: &mut Errors<'_>) -> Option<Node> {
    if source.len() > MAX_BYTES {
        let (given, most) = (source.len() as f64 / MEGABYTE, MAX_BYTES as f64 / MEGABYTE);
        errors.general(format!("the file has {given:.1} MB; a pack may have {most} MB at most"));
        return None;
    }
    let mut builder = Builder { open: Vec::new(), root: None, documents: 0, parts: 0, max_entries };
    let mut parser = Parser::new_from_str(source);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => {
                builder.take(event, convert(span), errors)?;
            }
            Err(error) => {
                let mark = error.marker();
                let (line, column) = (mark.line() as u32, mark.col() as u32 + 1);
                let at = Span { line, column, end_line: line, end_column: column + 1 };
                errors.add(at, not_yaml(error.info(), errors.text_from(line, 1)));
                return None;
            }
        }
    }
    if builder.root.is_none() {
        errors.general("the pack is empty");
    }
    builder.root
}

const MEGABYTE: f64 = 1024.0 * 1024.0;

fn not_yaml(why: &str, line: &str) -> String {
    if why.contains("recursion limit") {
        return too_deep();
    }
    let tab =
        line.starts_with(|c: char| c.is_ascii_whitespace()) && line.trim_start_matches(' ').starts_with('\t');
    let hint = if tab { "; indent with spaces, not with tabs" } else { "" };
    format!("this is not YAML: {why}{hint}")
}

fn too_deep() -> String {
    format!("lists and maps may be nested {MAX_NESTING} deep at most")
}

fn convert(span: saphyr_parser::Span) -> Span {
    let (start, end) = (span.start, span.end);
    Span {
        line: start.line() as u32,
        column: start.col() as u32 + 1,
        end_line: end.line() as u32,
        end_column: end.col() as u32 + 1,
    }
}

/// A list or map that has not ended yet.
struct Open {
    at: Span,
    kind: Kind,
    /// The key a map's next value belongs to.
    key: Option<Key>,
    /// The keys a map has so far.
    seen: HashSet<String>,
    /// Whether it was said that it is too long.
    full: bool,
}

impl Open {
    /// Whether one more entry is too many; says so once.
    fn is_full(&mut self, at: Span, max: usize, errors: &mut Errors<'_>) -> bool {
        let (what, entries) = match &self.kind {
            Kind::List(items) => ("list", items.len()),
            Kind::Map(entries) => ("map", entries.len()),
            Kind::Scalar(_) => return false,
        };
        if entries < max {
            return false;
        }
        if !self.full {
            errors.add(at, format!("a {what} may have {max} entries at most; this is one too many"));
        }
        self.full = true;
        true
    }
}

struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    parts: usize,
    max_entries: usize,
}

impl Builder {
    /// Takes one event; `None` when reading cannot go on.
    fn take(&mut self, event: Event<'_>, at: Span, errors: &mut Errors<'_>) -> Option<()> {
        if self.parts >= MAX_PARTS && self.max_entries < usize::MAX {
            errors.add(at, format!("a pack may have {MAX_PARTS} texts, lists and maps at most"));
            return None;
        }
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    errors.add(at, "a pack is one document");
                    return None;
                }
            }
            Event::Alias(_) => {
                errors.add(at, "aliases are not allowed in a pack");
                self.put(text_node(at, String::new()), errors);
            }
            Event::Scalar(text, style, anchor, tag) => {
                refuse(anchor, tag.is_some(), at, errors);
                let text = text.into_owned();
                readable(&text, at, errors);
                let ty = if style == ScalarStyle::Plain { plain_type(&text) } else { ScalarType::Text };
                let pieces = pieces(&text, style, at, errors);
                self.put(Node { at, kind: Kind::Scalar(Scalar { text, ty, pieces }) }, errors);
            }
            Event::SequenceStart(anchor, tag) => {
                refuse(anchor, tag.is_some(), at, errors);
                self.begin(at, Kind::List(Vec::new()), errors)?;
            }
            Event::MappingStart(anchor, tag) => {
                refuse(anchor, tag.is_some(), at, errors);
                self.begin(at, Kind::Map(Vec::new()), errors)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop()?;
                let at = Span { end_line: at.end_line, end_column: at.end_column, ..open.at };
                self.put(Node { at, kind: open.kind }, errors);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn begin(&mut self, at: Span, kind: Kind, errors: &mut Errors<'_>) -> Option<()> {
        if self.open.len() >= MAX_NESTING {
            errors.add(at, too_deep());
            return None;
        }
        self.open.push(Open { at, kind, key: None, seen: HashSet::new(), full: false });
        Some(())
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, node: Node, errors: &mut Errors<'_>) {
        self.parts += 1;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        if matches!(open.kind, Kind::List(_)) || open.key.is_some() {
            let at = open.key.as_ref().map_or(node.at, |key| key.at);
            if open.is_full(at, self.max_entries, errors) {
                open.key = None;
                return;
            }
        }
        match &mut open.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(entries) => match open.key.take() {
                Some(key) if !open.seen.insert(key.text.clone()) => {
                    errors.add(key.at, format!("`{}` is given twice", key.text));
                }
                Some(key) => entries.push((key, node)),
                None => {
                    let text = if let Kind::Scalar(scalar) = node.kind {
                        scalar.text
                    } else {
                        errors.add(node.at, "a key must be a text");
                        String::new()
                    };
                    open.key = Some(Key { at: node.at, text });
                }
            },
            Kind::Scalar(_) => {}
        }
    }
}

/// Texts are of a bearable length and hold nothing that cannot be stored or shown.
fn readable(text: &str, at: Span, errors: &mut Errors<'_>) {
    if text.len() > MAX_TEXT {
        errors.add(at, format!("a text may have {MAX_TEXT} bytes at most; this one has {}", text.len()));
    }
    // Marks that turn the direction of writing make a text look like another.
    let hidden = |c: &char| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if let Some(c) = text.chars().find(hidden) {
        errors
            .add(at, format!("there is a character in this text that cannot be shown (U+{:04X})", c as u32));
    }
}

fn refuse(anchor: usize, tag: bool, at: Span, errors: &mut Errors<'_>) {
    if anchor > 0 {
        errors.add(at, "anchors are not allowed in a pack");
    }
    if tag {
        errors.add(at, "tags are not allowed in a pack");
    }
}

fn text_node(at: Span, text: String) -> Node {
    Node { at, kind: Kind::Scalar(Scalar { text, ty: ScalarType::Text, pieces: Vec::new() }) }
}

/// Where a scalar's text stands, if it stands in one line exactly as it reads.
fn pieces(text: &str, style: ScalarStyle, at: Span, errors: &Errors<'_>) -> Vec<Piece> {
    let quote = u32::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
    let column = at.column + quote;
    if at.line != at.end_line || !errors.text_from(at.line, column).starts_with(text) {
        return Vec::new();
    }
    vec![Piece { of: 0..text.len(), column, width: text.chars().count() as u32, literal: true }]
}

/// What an unquoted text is read as (the JSON-like core of YAML 1.2).
pub(super) fn plain_type(text: &str) -> ScalarType {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarType::Null,
        "true" | "True" | "TRUE" => return ScalarType::Bool(true),
        "false" | "False" | "FALSE" => return ScalarType::Bool(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return ScalarType::Text;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit())
        && let Ok(n) = text.parse()
    {
        return ScalarType::Whole(n);
    }
    let numeric =
        unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(n) if numeric && n.is_finite() => ScalarType::Number(n),
        _ => ScalarType::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(source: &str) -> Vec<String> {
        let mut errors = Errors::new(source);
        let _ = parse(source, MAX_ENTRIES, &mut errors);
        errors.finish().err().map(|e| e.0.into_iter().map(|e| e.message).collect()).unwrap_or_default()
    }

    #[test]
    fn only_what_json_can_say() {
        for (source, fault) in [
            ("a: &x 1\nb: 2", "anchors are not allowed"),
            ("a: &x 1\nb: *x", "aliases are not allowed"),
            ("a: !!str 1", "tags are not allowed"),
            ("a: 1\na: 2", "`a` is given twice"),
            ("a: 1\n---\nb: 2", "a pack is one document"),
            ("[a: : b", "this is not YAML"),
            ("? [a]\n: 1", "a key must be a text"),
            ("", "the pack is empty"),
        ] {
            assert!(faults(source).iter().any(|f| f.contains(fault)), "{source}: {:?}", faults(source));
        }
        assert!(faults(&format!("{}{}", "[".repeat(100), "]".repeat(100)))[0].contains("nested 64 deep"));
        assert_eq!(faults(&"[".repeat(100_000)).len(), 1);
        assert_eq!(faults(&"- ".repeat(100_000)).len(), 1);
        assert!(faults(&" ".repeat(MAX_BYTES + 1))[0].contains("2 MB at most"));
    }

    #[test]
    fn texts_know_their_columns() {
        let source = "a: [é, \"bö\", c]\nd: [{e: f}, ü, g]";
        let mut errors = Errors::new(source);
        let mut columns = Vec::new();
        let mut todo = vec![parse(source, MAX_ENTRIES, &mut errors).unwrap()];
        while let Some(node) = todo.pop() {
            match node.kind {
                Kind::Scalar(scalar) => columns.push((scalar.text, scalar.pieces[0].column)),
                Kind::List(items) => todo.extend(items.into_iter().rev()),
                Kind::Map(entries) => todo.extend(entries.into_iter().rev().map(|(_, node)| node)),
            }
        }
        let expected = [("é", 5), ("bö", 9), ("c", 14), ("f", 9), ("ü", 13), ("g", 16)];
        assert_eq!(columns, expected.map(|(text, column)| (text.to_owned(), column)));
    }

    #[test]
    fn types() {
        for (text, ty) in [
            ("1", ScalarType::Whole(1)),
            ("-5", ScalarType::Whole(-5)),
            ("0.40", ScalarType::Number(0.4)),
            ("1e3", ScalarType::Number(1000.0)),
            ("~", ScalarType::Null),
            ("true", ScalarType::Bool(true)),
            ("on", ScalarType::Text),
            ("09:00", ScalarType::Text),
            ("1.2.3", ScalarType::Text),
            ("30d", ScalarType::Text),
            ("inf", ScalarType::Text),
        ] {
            assert_eq!(plain_type(text), ty, "{text}");
        }
    }
}
