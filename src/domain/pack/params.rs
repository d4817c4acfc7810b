//! Parameters: `${NAME}` in any string, defaults, presets and a tenant's overrides.

use std::collections::HashMap;

use super::super::expr::nearest;
use super::Overrides;
use super::error::{Errors, Span};
use super::yaml::{Key, Kind, Node, Piece, Scalar, ScalarType, plain_type};

/// All texts into which parameters were put, in bytes.
pub const MAX_EXPANDED: usize = 2 * 1024 * 1024;

/// What stands in for each parameter.
struct Values {
    of: HashMap<String, (String, ScalarType)>,
    /// Bytes that texts with parameters may still take.
    left: usize,
}

/// Puts the parameters' values in place of `${NAME}` everywhere but in the parameters themselves.
pub(super) fn apply(root: &mut Node, overrides: &Overrides, errors: &mut Errors<'_>) {
    let mut values = values(root, overrides, errors);
    let Kind::Map(sections) = &mut root.kind else { return };
    for (key, node) in sections {
        if !matches!(key.text.as_str(), "parameters" | "presets") {
            substitute(node, &mut values, errors);
        }
    }
}

/// Writes into each parameter the value that stands in for it.
pub(super) fn tell(root: &mut Node, overrides: &Overrides) {
    let values = values(root, overrides, &mut Errors::new(""));
    let Kind::Map(sections) = &mut root.kind else { return };
    let parameters = sections.iter_mut().find(|(key, _)| key.text == "parameters");
    let Some((_, Node { kind: Kind::Map(parameters), .. })) = parameters else { return };
    for (name, parameter) in parameters {
        if let (Some((text, ty)), Kind::Map(entries)) = (values.of.get(&name.text), &mut parameter.kind) {
            let scalar = Scalar { text: text.clone(), ty: *ty, pieces: Vec::new() };
            let key = Key { at: name.at, text: "value".to_owned() };
            entries.push((key, Node { at: name.at, kind: Kind::Scalar(scalar) }));
        }
    }
}

fn values(root: &Node, overrides: &Overrides, errors: &mut Errors<'_>) -> Values {
    let mut values = HashMap::new();
    if let Some(Node { kind: Kind::Map(parameters), .. }) = root.get("parameters") {
        for (name, parameter) in parameters {
            match parameter.get("default") {
                Some(Node { kind: Kind::Scalar(default), at }) => {
                    whole_in_itself(&default.text, *at, errors);
                    values.insert(name.text.clone(), (default.text.clone(), default.ty));
                }
                // What is wrong with it is said where the sections are decoded; its uses are not wrong as well.
                _ => {
                    values.insert(name.text.clone(), (String::new(), ScalarType::Null));
                }
            }
        }
    }
    if let Some(Node { kind: Kind::List(presets), .. }) = root.get("presets") {
        for preset in presets {
            set_preset(preset, overrides, &mut values, errors);
        }
    }
    if let Some(wanted) = &overrides.preset
        && !preset_ids(root).any(|id| id == wanted)
    {
        errors.general(format!("there is no preset `{wanted}`"));
    }
    for (name, text) in &overrides.set {
        let ty = plain_type(text);
        match values.get_mut(name) {
            Some(_) if text.contains(char::is_control) => {
                errors.general(format!("the value for `{name}` has a character that cannot be shown"));
            }
            Some(_) if text.contains("${") => {
                errors.general(format!("the value for `{name}` has ${{}} in it: {NO_REFERENCE}"));
            }
            Some((default, was)) if !fits(*was, ty) => {
                let wanted = if is_number(*was) { "a number" } else { "true or false" };
                errors.general(format!(
                    "the parameter `{name}` is {wanted}, such as its default `{default}`; `{text}` is not"
                ));
            }
            Some(value) => *value = (text.clone(), ty),
            None => {
                let hint = hint(name, &values);
                errors.general(format!("there is no parameter `{name}` to override{hint}"));
            }
        }
    }
    Values { of: values, left: MAX_EXPANDED }
}

const NO_REFERENCE: &str = "a parameter does not refer to others";

fn whole_in_itself(text: &str, at: Span, errors: &mut Errors<'_>) {
    if text.contains("${") {
        errors.add(at, NO_REFERENCE);
    }
}

fn hint<V>(name: &str, values: &HashMap<String, V>) -> String {
    let near = nearest(name, values.keys().map(String::as_str));
    near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

/// Whether a value may take the place of a default: a number that of a number, a truth value that of one.
fn fits(default: ScalarType, value: ScalarType) -> bool {
    match default {
        ScalarType::Whole(_) | ScalarType::Number(_) => is_number(value),
        ScalarType::Bool(_) => matches!(value, ScalarType::Bool(_)),
        ScalarType::Null | ScalarType::Text => true,
    }
}

fn is_number(ty: ScalarType) -> bool {
    matches!(ty, ScalarType::Whole(_) | ScalarType::Number(_))
}

fn preset_ids(root: &Node) -> impl Iterator<Item = &str> {
    let list = root.get("presets").map(|node| &node.kind);
    let presets = if let Some(Kind::List(presets)) = list { presets.as_slice() } else { &[] };
    presets.iter().filter_map(|preset| match &preset.get("id")?.kind {
        Kind::Scalar(id) => Some(id.text.as_str()),
        _ => None,
    })
}

/// Checks a preset's names, and takes its values if it is the one wanted.
fn set_preset(
    preset: &Node,
    overrides: &Overrides,
    values: &mut HashMap<String, (String, ScalarType)>,
    errors: &mut Errors<'_>,
) {
    let id = preset.get("id").map(|id| &id.kind);
    let wanted = matches!(id, Some(Kind::Scalar(id)) if overrides.preset.as_deref() == Some(&id.text));
    let Some(Node { kind: Kind::Map(set), .. }) = preset.get("set") else { return };
    for (name, node) in set {
        if let Kind::Scalar(scalar) = &node.kind {
            whole_in_itself(&scalar.text, node.at, errors);
        }
        match (values.get_mut(&name.text), &node.kind) {
            (Some(value), Kind::Scalar(scalar)) if wanted => *value = (scalar.text.clone(), scalar.ty),
            (Some(_), Kind::Scalar(_)) => {}
            (Some(_), _) => errors.add(node.at, "a parameter's value is a text or a number"),
            (None, _) => {
                let hint = hint(&name.text, values);
                errors.add(name.at, format!("there is no parameter `{}`{hint}", name.text));
            }
        }
    }
}

fn substitute(node: &mut Node, values: &mut Values, errors: &mut Errors<'_>) {
    let at = node.at;
    match &mut node.kind {
        Kind::Scalar(scalar) if scalar.text.contains("${") => splice(scalar, at, values, errors),
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter_mut().for_each(|item| substitute(item, values, errors)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                if key.text.contains("${") {
                    errors.add(key.at, "a parameter cannot stand in a key");
                }
                substitute(value, values, errors);
            }
        }
    }
}

/// Replaces every `${NAME}` of a scalar, keeping where each piece of the result comes from.
fn splice(scalar: &mut Scalar, at: Span, values: &mut Values, errors: &mut Errors<'_>) {
    let raw = std::mem::take(&mut scalar.text);
    let mut spliced = Spliced {
        text: String::new(),
        pieces: Vec::new(),
        column: scalar.pieces.first().map(|piece| piece.column),
    };
    let (mut done, mut whole) = (0, None);
    while let Some(start) = raw[done..].find("${").map(|i| done + i) {
        spliced.put(&raw[done..start], None);
        let end = raw[start..].find('}').map(|i| start + i + 1);
        let name = &raw[(start + 2).min(raw.len())..end.map_or(raw.len(), |end| end - 1)];
        let Some((value, ty)) = values.of.get(name).filter(|_| end.is_some()) else {
            let width = raw[start..end.unwrap_or(raw.len())].chars().count() as u32;
            let at = spliced.column.map_or(at, |column| Span { column, end_column: column + width, ..at });
            let message = match end {
                Some(_) if errors.wants_hints() => {
                    format!("there is no parameter for ${{{name}}}{}", hint(name, &values.of))
                }
                Some(_) => format!("there is no parameter for ${{{name}}}"),
                None => "`${` begins a parameter, but no `}` ends it".to_owned(),
            };
            errors.add(at, message);
            // Nothing more can be said of a text that is not known.
            (scalar.text, scalar.ty) = (raw, ScalarType::Text);
            return;
        };
        done = end.unwrap_or(raw.len());
        whole = (start == 0 && done == raw.len()).then_some(*ty);
        let Some(left) = values.left.checked_sub(value.len()) else {
            if values.left > 0 {
                let most = MAX_EXPANDED / 1024 / 1024;
                errors.add(at, format!("with its parameters put in, a pack may have {most} MB more at most"));
            }
            values.left = 0;
            (scalar.text, scalar.ty) = (raw, ScalarType::Text);
            return;
        };
        values.left = left;
        spliced.put(value, Some(&raw[start..done]));
    }
    spliced.put(&raw[done..], None);
    let (text, pieces) = (spliced.text, spliced.pieces);
    scalar.ty =
        whole.unwrap_or_else(|| if is_plain_number(&text) { plain_type(&text) } else { ScalarType::Text });
    (scalar.text, scalar.pieces) = (text, pieces);
}

/// A text with parameters put in, as far as it has come.
struct Spliced {
    text: String,
    pieces: Vec<Piece>,
    /// The column of what comes next, if the text stands in one line as it reads.
    column: Option<u32>,
}

impl Spliced {
    /// Adds a text, which stands there as `written` if not as itself.
    fn put(&mut self, text: &str, written: Option<&str>) {
        let from = self.text.len();
        self.text.push_str(text);
        let Some(column) = self.column else { return };
        let width = written.unwrap_or(text).chars().count() as u32;
        self.pieces.push(Piece { of: from..self.text.len(), column, width, literal: written.is_none() });
        self.column = Some(column + width);
    }
}

/// `^-?\d+(\.\d+)?$`
fn is_plain_number(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}
