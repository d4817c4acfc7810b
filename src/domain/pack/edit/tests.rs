//! Changes by example, and on a real pack: whatever is changed, only that is changed.

use std::ops::Range;

use proptest::prelude::*;
use serde_json::Value;

use super::super::{Overrides, load};
use super::*;

const PACK: &str = include_str!("../../../../packs/techcorp.yaml");

fn set(at: &str, to: &str) -> Edit {
    Edit::Set { at: at.to_owned(), to: Part::typed(to) }
}

fn insert(list: &str, index: usize, item: &str) -> Edit {
    Edit::Insert { list: list.to_owned(), index, item: Part::typed(item) }
}

fn remove(at: &str) -> Edit {
    Edit::Remove { at: at.to_owned() }
}

fn swap(list: &str, index: usize) -> Edit {
    Edit::Swap { list: list.to_owned(), index }
}

const BLOCK: &str = "\
# head
a:   1   # one
list:
  # the first
  - x   # ex
  - {k: v, w: 0.50}
  - name: 'N'
    deep: \"${P}\"

# about b
b:
- 1
- 2
empty:
text: |
  two
  lines
last: [p, q]
";

#[test]
fn each_change_is_made_at_its_place() {
    let table: &[(&str, Edit, &str, &str)] = &[
        ("a number", set("/a", "2.5"), "a:   1   # one", "a:   2.5   # one"),
        ("an item", set("/list/0", "y z"), "- x   # ex", "- y z   # ex"),
        ("in a flow map", set("/list/1/w", "40"), "w: 0.50}", "w: 40}"),
        ("what needs quotes", set("/list/1/k", "a, b"), "k: v,", "k: \"a, b\","),
        ("a quoted text", set("/list/2/name", "M"), "'N'", "M"),
        ("a parameter", set("/list/2/deep", "${Q}"), "\"${P}\"", "\"${Q}\""),
        ("a text that looks like a number", set("/list/2/deep", "7"), "\"${P}\"", "7"),
        ("nothing yet", set("/empty", "e"), "empty:\n", "empty: e\n"),
        ("a block of text", set("/text", "one"), "|\n  two\n  lines\n", "one\n"),
        (
            "a list for a list",
            Edit::Set { at: "/b".into(), to: Part::List(vec![Part::typed("7")]) },
            "b:\n- 1\n- 2\n",
            "b: [7]\n",
        ),
        ("a new key of a block map", set("/c", "1"), "last: [p, q]\n", "last: [p, q]\nc: 1\n"),
        ("a new key of an item", set("/list/2/more", "1"), "\"${P}\"\n", "\"${P}\"\n    more: 1\n"),
        ("a new key of a flow map", set("/list/1/z", "no"), "w: 0.50}", "w: 0.50, z: \"no\"}"),
        ("a first item", insert("/list", 0, "new"), "  - x ", "  - new\n  - x "),
        ("a later item", insert("/list", 2, "new"), "0.50}\n", "0.50}\n  - new\n"),
        ("a last item", insert("/b", 2, "3"), "- 2\n", "- 2\n- 3\n"),
        ("a first flow item", insert("/last", 0, "o"), "[p,", "[o, p,"),
        ("a last flow item", insert("/last", 2, "r"), "q]", "q, r]"),
        ("away with an item", remove("/list/0"), "  - x   # ex\n", ""),
        ("away with the last item", remove("/list/2"), "  - name: 'N'\n    deep: \"${P}\"\n", ""),
        ("away with a flow item", remove("/last/0"), "[p, q]", "[q]"),
        ("away with an entry", remove("/a"), "a:   1   # one\n", ""),
        ("away with a flow entry", remove("/list/1/w"), ", w: 0.50", ""),
        ("away with an item's first key", remove("/list/2/name"), "name: 'N'\n    deep", "deep"),
        ("away with a block of text", remove("/text"), "text: |\n  two\n  lines\n", ""),
        ("items change places", swap("/b", 0), "- 1\n- 2", "- 2\n- 1"),
        (
            "with their comments",
            swap("/list", 0),
            "- x   # ex\n  - {k: v, w: 0.50}",
            "- {k: v, w: 0.50}\n  - x   # ex",
        ),
        ("flow items too", swap("/last", 0), "[p, q]", "[q, p]"),
    ];
    for (what, edit, before, after) in table {
        assert_eq!(BLOCK.matches(before).count(), 1, "{what}: {before}");
        assert_eq!(apply(BLOCK, std::slice::from_ref(edit)), Ok(BLOCK.replace(before, after)), "{what}");
        let windows = BLOCK.replace('\n', "\r\n");
        let (before, after) = (before.replace('\n', "\r\n"), after.replace('\n', "\r\n"));
        assert_eq!(
            apply(&windows, std::slice::from_ref(edit)),
            Ok(windows.replace(&before, &after)),
            "{what}, CRLF"
        );
    }
}

#[test]
fn a_list_may_become_empty_and_full_again() {
    let source = "caps: # all\n- a\nnext: 1\n";
    let none = apply(source, &[remove("/caps/0")]).unwrap();
    assert_eq!(none, "caps: [] # all\nnext: 1\n");
    assert_eq!(apply(&none, &[insert("/caps", 0, "b")]).unwrap(), "caps: [b] # all\nnext: 1\n", "{none}");
    assert_eq!(apply("l: [a]", &[remove("/l/0")]).unwrap(), "l: []");
    assert_eq!(apply("a: 1", &[set("/b", "2")]).unwrap(), "a: 1\nb: 2", "no line end is invented");
    let tall = "l: [\n  a,\n  b\n]\n";
    assert_eq!(apply(tall, &[insert("/l", 2, "c")]).unwrap(), "l: [\n  a,\n  b,\n  c\n]\n");
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    for edit in
        [set("/no/thing", "1"), remove("/list/9"), swap("/b", 1), insert("/b", 9, "x"), remove("/a/b")]
    {
        assert!(
            matches!(apply(BLOCK, std::slice::from_ref(&edit)), Err(EditError::NoSuchPlace(_))),
            "{edit:?}"
        );
    }
    assert!(matches!(apply("- - a\n  - b\n", &[remove("/0/0")]), Err(EditError::Layout(_))));
    assert!(matches!(apply("a: [", &[set("/a", "1")]), Err(EditError::Unreadable(_))));
}

/// Every scalar of a pack by its pointer.
fn scalars(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| scalars(v, &format!("{at}/{i}"), out))
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| scalars(v, &format!("{at}/{}", escape(k)), out)),
        _ => out.push(at.to_owned()),
    }
}

fn lists(value: &Value, at: &str, out: &mut Vec<(String, usize)>) {
    match value {
        Value::Array(items) => {
            out.push((at.to_owned(), items.len()));
            items.iter().enumerate().for_each(|(i, v)| lists(v, &format!("{at}/{i}"), out));
        }
        Value::Object(map) => map.iter().for_each(|(k, v)| lists(v, &format!("{at}/{}", escape(k)), out)),
        _ => {}
    }
}

/// The bytes of both ends that two texts share cover all of `before` but `range`.
fn only_changed_within(before: &str, after: &str, range: &Range<usize>) -> bool {
    after.starts_with(&before[..range.start]) && after.ends_with(&before[range.end..])
}

#[test]
fn weights_curves_and_parameters_of_a_pack_can_be_changed() {
    let changed = [
        ("/health/models/0/tree/0/weight", "0.35"),
        ("/health/models/0/tree/1/weight", "0.35"),
        ("/health/indicators/support_satisfaction/linear/full", "4.5"),
        ("/parameters/DAU_FULL/default", "70"),
        ("/health/bands/0/above", "75"),
        ("/health/caps/0/why", "Usage fell: by a quarter"),
    ];
    let edits: Vec<Edit> = changed.iter().map(|(at, to)| set(at, to)).collect();
    let text = apply(PACK, &edits).unwrap();
    let pack = load(&text, &Overrides::default()).unwrap();
    let nodes = &pack.methodology.health.models[0].nodes;
    assert_eq!(
        nodes.iter().filter(|n| n.depth == 0).map(|n| n.weight).collect::<Vec<_>>(),
        [0.35, 0.35, 0.2, 0.1]
    );
    assert_eq!(text.lines().count(), PACK.lines().count());
    let differ = text.lines().zip(PACK.lines()).filter(|(a, b)| a != b).count();
    assert_eq!(differ, changed.len(), "a line each");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_scalar_of_a_pack_takes_any_text(pick in any::<prop::sample::Index>(), to in "\\PC{0,24}|[-0-9.]{1,6}|[ \\t\\n:#'\"{}\\[\\],&*!|>%@`-]{0,8}") {
        let outline = Outline::read(PACK).unwrap();
        let mut all = Vec::new();
        scalars(&outline.json(), "", &mut all);
        let at = pick.get(&all);
        let after = apply(PACK, &[set(at, &to)]).unwrap();
        prop_assert!(only_changed_within(PACK, &after, &outline.range(outline.find(at).unwrap())), "{at}");
        let mut said = outline.json();
        *said.pointer_mut(at).unwrap() = Part::typed(&to).json();
        prop_assert_eq!(Outline::read(&after).unwrap().json(), said);
        // And back: what was there can be put there again.
        let back = apply(&after, &[set(at, outline.text(at).unwrap())]).unwrap();
        let (back, first) = (load(&back, &Overrides::default()), load(PACK, &Overrides::default()));
        prop_assert_eq!(back.unwrap().file.parameters.len(), first.unwrap().file.parameters.len());
    }

    #[test]
    fn any_list_of_a_pack_can_grow_shrink_and_turn(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>()) {
        let outline = Outline::read(PACK).unwrap();
        let mut all = Vec::new();
        lists(&outline.json(), "", &mut all);
        let (list, len) = pick.get(&all);
        let index = place.index(len + 1);
        let item = Part::map([("id", Part::typed("new")), ("when", Part::typed("a > 1, b"))]);
        let grown = apply(PACK, &[Edit::Insert { list: list.clone(), index, item }]).unwrap();
        prop_assert_eq!(apply(&grown, &[remove(&format!("{list}/{index}"))]).unwrap(), PACK, "in and out again at {}/{}", list, index);
        if index + 1 < *len {
            let turned = apply(PACK, &[swap(list, index)]).unwrap();
            prop_assert_eq!(apply(&turned, &[swap(list, index)]).unwrap(), PACK);
        }
    }

    #[test]
    fn no_text_makes_it_panic(source in "[-a-c0-9:#'\"{}\\[\\], |>\\n\\r]{0,60}", at in "(/[a-c0-9]){1,3}") {
        let edits = [set(&at, "x"), remove(&at), insert(&at, 0, "x"), swap(&at, 0)];
        for edit in &edits {
            let _ = apply(&source, std::slice::from_ref(edit));
        }
    }
}
