//! A pack's text with the place of everything it says, and changes made on these places.

use std::ops::Range;

use serde_json::Value;

use super::{Edit, split, unescape};
use crate::domain::pack::error::{Errors, PackErrors, Span};
use crate::domain::pack::yaml::{self, Key, Kind, Node, ScalarType, plain_type};

/// A text, read without putting its parameters in.
#[derive(Debug)]
pub struct Outline<'s> {
    source: &'s str,
    root: Node,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
}

impl<'s> Outline<'s> {
    /// Reads a text.
    ///
    /// # Errors
    /// What keeps it from being read as YAML. What it says is not looked at.
    pub fn read(source: &'s str) -> Result<Self, PackErrors> {
        let mut errors = Errors::new(source);
        let root = yaml::parse(source, yaml::MAX_ENTRIES, &mut errors);
        errors.finish()?;
        let root = root.ok_or_else(|| PackErrors(Vec::new()))?;
        let bytes = source.as_bytes();
        let ends = bytes.iter().enumerate().filter(|&(i, b)| match b {
            b'\n' => true,
            b'\r' => bytes.get(i + 1) != Some(&b'\n'),
            _ => false,
        });
        let lines = std::iter::once(0).chain(ends.map(|(i, _)| i + 1)).collect();
        Ok(Outline { source, root, lines })
    }

    /// A scalar as it is written, without its quotes and with `${…}` as such.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        match &self.find(pointer)?.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Where a part stands.
    pub fn at(&self, pointer: &str) -> Option<Span> {
        self.find(pointer).map(|node| node.at)
    }

    /// How many items or entries a list or map has.
    pub fn len(&self, pointer: &str) -> Option<usize> {
        match &self.find(pointer)?.kind {
            Kind::List(items) => Some(items.len()),
            Kind::Map(entries) => Some(entries.len()),
            Kind::Scalar(_) => None,
        }
    }

    /// The keys of a map in their order; none where there is no map.
    pub fn keys(&self, pointer: &str) -> Vec<&str> {
        match self.find(pointer).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => entries.iter().map(|(key, _)| key.text.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn json(&self) -> Value {
        yaml::json(self.root.clone())
    }

    pub(super) fn find(&self, pointer: &str) -> Option<&Node> {
        let mut parts = pointer.split('/');
        parts.next().filter(|first| first.is_empty())?;
        parts.try_fold(&self.root, |node, part| match &node.kind {
            Kind::List(items) => items.get(part.parse::<usize>().ok()?),
            Kind::Map(_) => node.get(&unescape(part)),
            Kind::Scalar(_) => None,
        })
    }

    pub(super) fn write(&self, edit: &Edit) -> Option<String> {
        match edit {
            Edit::Set { at, to } if self.find(at).is_some() => self.replace(at, &to.flow()),
            Edit::Set { at, to } => {
                let (parent, key) = split(at)?;
                self.add(self.find(parent)?, &format!("{}: {}", scalar(&unescape(key)), to.flow()))
            }
            Edit::Insert { list, index, item } => self.insert(self.find(list)?, *index, &item.flow()),
            Edit::Remove { at } => {
                let (parent, key) = split(at)?;
                let parent = self.find(parent)?;
                match &parent.kind {
                    Kind::List(items) => self.remove_item(parent, items, key.parse().ok()?),
                    Kind::Map(_) => self.remove_entry(parent, &unescape(key)),
                    Kind::Scalar(_) => None,
                }
            }
            Edit::Swap { list, index } => self.swap(self.find(list)?, *index),
        }
    }

    /// Writes a value over another.
    fn replace(&self, pointer: &str, to: &str) -> Option<String> {
        let node = self.find(pointer)?;
        let range = self.range(node);
        if range.is_empty() {
            // Nothing is written there yet: `key:`.
            let (parent, key) = split(pointer)?;
            let colon = self.colon(self.find(parent)?, &unescape(key))?;
            return Some(self.splice(colon..colon, &format!(" {to}")));
        }
        // What stood in lines of its own below its key goes behind the key: brackets may not begin at its column.
        let in_lines = !matches!(node.kind, Kind::Scalar(_)) && !self.is_flow(node);
        if in_lines
            && let Some((parent, key)) = split(pointer)
            && let Some(colon) = self.find(parent).and_then(|parent| self.colon(parent, &unescape(key)))
            && self.source.get(colon..range.start).is_some_and(|between| between.trim().is_empty())
        {
            return Some(self.splice(colon..range.end, &format!(" {to}")));
        }
        Some(self.splice(range, to))
    }

    /// Adds an entry at the end of a map.
    fn add(&self, map: &Node, entry: &str) -> Option<String> {
        let Kind::Map(entries) = &map.kind else { return None };
        let range = self.range(map);
        let (Some((first, _)), Some((_, last))) = (entries.first(), entries.last()) else {
            return Some(self.splice(range, &format!("{{{entry}}}")));
        };
        if self.is_flow(map) {
            let end = self.range(last).end.max(self.colon(map, &entries.last()?.0.text)?);
            return Some(self.splice(end..end, &format!(", {entry}")));
        }
        Some(self.add_line(range.end, first.at.column, entry))
    }

    fn insert(&self, list: &Node, index: usize, item: &str) -> Option<String> {
        let Kind::List(items) = &list.kind else { return None };
        let range = self.range(list);
        let Some(first) = items.first() else { return Some(self.splice(range, &format!("[{item}]"))) };
        let before = index.checked_sub(1).and_then(|i| items.get(i));
        if self.is_flow(list) {
            let Some(before) = before else {
                let start = self.range(first).start;
                return Some(self.splice(start..start, &format!("{item}, ")));
            };
            let end = self.range(before).end;
            // A list with an item a line stays one.
            let own_line = items.len() > 1 && items.windows(2).all(|two| two[0].at.line < two[1].at.line);
            let gap =
                if own_line { format!("{}{}", self.newline(), indent(first.at.column)) } else { " ".into() };
            return Some(self.splice(end..end, &format!(",{gap}{item}")));
        }
        let dash = self.dash(first)?;
        let column = self.column(dash);
        match before {
            Some(before) => Some(self.add_line(self.range(before).end, column, &format!("- {item}"))),
            None => {
                let line = self.line_start(dash);
                self.source[line..dash].trim().is_empty().then_some(())?;
                let text = format!("{}- {item}{}", indent(column), self.newline());
                Some(self.splice(line..line, &text))
            }
        }
    }

    fn remove_item(&self, list: &Node, items: &[Node], index: usize) -> Option<String> {
        let item = self.range(items.get(index)?);
        if self.is_flow(list) {
            return Some(self.splice(self.with_comma(items, index, |node| self.range(node)), ""));
        }
        let dash = self.dash(items.get(index)?)?;
        let line = self.line_start(dash);
        self.source[line..dash].trim().is_empty().then_some(())?;
        let cut = line..self.line_end(item.end);
        if items.len() == 1 {
            // An empty list has to be written as one: behind the colon of its key, before the line that goes.
            let colon = self.source[..line].rfind(':')? + 1;
            let text = self.splice(cut, "");
            return Some(format!("{} []{}", &text[..colon], &text[colon..]));
        }
        Some(self.splice(cut, ""))
    }

    fn remove_entry(&self, map: &Node, key: &str) -> Option<String> {
        let Kind::Map(entries) = &map.kind else { return None };
        let index = entries.iter().position(|(k, _)| k.text == key)?;
        let end = |i: usize| {
            let (key, value) = &entries[i];
            Some(self.range(value).end.max(self.colon(map, &key.text)?))
        };
        let start = |i: usize| self.offset(entries[i].0.at.line, entries[i].0.at.column);
        if self.is_flow(map) {
            let whole: Vec<Range<usize>> =
                (0..entries.len()).map(|i| Some(start(i)..end(i)?)).collect::<Option<_>>()?;
            return Some(self.splice(self.with_comma(&whole, index, Clone::clone), ""));
        }
        let line = self.line_start(start(index));
        if self.source[line..start(index)].trim().is_empty() {
            return (entries.len() > 1).then(|| Some(self.splice(line..self.line_end(end(index)?), "")))?;
        }
        // The first key of an item stands beside the item's dash, which the next key takes over.
        (index == 0 && entries.len() > 1).then(|| self.splice(start(0)..start(1), ""))
    }

    fn swap(&self, list: &Node, index: usize) -> Option<String> {
        let Kind::List(items) = &list.kind else { return None };
        let flow = self.is_flow(list);
        let whole = |node: &Node| {
            let range = self.range(node);
            let rest = &self.source[range.end..self.line_end(range.end)];
            let comment = !flow && rest.trim_start().starts_with('#');
            range.start..if comment { range.end + rest.trim_end().len() } else { range.end }
        };
        let (a, b) = (whole(items.get(index)?), whole(items.get(index + 1)?));
        let text = self.source;
        let parts = [&text[..a.start], &text[b.clone()], &text[a.end..b.start], &text[a], &text[b.end..]];
        Some(parts.concat())
    }

    /// What to cut so that one item goes and the commas of the others stay right.
    fn with_comma<T>(&self, items: &[T], index: usize, range: impl Fn(&T) -> Range<usize>) -> Range<usize> {
        let own = range(&items[index]);
        match (index.checked_sub(1), items.get(index + 1)) {
            (Some(before), _) => range(&items[before]).end..own.end,
            (None, Some(next)) => own.start..range(next).start,
            (None, None) => own,
        }
    }

    /// Puts a line after the one that an offset lies in.
    fn add_line(&self, after: usize, column: u32, text: &str) -> String {
        let end = self.line_end(after);
        let line = format!("{}{text}", indent(column));
        if self.source[..end].ends_with(['\n', '\r']) {
            self.splice(end..end, &format!("{line}{}", self.newline()))
        } else {
            self.splice(end..end, &format!("{}{line}", self.newline()))
        }
    }

    fn splice(&self, range: Range<usize>, text: &str) -> String {
        [&self.source[..range.start], text, &self.source[range.end..]].concat()
    }

    /// The bytes a node is written in, without what follows its last line.
    pub(super) fn range(&self, node: &Node) -> Range<usize> {
        let start = self.offset(node.at.line, node.at.column);
        let given = self.offset(node.at.end_line, node.at.end_column).max(start);
        let last = match &node.kind {
            Kind::Scalar(_) => {
                let end = start + self.source[start..given].trim_end().len();
                return self.block_mark(start).unwrap_or(start)..end;
            }
            Kind::List(items) => items.last().map(|item| self.range(item).end),
            Kind::Map(entries) => entries.last().map(|(key, value)| {
                let value = self.range(value);
                let colon = self.behind_colon(key);
                if value.is_empty() { colon } else { value.end.max(colon) }
            }),
        };
        let first = match &node.kind {
            Kind::List(items) if !self.is_flow(node) => items.first().and_then(|item| self.dash(item)),
            _ => None,
        };
        let start = first.unwrap_or(start);
        let end = if self.is_flow(node) { self.closed(last.unwrap_or(start + 1)) } else { last };
        start..end.unwrap_or(given)
    }

    /// The `|` or `>` of a text in lines of its own, which is said to begin with its first line.
    fn block_mark(&self, start: usize) -> Option<usize> {
        let before = self.source[..start].trim_end();
        let on_line_before = self.source[before.len()..start].contains(['\n', '\r']);
        let mark = before.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        (on_line_before && mark.ends_with(['|', '>'])).then(|| mark.len() - 1)
    }

    /// Behind the bracket that comes next.
    fn closed(&self, mut from: usize) -> Option<usize> {
        loop {
            let rest = &self.source[from..];
            let skipped = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', ',']).len();
            from += skipped;
            match rest[skipped..].chars().next()? {
                '#' => from = self.line_end(from),
                ']' | '}' => return Some(from + 1),
                _ => return None,
            }
        }
    }

    fn behind_colon(&self, key: &Key) -> usize {
        let end = self.offset(key.at.end_line, key.at.end_column);
        self.source[end..].find(':').map_or(end, |i| end + i + 1)
    }

    /// Whether a list or map is written in brackets.
    fn is_flow(&self, node: &Node) -> bool {
        // A list of items with dashes may be said to begin at its first item, which has brackets of its own.
        let first = match &node.kind {
            Kind::List(items) => items.first().map(|item| item.at),
            Kind::Map(entries) => entries.first().map(|(key, _)| key.at),
            Kind::Scalar(_) => return false,
        };
        let begins_inside = first.is_none_or(|at| (at.line, at.column) != (node.at.line, node.at.column));
        begins_inside && self.source[self.offset(node.at.line, node.at.column)..].starts_with(['{', '['])
    }

    /// Behind the colon of an entry's key.
    fn colon(&self, map: &Node, key: &str) -> Option<usize> {
        let Kind::Map(entries) = &map.kind else { return None };
        let (key, _) = entries.iter().find(|(k, _)| k.text == key)?;
        Some(self.behind_colon(key))
    }

    /// The dash of a list's item.
    fn dash(&self, item: &Node) -> Option<usize> {
        let before = self.source[..self.offset(item.at.line, item.at.column)].trim_end();
        before.ends_with('-').then(|| before.len() - 1)
    }

    fn offset(&self, line: u32, column: u32) -> usize {
        let Some(&start) = (line as usize).checked_sub(1).and_then(|i| self.lines.get(i)) else {
            return self.source.len();
        };
        let rest = &self.source[start..];
        rest.char_indices()
            .nth(column.saturating_sub(1) as usize)
            .map_or(self.source.len(), |(i, _)| start + i)
    }

    /// Column of an offset, from 1.
    fn column(&self, offset: usize) -> u32 {
        self.source[self.line_start(offset)..offset].chars().count() as u32 + 1
    }

    fn line_start(&self, offset: usize) -> usize {
        self.lines[self.lines.partition_point(|start| *start <= offset) - 1]
    }

    /// Behind the end of the line that an offset lies in.
    fn line_end(&self, offset: usize) -> usize {
        let next = self.lines.partition_point(|start| *start <= offset);
        self.lines.get(next).copied().unwrap_or(self.source.len())
    }

    fn newline(&self) -> &'static str {
        if self.source.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

fn indent(column: u32) -> String {
    " ".repeat(column.saturating_sub(1) as usize)
}

/// A text, plain where nobody can take it for anything else.
pub(super) fn scalar(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.'))
        && text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && plain_type(text) == ScalarType::Text
        // YAML 1.1 takes these for truth values, as other readers of the file may.
        && !["on", "off", "yes", "no", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}
