//! `holdfast serve` and `holdfast healthcheck`.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;

use super::{runtime, say};
use crate::boot::{self, Service};
use crate::clock::Clock;
use crate::config::{Serving, Storage};
use crate::postgres::Lifetime;

pub(super) fn run(storage: &Storage, serving: &Serving) -> anyhow::Result<ExitCode> {
    let server = boot::server(storage, Lifetime::Service)?;
    let result = runtime()?.block_on(async {
        let app = boot::app(&server, storage, Clock::system()).await?;
        let service = Service::bind(app, serving, Vec::new()).await?;
        say(format_args!("Holdfast listens on http://{}", service.address()?));
        service.run().await
    });
    server.stop()?;
    result.map(|()| ExitCode::SUCCESS)
}

/// Ask a running server whether it is ready.
#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// Address the server listens on.
    #[arg(long, env = "HOLDFAST_LISTEN", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
}

impl Healthcheck {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let wait = Duration::from_secs(5);
        let mut stream = TcpStream::connect_timeout(&address, wait)
            .with_context(|| format!("nothing answers on {address}"))?;
        stream.set_read_timeout(Some(wait))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.lines().next().unwrap_or_default();
        if !status.contains(" 200 ") {
            bail!("not ready: {status}");
        }
        Ok(ExitCode::SUCCESS)
    }
}
