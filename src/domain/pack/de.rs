//! From the tree to typed sections. Own deserialiser, so that every text keeps its place and one fault does not
//! hide the next: unknown keys and faulty list items are reported and passed over.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::super::expr::nearest;
use super::error::{Errors, Span};
use super::types::PLACED;
use super::yaml::{Key, Kind, Node, ScalarType};

/// Decodes a node; `None` after a fault, which is then reported.
pub(super) fn decode<T: DeserializeOwned>(node: &Node, errors: &mut Errors<'_>) -> Option<T> {
    let sink = RefCell::new(std::mem::take(errors));
    let decoded = T::deserialize(De { node, errors: &sink });
    *errors = sink.into_inner();
    match decoded {
        Ok(value) => Some(value),
        Err(fault) => {
            if !fault.reported {
                errors.add(fault.at.unwrap_or(node.at), fault.message);
            }
            None
        }
    }
}

/// A fault, and whether it has been reported.
#[derive(Debug)]
pub(super) struct Fault {
    at: Option<Span>,
    message: String,
    reported: bool,
}

impl Fault {
    fn at(mut self, at: Span) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self { at: None, message: message.to_string(), reported: false }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("`{field}` is missing"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let near = nearest(variant, expected.iter().copied());
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Self::custom(format!("`{variant}` is not one of {}{hint}", expected.join(", ")))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = match expected.to_string() {
            bool if bool == "a boolean" => "true or false".to_owned(),
            other => other,
        };
        let found = match found {
            Unexpected::Str(text) => format!("`{text}`"),
            Unexpected::Bool(b) => b.to_string(),
            Unexpected::Signed(n) => n.to_string(),
            Unexpected::Float(n) => n.to_string(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "a map".to_owned(),
            Unexpected::Unit => "nothing".to_owned(),
            other => other.to_string(),
        };
        Self::custom(format!("expected {expected}, found {found}"))
    }
}

#[derive(Clone, Copy)]
struct De<'de, 's> {
    node: &'de Node,
    errors: &'de RefCell<Errors<'s>>,
}

impl<'de, 's> De<'de, 's> {
    fn fault<T>(&self, expected: &dyn de::Expected) -> Result<T, Fault> {
        Err(de::Error::custom(format!("expected {expected}, found {}", self.node.what())))
    }

    fn map<V: Visitor<'de>>(self, entries: Vec<&'de (Key, Node)>, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Map { entries: entries.into_iter(), value: None, errors: self.errors })
    }
}

impl<'de> de::Deserializer<'de> for De<'de, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let found = match &self.node.kind {
            Kind::Scalar(scalar) => match scalar.ty {
                ScalarType::Null => visitor.visit_unit(),
                ScalarType::Bool(b) => visitor.visit_bool(b),
                ScalarType::Whole(n) => visitor.visit_i64(n),
                ScalarType::Number(n) => visitor.visit_f64(n),
                ScalarType::Text => visitor.visit_borrowed_str(&scalar.text),
            },
            Kind::List(items) => visitor.visit_seq(List { items: items.iter(), errors: self.errors }),
            Kind::Map(entries) => self.map(entries.iter().collect(), visitor),
        };
        found.map_err(|fault| fault.at(self.node.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Scalar(scalar) if scalar.ty == ScalarType::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let at = self.node.at;
        match &self.node.kind {
            Kind::Scalar(scalar) if name == PLACED && scalar.ty != ScalarType::Null => {
                visitor.visit_seq(Placed { at, text: &scalar.text, next: 0 }).map_err(|fault| fault.at(at))
            }
            Kind::Map(entries) if name != PLACED => {
                let (known, unknown): (Vec<_>, Vec<_>) =
                    entries.iter().partition(|(key, _)| fields.contains(&key.text.as_str()));
                for (key, _) in unknown {
                    let hints = self.errors.borrow().wants_hints();
                    let near = if hints { nearest(&key.text, fields.iter().copied()) } else { None };
                    let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
                    self.errors.borrow_mut().add(key.at, format!("unknown key `{}`{hint}", key.text));
                }
                self.map(known, visitor).map_err(|fault| report(fault, self.node, self.errors))
            }
            _ if name == PLACED => self.fault(&visitor).map_err(|fault: Fault| fault.at(at)),
            // Reported at once, so that a section's faults do not end the reading of the others.
            _ => self.fault(&"a map").map_err(|fault| report(fault, self.node, self.errors)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let found = match &self.node.kind {
            Kind::Scalar(scalar) => visitor.visit_enum(scalar.text.as_str().into_deserializer()),
            _ => self.fault(&visitor),
        };
        found.map_err(|fault: Fault| fault.at(self.node.at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

/// A list: a faulty item is reported, and the next one may be asked for.
struct List<'de, 's> {
    items: std::slice::Iter<'de, Node>,
    errors: &'de RefCell<Errors<'s>>,
}

impl<'de> SeqAccess<'de> for List<'de, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.items.next() else { return Ok(None) };
        seed.deserialize(De { node, errors: self.errors })
            .map(Some)
            .map_err(|fault| report(fault, node, self.errors))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// A map: a faulty value is reported, and the next one may be asked for.
struct Map<'de, 's> {
    entries: std::vec::IntoIter<&'de (Key, Node)>,
    value: Option<&'de Node>,
    errors: &'de RefCell<Errors<'s>>,
}

impl<'de> MapAccess<'de> for Map<'de, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, node)) = self.entries.next() else { return Ok(None) };
        self.value = Some(node);
        seed.deserialize(KeyDe(key)).map(Some).map_err(|fault| fault.at(key.at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(node) = self.value.take() else { return Err(de::Error::custom("a value without its key")) };
        seed.deserialize(De { node, errors: self.errors }).map_err(|fault| report(fault, node, self.errors))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

fn report(fault: Fault, node: &Node, errors: &RefCell<Errors<'_>>) -> Fault {
    if !fault.reported {
        errors.borrow_mut().add(fault.at.unwrap_or(node.at), fault.message.clone());
    }
    Fault { reported: true, ..fault }
}

/// A key: a text that may keep its place.
struct KeyDe<'de>(&'de Key);

impl<'de> de::Deserializer<'de> for KeyDe<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(&self.0.text)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Placed { at: self.0.at, text: &self.0.text, next: 0 })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        option newtype_struct tuple tuple_struct map enum identifier ignored_any
    }
}

/// A scalar as its four places and its text: how a text and its place reach [`super::types::Text`].
struct Placed<'de> {
    at: Span,
    text: &'de str,
    next: usize,
}

impl<'de> SeqAccess<'de> for Placed<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let places = [self.at.line, self.at.column, self.at.end_line, self.at.end_column];
        self.next += 1;
        match places.get(self.next - 1) {
            Some(place) => seed.deserialize((*place).into_deserializer()).map(Some),
            None => seed.deserialize(BorrowedStrDeserializer::new(self.text)).map(Some),
        }
    }
}
