//! The binary as operators meet it: its own PostgreSQL, kill -9, one clear line on error.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

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
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    command.env_remove("DATABASE_URL").env("HOLDFAST_DATA_DIR", dir).env("HOLDFAST_LOG", "warn");
    command
}

fn run(dir: &Path, arguments: &[&str]) -> (bool, String, String) {
    let done = holdfast(dir).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    (done.status.success(), text(done.stdout), text(done.stderr))
}

/// A server on a free port; killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(dir: &Path) -> Server {
        let mut child =
            holdfast(dir).args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("http://").next().unwrap().to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        Server { child, address }
    }

    /// Sends one message; none when the server did not answer.
    fn send(&self, key: &str, id: &str) -> Option<Value> {
        let body = json!({"event": "Dashboard Viewed", "userId": "u", "messageId": id,
                          "context": {"groupId": "a1"}, "writeKey": key})
        .to_string();
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = format!(
            "POST /v1/track HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.contains(" 200 ").then(|| serde_json::from_str(body).ok())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    let server = Server::start(dir);
    std::thread::scope(|threads| {
        let (server, key) = (&server, &key);
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                threads.spawn(move || {
                    let ids = (0..200).map(|n| format!("m-{sender}-{n}"));
                    ids.take_while(|id| server.send(key, id).is_some()).collect::<Vec<_>>()
                })
            })
            .collect();
        // Once the stream flows, the process dies without a word.
        while server.send(key, "first").is_none() {}
        let pid = nix::unistd::Pid::from_raw(i32::try_from(server.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
        for sender in senders {
            acknowledged.extend(sender.join().unwrap());
        }
    });
    drop(server);
    let server = Server::start(dir);
    for id in acknowledged.iter().map(String::as_str).chain(["first"]) {
        let answer = server.send(&key, id).unwrap();
        assert_eq!(answer["duplicate"], 1, "{id} was acknowledged before the crash: {answer}");
    }
    assert_eq!(server.send(&key, "after").unwrap()["accepted"], 1);
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
        (&["tenant", "create", "Acme", "--time-zone", "Mars/Olympus"], "is no IANA time zone"),
        (&["tenant", "create", "Acme", "--preset", "huge"], "there is no preset `huge`"),
        (&["tenant", "create", "Acme", "--set", "DAU_FULL=many"], "the parameter `DAU_FULL` is a number"),
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
    assert!(run(dir, &["tenant", "create", "Acme", "--set", "DAU_FULL=70"]).0);
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
