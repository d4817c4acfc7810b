//! The grammar, as winnow parsers over the text: one function a line of the grammar, loosest binding first.
//!
//! ```text
//! or := and {'or' and} ; and := not {'and' not} ; not := 'not' not | cmp
//! cmp := sum [('=='|'!='|'<'|'<='|'>'|'>=') sum | 'in' '[' or {',' or} ']']
//! sum := prod {('+'|'-') prod} ; prod := unary {('*'|'/') unary} ; unary := '-' unary | primary
//! primary := number | 'text' | true | false | null | duration | name | name '(' args ')' | '(' or ')'
//! duration := integer ('d'|'w'|'mo') ; name := [A-Za-z_][A-Za-z0-9_.]*
//! ```

use std::ops::Range;

use winnow::ascii::multispace0;
use winnow::combinator::{alt, opt, peek};
use winnow::error::{ContextError, ErrMode, StrContext, StrContextValue};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location, Stateful};
use winnow::token::{any, one_of, take_while};

use super::{ExprError, MAX_DEPTH, MAX_LENGTH};

/// A parsed expression with the place of each part in the text (byte offsets).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ast {
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

/// What an expression is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// Whole days: 1w = 7, 1mo = 30.
    Duration(u32),
    Name(String),
    Call(String, Vec<Ast>),
    Not(Box<Ast>),
    Negate(Box<Ast>),
    Binary(Op, Box<Ast>, Box<Ast>),
    In(Box<Ast>, Vec<Ast>),
    /// The value a target's tail is applied to.
    Subject,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
}

type Input<'s> = Stateful<LocatingSlice<&'s str>, usize>;

/// Parses a whole expression.
pub(super) fn expression(text: &str) -> Result<Ast, ExprError> {
    whole(text, or)
}

/// Parses the tail of a comparison, such as `>= 95`.
pub(super) fn target(text: &str) -> Result<Ast, ExprError> {
    whole(text, |i: &mut Input<'_>| {
        let at = i.current_token_start();
        let subject = Ast { at: at..at, kind: Kind::Subject };
        let parsed = tail(i, subject)?;
        if parsed.kind == Kind::Subject { expected("a comparison such as `>= 95`") } else { Ok(parsed) }
    })
}

fn whole<'s>(
    text: &'s str,
    mut grammar: impl FnMut(&mut Input<'s>) -> ModalResult<Ast>,
) -> Result<Ast, ExprError> {
    if text.len() > MAX_LENGTH {
        let message =
            format!("an expression may have {MAX_LENGTH} bytes at most; this one has {}", text.len());
        return Err(ExprError::new(0..text.len(), message));
    }
    let mut input = Input { input: LocatingSlice::new(text), state: 0 };
    let parsed = multispace0.parse_next(&mut input).and_then(|_: &str| grammar(&mut input));
    let at = input.current_token_start();
    let rest = &text[at..];
    let here = at..at + rest.chars().next().map_or(0, char::len_utf8);
    match parsed {
        Ok(ast) if rest.is_empty() => Ok(ast),
        Ok(_) => Err(ExprError::new(here, format!("expected an operator or the end{}", hint(rest)))),
        Err(ErrMode::Cut(e) | ErrMode::Backtrack(e)) => {
            Err(ExprError::new(here, format!("{}{}", message(&e), hint(rest))))
        }
        Err(ErrMode::Incomplete(_)) => Err(ExprError::new(here, "the expression is not complete".to_owned())),
    }
}

/// What to write instead of what other languages write here.
fn hint(rest: &str) -> &'static str {
    let meant = [
        ("&&", "; write `and`"),
        ("||", "; write `or`"),
        ("!", "; write `not`"),
        ("\"", "; a text stands in single quotes"),
        ("<>", "; write `!=`"),
        ("is ", "; write known(x) or not known(x)"),
        ("%", "; percentages are plain numbers"),
    ];
    meant.iter().find(|(written, _)| rest.starts_with(written)).map_or("", |(_, hint)| hint)
}

fn message(error: &ContextError) -> String {
    match error.context().next() {
        Some(StrContext::Label(label)) => (*label).to_owned(),
        Some(expected) => expected.to_string(),
        None => "expected a value".to_owned(),
    }
}

fn expected<T>(what: &'static str) -> ModalResult<T> {
    let mut error = ContextError::new();
    error.push(StrContext::Expected(StrContextValue::Description(what)));
    Err(ErrMode::Cut(error))
}

fn refused<T>(why: &'static str) -> ModalResult<T> {
    let mut error = ContextError::new();
    error.push(StrContext::Label(why));
    Err(ErrMode::Cut(error))
}

/// Runs a recursive part one level deeper, as far as the budget goes.
fn deeper<'s, T>(i: &mut Input<'s>, part: impl FnOnce(&mut Input<'s>) -> ModalResult<T>) -> ModalResult<T> {
    if i.state >= MAX_DEPTH {
        // `MAX_DEPTH` in words.
        return refused("an expression may be nested 40 deep at most");
    }
    i.state += 1;
    let parsed = part(i);
    i.state -= 1;
    parsed
}

fn or(i: &mut Input<'_>) -> ModalResult<Ast> {
    deeper(i, |i| chain(i, and, |i| opt(word("or").value(Op::Or)).parse_next(i)))
}

fn and(i: &mut Input<'_>) -> ModalResult<Ast> {
    chain(i, not, |i| opt(word("and").value(Op::And)).parse_next(i))
}

fn not(i: &mut Input<'_>) -> ModalResult<Ast> {
    let start = i.current_token_start();
    if opt(word("not")).parse_next(i)?.is_none() {
        return cmp(i);
    }
    let inner = deeper(i, not)?;
    Ok(Ast { at: start..inner.at.end, kind: Kind::Not(Box::new(inner)) })
}

fn cmp(i: &mut Input<'_>) -> ModalResult<Ast> {
    let left = sum(i)?;
    tail(i, left)
}

/// What may follow a sum: a comparison, a list, or nothing.
fn tail(i: &mut Input<'_>, left: Ast) -> ModalResult<Ast> {
    if opt(word("in")).parse_next(i)?.is_some() {
        if opt(symbol("[")).parse_next(i)?.is_none() {
            return expected("`[` after `in`");
        }
        let (list, end) = list(i, "]")?;
        return Ok(Ast { at: left.at.start..end, kind: Kind::In(Box::new(left), list) });
    }
    let operator = alt((
        symbol("==").value(Op::Equal),
        symbol("!=").value(Op::Unequal),
        symbol("<=").value(Op::AtMost),
        symbol(">=").value(Op::AtLeast),
        symbol("<").value(Op::Less),
        symbol(">").value(Op::More),
    ));
    match opt(operator).parse_next(i)? {
        Some(op) => {
            let right = sum(i)?;
            Ok(binary(op, left, right))
        }
        None if opt(peek(symbol("="))).parse_next(i)?.is_some() => expected("`==` to compare"),
        None => Ok(left),
    }
}

fn sum(i: &mut Input<'_>) -> ModalResult<Ast> {
    chain(i, product, |i| {
        opt(alt((symbol("+").value(Op::Add), symbol("-").value(Op::Subtract)))).parse_next(i)
    })
}

fn product(i: &mut Input<'_>) -> ModalResult<Ast> {
    chain(i, unary, |i| {
        opt(alt((symbol("*").value(Op::Multiply), symbol("/").value(Op::Divide)))).parse_next(i)
    })
}

fn unary(i: &mut Input<'_>) -> ModalResult<Ast> {
    let start = i.current_token_start();
    if opt(symbol("-")).parse_next(i)?.is_none() {
        return primary(i);
    }
    let inner = deeper(i, unary)?;
    Ok(Ast { at: start..inner.at.end, kind: Kind::Negate(Box::new(inner)) })
}

fn primary(i: &mut Input<'_>) -> ModalResult<Ast> {
    let start = i.current_token_start();
    let kind = match peek(opt(any)).parse_next(i)? {
        Some('0'..='9') => number(i)?,
        Some('\'') => text(i)?,
        Some('(') => {
            symbol("(").parse_next(i)?;
            let inner = or(i)?;
            return if opt(symbol(")")).parse_next(i)?.is_some() { Ok(inner) } else { expected("`)`") };
        }
        Some(c) if c.is_ascii_alphabetic() || c == '_' => return name_or_call(i, start),
        _ => return expected("a value"),
    };
    let end = i.current_token_start();
    space(i)?;
    Ok(Ast { at: start..end, kind })
}

fn number(i: &mut Input<'_>) -> ModalResult<Kind> {
    let mut digits = (take_while(1.., '0'..='9'), opt(('.', take_while(1.., '0'..='9')))).take();
    let number: &str = digits.parse_next(i)?;
    let unit: &str =
        take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.').parse_next(i)?;
    if unit.is_empty() {
        return match number.parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(Kind::Number(n)),
            _ => refused("the number is too large"),
        };
    }
    let days = match unit {
        "d" => 1,
        "w" => 7,
        "mo" => 30,
        _ => return expected("an operator after the number, or a duration such as 30d, 2w or 3mo"),
    };
    match number.parse::<u32>().ok().and_then(|n| n.checked_mul(days)) {
        Some(days @ 1..=3660) => Ok(Kind::Duration(days)),
        _ => refused("a duration is 1 to 3660 whole days (ten years)"),
    }
}

fn text(i: &mut Input<'_>) -> ModalResult<Kind> {
    one_of('\'').parse_next(i)?;
    let text: &str = take_while(0.., |c| c != '\'').parse_next(i)?;
    let text = text.to_owned();
    match opt(one_of::<_, _, ErrMode<ContextError>>('\'')).parse_next(i)? {
        Some(_) => Ok(Kind::Text(text)),
        None => expected("a closing `'`"),
    }
}

fn name_or_call(i: &mut Input<'_>, start: usize) -> ModalResult<Ast> {
    let name: &str = identifier(i)?;
    let name = name.to_owned();
    let mut end = start + name.len();
    space(i)?;
    let kind = match name.as_str() {
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        "null" => Kind::Null,
        "and" | "or" | "in" | "not" => return expected("a value before this word"),
        _ if opt(symbol("(")).parse_next(i)?.is_some() => {
            let (arguments, close) = list(i, ")")?;
            end = close;
            Kind::Call(name, arguments)
        }
        _ => Kind::Name(name),
    };
    Ok(Ast { at: start..end, kind })
}

/// `or {',' or}` up to and with the closing symbol; gives the end's position as well.
fn list(i: &mut Input<'_>, close: &'static str) -> ModalResult<(Vec<Ast>, usize)> {
    let mut items = vec![or(i)?];
    loop {
        let end = i.current_token_start() + close.len();
        if opt(symbol(close)).parse_next(i)?.is_some() {
            return Ok((items, end));
        }
        if opt(symbol(",")).parse_next(i)?.is_none() {
            return expected(if close == ")" { "`,` or `)`" } else { "`,` or `]`" });
        }
        items.push(or(i)?);
    }
}

/// `part {operator part}`, grouped from the left.
fn chain<'s>(
    i: &mut Input<'s>,
    part: fn(&mut Input<'s>) -> ModalResult<Ast>,
    operator: fn(&mut Input<'s>) -> ModalResult<Option<Op>>,
) -> ModalResult<Ast> {
    let mut left = part(i)?;
    while let Some(op) = operator(i)? {
        let right = part(i)?;
        left = binary(op, left, right);
    }
    Ok(left)
}

fn binary(op: Op, left: Ast, right: Ast) -> Ast {
    Ast { at: left.at.start..right.at.end, kind: Kind::Binary(op, Box::new(left), Box::new(right)) }
}

fn identifier<'s>(i: &mut Input<'s>) -> ModalResult<&'s str> {
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.').parse_next(i)
}

fn space(i: &mut Input<'_>) -> ModalResult<()> {
    multispace0.void().parse_next(i)
}

/// A punctuation mark and the space after it.
fn symbol<'s>(mark: &'static str) -> impl Parser<Input<'s>, (), ErrMode<ContextError>> {
    (mark, multispace0).void()
}

/// A word of the language, not the beginning of a longer name, and the space after it.
fn word<'s>(word: &'static str) -> impl Parser<Input<'s>, (), ErrMode<ContextError>> {
    (identifier.verify(move |found: &str| found == word), multispace0).void()
}
