//! The binary as operators meet it: its own PostgreSQL, kill -9, one clear line on error.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::server::{self, Server, send};

struct Data(std::path::PathBuf);

impl Data {
    fn new() -> Data {
        let dir = std::env::temp_dir().join(format!("holdfast-cli-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&dir).unwrap();
        Data(dir)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn holdfast(dir: &Path) -> Command {
    let mut command = server::holdfast();
    command.env("HOLDFAST_DATA_DIR", dir);
    command
}

fn run(dir: &Path, arguments: &[&str]) -> (bool, String, String) {
    let done = holdfast(dir).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

fn serve(dir: &Path) -> Server {
    Server::start(holdfast(dir))
}

/// Sends one message; none when the server did not answer.
fn track(server: &Server, key: &str, id: &str) -> Option<Value> {
    let body = json!({"event": "Dashboard Viewed", "userId": "u", "messageId": id,
                      "context": {"groupId": "a1"}, "writeKey": key});
    let (status, body) = send(&server.address, "POST", "/v1/track", key, &body.to_string())?;
    (status == 200).then(|| serde_json::from_str(&body).ok())?
}

#[test]
fn what_was_acknowledged_survives_kill_9_and_counts_once() {
    let data = Data::new();
    let dir = &data.0;
    assert!(run(dir, &["tenant", "create", "Acme", "--pack", "techcorp"]).0);
    let (_, key, _) = run(dir, &["key", "create", "--tenant", "acme", "--scope", "write", "--name", "k"]);
    let csv = dir.join("accounts.csv");
    std::fs::write(&csv, "external_id,name\na1,Ünïcode 😀 חברה\n").unwrap();
    let (ok, said, _) = run(dir, &["import", "accounts", csv.to_str().unwrap(), "--tenant", "acme"]);
    assert!(ok && said.contains("1 created"), "{said}");
    let mut acknowledged = Vec::new();
    let server = serve(dir);
    std::thread::scope(|threads| {
        let (server, key) = (&server, &key);
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                threads.spawn(move || {
                    let ids = (0..200).map(|n| format!("m-{sender}-{n}"));
                    ids.take_while(|id| track(server, key, id).is_some()).collect::<Vec<_>>()
                })
            })
            .collect();
        // Once the stream flows, the process dies without a word.
        while track(server, key, "first").is_none() {}
        server.signal(Signal::SIGKILL);
        for sender in senders {
            acknowledged.extend(sender.join().unwrap());
        }
    });
    drop(server);
    let server = serve(dir);
    for id in acknowledged.iter().map(String::as_str).chain(["first"]) {
        let answer = track(&server, &key, id).unwrap();
        assert_eq!(answer["duplicate"], 1, "{id} was acknowledged before the crash: {answer}");
    }
    assert_eq!(track(&server, &key, "after").unwrap()["accepted"], 1);
    // A command beside the running server, on the same data directory.
    let (ok, said, _) = run(dir, &["score", "--tenant", "acme"]);
    assert!(ok && said.contains("Scored 1 accounts"), "{said}");
}

#[test]
fn errors_are_one_clear_line_and_a_failing_exit_code() {
    let data = Data::new();
    for (arguments, expected) in [
        (&["score", "--tenant", "nobody"][..], "there is no tenant \"nobody\""),
        (&["tenant", "create", "Acme", "--pack", "nope"], "there is no pack \"nope\""),
        (&["tenant", "create", "😀", "--pack", "techcorp"], "needs a letter or a digit"),
        (
            &["tenant", "create", "Acme", "--pack", "techcorp", "--time-zone", "Mars/Olympus"],
            "is no IANA time zone",
        ),
        (
            &["tenant", "create", "Acme", "--pack", "techcorp", "--preset", "huge"],
            "there is no preset `huge`",
        ),
        (
            &["tenant", "create", "Acme", "--pack", "techcorp", "--set", "DAU_FULL=many"],
            "the parameter `DAU_FULL` is a number",
        ),
        (&["tenant", "apply-pack", "nobody", "techcorp"], "there is no tenant \"nobody\""),
    ] {
        let (ok, _, error) = run(&data.0, arguments);
        assert!(!ok && error.contains(expected), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with("holdfast: "), "{error}");
    }
}

#[test]
fn a_pack_is_applied_after_telling_what_it_changes() {
    let data = Data::new();
    let dir = &data.0;
    assert!(run(dir, &["tenant", "create", "Acme", "--pack", "techcorp", "--set", "DAU_FULL=70"]).0);
    let csv = dir.join("accounts.csv");
    std::fs::write(&csv, "external_id,name,start_date\na1,One,2020-01-01\n").unwrap();
    assert!(run(dir, &["import", "accounts", csv.to_str().unwrap(), "--tenant", "acme"]).0);
    assert!(run(dir, &["score", "--tenant", "acme"]).0);
    let apply = |more: &[&str]| run(dir, &[&["tenant", "apply-pack", "acme"], more].concat());
    let (ok, said, _) = apply(&["techcorp", "--dry-run", "--preview"]);
    assert!(ok && said.contains("~ parameter DAU_FULL") && said.contains("linear.full: 70 -> 60"), "{said}");
    assert!(said.contains("in business") && said.ends_with("Dry run, nothing was published."), "{said}");
    let (ok, said, _) = apply(&["techcorp", "--set", "DAU_FULL=70"]);
    assert!(ok && said.contains("Version 1 is just this; nothing was published."), "{said}");
    let (ok, said, _) = apply(&["techcorp", "--note", "back to the pack's own figure"]);
    assert!(ok && said.contains("Published version 2."), "{said}");
    // What is in use stays, unless somebody says so.
    let (_, file, _) = run(dir, &["pack", "show", "techcorp"]);
    let path = dir.join("mine.yaml");
    std::fs::write(&path, file.replace("- {id: ongoing,", "- {id: settled,")).unwrap();
    let file = path.to_str().unwrap();
    let (ok, said, error) = apply(&[file]);
    assert!(!ok && said.contains("stage \"Ongoing success\": 1 account is in it"), "{said}");
    assert!(error.contains("--remove-used"), "{error}");
    let (ok, said, _) = apply(&[file, "--remove-used"]);
    assert!(ok && said.contains("Published version 3."), "{said}");
    std::fs::write(&path, "schema: 1\npack: {id: x, name: X}\nrules: [{id: r}]\n").unwrap();
    let (ok, _, error) = apply(&[file]);
    assert!(!ok && error.contains("line 3") && error.contains('^'), "{error}");
}

/// A file that is gone again after the test.
fn file(data: &Data, name: &str, text: &str) -> String {
    let path = data.0.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn packs_are_listed_shown_and_checked() {
    let data = Data::new();
    let (ok, list, _) = run(&data.0, &["pack", "list"]);
    let ids: Vec<&str> = list.lines().filter(|line| !line.starts_with(' ')).collect();
    assert!(ok && ids.len() == 5, "{list}");
    for line in ids {
        let id = line.split_whitespace().next().unwrap();
        let (ok, said, error) = run(&data.0, &["pack", "check", id]);
        assert!(
            ok && said.starts_with(&format!("{id} holds together: ")) && said.lines().count() == 1,
            "{error}"
        );
    }
    let (ok, shown, _) = run(&data.0, &["pack", "show", "techcorp"]);
    assert!(ok && shown.contains("\nschema: 1\n"));

    let broken = shown.replace("weight: 0.40", "weight: 0.41").replace("timezone: UTC", "timezone: Mars");
    let (ok, said, errors) = run(&data.0, &["pack", "check", &file(&data, "broken.yaml", &broken)]);
    assert!(!ok && said.is_empty() && errors.contains("has 2 errors"), "{errors}");
    assert!(
        errors.contains("there is no time zone `Mars`") && errors.contains("weights sum to 1.01"),
        "{errors}"
    );
    assert_eq!(errors.lines().filter(|line| line.trim_start_matches([' ', '|']).starts_with('^')).count(), 2);

    // What only a preset breaks is found too.
    let preset = shown.replace(
        "\ninputs:\n",
        "\npresets: [{id: odd, name: Odd, set: {SHORT_TIMEFRAME: soon}}]\n\ninputs:\n",
    );
    let (ok, _, errors) = run(&data.0, &["pack", "check", &file(&data, "preset.yaml", &preset)]);
    assert!(!ok && errors.contains("with the preset odd has"), "{errors}");
    let (ok, _, errors) = run(&data.0, &["pack", "check", "nope"]);
    assert!(!ok && errors.contains("Holdfast comes with: framework"), "{errors}");
}

#[test]
fn a_pack_is_tried_out_on_cases() {
    let data = Data::new();
    let eval = |text: &str, more: &[&str]| {
        let cases = file(&data, "cases.yaml", text);
        run(&data.0, &[&["pack", "eval", "framework", "--cases", &cases], more].concat())
    };
    let good = "- {id: a, given: {account: {arr: 100000}}, expect: {segment: enterprise}}\n\
                - {id: b, pack: techcorp, given: {}}\n\
                - {id: c, preset: saas-b2b, given: {measures: {nps_promoters: 6, nps_detractors: 0, nps_responses: 10}}, \
                   expect: {kpi: {nps: {value: 60, met: false}}}}\n";
    let (ok, said, _) = eval(good, &[]);
    let results: Value = serde_json::from_str(&said).unwrap();
    assert!(ok && results.as_array().unwrap().len() == 2, "{said}");
    assert_eq!(results[0], json!({"id": "a", "result": {"segment": "enterprise"}}));
    assert_eq!(results[1]["result"]["kpi"]["nps"], json!({"value": 60, "met": false}));
    let (ok, said, _) = eval(good, &["--check"]);
    assert!(ok && said == "2 cases checked, 0 differences.", "{said}");

    // Parameters of the command line hold for all cases, and differences are told.
    let (ok, said, _) = eval(good, &["--check", "--set", "ENTERPRISE_ARR=100001"]);
    assert!(!ok && said.starts_with("a: segment should be \"enterprise\", is \"mid_market\""), "{said}");

    // Cases that cannot be worked out are named; the others are.
    let faulty =
        format!("{good}- {{id: d, given: {{account: {{ar: 1}}}}}}\n- {{id: e, given: {{acount: {{}}}}}}\n");
    let (ok, said, errors) = eval(&faulty, &[]);
    assert!(!ok && serde_json::from_str::<Value>(&said).unwrap().as_array().unwrap().len() == 2);
    assert!(errors.contains("d: the pack has no input or measure `ar`, did you mean `arr`?"), "{errors}");
    assert!(errors.contains("e: acount: unknown field `acount`"), "{errors}");
    let (ok, said, errors) = eval("pack: {id: a}", &[]);
    assert!(!ok && said.is_empty() && errors.contains("expected a list of cases"), "{errors}");
}

#[test]
fn the_bench_scores_what_it_made_and_leaves_nothing_behind() {
    let data = Data::new();
    let (done, said, errors) = run(&data.0, &["bench", "score", "--accounts", "20,40", "--days", "40"]);
    assert!(done, "{errors}");
    let accounts: Vec<&str> =
        said.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(accounts, ["20", "40"], "{said}");
    assert!(errors.contains("one event moved its account's score"), "{errors}");
    assert!(!data.0.exists(), "its data directory is gone");
    std::fs::create_dir_all(data.0.join("precious")).unwrap();
    let (done, _, errors) = run(&data.0, &["bench", "score", "--accounts", "20"]);
    assert!(!done && errors.contains("holds something else"), "{errors}");
}
