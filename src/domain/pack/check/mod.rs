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
use super::super::expr::{DAYS_A_STEP, Expr, ExprError, Level, MAX_STEPS, Names, Target, Ty, nearest};
use super::super::methodology::Methodology;
use super::super::value_model::ValueModel;
use super::error::{Errors, Span};
use super::schema::File;
use super::types::Text;
use super::yaml::{Kind, Node, Scalar};

/// Checks and compiles; the result is only whole if no error was added. Of a `partial` file, some parts could not be
/// read: what seems not to exist but is mentioned somewhere in the file may be among them, and is not held against
/// the rest.
pub(super) fn compile<'f>(
    file: &'f File,
    root: &'f Node,
    partial: bool,
    errors: &mut Errors<'_>,
) -> Methodology {
    let mut origins = HashMap::new();
    scalars(root, &mut origins);
    let mut mentioned = HashSet::new();
    if partial {
        declared(root, &mut mentioned);
    }
    let mut check = Check {
        file,
        mentioned,
        names: Names::default(),
        errors,
        origins,
        input_at: file.inputs.iter().enumerate().map(|(i, (name, _))| (&**name, i)).collect(),
        model_at: file.value_models.iter().enumerate().map(|(i, model)| (&*model.id, i)).collect(),
        deriving: Vec::new(),
        value_models: Vec::new(),
        look_back: Vec::new(),
        steps: 0,
        known: known(file),
        out: Methodology::default(),
    };
    check.lengths(root);
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

/// Every name and id that the text seems to declare, whether or not its section could be read.
fn declared<'n>(node: &'n Node, found: &mut HashSet<&'n str>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| declared(item, found)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                found.insert(&key.text);
                if let ("id" | "label", Kind::Scalar(scalar)) = (&*key.text, &value.kind) {
                    found.insert(&scalar.text);
                }
                declared(value, found);
            }
        }
    }
}

/// Positions by id.
type Known<'f> = HashMap<&'f str, usize>;

fn positions<'f>(texts: impl Iterator<Item = &'f Text>) -> Known<'f> {
    let mut known = Known::new();
    texts.enumerate().for_each(|(i, text)| {
        known.entry(&**text).or_insert(i);
    });
    known
}

/// What may be referred to, by the word for it.
fn known(file: &File) -> HashMap<&'static str, Known<'_>> {
    let (team, health) = (file.team.iter(), || file.health.iter());
    HashMap::from([
        ("role", positions(team.flat_map(|team| team.roles.iter().map(|x| &x.id)))),
        ("playbook", positions(file.playbooks.iter().map(|x| &x.id))),
        ("segment", positions(file.segments.iter().map(|x| &x.id))),
        ("band", positions(health().flat_map(|health| health.bands.iter().map(|x| &x.id)))),
        ("indicator", positions(health().flat_map(|health| health.indicators.iter().map(|x| &x.0)))),
        ("offer", positions(file.offers.iter().map(|x| &x.id))),
        ("template", positions(file.templates.iter().map(|x| &x.id))),
        ("report", positions(file.reports.iter().map(|x| &x.id))),
        ("calendar", positions(file.calendars.iter().map(|x| &x.0))),
    ])
}

fn id(text: &Text) -> Id {
    Id::from(&**text)
}

/// Longest id, and longest name or title, in characters.
pub const MAX_ID: usize = 63;
/// Longest name or title, in characters.
pub const MAX_NAME: usize = 200;

struct Check<'f, 'e, 's> {
    file: &'f File,
    /// Of a file that could only be read in part: what its text seems to declare.
    mentioned: HashSet<&'f str>,
    names: Names,
    errors: &'e mut Errors<'s>,
    /// The scalars of the pack by their place, to find the part of an expression that is wrong.
    origins: HashMap<(u32, u32), &'f Scalar>,
    /// The position of each input.
    input_at: HashMap<&'f str, usize>,
    /// The position of each value model.
    model_at: HashMap<&'f str, usize>,
    /// What is being derived: each rests upon the next.
    deriving: Vec<inputs::Derived>,
    /// The value models done so far, with their positions.
    value_models: Vec<(usize, ValueModel)>,
    /// Per input, the days of history that expressions look at.
    look_back: Vec<u32>,
    /// Steps of all expressions so far.
    steps: u32,
    /// What may be referred to, by the word for it.
    known: HashMap<&'static str, Known<'f>>,
    out: Methodology,
}

impl<'f> Check<'f, '_, '_> {
    fn error(&mut self, at: Span, message: impl Into<String>) {
        self.errors.add(at, message);
    }

    /// Compiles an expression that may use what is known up to `level`.
    fn expr(&mut self, text: &Text, wanted: &Ty, level: Level) -> Option<Expr> {
        if self.steps > MAX_STEPS {
            return None;
        }
        let compiled = self.names.expression(text, wanted, level);
        let expr = self.compiled(text, compiled)?;
        for used in expr.uses() {
            let known = &mut self.look_back[usize::from(used.input.0)];
            *known = (*known).max(used.days);
        }
        self.out.health_look_back = self.out.health_look_back.max(expr.health_days());
        self.spend(text, expr.steps());
        Some(expr)
    }

    /// Counts an expression's steps against what a pack may take for one account.
    fn spend(&mut self, text: &Text, steps: u32) {
        self.steps += steps;
        if self.steps > MAX_STEPS {
            let message = format!(
                "up to here, the pack's expressions take {} steps for one account, and {MAX_STEPS} are allowed; \
                 a step is a term, or {DAYS_A_STEP} days of a window",
                self.steps
            );
            self.error(text.at, message);
        }
    }

    /// A condition that may use everything known of an account.
    fn condition(&mut self, text: &Text) -> Option<Expr> {
        self.expr(text, &Ty::Bool, Level::Band)
    }

    fn optional(&mut self, text: Option<&Text>, level: Level) -> Option<Expr> {
        text.and_then(|text| self.expr(text, &Ty::Bool, level))
    }

    fn target(&mut self, text: &Text) -> Option<Target> {
        if self.steps > MAX_STEPS {
            return None;
        }
        let compiled = self.names.target(text);
        let target = self.compiled(text, compiled)?;
        self.spend(text, target.steps());
        Some(target)
    }

    fn compiled<T>(&mut self, text: &Text, compiled: Result<T, ExprError>) -> Option<T> {
        compiled.map_err(|error| self.expr_error(text, error)).ok()
    }

    /// Whether what is not known may stand in a part of the file that could not be read.
    fn may_be_unread(&self, name: &str) -> bool {
        if self.mentioned.is_empty() {
            return false;
        }
        let mut parts = name.split('.');
        let own = match parts.next() {
            Some("ind" | "score") if name.contains('.') => parts.next(),
            first => first,
        };
        self.mentioned.contains(name) || own.is_some_and(|own| self.mentioned.contains(own))
    }

    fn expr_error(&mut self, text: &Text, mut error: ExprError) {
        if let Some(unknown) = &error.unknown {
            if self.may_be_unread(unknown) {
                return;
            }
            if self.errors.wants_hints() && !error.message.contains("did you mean") {
                let near = self.names.nearest(unknown);
                error
                    .message
                    .push_str(&near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default());
            }
        }
        let origin = self.origins.get(&(text.at.line, text.at.column));
        let at = origin.map_or(text.at, |scalar| scalar.locate(text.at, error.at.clone()));
        // Where a parameter was put in, the text as evaluated helps more than the one as written.
        let spliced = origin.is_some_and(|scalar| scalar.pieces.iter().any(|p| !p.literal));
        let message = if spliced { format!("{} (in `{text}`)", error.message) } else { error.message };
        self.error(at, message);
    }

    /// Reads a period by which something recurs: whole days.
    fn cadence(&mut self, text: &Text) {
        if let Some(Period::Minutes(_)) = self.period(text) {
            self.error(text.at, format!("`{text}` is too short: this recurs every day (1d) at most"));
        }
    }

    fn period(&mut self, text: &Text) -> Option<Period> {
        text.parse()
            .map_err(|error: super::super::calendar::PeriodError| self.error(text.at, error.to_string()))
            .ok()
    }

    /// Reports every id that is none, or that is used again.
    fn unique<'t>(&mut self, what: &str, ids: impl Iterator<Item = &'t Text> + Clone) {
        ids.clone().for_each(|id| self.id(id));
        self.distinct(&format!("{what}s with the id"), ids);
    }

    /// Reports every text that is there again; `what` says of what there are two.
    fn distinct<'t>(&mut self, what: &str, texts: impl Iterator<Item = &'t Text>) {
        let mut seen = HashSet::new();
        for text in texts {
            if !seen.insert(&**text) {
                self.error(text.at, format!("there are two {what} `{text}`"));
            }
        }
    }

    /// Ids stand in addresses, in expressions and in the database.
    fn id(&mut self, id: &Text) {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if id.is_empty() || !id.chars().all(fits) {
            let shown: String = id.chars().take(40).collect();
            self.error(id.at, format!("`{shown}` is no id: write letters, digits, `_`, `-` or `.`"));
        } else if id.chars().count() > MAX_ID {
            self.error(id.at, format!("an id may have {MAX_ID} characters at most"));
        }
    }

    /// What is shown as a name has the length of one.
    fn lengths(&mut self, node: &Node) {
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::List(items) => items.iter().for_each(|item| self.lengths(item)),
            Kind::Map(entries) => {
                for (key, value) in entries {
                    if let ("name" | "title" | "label" | "unit", Kind::Scalar(scalar)) =
                        (&*key.text, &value.kind)
                        && scalar.text.chars().count() > MAX_NAME
                    {
                        self.error(
                            value.at,
                            format!("a {} may have {MAX_NAME} characters at most", key.text),
                        );
                    }
                    self.lengths(value);
                }
            }
        }
    }

    /// The position of what is referred to, by the word for it; reports a reference that leads nowhere.
    fn position(&mut self, what: &'static str, reference: &Text) -> Option<usize> {
        let found = self.known.get(what).and_then(|known| known.get(&**reference).copied());
        if found.is_none() {
            let near = self.known.get(what).filter(|_| self.errors.wants_hints());
            let near = near.and_then(|known| nearest(reference, known.keys().copied())).map(str::to_owned);
            self.nowhere(what, reference, near);
        }
        found
    }

    fn nowhere(&mut self, what: &str, reference: &Text, near: Option<String>) {
        if !self.may_be_unread(reference) {
            let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            self.error(reference.at, format!("there is no {what} `{reference}`{hint}"));
        }
    }

    /// Reports a text that is none of the values it could be.
    fn one_of(&mut self, what: &str, reference: &Text, values: &[Id]) {
        if !values.iter().any(|value| **value == **reference) {
            let near = nearest(reference, values.iter().map(|value| &**value)).map(str::to_owned);
            self.nowhere(what, reference, near);
        }
    }

    fn role(&mut self, reference: Option<&Text>) -> Option<Id> {
        reference.filter(|role| self.position("role", role).is_some()).map(id)
    }

    fn playbook(&mut self, reference: Option<&Text>) -> Option<usize> {
        self.position("playbook", reference?)
    }

    fn segment(&mut self, reference: &Text) -> Option<usize> {
        self.position("segment", reference)
    }

    fn meta(&mut self) {
        let file = self.file;
        self.id(&file.pack.id);
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
