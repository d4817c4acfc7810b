//! The managed PostgreSQL, with the real server programs of this machine.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use holdfast::postgres::{Error, Lifetime, Managed, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection as _, PgConnection, Row as _};

/// A data directory that the server's unprivileged user can reach, removed at the end.
struct DataDir(PathBuf);

impl DataDir {
    fn new() -> Self {
        let dir = PathBuf::from(format!("/tmp/holdfast-it-{:08x}", rand::random::<u32>()));
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o711)).unwrap();
        Self(dir)
    }

    fn start(&self, lifetime: Lifetime) -> Result<Managed, Error> {
        Managed::start(&Options { data_dir: self.0.clone(), bin_dir: None, lifetime })
    }

    fn cluster(&self) -> PathBuf {
        self.0.join("postgres")
    }

    fn postmaster(&self) -> Option<i32> {
        fs::read_to_string(self.cluster().join("postmaster.pid")).ok()?.lines().next()?.parse().ok()
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs one statement and returns the first column of its first row, as text.
fn ask(url: &str, sql: &'static str) -> Result<String, sqlx::Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let row = sqlx::raw_sql(sql).fetch_optional(&mut connection).await?;
        connection.close().await?;
        row.map_or(Ok(String::new()), |row| row.try_get(0))
    })
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn alive(pid: i32) -> bool {
    // A zombie that nobody reaps in a container without an init has ended, too.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn kill_hard(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

/// Another process that holds the server of `dir`; it leaves when its standard input closes.
fn other_process(dir: &DataDir, lifetime: Lifetime) -> Child {
    let ready = dir.0.join("other.ready");
    let _ = fs::remove_file(&ready);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::other_process_body", "--ignored", "--nocapture"])
        .env("HOLDFAST_IT_DIR", &dir.0)
        .env("HOLDFAST_IT_SERVICE", if lifetime == Lifetime::Service { "1" } else { "0" })
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the other process has a server", || ready.exists());
    child
}

#[test]
#[ignore = "not a test: the body of the process that other tests start"]
fn other_process_body() {
    let Some(dir) = std::env::var_os("HOLDFAST_IT_DIR").map(PathBuf::from) else { return };
    let service = std::env::var("HOLDFAST_IT_SERVICE").is_ok_and(|it| it == "1");
    let lifetime = if service { Lifetime::Service } else { Lifetime::Command };
    let server = Managed::start(&Options { data_dir: dir.clone(), bin_dir: None, lifetime }).unwrap();
    fs::write(dir.join("other.ready"), "").unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    server.stop().unwrap();
}

fn let_go(mut child: Child) {
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn data_survives_a_restart_and_the_server_stops() {
    let dir = DataDir::new();
    let server = dir.start(Lifetime::Service).unwrap();
    assert!(server.owns_server());
    ask(server.database_url(), "CREATE TABLE kept AS SELECT 'Grüße' AS word").unwrap();
    let pid = dir.postmaster().unwrap();
    server.stop().unwrap();
    assert!(!alive(pid));
    assert_eq!(dir.postmaster(), None, "a clean stop removes the pid file");

    let server = dir.start(Lifetime::Service).unwrap();
    assert_eq!(ask(server.database_url(), "SELECT word FROM kept").unwrap(), "Grüße");
    let pid = dir.postmaster().unwrap();
    drop(server);
    assert!(!alive(pid), "dropping stops as well");
}

#[test]
fn the_roles_cannot_bypass_row_security_and_the_settings_are_safe() {
    let dir = DataDir::new();
    let server = dir.start(Lifetime::Service).unwrap();
    let url = server.database_url();
    let roles = "SELECT string_agg(concat_ws(' ', rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb), ', ' ORDER BY rolname) \
                 FROM pg_roles WHERE rolname LIKE 'holdfast%'";
    assert_eq!(
        ask(url, roles).unwrap(),
        "holdfast t f f f f, holdfast_platform f f f f f, holdfast_tenant f f f f f"
    );
    assert_eq!(
        ask(url, "SELECT current_user::text || ' ' || current_database()").unwrap(),
        "holdfast holdfast"
    );
    ask(url, "SET ROLE holdfast_tenant").unwrap();
    ask(url, "SET ROLE holdfast_platform").unwrap();
    assert!(ask(url, "SET ROLE postgres").is_err(), "the application must not become superuser");
    for (setting, value) in [
        ("SHOW fsync", "on"),
        ("SHOW synchronous_commit", "on"),
        ("SHOW full_page_writes", "on"),
        ("SHOW data_checksums", "on"),
        ("SHOW listen_addresses", ""),
        ("SHOW server_encoding", "UTF8"),
        ("SHOW timezone", "UTC"),
        ("SELECT ('Z' < 'a' AND 'z' < 'ä' AND upper('ä') = 'Ä')::text", "true"),
    ] {
        assert_eq!(ask(url, setting).unwrap(), value, "{setting}");
    }
    assert_eq!(ask(server.admin_url(), "SELECT current_user::text").unwrap(), "postgres");
    let mode = fs::metadata(dir.0.join("run")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the socket's directory is the lock on the door");
}

#[test]
fn a_second_process_is_a_guest_and_leaves_the_server_running() {
    let dir = DataDir::new();
    let owner = dir.start(Lifetime::Service).unwrap();
    let pid = dir.postmaster().unwrap();
    let guest = dir.start(Lifetime::Command).unwrap();
    assert!(owner.owns_server() && !guest.owns_server());
    assert_eq!(guest.database_url(), owner.database_url());
    guest.stop().unwrap();
    assert_eq!(ask(owner.database_url(), "SELECT 'still here'").unwrap(), "still here");
    owner.stop().unwrap();
    assert!(!alive(pid));
}

#[test]
fn a_command_that_came_first_does_not_take_the_server_from_the_service() {
    let dir = DataDir::new();
    let command = other_process(&dir, Lifetime::Command);
    let service = dir.start(Lifetime::Service).unwrap();
    assert!(!service.owns_server());
    let_go(command);
    assert_eq!(ask(service.database_url(), "SELECT 'still here'").unwrap(), "still here");
    let pid = dir.postmaster().unwrap();
    service.stop().unwrap();
    wait_until("the last to leave stops the server", || !alive(pid));
}

#[test]
fn two_first_starts_at_once_make_one_cluster() {
    let dir = DataDir::new();
    thread::scope(|scope| {
        let starts: Vec<_> = (0..2).map(|_| scope.spawn(|| dir.start(Lifetime::Command).unwrap())).collect();
        let servers: Vec<Managed> = starts.into_iter().map(|it| it.join().unwrap()).collect();
        assert_eq!(servers.iter().filter(|it| it.owns_server()).count(), 1);
        for server in &servers {
            assert_eq!(ask(server.database_url(), "SELECT 'up'").unwrap(), "up");
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn killing_the_service_stops_its_server_and_keeps_the_data() {
    let dir = DataDir::new();
    let mut service = other_process(&dir, Lifetime::Service);
    let pid = dir.postmaster().unwrap();
    let guest = dir.start(Lifetime::Command).unwrap();
    ask(guest.database_url(), "CREATE TABLE kept AS SELECT 'durable' AS word").unwrap();
    service.kill().unwrap();
    service.wait().unwrap();
    // No waiting here: the next start has to cope with a server on its way down.
    let next = dir.start(Lifetime::Service).unwrap();
    assert!(!alive(pid), "the server of the killed service has ended");
    assert_eq!(ask(next.database_url(), "SELECT word FROM kept").unwrap(), "durable");
}

#[test]
fn a_server_that_outlives_its_killed_starter_is_adopted() {
    let dir = DataDir::new();
    let mut starter = other_process(&dir, Lifetime::Command);
    let pid = dir.postmaster().unwrap();
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(alive(pid));
    let next = dir.start(Lifetime::Service).unwrap();
    assert!(next.owns_server());
    assert_eq!(dir.postmaster(), Some(pid), "the same server goes on");
    assert_eq!(ask(next.database_url(), "SELECT 'adopted'").unwrap(), "adopted");
    next.stop().unwrap();
    wait_until("the adopted server stops", || !alive(pid));
}

#[test]
fn a_killed_server_recovers_what_was_committed() {
    let dir = DataDir::new();
    let server = dir.start(Lifetime::Service).unwrap();
    ask(server.database_url(), "CREATE TABLE kept AS SELECT 'durable' AS word").unwrap();
    let pid = dir.postmaster().unwrap();
    kill_hard(pid);
    server.stop().unwrap();
    assert!(dir.postmaster().is_some(), "the pid file stays behind");
    let server = dir.start(Lifetime::Service).unwrap();
    assert_eq!(ask(server.database_url(), "SELECT word FROM kept").unwrap(), "durable");
}

#[test]
fn a_stale_pid_file_whose_number_was_reused_does_not_block_the_start() {
    let dir = DataDir::new();
    dir.start(Lifetime::Service).unwrap().stop().unwrap();
    let socket_dir = dir.0.join("run");
    // After a container restarts, the old number easily belongs to something else: here, to us.
    let text = format!(
        "{}\n{}\n1790000000\n5432\n{}\n\n  5432001   0\nready   \n",
        std::process::id(),
        dir.cluster().display(),
        socket_dir.display()
    );
    fs::write(dir.cluster().join("postmaster.pid"), text).unwrap();
    let server = dir.start(Lifetime::Service).unwrap();
    assert_ne!(dir.postmaster(), i32::try_from(std::process::id()).ok());
    assert_eq!(ask(server.database_url(), "SELECT 'up'").unwrap(), "up");
}

#[test]
fn other_major_versions_and_foreign_directories_are_refused_in_one_sentence() {
    let refusal = |version: Option<&str>| {
        let dir = DataDir::new();
        fs::create_dir(dir.cluster()).unwrap();
        match version {
            Some(version) => fs::write(dir.cluster().join("PG_VERSION"), version).unwrap(),
            None => fs::write(dir.cluster().join("holiday.jpg"), "").unwrap(),
        }
        let before = fs::read_dir(dir.cluster()).unwrap().count();
        let error = dir.start(Lifetime::Service).unwrap_err().to_string();
        assert_eq!(fs::read_dir(dir.cluster()).unwrap().count(), before, "nothing was touched");
        assert!(error.contains(dir.cluster().to_str().unwrap()) && !error.contains('\n'), "{error}");
        error
    };
    assert!(refusal(Some("14\n")).contains("was made by PostgreSQL 14; Holdfast needs 15 or newer"));
    assert!(
        refusal(Some("99\n")).contains("was made by PostgreSQL 99, but this machine has only PostgreSQL")
    );
    assert!(refusal(None).contains("is not a PostgreSQL data directory"));
}

#[test]
fn an_interrupted_first_start_leaves_nothing_half_made() {
    let dir = DataDir::new();
    // What a kill in the middle of initdb leaves: the directory aside, without a cluster in place.
    let aside = dir.0.join("postgres.new");
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("PG_VERSION"), "15\n").unwrap();
    let server = dir.start(Lifetime::Service).unwrap();
    assert_eq!(ask(server.database_url(), "SELECT 'up'").unwrap(), "up");
    assert!(!aside.exists());

    // And one that fails: programs that are there but do not work.
    let broken = DataDir::new();
    let bin = broken.0.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::set_permissions(&bin, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, body) in [
        ("postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 17.0'\n"),
        ("initdb", "#!/bin/sh\necho 'no space left' >&2\nexit 1\n"),
    ] {
        fs::write(bin.join(name), body).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let options = Options { data_dir: broken.0.clone(), bin_dir: Some(bin), lifetime: Lifetime::Service };
    let error = Managed::start(&options).unwrap_err().to_string();
    assert!(error.contains("initdb said: no space left"), "{error}");
    assert!(!broken.cluster().exists() && !broken.0.join("postgres.new").exists());
}

#[test]
fn root_is_told_when_the_servers_user_cannot_reach_the_data() {
    if !nix::unistd::Uid::effective().is_root() {
        return; // Only root's server runs as somebody else.
    }
    let closed = DataDir::new();
    fs::set_permissions(&closed.0, fs::Permissions::from_mode(0o700)).unwrap();
    let inner = closed.0.join("inner");
    let options = Options { data_dir: inner, bin_dir: None, lifetime: Lifetime::Service };
    let error = Managed::start(&options).unwrap_err().to_string();
    let expected = format!("may not enter {}, a parent of", closed.0.display());
    assert!(error.contains(&expected), "{error}");
}

#[test]
fn a_long_data_path_still_gets_a_socket() {
    let dir = DataDir::new();
    let deep = dir.0.join("d".repeat(120));
    let options = Options { data_dir: deep, bin_dir: None, lifetime: Lifetime::Service };
    let server = Managed::start(&options).unwrap();
    assert_eq!(ask(server.database_url(), "SELECT 'up'").unwrap(), "up");
    let (_, socket_dir) = server.database_url().split_once("host=").unwrap();
    let socket_dir = PathBuf::from(socket_dir.split('&').next().unwrap());
    assert!(socket_dir.join(".s.PGSQL.5432").exists() && !socket_dir.starts_with(&dir.0));
    server.stop().unwrap();
    assert!(!socket_dir.exists(), "the temporary directory goes with the server");
}

#[test]
fn a_throwaway_server_may_make_databases_and_leaves_nothing() {
    let server = Managed::throwaway(None).unwrap();
    let url = server.database_url().to_owned();
    assert_eq!(ask(&url, "SHOW fsync").unwrap(), "off");
    ask(&url, "CREATE DATABASE another").unwrap();
    let (_, socket_dir) = url.split_once("host=").unwrap();
    let data_dir = Path::new(socket_dir.split('&').next().unwrap()).parent().unwrap().to_owned();
    assert!(data_dir.join("postgres/PG_VERSION").exists());
    drop(server);
    assert!(!data_dir.exists());
}

/// `holdfast with-pg -- sh -c SCRIPT`, with a temporary directory of its own to look for remains in.
fn with_pg(temp: &DataDir, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
    command.args(["with-pg", "--", "sh", "-c", script]).env("TMPDIR", &temp.0).stdin(Stdio::null());
    command
}

#[test]
fn with_pg_gives_the_command_a_database_and_takes_its_exit_code() {
    let temp = DataDir::new();
    fs::set_permissions(&temp.0, fs::Permissions::from_mode(0o777)).unwrap();
    let script = "printf '%s\n%s' \"$DATABASE_URL\" \"$HOLDFAST_TEST_ADMIN_URL\"; exit 7";
    let output = with_pg(&temp, script).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let text = String::from_utf8(output.stdout).unwrap();
    let (url, admin_url) = text.split_once('\n').unwrap();
    assert!(url.starts_with("postgres://holdfast@") && url.contains(temp.0.to_str().unwrap()), "{url}");
    assert!(admin_url.starts_with("postgres://postgres@"), "{admin_url}");
    assert_eq!(fs::read_dir(&temp.0).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn with_pg_hands_sigterm_on_and_cleans_up() {
    let temp = DataDir::new();
    fs::set_permissions(&temp.0, fs::Permissions::from_mode(0o777)).unwrap();
    let ready = temp.0.join("ready");
    let script = format!("trap 'exit 9' TERM; touch {}; while :; do sleep 0.05; done", ready.display());
    let mut child = with_pg(&temp, &script).spawn().unwrap();
    wait_until("the command runs", || ready.exists());
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
    fs::remove_file(ready).unwrap();
    assert_eq!(fs::read_dir(&temp.0).unwrap().count(), 0, "nothing is left behind");
}
