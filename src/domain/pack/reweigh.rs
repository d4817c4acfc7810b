//! A model's tree with other weights, as changes to its file.
//!
//! A measure's share of the whole model is its weight among its siblings times the share of the node above. Given the
//! shares that measures should have, the weights of every group of siblings follow; each is written to two decimals of
//! a percent, so that a group adds up to exactly 1 or 100, as it did before.

use super::edit::{Edit, Part};
use super::schema::TreeNode;

/// What a whole group of siblings weighs, in the steps that weights are rounded to: hundredths of a percent.
const WHOLE: u32 = 10_000;

/// What the weights of siblings add up to in the file: 1 or 100.
pub fn scale(nodes: &[TreeNode]) -> f64 {
    let sum: f64 = nodes.iter().filter_map(|node| node.weight).map(|weight| weight.value).sum();
    if sum > 50.0 { 100.0 } else { 1.0 }
}

/// Whole hundredths of a percent in the proportions of `parts` that add up to 100 %: each rounded down, and what is
/// then missing given to those that lost most. Equal ones where all parts are zero.
pub fn hundredths(parts: &[f64]) -> Vec<u32> {
    let sum: f64 = parts.iter().sum();
    let exact = |part: &f64| {
        let share = if sum > 0.0 { part / sum } else { 1.0 / parts.len() as f64 };
        share * f64::from(WHOLE)
    };
    let exact: Vec<f64> = parts.iter().map(exact).collect();
    let mut out: Vec<u32> = exact.iter().map(|share| share.floor() as u32).collect();
    let mut by_loss: Vec<usize> = (0..parts.len()).collect();
    by_loss.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    let missing = WHOLE.saturating_sub(out.iter().sum());
    for at in by_loss.into_iter().take(missing as usize) {
        out[at] += 1;
    }
    out
}

/// What gives the measures of a tree these shares of the whole, in the order in which they stand; `list` is the
/// tree's place in the file. Below a node that is to weigh nothing all stays as it is, and so does a group whose
/// weights are those already.
///
/// None when there are more or fewer shares than measures.
pub fn reweigh(tree: &[TreeNode], list: &str, shares: &[f64]) -> Option<Vec<Edit>> {
    if tree.iter().map(measures).sum::<usize>() != shares.len() {
        return None;
    }
    let mut edits = Vec::new();
    group(tree, list, shares, scale(tree), &mut edits);
    Some(edits)
}

/// How many measures a node holds.
fn measures(node: &TreeNode) -> usize {
    node.children.as_ref().map_or(1, |children| children.iter().map(measures).sum())
}

fn group(nodes: &[TreeNode], list: &str, mut shares: &[f64], usual: f64, edits: &mut Vec<Edit>) {
    let of_nodes: Vec<&[f64]> = nodes.iter().filter_map(|node| shares.split_off(..measures(node))).collect();
    let sums: Vec<f64> = of_nodes.iter().map(|shares| shares.iter().sum()).collect();
    if sums.iter().sum::<f64>() <= 0.0 {
        return;
    }
    let weighed = nodes.iter().any(|node| node.weight.is_some());
    let scale = if weighed { scale(nodes) } else { usual };
    let wanted = hundredths(&sums);
    let is = |node: &TreeNode| {
        let share = node.weight.map_or(1.0 / nodes.len() as f64, |weight| weight.value / scale);
        share * f64::from(WHOLE)
    };
    // Equal thirds without weights differ from written ones by less than a step.
    if nodes.iter().zip(&wanted).any(|(node, wanted)| (is(node) - f64::from(*wanted)).abs() >= 1.0) {
        for (at, wanted) in wanted.iter().enumerate() {
            let weight = f64::from(*wanted) * scale / f64::from(WHOLE);
            let to = Part::typed(&format!("{}", (weight * 1e4).round() / 1e4));
            edits.push(Edit::Set { at: format!("{list}/{at}/weight"), to });
        }
    }
    for (at, (node, shares)) in nodes.iter().zip(of_nodes).enumerate() {
        if let Some(children) = &node.children {
            group(children, &format!("{list}/{at}/children"), shares, scale, edits);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Overrides, edit, load};
    use super::*;

    /// A model of five measures in three groups, weighed by `top`, `left` and `right`.
    fn pack(top: &str, left: [&str; 2], right: [&str; 2]) -> String {
        let weight = |text: &str| if text.is_empty() { String::new() } else { format!(", weight: {text}") };
        let indicators: String = ["a", "b", "c", "d", "e"]
            .map(|id| format!("    {id}: {{name: {id}, value: use, linear: {{zero: 0, full: 100}}}}\n"))
            .concat();
        let (top_left, rest) = top.split_once(' ').unwrap_or_default();
        let (top_right, alone) = rest.split_once(' ').unwrap_or_default();
        format!(
            "schema: 1\npack: {{id: p, name: P, version: \"1\", source: test, product: P, currency: USD, timezone: \
             UTC, summary: A test}}\nparameters:\n  W: {{default: 0.25}}\ninputs:\n  use: {{kind: gauge, type: \
             number}}\nhealth:\n  bands: [{{id: green, name: Green, from: 50, colour: green}}, {{id: red, name: Red, \
             colour: red}}]\n  indicators:\n{indicators}  models:\n  - id: m\n    name: M\n    tree:\n    - {{id: l, \
             name: L{}, children: [{{indicator: a{}}}, {{indicator: b{}}}]}}\n    - id: r\n      name: R{}\n      \
             children:\n      - {{indicator: c{}}} # first\n      - {{indicator: d{}}}\n    - {{indicator: e{}}}\n",
            weight(top_left),
            weight(left[0]),
            weight(left[1]),
            if top_right.is_empty() { String::new() } else { format!("\n      weight: {top_right}") },
            weight(right[0]),
            weight(right[1]),
            weight(alone),
        )
    }

    /// Measures' shares of the whole, as the engine has them.
    fn shares(source: &str) -> Vec<f64> {
        let loaded = load(source, &Overrides::default()).unwrap();
        let nodes = &loaded.methodology.health.models[0].nodes;
        let mut all: Vec<f64> = Vec::new();
        for node in nodes {
            all.push(node.parent.map_or(1.0, |parent| all[usize::from(parent)]) * node.weight);
        }
        nodes.iter().zip(all).filter(|(node, _)| node.indicator.is_some()).map(|(_, share)| share).collect()
    }

    fn reweighed(source: &str, wanted: &[f64]) -> String {
        let loaded = load(source, &Overrides::default()).unwrap();
        let tree = &loaded.file.health.as_ref().unwrap().models[0].tree;
        let edits = reweigh(tree, "/health/models/0/tree", wanted).unwrap();
        edit::apply(source, &edits).unwrap()
    }

    #[test]
    fn hundredths_add_up() {
        assert_eq!(hundredths(&[40.0, 30.0, 10.0]), [5000, 3750, 1250]);
        assert_eq!(hundredths(&[1.0, 1.0, 1.0]), [3334, 3333, 3333]);
        assert_eq!(hundredths(&[0.7, 0.3]), [7000, 3000]);
        assert_eq!(hundredths(&[0.0, 0.0]), [5000, 5000]);
        assert_eq!(hundredths(&[0.0, 2.0]), [0, 10_000]);
        assert_eq!(hundredths(&[]), [0; 0]);
    }

    #[test]
    fn weights_are_written_in_the_scale_of_their_siblings() {
        let source = pack("0.5 0.3 0.2", ["60", "40"], ["", ""]);
        assert!(reweighed(&source, &shares(&source)) == source, "what is so already is not written");
        let text = reweighed(&source, &[0.1, 0.2, 0.3, 0.1, 0.3]);
        assert!(text.contains("name: L, weight: 0.3, children: [{indicator: a, weight: 33.33}"), "{text}");
        assert!(text.contains("{indicator: b, weight: 66.67}"), "{text}");
        assert!(text.contains("- {indicator: c, weight: 0.75} # first\n"), "{text}");
        assert!(text.contains("weight: 0.4\n") && text.contains("{indicator: e, weight: 0.3}"), "{text}");
    }

    #[test]
    fn what_is_to_weigh_nothing_keeps_its_inside() {
        let source = pack("50 30 20", ["0.6", "0.4"], ["\"${W}\"", "0.75"]);
        let text = reweighed(&source, &[0.0, 0.0, 0.5, 0.5, 0.0]);
        assert!(text.contains("name: L, weight: 0, children: [{indicator: a, weight: 0.6}"), "{text}");
        assert!(text.contains("weight: 100\n") && text.contains("{indicator: c, weight: 0.5}"), "{text}");
        assert_eq!(shares(&text), [0.0, 0.0, 0.5, 0.5, 0.0]);
        let health = load(&source, &Overrides::default()).unwrap().file.health.unwrap();
        assert_eq!(reweigh(&health.models[0].tree, "", &[0.5, 0.5]), None);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_the_loader_takes(
            wanted in proptest::collection::vec(0.0_f64..1.0, 5),
            zero in 0_usize..6,
            form in 0_usize..3,
        ) {
            let source = match form {
                0 => pack("0.5 0.3 0.2", ["60", "40"], ["", ""]),
                1 => pack("50 30 20", ["0.6", "0.4"], ["\"${W}\"", "0.75"]),
                _ => pack("", ["", ""], ["33.3", "66.7"]),
            };
            let mut wanted = wanted;
            wanted[zero.min(4)] *= if zero < 5 { 0.0 } else { 1.0 };
            let sum: f64 = wanted.iter().sum();
            prop_assume!(sum > 0.1);
            let wanted: Vec<f64> = wanted.iter().map(|share| share / sum).collect();
            let got = shares(&reweighed(&source, &wanted));
            prop_assert!((got.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            for (got, wanted) in got.iter().zip(&wanted) {
                prop_assert!((got - wanted).abs() < 3e-4, "{got} for {wanted}");
            }
        }
    }
}
