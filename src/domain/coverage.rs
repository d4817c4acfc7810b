//! Who can look after how many: what the segments' ratios say of the accounts somebody has.

use super::pack::schema::{File, Limits};

/// Accounts of one segment that somebody looks after, and how many one may have of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The segment's id.
    pub segment: String,
    /// Accounts of it.
    pub accounts: i64,
    /// The most that one may have; none where the methodology does not say.
    pub most: Option<f64>,
}

impl Share {
    /// Whether these are more than one may have.
    pub fn is_over(&self) -> bool {
        self.most.is_some_and(|most| self.accounts as f64 > most)
    }
}

/// The most accounts of a segment that one CSM may have.
pub fn most_of(file: &File, segment: &str) -> Option<f64> {
    let segment = file.segments.iter().find(|known| *known.id == *segment)?;
    most(segment.coverage.as_ref()?.accounts_per_csm.as_ref())
}

/// How many accounts of a segment are planned for; none where the methodology does not say.
pub fn planned(file: &File, segment: &str) -> Option<f64> {
    let segment = file.segments.iter().find(|known| *known.id == *segment)?;
    segment.coverage.as_ref()?.account_volume.as_ref()?.parse().ok()
}

/// Whether a segment's accounts need a CSM of their own: its coverage names a role.
pub fn needs_owner(file: &File, segment: &str) -> bool {
    let segment = file.segments.iter().find(|known| *known.id == *segment);
    segment.and_then(|segment| segment.coverage.as_ref()).is_some_and(|coverage| coverage.role.is_some())
}

/// The upper bound of a range that is above zero.
pub fn most(limits: Option<&Limits>) -> Option<f64> {
    limits?.max.as_ref().map(|max| max.value).filter(|max| *max > 0.0)
}

/// How much of a person's capacity their accounts take: each segment takes its part of it, and above 1 is too much.
/// None where no segment of theirs has a ratio.
pub fn used(shares: &[Share]) -> Option<f64> {
    let parts: Vec<f64> =
        shares.iter().filter_map(|share| Some(share.accounts as f64 / share.most?)).collect();
    (!parts.is_empty()).then(|| parts.iter().sum())
}

/// Whether so much is more than one can do; what a sum of fractions leaves is no excess.
pub fn is_over(used: f64) -> bool {
    used > 1.0 + 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(accounts: i64, most: Option<f64>) -> Share {
        Share { segment: "s".into(), accounts, most }
    }

    #[test]
    fn every_segment_takes_its_part() {
        let over = |shares: &[Share]| used(shares).is_some_and(is_over);
        assert!(!over(&[share(20, Some(20.0))]));
        assert!(over(&[share(21, Some(20.0))]));
        // Ten of ten and one of three are more than one person.
        assert!(over(&[share(10, Some(10.0)), share(1, Some(3.0))]));
        // Three thirds are one, whatever floats make of it.
        assert!(!over(&[share(1, Some(3.0)), share(1, Some(3.0)), share(1, Some(3.0))]));
        assert_eq!(used(&[share(400, None)]), None);
    }
}
