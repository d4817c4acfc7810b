//! Random numbers that are the same on every machine and in every version of every crate.
//!
//! SplitMix64 (Steele, Lea, Flood 2014): a counter stepped by the golden ratio, then mixed. It is not
//! for secrets. [`Dice::keyed`] opens an independent stream for a key such as (account, user, day), so
//! any day can be generated without generating those before it.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The stream of this seed and key.
    pub(super) fn keyed(seed: u64, key: &[u64]) -> Dice {
        Dice(
            key.iter().fold(mix(seed.wrapping_add(GOLDEN)), |state, part| {
                mix(state ^ mix(part.wrapping_add(GOLDEN)))
            }),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..n`; `n` must not be zero.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(super) fn between(&mut self, (low, high): (i64, i64)) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True `permille` times in a thousand.
    pub(super) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of the items; there must be one.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// The item whose share of the total weight is hit; some weight must be above zero.
    pub(super) fn weighted<T: Copy>(&mut self, items: &[(u64, T)]) -> T {
        let mut left = self.below(items.iter().map(|(weight, _)| weight).sum());
        for (weight, item) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        unreachable!("the draw is below the sum of the weights")
    }

    /// Puts the items in random order (Fisher–Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_sequence() {
        // The first outputs of the reference implementation for state 1234567.
        let mut dice = Dice(1_234_567);
        assert_eq!(dice.next(), 6_457_827_717_110_365_317);
        assert_eq!(dice.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn streams_of_neighbouring_keys_differ() {
        let first: Vec<u64> = (0..200).map(|k| Dice::keyed(1, &[k]).next()).collect();
        let mut distinct = first.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), first.len());
        assert_ne!(Dice::keyed(1, &[2, 3]).next(), Dice::keyed(1, &[3, 2]).next());
    }

    #[test]
    fn stays_within_bounds() {
        let mut dice = Dice::keyed(7, &[]);
        let drawn: Vec<i64> = (0..1000).map(|_| dice.between((-2, 2))).collect();
        assert!((-2..=2).all(|n| drawn.contains(&n)) && drawn.iter().all(|n| (-2..=2).contains(n)));
    }
}
