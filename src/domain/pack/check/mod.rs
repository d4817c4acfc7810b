//! Checks a decoded pack and compiles it: ids, references, expressions, weights, orders.
//!
//! Each submodule does some sections. All faults are reported; what could not be compiled is left out, and the pack
//! is refused as a whole.

mod health;
mod inputs;
mod journey;
mod shown;
mod value;

use std::collections::{HashMap, HashSet};

use super::super::Id;
use super::super::calendar::Period;
use super::super::expr::{Expr, ExprError, Level, Names, Target, Ty, nearest};
use super::super::methodology::Methodology;
use super::error::{Errors, Span};
use super::schema::File;
use super::types::Text;
use super::yaml::{Kind, Node, Scalar};

/// Checks and compiles; the result is only whole if no error was added. Of a `partial` file, some parts could not be
/// read: what seems not to exist may be among them, and is not held against the rest.
pub(super) fn compile(file: &File, root: &Node, partial: bool, errors: &mut Errors<'_>) -> Methodology {
    let mut origins = HashMap::new();
    scalars(root, &mut origins);
    let mut check = Check {
        file,
        partial,
        names: Names::default(),
        errors,
        origins,
        input_at: file.inputs.iter().enumerate().map(|(i, (name, _))| (&**name, i)).collect(),
        look_back: Vec::new(),
        roles: ids(file.team.iter().flat_map(|team| team.roles.iter().map(|role| &role.id))),
        playbooks: ids(file.playbooks.iter().map(|p| &p.id)),
        segments: ids(file.segments.iter().map(|s| &s.id)),
        out: Methodology::default(),
    };
    check.meta();
    check.inputs();
    check.derived();
    check.health();
    check.segments();
    check.playbooks();
    check.lifecycle();
    check.rules();
    check.renewals();
    check.sla();
    check.kpis();
    check.shown();
    let look_back = std::mem::take(&mut check.look_back);
    let mut out = check.out;
    for (input, days) in out.inputs.iter_mut().zip(look_back) {
        input.look_back = days;
    }
    out
}

fn scalars<'n>(node: &'n Node, found: &mut HashMap<(u32, u32), &'n Scalar>) {
    match &node.kind {
        Kind::Scalar(scalar) => {
            found.insert((node.at.line, node.at.column), scalar);
        }
        Kind::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|(_, value)| scalars(value, found)),
    }
}

fn ids<'f>(texts: impl Iterator<Item = &'f Text>) -> Vec<Id> {
    texts.map(id).collect()
}

fn id(text: &Text) -> Id {
    Id::from(&**text)
}

struct Check<'f, 'e, 's> {
    file: &'f File,
    partial: bool,
    names: Names,
    errors: &'e mut Errors<'s>,
    /// The scalars of the pack by their place, to find the part of an expression that is wrong.
    origins: HashMap<(u32, u32), &'f Scalar>,
    /// The position of each input.
    input_at: HashMap<&'f str, usize>,
    /// Per input, the days of history that expressions look at.
    look_back: Vec<u32>,
    roles: Vec<Id>,
    playbooks: Vec<Id>,
    segments: Vec<Id>,
    out: Methodology,
}

impl<'f> Check<'f, '_, '_> {
    fn error(&mut self, at: Span, message: impl Into<String>) {
        self.errors.add(at, message);
    }

    /// Compiles an expression that may use what is known up to `level`.
    fn expr(&mut self, text: &Text, wanted: &Ty, level: Level) -> Option<Expr> {
        let compiled = self.names.expression(text, wanted, level);
        let expr = self.compiled(text, compiled)?;
        for used in expr.uses() {
            let known = &mut self.look_back[usize::from(used.input.0)];
            *known = (*known).max(used.days);
        }
        Some(expr)
    }

    /// A condition that may use everything known of an account.
    fn condition(&mut self, text: &Text) -> Option<Expr> {
        self.expr(text, &Ty::Bool, Level::Band)
    }

    fn optional(&mut self, text: Option<&Text>, level: Level) -> Option<Expr> {
        text.and_then(|text| self.expr(text, &Ty::Bool, level))
    }

    fn target(&mut self, text: &Text) -> Option<Target> {
        let compiled = self.names.target(text);
        self.compiled(text, compiled)
    }

    fn compiled<T>(&mut self, text: &Text, compiled: Result<T, ExprError>) -> Option<T> {
        compiled.map_err(|error| self.expr_error(text, error)).ok()
    }

    fn expr_error(&mut self, text: &Text, error: ExprError) {
        if self.partial && error.unknown {
            return;
        }
        let origin = self.origins.get(&(text.at.line, text.at.column));
        let at = origin.map_or(text.at, |scalar| scalar.locate(text.at, error.at.clone()));
        // Where a parameter was put in, the text as evaluated helps more than the one as written.
        let spliced = origin.is_some_and(|scalar| scalar.pieces.iter().any(|p| !p.literal));
        let message = if spliced { format!("{} (in `{text}`)", error.message) } else { error.message };
        self.error(at, message);
    }

    fn period(&mut self, text: &Text) -> Option<Period> {
        text.parse()
            .map_err(|error: super::super::calendar::PeriodError| self.error(text.at, error.to_string()))
            .ok()
    }

    /// Reports every id that is used again.
    fn unique<'t>(&mut self, what: &str, ids: impl Iterator<Item = &'t Text>) {
        let mut seen = HashSet::new();
        for id in ids {
            if !seen.insert(&**id) {
                self.error(id.at, format!("there are two {what}s with the id `{id}`"));
            }
        }
    }

    /// The position of what is referred to; reports a reference that leads nowhere.
    fn position(&mut self, what: &str, reference: &Text, known: &[Id]) -> Option<usize> {
        let found = known.iter().position(|id| **id == **reference);
        if found.is_none() && !self.partial {
            let near = nearest(reference, known.iter().map(|id| &**id));
            let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            self.error(reference.at, format!("there is no {what} `{reference}`{hint}"));
        }
        found
    }

    fn role(&mut self, reference: Option<&Text>) -> Option<Id> {
        let reference = reference?;
        let roles = std::mem::take(&mut self.roles);
        let found = self.position("role", reference, &roles);
        self.roles = roles;
        found.map(|_| id(reference))
    }

    fn playbook(&mut self, reference: Option<&Text>) -> Option<usize> {
        let reference = reference?;
        let playbooks = std::mem::take(&mut self.playbooks);
        let found = self.position("playbook", reference, &playbooks);
        self.playbooks = playbooks;
        found
    }

    fn segment(&mut self, reference: &Text) -> Option<usize> {
        let segments = std::mem::take(&mut self.segments);
        let found = self.position("segment", reference, &segments);
        self.segments = segments;
        found
    }

    fn meta(&mut self) {
        let file = self.file;
        if file.schema.value != 1.0 {
            self.error(file.schema.at, "this reader knows version 1 of the format");
        }
        if let Some(currency) = &file.pack.currency
            && let Err(error) = currency.parse::<super::super::money::Currency>()
        {
            self.error(currency.at, error.to_string());
        }
        if let Some(zone) = &file.pack.timezone
            && zone.parse::<chrono_tz::Tz>().is_err()
        {
            self.error(zone.at, format!("there is no time zone `{zone}`"));
        }
    }
}
