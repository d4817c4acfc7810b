//! The texts of two versions or drafts beside each other.

use std::fmt::Write as _;
use std::time::Duration;

use similar::{Algorithm, ChangeTag, TextDiff};
use uuid::Uuid;

use super::overrides_of;
use crate::app::{App, Error, Result};
use crate::db::{self, TenantScope};
use crate::domain::pack::Overrides;

/// Lines shown around a change.
const CONTEXT: usize = 3;
/// How long a closest match is looked for; afterwards a coarser one will do.
const PATIENCE: Duration = Duration::from_millis(500);

/// A version or a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A version by its number.
    Version(i32),
    /// A draft by its id.
    Draft(Uuid),
}

/// What differs between two texts.
#[derive(Debug, Clone)]
pub struct Diff {
    /// What the first is called: `version 3`, `draft "Stricter support"`.
    pub from: String,
    /// What the second is called.
    pub to: String,
    /// Lines only in the second.
    pub added: usize,
    /// Lines only in the first.
    pub removed: usize,
    /// The changes with a few lines around each.
    pub hunks: Vec<Hunk>,
    /// Preset and parameters of the first, as `NAME=value`, one a line.
    pub overrides_from: String,
    /// Preset and parameters of the second.
    pub overrides_to: String,
}

/// A stretch with changes in it.
#[derive(Debug, Clone)]
pub struct Hunk {
    /// Its lines.
    pub lines: Vec<DiffLine>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// In which of the texts it stands.
    pub side: LineSide,
    /// Its number in the first text, from 1.
    pub from: Option<usize>,
    /// Its number in the second text, from 1.
    pub to: Option<usize>,
    /// The line without its end.
    pub text: String,
}

/// In which of two texts a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSide {
    /// In both.
    Both,
    /// Only in the first.
    Removed,
    /// Only in the second.
    Added,
}

impl Diff {
    /// As `diff -u` writes it.
    pub fn unified(&self) -> String {
        let mut out = format!("--- {}\n+++ {}\n", self.from, self.to);
        for hunk in &self.hunks {
            let stretch = |number: fn(&DiffLine) -> Option<usize>| {
                let numbers = hunk.lines.iter().filter_map(number);
                (numbers.clone().next().unwrap_or(0), numbers.count())
            };
            let ((a, a_lines), (b, b_lines)) = (stretch(|line| line.from), stretch(|line| line.to));
            // Writing to a String cannot fail.
            let _ = writeln!(out, "@@ -{a},{a_lines} +{b},{b_lines} @@");
            for line in &hunk.lines {
                let sign = match line.side {
                    LineSide::Both => ' ',
                    LineSide::Removed => '-',
                    LineSide::Added => '+',
                };
                let _ = writeln!(out, "{sign}{}", line.text);
            }
        }
        out
    }
}

/// What differs between two texts that nobody has stored.
///
/// # Errors
/// When the thread that compares them fails.
pub async fn diff_texts(from: &str, to: &str) -> Result<Diff> {
    let text = |name: &str, source: &str| Text {
        name: name.to_owned(),
        source: source.to_owned(),
        overrides: Overrides::default(),
    };
    let (a, b) = (text("before", from), text("after", to));
    let comparing = tokio::task::spawn_blocking(move || compare(&a, &b));
    Ok(comparing.await.map_err(|error| anyhow::anyhow!("comparing two texts: {error}"))?)
}

impl App {
    /// What differs between the files of two versions or drafts.
    ///
    /// # Errors
    /// [`Error::NotFound`] when one of them is not there.
    pub async fn diff(&self, scope: &TenantScope, from: Side, to: Side) -> Result<Diff> {
        let (a, b) = (self.side(scope, from).await?, self.side(scope, to).await?);
        let comparing = tokio::task::spawn_blocking(move || compare(&a, &b));
        Ok(comparing.await.map_err(|error| anyhow::anyhow!("comparing two files: {error}"))?)
    }

    async fn side(&self, scope: &TenantScope, side: Side) -> Result<Text> {
        let mut tx = self.db.read(scope).await?;
        let (name, source, overrides) = match side {
            Side::Version(version) => {
                let found = db::methodologies::find(&mut tx, version).await?.ok_or(Error::NotFound)?;
                (format!("version {version}"), found.source, found.overrides)
            }
            Side::Draft(id) => {
                let found = db::drafts::find(&mut tx, id).await?.ok_or(Error::NotFound)?;
                (format!("draft {:?}", found.title), found.source, found.overrides)
            }
        };
        Ok(Text { name, source, overrides: overrides_of(&overrides) })
    }
}

struct Text {
    name: String,
    source: String,
    overrides: Overrides,
}

fn compare(a: &Text, b: &Text) -> Diff {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .timeout(PATIENCE)
        .diff_lines(&a.source, &b.source);
    let line = |change: similar::Change<&str>| DiffLine {
        side: match change.tag() {
            ChangeTag::Equal => LineSide::Both,
            ChangeTag::Delete => LineSide::Removed,
            ChangeTag::Insert => LineSide::Added,
        },
        from: change.old_index().map(|at| at + 1),
        to: change.new_index().map(|at| at + 1),
        text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
    };
    let groups = diff.grouped_ops(CONTEXT);
    let hunk = |ops: &Vec<similar::DiffOp>| Hunk {
        lines: ops.iter().flat_map(|op| diff.iter_changes(op)).map(line).collect(),
    };
    let hunks: Vec<Hunk> = groups.iter().map(hunk).collect();
    let count = |side| hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.side == side).count();
    Diff {
        from: a.name.clone(),
        to: b.name.clone(),
        added: count(LineSide::Added),
        removed: count(LineSide::Removed),
        overrides_from: listed(&a.overrides),
        overrides_to: listed(&b.overrides),
        hunks,
    }
}

fn listed(overrides: &Overrides) -> String {
    let preset = overrides.preset.iter().map(|preset| format!("preset={preset}"));
    let set = overrides.set.iter().map(|(name, value)| format!("{name}={value}"));
    preset.chain(set).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stand_among_the_lines_around_them() {
        let text =
            |source: &str| Text { name: "x".into(), source: source.into(), overrides: Overrides::default() };
        let diff = compare(&text("a\nb\nc\nd\ne\nf\ng\nh\n"), &text("a\nb\nc\nd\nE\nf\ng\nh\ni"));
        assert_eq!((diff.added, diff.removed, diff.hunks.len()), (2, 1, 1));
        assert_eq!(diff.unified(), "--- x\n+++ x\n@@ -2,7 +2,8 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n+i\n");
        assert!(compare(&text("a"), &text("a")).hunks.is_empty());
    }
}
