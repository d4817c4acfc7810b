//! Shares of a small number, with how sure one can be of them.

/// The share of `hits` in `all` and its 95 % interval by Wilson (1927), each 0..1; none of nothing.
///
/// The interval is not symmetric, stays within 0..1 and is right for few cases, where the usual one is not.
pub fn wilson(hits: i64, all: i64) -> Option<(f64, f64, f64)> {
    if all <= 0 || hits < 0 || hits > all {
        return None;
    }
    const Z: f64 = 1.959_963_985;
    let (n, z2) = (all as f64, Z * Z);
    let share = hits as f64 / n;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    Some((share, (middle - half).max(0.0), (middle + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_known_cases() {
        // Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (hits, all, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (_, from, to) = wilson(hits, all).unwrap();
            assert!((from - low).abs() < 5e-5 && (to - high).abs() < 5e-5, "{hits}/{all}: {from} {to}");
        }
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(3, 2), None);
    }
}
