//! Advocacy: what makes a customer one that speaks for the product.

use super::facts::Facts;
use super::lifecycle::{Criterion, CriterionState};
use super::methodology::Methodology;

impl Methodology {
    /// Which of the signs of an advocate an account shows; missing data shows none.
    pub fn advocate<'a>(&'a self, facts: &'a Facts) -> Vec<CriterionState> {
        if self.advocacy.is_empty() {
            return Vec::new();
        }
        let worked = self.work(facts);
        let state = |sign: &'a Criterion| CriterionState {
            name: sign.name.clone(),
            met: sign.when.as_ref().is_some_and(|when| when.holds(&worked.scope)),
            by_hand: sign.when.is_none(),
        };
        self.advocacy.iter().map(state).collect()
    }
}
