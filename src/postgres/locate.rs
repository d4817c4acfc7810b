//! Finds PostgreSQL's server programs: newest first, matched to the cluster they must serve.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;

/// The oldest major version Holdfast works with.
pub(super) const MINIMUM_MAJOR: u32 = 15;

/// Directories in which packagers keep one subdirectory per major version, and what follows it.
const VERSIONED: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // PGDG on Red Hat
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"), // Postgres.app
];

/// One installation of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The directory that holds `initdb` and `postgres`.
    pub(super) dir: PathBuf,
    /// The major version, such as 17.
    pub(super) major: u32,
}

impl Binaries {
    /// The path of one of the installation's programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Picks the installation that serves a cluster of major version `cluster`, or the newest one
/// when there is no cluster yet. With an `only` directory nothing else is considered.
pub(super) fn locate(
    only: Option<&Path>,
    cluster_dir: &Path,
    cluster: Option<u32>,
) -> Result<Binaries, Error> {
    if let Some(cluster) = cluster.filter(|&major| major < MINIMUM_MAJOR) {
        return Err(Error::TooOld { dir: cluster_dir.to_owned(), cluster, minimum: MINIMUM_MAJOR });
    }
    let searched = match only {
        Some(dir) => vec![dir.to_owned()],
        None => candidates(),
    };
    let found = installed(&searched);
    choose(&found, cluster).cloned().ok_or_else(|| match cluster {
        Some(cluster) if !found.is_empty() => {
            Error::OtherMajor { dir: cluster_dir.to_owned(), cluster, installed: describe(&found) }
        }
        _ => Error::NoBinaries { minimum: MINIMUM_MAJOR, searched: list(&searched) },
    })
}

/// The exact major version for an existing cluster, else the newest that is new enough.
/// `found` is sorted, newest first.
fn choose(found: &[Binaries], cluster: Option<u32>) -> Option<&Binaries> {
    match cluster {
        Some(major) => found.iter().find(|it| it.major == major),
        None => found.first().filter(|it| it.major >= MINIMUM_MAJOR),
    }
}

/// Every directory worth a look, likely ones first.
fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for (base, prefix, suffix) in VERSIONED {
        let Ok(entries) = fs::read_dir(base) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                dirs.push(entry.path().join(suffix));
            }
        }
    }
    dirs.push(PathBuf::from("/usr/local/pgsql/bin"));
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        let dir = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !dir.is_empty() {
            dirs.push(PathBuf::from(dir));
        }
    }
    dirs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    dirs
}

/// The installations among `dirs`, newest first, one for each major version: the earliest in `dirs`.
fn installed(dirs: &[PathBuf]) -> Vec<Binaries> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<Binaries> = dirs
        .iter()
        .filter(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
        .filter(|dir| seen.insert(fs::canonicalize(dir).unwrap_or_else(|_| dir.to_path_buf())))
        .filter_map(|dir| Some(Binaries { dir: dir.clone(), major: version_of(dir)? }))
        .collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.major));
    found.dedup_by_key(|it| it.major);
    found
}

/// Asks `postgres --version`, the one option that also works for root.
fn version_of(dir: &Path) -> Option<u32> {
    let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads the major version out of `postgres (PostgreSQL) 17.2 (Debian …)` or `… 18beta1`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL)")?.1.trim_start();
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

fn describe(found: &[Binaries]) -> String {
    let each: Vec<String> =
        found.iter().map(|it| format!("PostgreSQL {} in {}", it.major, it.dir.display())).collect();
    format!("only {}", each.join(" and "))
}

fn list(dirs: &[PathBuf]) -> String {
    let each: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(major: u32) -> Binaries {
        Binaries { dir: PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")), major }
    }

    #[test]
    fn reads_the_major_version() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("postgres (PostgreSQL) 17", Some(17)),
            ("postgres (EnterpriseDB) 17.1", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), major, "{text:?}");
        }
    }

    #[test]
    fn a_cluster_gets_its_own_version_and_a_new_one_the_newest() {
        let found = [binaries(17), binaries(15), binaries(14)];
        assert_eq!(choose(&found, None), Some(&found[0]));
        assert_eq!(choose(&found, Some(15)), Some(&found[1]));
        assert_eq!(choose(&found, Some(16)), None);
        assert_eq!(choose(&found[2..], None), None, "14 is too old for a new cluster");
    }

    #[test]
    fn refusals_say_what_is_there_and_what_to_do() {
        let empty = Path::new("/nonexistent/bin");
        let none = locate(Some(empty), Path::new("/data/postgres"), None).unwrap_err().to_string();
        assert!(none.contains("/nonexistent/bin") && none.contains("apt-get install postgresql"), "{none}");
        let old = locate(None, Path::new("/data/postgres"), Some(14)).unwrap_err().to_string();
        assert!(old.contains("/data/postgres was made by PostgreSQL 14; Holdfast needs 15"), "{old}");
    }
}
