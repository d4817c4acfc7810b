//! The map of the house holds: a room uses only the rooms below it, and only `db` speaks SQL.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may use. A room may always use itself and `clock`.
const ROOMS: [(&str, &[&str]); 14] = [
    ("cli", &["boot", "config", "app", "ingest", "jobs", "db", "demo", "domain", "postgres"]),
    ("boot", &["config", "postgres", "web", "jobs", "app", "ingest", "db"]),
    ("web", &["app", "ingest", "db", "domain"]),
    ("jobs", &["app", "ingest", "db", "domain"]),
    ("app", &["db", "integrations", "domain"]),
    ("ingest", &["db", "domain"]),
    ("integrations", &["domain"]),
    ("db", &["domain"]),
    ("demo", &["domain"]),
    ("config", &[]),
    ("postgres", &[]),
    ("domain", &[]),
    ("clock", &[]),
    ("main", &["cli"]),
];

/// Words that belong to one room, and why.
const WORDS: [(&str, &[&str], &str); 7] = [
    ("sqlx::", &["db"], "SQL stands in db"),
    ("axum", &["web", "boot"], "HTTP stands in web; boot only starts it"),
    ("askama", &["web"], "templates belong to web"),
    ("tokio::process", &[], "only postgres starts processes, without tokio"),
    ("Utc::now", &["clock"], "time is a parameter"),
    ("SystemTime::now", &["clock"], "time is a parameter"),
    ("println!", &["cli"], "only the command line prints"),
];

fn sources() -> Vec<(PathBuf, String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (inside.to_owned(), room, text)
        })
        .collect()
}

/// Lines of code: without comments, and without the tests at the end of a file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(n, l)| (n + 1, l))
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let mut wrong = Vec::new();
    for (path, room, text) in sources() {
        if room == "lib" {
            continue;
        }
        let (_, below) =
            ROOMS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("no rule for {room}"));
        for (number, line) in code(&text) {
            let mut rest = line;
            while let Some(at) = rest.find("crate::") {
                rest = &rest[at + 7..];
                let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = ROOMS.iter().any(|(name, _)| *name == used);
                if known && used != room && used != "clock" && !below.contains(&used.as_str()) {
                    wrong.push(format!("src/{}:{number}: {room} uses {used}", path.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn words_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (path, room, text) in sources() {
        for (number, line) in code(&text) {
            for (word, rooms, why) in WORDS {
                if line.contains(word) && !rooms.contains(&room.as_str()) {
                    wrong.push(format!("src/{}:{number}: {word}: {why}", path.display()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_domain_is_pure() {
    for (path, room, text) in sources() {
        if room == "domain" {
            for (number, line) in code(&text) {
                for word in ["async ", ".await", "std::fs", "std::env", "std::net", "tokio", "reqwest"] {
                    assert!(!line.contains(word), "src/{}:{number}: {word} in the domain", path.display());
                }
            }
        }
    }
}
