//! The tenant's own profile: questions that classify it, some of which its figures answer.

use super::Id;
use super::expr::{Expr, Scope};

/// A question with its answers.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its id.
    pub id: Id,
    /// Whether people choose the answer: then only a condition that holds suggests one.
    pub choose: bool,
    /// Its answers, the first whose condition holds is suggested.
    pub options: Vec<(Id, Option<Expr>)>,
}

/// The suggested answer; none for a question without conditions. An answer without one takes what is left, unless
/// people choose.
pub(super) fn suggest<'a>(question: &'a Question, scope: &Scope<'a>) -> Option<Id> {
    let computed = question.options.iter().any(|(_, when)| when.is_some());
    let fits =
        |(_, when): &&'a (Id, Option<Expr>)| when.as_ref().map_or(!question.choose, |when| when.holds(scope));
    question.options.iter().find(fits).filter(|_| computed).map(|(id, _)| id.clone())
}
