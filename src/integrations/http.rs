//! HTTP to where a tenant says. Nobody may use Holdfast to look into the network it runs in: every address a name
//! stands for is checked when the connection is made, so that a name which answers differently the second time gains
//! nothing; redirects are not followed; answers are awaited ten seconds and read up to a limit.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};

/// How long an answer is awaited, with everything before it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// HTTPS, on public addresses.
    Public,
    /// Plain HTTP and private addresses too: for a network whose tenants are trusted.
    Private,
}

/// Looks up the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Why something was not reached.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It is not something that may be asked; nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// There was no answer.
    #[error("{0}")]
    Failed(String),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the body, at most as long as was asked for.
    pub body: String,
}

/// HTTP out of the house.
#[derive(Clone)]
pub struct Http {
    reach: Reach,
    lookup: Lookup,
    client: Arc<OnceLock<Client>>,
}

impl Http {
    /// By the system's resolver.
    pub fn new(reach: Reach) -> Self {
        let lookup = |name: String| -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            Box::pin(async move {
                Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
            })
        };
        Http::with_lookup(reach, Arc::new(lookup))
    }

    /// By another resolver.
    pub fn with_lookup(reach: Reach, lookup: Lookup) -> Self {
        Http { reach, lookup, client: Arc::default() }
    }

    /// Checks a URL before it is stored: its form, and the addresses its name has now.
    ///
    /// # Errors
    /// [`HttpError::Refused`] with a sentence for people.
    pub async fn check(&self, url: &str) -> Result<(), HttpError> {
        let url = self.allowed(url)?;
        let host = url.host_str().unwrap_or_default();
        if self.reach == Reach::Public && literal(host).is_none() {
            let found = (self.lookup)(host.to_owned()).await;
            let found = found.map_err(|_| HttpError::Refused(format!("{host} has no address")))?;
            public(host, &found).map_err(|refused| HttpError::Refused(refused.to_string()))?;
        }
        Ok(())
    }

    /// Posts a JSON body and returns what comes back, whatever its status.
    ///
    /// # Errors
    /// When the URL may not be asked, or there is no answer in time.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
        body_limit: usize,
    ) -> Result<Answer, HttpError> {
        let url = self.allowed(url)?;
        let mut request = self.client()?.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.send().await.map_err(|error| failed(&error))?;
        let mut read = Vec::new();
        while read.len() < body_limit {
            // A body that breaks off does not change the status.
            let Ok(Some(chunk)) = response.chunk().await else { break };
            read.extend_from_slice(&chunk);
        }
        read.truncate(body_limit);
        let text = String::from_utf8_lossy(&read).replace('\0', "\u{fffd}");
        Ok(Answer { status: response.status().as_u16(), body: text })
    }

    /// The URL, when it is one that may be asked. Names are looked at when the connection is made.
    fn allowed(&self, text: &str) -> Result<Url, HttpError> {
        let refused = |why: &str| Err(HttpError::Refused(why.to_owned()));
        let Ok(url) = Url::parse(text) else {
            return refused("must be a URL such as https://example.com/hook");
        };
        let Some(host) = url.host_str() else { return refused("must name a host") };
        match (url.scheme(), self.reach) {
            ("https", _) | ("http", Reach::Private) => {}
            ("http", Reach::Public) => return refused("must begin with https://"),
            _ => return refused("must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refused("must hold no user name or password");
        }
        if self.reach == Reach::Public
            && let Some(ip) = literal(host)
            && !is_public(ip)
        {
            return Err(HttpError::Refused(format!("{ip} is not a public address")));
        }
        Ok(url)
    }

    fn client(&self) -> Result<&Client, HttpError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let resolver = Guarded { reach: self.reach, lookup: self.lookup.clone() };
        let built = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .dns_resolver(resolver)
            .redirect(redirect::Policy::none())
            // A proxy would connect for us, to whatever address it finds.
            .no_proxy()
            .https_only(self.reach == Reach::Public)
            .timeout(TIMEOUT)
            // Every request is a connection of its own, whose addresses are checked.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Holdfast/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = built.map_err(|error| HttpError::Failed(format!("HTTP cannot be set up: {error}")))?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// How long something took, for who notes it.
#[derive(Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// Milliseconds since the start.
    pub fn millis(&self) -> i32 {
        i32::try_from(self.0.elapsed().as_millis()).unwrap_or(i32::MAX)
    }
}

/// Trusts what the system trusts, and the roots of the web where the system says nothing.
fn tls() -> Result<ClientConfig, HttpError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Failed(format!("TLS cannot be set up: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A sentence for people: the innermost cause, which says more than the outer ones.
fn failed(error: &reqwest::Error) -> HttpError {
    let mut cause: &dyn std::error::Error = error;
    loop {
        if let Some(refused) = cause.downcast_ref::<NotPublic>() {
            return HttpError::Refused(refused.to_string());
        }
        match cause.source() {
            Some(deeper) => cause = deeper,
            None => break,
        }
    }
    HttpError::Failed(match () {
        () if error.is_timeout() => format!("no answer within {} s", TIMEOUT.as_secs()),
        () if error.is_connect() => format!("no connection: {cause}"),
        () => format!("no answer: {cause}"),
    })
}

/// Looks names up and refuses those that lead inside.
struct Guarded {
    reach: Reach,
    lookup: Lookup,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, name) = (self.reach, name.as_str().to_owned());
        let looking = (self.lookup)(name.clone());
        Box::pin(async move {
            let found = looking.await?;
            if reach == Reach::Public {
                public(&name, &found)?;
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// A name that stands for an address inside.
#[derive(Debug, thiserror::Error)]
#[error("{name} stands for {ip}, which is not a public address")]
struct NotPublic {
    name: String,
    ip: IpAddr,
}

/// One address inside is enough to refuse the name: which of them would be taken is not ours to say.
fn public(name: &str, found: &[IpAddr]) -> Result<(), NotPublic> {
    match found.iter().find(|ip| !is_public(**ip)) {
        Some(ip) => Err(NotPublic { name: name.to_owned(), ip: *ip }),
        None => Ok(()),
    }
}

/// The address a host is, when it is one. URLs bring the odd ways of writing IPv4 into the usual form.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an address is one of the public internet, by the registries of special addresses of IANA.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        // This network, private, loopback, link-local.
        (0 | 10 | 127, ..) | (172, 16..=31, _) | (192, 168, _) | (169, 254, _)
            // Between carriers and their customers.
            | (100, 64..=127, _)
            // Protocol assignments, documentation, relays of 6to4, benchmarks.
            | (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113)
            // Multicast, reserved, broadcast.
            | (224..=255, ..)
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Only 2000::/3 is given out. Everything else is inside (loopback, unspecified, ULA, link-local, multicast) or
    // holds an IPv4 address (mapped, NAT64).
    let given_out = a & 0xe000 == 0x2000;
    // Protocols such as Teredo, documentation, 6to4.
    let special = match a {
        0x2001 => b < 0x0200 || b == 0x0db8,
        0x2002 => true,
        0x3fff => b < 0x1000,
        _ => false,
    };
    given_out && !special
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "3ffe::1",
        ];
        for ip in public {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:1.1.1.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::101:101",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:101:101::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for ip in inside {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[tokio::test]
    async fn urls_that_lead_inside_are_refused_before_anything_is_sent() {
        let http = Http::new(Reach::Public);
        for url in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://example.com/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://0/",
            "https://017700000001/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fe80::1]/",
            "https://user:secret@example.com/",
            "https://user@example.com/",
        ] {
            let refused = http.post(url, &[], String::new(), 10).await;
            assert!(matches!(refused, Err(HttpError::Refused(_))), "{url}: {refused:?}");
            assert!(http.check(url).await.is_err(), "{url}");
        }
    }

    /// A name that is public when it is checked and stands for this machine when the connection is made.
    #[tokio::test]
    async fn a_name_that_answers_differently_the_second_time_gains_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let lookup: Lookup = Arc::new(move |_| {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            let ip = if first { "93.184.216.34" } else { "127.0.0.1" };
            Box::pin(async move { Ok(vec![ip.parse().unwrap()]) })
        });
        let http = Http::with_lookup(Reach::Public, lookup);
        let url = format!("https://rebinds.example:{port}/");
        http.check(&url).await.unwrap();
        let answer = http.post(&url, &[], String::new(), 10).await;
        assert!(matches!(&answer, Err(HttpError::Refused(why)) if why.contains("127.0.0.1")), "{answer:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 2, "it was looked up again for the connection");
        let reached =
            std::future::poll_fn(|context| std::task::Poll::Ready(listener.poll_accept(context).is_ready()));
        assert!(!reached.await, "nothing was connected");
    }

    #[tokio::test]
    async fn one_address_inside_among_public_ones_is_enough() {
        let lookup: Lookup = Arc::new(|_| {
            Box::pin(async { Ok(vec!["93.184.216.34".parse().unwrap(), "10.0.0.7".parse().unwrap()]) })
        });
        let http = Http::with_lookup(Reach::Public, lookup);
        let refused = http.check("https://both.example/").await.unwrap_err();
        assert_eq!(refused.to_string(), "both.example stands for 10.0.0.7, which is not a public address");
    }
}
