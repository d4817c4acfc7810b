//! Two replicas on one database are killed, frozen and stopped at random while messages, statements and imports come
//! in, recurring work and renewals fall due and webhooks go out. At the end nothing is missing and nothing is there twice: see [`invariants`].
//!
//! `HOLDFAST_CHAOS_SECONDS` makes it longer (600 is the long form, with leases as they are by default) and
//! `HOLDFAST_CHAOS_SEED` repeats a run's choices, if not its timing. This is the one test in which time passes.

use std::collections::HashSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::server::{self, Server};

mod invariants;
mod traffic;
mod world;

use world::World;

/// Seconds from which on leases and pauses are as they are by default.
const LONG: u64 = 120;

/// How rough it gets.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seed: u64,
    /// For how long replicas are struck.
    lasts: Duration,
    /// How long a silent worker keeps its job, in seconds.
    lease: u64,
    /// Milliseconds between strikes, at least and at most.
    pause: (u64, u64),
}

impl Plan {
    /// Whether everything is as it is by default.
    fn is_long(&self) -> bool {
        self.lasts.as_secs() >= LONG
    }

    fn read() -> Plan {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
        let seconds = number("HOLDFAST_CHAOS_SECONDS").unwrap_or(20);
        let long = seconds >= LONG;
        Plan {
            seed: number("HOLDFAST_CHAOS_SEED").unwrap_or_else(rand::random),
            lasts: Duration::from_secs(seconds),
            lease: if long { 45 } else { 3 },
            pause: if long { (1_000, 15_000) } else { (200, 2_000) },
        }
    }
}

/// A replica of the service.
fn serve(url: &str, plan: Plan) -> Server {
    let mut command = server::holdfast();
    command
        .env("DATABASE_URL", url)
        .env("HOLDFAST_DB_CONNECTIONS", "8")
        .env("HOLDFAST_ALLOW_PRIVATE_WEBHOOKS", "true")
        .env("HOLDFAST_API_REQUESTS_PER_MINUTE", "1000000")
        .env("HOLDFAST_JOB_LEASE_SECONDS", plan.lease.to_string())
        // Failures are what this is about; what they come to is looked at afterwards.
        .env("HOLDFAST_LOG", std::env::var("HOLDFAST_CHAOS_LOG").unwrap_or_else(|_| "off".to_owned()));
    Server::start(command)
}

/// Strikes replicas until the time is over; returns how often it killed, froze and stopped one.
fn strike(
    replicas: &mut [Option<Server>],
    start: impl Fn(usize) -> Server,
    plan: Plan,
    mut each: impl FnMut(),
) -> [u32; 3] {
    let mut dice = StdRng::seed_from_u64(plan.seed);
    let began = Instant::now();
    let mut strikes = [0; 3];
    while began.elapsed() < plan.lasts {
        thread::sleep(Duration::from_millis(dice.random_range(plan.pause.0..plan.pause.1)));
        let at = dice.random_range(0..replicas.len());
        let server = replicas[at].take().unwrap();
        match dice.random_range(0..10) {
            // Out of memory, out of power: gone between two instructions.
            0..7 => {
                strikes[0] += 1;
                drop(server);
                thread::sleep(Duration::from_millis(dice.random_range(0..plan.pause.0)));
                replicas[at] = Some(start(at));
            }
            // Silent for longer than a lease, and then there again and sure of itself.
            7..9 => {
                strikes[1] += 1;
                server.signal(Signal::SIGSTOP);
                thread::sleep(Duration::from_millis(plan.lease * 1_000 + dice.random_range(500..3_000)));
                server.signal(Signal::SIGCONT);
                replicas[at] = Some(server);
            }
            // An upgrade.
            _ => {
                strikes[2] += 1;
                server.stop();
                replicas[at] = Some(start(at));
            }
        }
        each();
    }
    strikes
}

#[test]
fn whatever_happens_to_replicas_nothing_is_missing_and_nothing_is_there_twice() {
    let plan = Plan::read();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let mut running: Vec<Option<Server>> = (0..2).map(|_| Some(serve(&world.url, plan))).collect();
    let addresses = running.iter().flatten().map(|server| server.address.clone()).collect();
    let addresses: Mutex<Vec<String>> = Mutex::new(addresses);
    let start = |at: usize| {
        let server = serve(&world.url, plan);
        addresses.lock().unwrap()[at].clone_from(&server.address);
        server
    };
    let over = AtomicBool::new(false);
    let mut founded = Vec::new();
    let (strikes, sent) = thread::scope(|scope| {
        let (over, addresses) = (&over, &addresses);
        let senders: Vec<_> = world
            .companies
            .iter()
            .enumerate()
            .map(|(n, company)| {
                scope.spawn(move || traffic::send(company, addresses, plan.seed + n as u64, over))
            })
            .collect();
        let importing = {
            let world = &world;
            let holdfast = move || -> Command {
                let mut command = server::holdfast();
                command.env("DATABASE_URL", &world.url).env("HOLDFAST_DB_CONNECTIONS", "3");
                command
            };
            scope.spawn(move || traffic::import(&world.companies[0], holdfast, plan.seed, over))
        };
        // Each new company makes recurring work due; a webhook that is refused has to be sent again.
        let strikes = strike(&mut running, start, plan, || {
            founded.push(runtime.block_on(world.found()));
            world.receiver.answer(&[(503, "Not now")]);
        });
        over.store(true, Ordering::SeqCst);
        let mut sent: Vec<_> = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        sent.push(importing.join().unwrap());
        (strikes, sent)
    });
    let patience = Duration::from_secs(plan.lease + 60);
    let told = runtime.block_on(invariants::hold(&world, &founded, &sent, patience, !plan.is_long()));
    let arrived = world.receiver.got();
    let ids: HashSet<&str> = arrived.iter().map(|got| got.header("webhook-id")).collect();
    say(format_args!(
        "chaos: seed {}, {} s; {} kills, {} freezes, {} stops; {} messages, {} accounts, {} companies; \
         {} renewals; {} webhooks, {} sent again; settled {:.1} s after",
        plan.seed,
        plan.lasts.as_secs(),
        strikes[0],
        strikes[1],
        strikes[2],
        sent.iter().map(|sent| sent.messages.len()).sum::<usize>(),
        sent.iter().map(|sent| sent.accounts.len()).sum::<usize>(),
        world.companies.len() + founded.len(),
        sent.iter().map(|sent| sent.contracts.len()).sum::<usize>(),
        ids.len(),
        arrived.len() - ids.len(),
        told.after.as_secs_f64(),
    ));
    assert!(told.broken.is_empty(), "with seed {}:\n{}", plan.seed, told.broken.join("\n"));
}

#[expect(clippy::print_stderr, reason = "the seed and what happened, for whoever wants to repeat it")]
fn say(text: std::fmt::Arguments<'_>) {
    eprintln!("{text}");
}
