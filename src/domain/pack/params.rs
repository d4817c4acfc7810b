//! Parameters: `${NAME}` in any string, defaults, presets and a tenant's overrides.

use std::collections::HashMap;

use super::Overrides;
use super::error::{Errors, Span};
use super::yaml::{Key, Kind, Node, Piece, Scalar, ScalarType, plain_type};

/// What stands in for each parameter.
type Values = HashMap<String, (String, ScalarType)>;

/// Puts the parameters' values in place of `${NAME}` everywhere but in the parameters themselves.
pub(super) fn apply(root: &mut Node, overrides: &Overrides, errors: &mut Errors<'_>) {
    let values = values(root, overrides, errors);
    let Kind::Map(sections) = &mut root.kind else { return };
    for (key, node) in sections {
        if !matches!(key.text.as_str(), "parameters" | "presets") {
            substitute(node, &values, errors);
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
        if let (Some((text, ty)), Kind::Map(entries)) = (values.get(&name.text), &mut parameter.kind) {
            let scalar = Scalar { text: text.clone(), ty: *ty, pieces: Vec::new() };
            let key = Key { at: name.at, text: "value".to_owned() };
            entries.push((key, Node { at: name.at, kind: Kind::Scalar(scalar) }));
        }
    }
}

fn values(root: &Node, overrides: &Overrides, errors: &mut Errors<'_>) -> Values {
    let mut values = Values::new();
    if let Some(Node { kind: Kind::Map(parameters), .. }) = root.get("parameters") {
        for (name, parameter) in parameters {
            if let Some(Node { kind: Kind::Scalar(default), .. }) = parameter.get("default") {
                values.insert(name.text.clone(), (default.text.clone(), default.ty));
            } else {
                errors.add(name.at, format!("the parameter `{}` needs a default", name.text));
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
            Some((default, was)) if !fits(*was, ty) => {
                let wanted = if is_number(*was) { "a number" } else { "true or false" };
                errors.general(format!(
                    "the parameter `{name}` is {wanted}, such as its default `{default}`; `{text}` is not"
                ));
            }
            Some(value) => *value = (text.clone(), ty),
            None => errors.general(format!("there is no parameter `{name}` to override")),
        }
    }
    values
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
fn set_preset(preset: &Node, overrides: &Overrides, values: &mut Values, errors: &mut Errors<'_>) {
    let id = preset.get("id").map(|id| &id.kind);
    let wanted = matches!(id, Some(Kind::Scalar(id)) if overrides.preset.as_deref() == Some(&id.text));
    let Some(Node { kind: Kind::Map(set), .. }) = preset.get("set") else { return };
    for (name, node) in set {
        match (values.get_mut(&name.text), &node.kind) {
            (Some(value), Kind::Scalar(scalar)) if wanted => *value = (scalar.text.clone(), scalar.ty),
            (Some(_), Kind::Scalar(_)) => {}
            (Some(_), _) => errors.add(node.at, "a parameter's value is a text or a number"),
            (None, _) => errors.add(name.at, format!("there is no parameter `{}`", name.text)),
        }
    }
}

fn substitute(node: &mut Node, values: &Values, errors: &mut Errors<'_>) {
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
fn splice(scalar: &mut Scalar, at: Span, values: &Values, errors: &mut Errors<'_>) {
    let raw = std::mem::take(&mut scalar.text);
    let base = scalar.pieces.first().map(|piece| piece.column);
    let column = |offset: usize| base.map(|base| base + raw[..offset].chars().count() as u32);
    let (mut text, mut pieces, mut done, mut whole) = (String::new(), Vec::new(), 0, None);
    let mut piece = |text: &str, from: usize, raw: std::ops::Range<usize>, literal: bool| {
        if let (Some(start), Some(end)) = (column(raw.start), column(raw.end)) {
            pieces.push(Piece { of: from..text.len(), column: start, width: end - start, literal });
        }
    };
    while let Some(start) = raw[done..].find("${").map(|i| done + i) {
        let end = raw[start..].find('}').map(|i| start + i + 1);
        let found = end.and_then(|end| Some((end, values.get(&raw[start + 2..end - 1])?)));
        let Some((end, (value, ty))) = found else {
            let end = end.unwrap_or(raw.len());
            let at = scalar.locate(at, start..end);
            let at = match (column(start), column(end)) {
                (Some(column), Some(end_column)) => Span { column, end_column, ..at },
                _ => at,
            };
            errors.add(at, format!("there is no parameter for {}", &raw[start..end]));
            // Nothing more can be said of a text that is not known.
            (scalar.text, scalar.ty) = (raw.clone(), ScalarType::Text);
            return;
        };
        let from = text.len();
        text.push_str(&raw[done..start]);
        piece(&text, from, done..start, true);
        let from = text.len();
        text.push_str(value);
        piece(&text, from, start..end, false);
        whole = (start == 0 && end == raw.len()).then_some(*ty);
        done = end;
    }
    let from = text.len();
    text.push_str(&raw[done..]);
    piece(&text, from, done..raw.len(), true);
    scalar.ty =
        whole.unwrap_or_else(|| if is_plain_number(&text) { plain_type(&text) } else { ScalarType::Text });
    (scalar.text, scalar.pieces) = (text, pieces);
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
