//! The client's own side, for when the API server does not answer: name, address, connection,
//! TLS, proxies, routes and clock, each asked on its own so that the layer that failed shows.
//!
//! No TLS is linked: `openssl s_client` is asked where it is. Names are resolved by the system's
//! own programs, since that is what kubectl meets too.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use konspect_bundle::manifest::CommandRecord;
use konspect_bundle::writer::Shape;

use crate::clock;
use crate::kubectl;
use crate::plan::Output;
use crate::session::{Job, Session};

/// Where this phase's records stand in the manifest.
const ORDER: u8 = 20;

/// What one question may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Variables that send requests elsewhere.
const PROXIES: &[&str] = &[
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// True when kubectl's error is the answer of a server, not of the way to it.
pub(crate) fn from_server(stderr: &str) -> bool {
    [
        "Error from server",
        "(Unauthorized)",
        "(Forbidden)",
        "the server could not find",
        "the server has asked",
        "the server rejected",
    ]
    .iter()
    .any(|sign| stderr.contains(sign))
}

/// Looks at every layer between here and the API server.
pub(crate) fn collect(session: &Session<'_>, server: &str) {
    let Some((host, port)) = host_and_port(server) else { return };
    session.progress.phase("client side", 0);
    session.add("client/environment.txt", Shape::Lines, environment(server).as_bytes());
    for file in ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/etc/hosts"] {
        if let Ok(bytes) = std::fs::read(file) {
            session.add(&format!("client{file}"), Shape::Lines, &bytes);
        }
    }
    let addresses = Mutex::new(Vec::new());
    let mut jobs = Vec::new();
    if let Ok(address) = host.parse::<IpAddr>() {
        addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(address);
    } else {
        jobs.push(job("getent-hosts", "getent", &["ahosts", &host]));
        jobs.push(job("nslookup", "nslookup", &[&host]));
        for resolver in resolvers() {
            jobs.push(job(&format!("nslookup-{resolver}"), "nslookup", &[&host, &resolver]));
        }
    }
    jobs.push(job("ip-route", "ip", &["route", "show", "table", "all"]));
    jobs.push(job("ip-address", "ip", &["address", "show"]));
    jobs.push(job("timedatectl", "timedatectl", &[]));
    let peer =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    if server.starts_with("https") {
        let name = if host.parse::<IpAddr>().is_ok() {
            vec![]
        } else {
            vec!["-servername", host.as_str()]
        };
        let words =
            [vec!["s_client", "-connect", &peer, "-alpn", "h2,http/1.1", "-showcerts"], name]
                .concat();
        jobs.push(job("openssl-s_client", "openssl", &words));
    }
    let numbered: Vec<Job> = jobs
        .into_iter()
        .enumerate()
        .map(|(at, job)| Job { order: (ORDER, at, 0, 0), ..job })
        .collect();
    Session::pool(&numbered, 16, |job| {
        if kubectl::find(&job.shown).is_none() {
            session.skip(job, "not found");
            return;
        }
        session.run(job, &mut |bytes| {
            if job.entry == "getent-hosts" || job.entry == "nslookup" {
                let found = read_addresses(&String::from_utf8_lossy(bytes), &job.entry);
                addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(found);
            }
        });
    });
    let mut addresses = addresses.into_inner().unwrap_or_default();
    addresses.sort_unstable();
    addresses.dedup();
    connect(session, &addresses, port);
    session.progress.end();
}

fn job(name: &str, program: &str, words: &[&str]) -> Job {
    Job {
        order: (ORDER, 0, 0, 0),
        entry: name.to_owned(),
        program: program.into(),
        shown: program.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        member: format!("client/{name}.txt"),
        shape: Shape::Document,
        output: Output::Stdout,
        deadline: DEADLINE,
        budget: 1 << 20,
        until: None,
        node: None,
        target: None,
    }
}

/// Connects to every address and says what came of it in the words of `nc -v`.
fn connect(session: &Session<'_>, addresses: &[IpAddr], port: u16) {
    Session::pool(addresses, 8, |address| {
        let started = clock::now();
        let begun = Instant::now();
        #[expect(
            clippy::disallowed_types,
            reason = "the collector tests the way to the API server"
        )]
        let connected =
            std::net::TcpStream::connect_timeout(&SocketAddr::new(*address, port), DEADLINE);
        let (text, exit) = match connected {
            Ok(_) => (format!("Connection to {address} {port} port [tcp/*] succeeded!\n"), 0),
            Err(error) => {
                (format!("nc: connect to {address} port {port} (tcp) {}\n", reason(&error)), 1)
            }
        };
        let place = addresses.iter().position(|known| known == address).unwrap_or_default();
        let member =
            session.add(&format!("client/connect-{address}.txt"), Shape::Lines, text.as_bytes());
        let argv = ["konspect-collect", "connect", &address.to_string(), &port.to_string()]
            .map(str::to_owned);
        let record = CommandRecord {
            argv: argv.to_vec(),
            started,
            seconds: begun.elapsed().as_secs_f64(),
            exit: Some(exit),
            member,
            entry: Some("connect".to_owned()),
            ..CommandRecord::default()
        };
        session.push((ORDER + 1, place, 0, 0), record);
    });
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::TimedOut => "timed out: Operation now in progress".to_owned(),
        std::io::ErrorKind::ConnectionRefused => "failed: Connection refused".to_owned(),
        _ => {
            let text = error.to_string();
            format!("failed: {}", text.split(" (os error").next().unwrap_or(&text))
        }
    }
}

/// Proxies, the clock and the server's address, as `NAME=value` lines.
fn environment(server: &str) -> String {
    let mut text = format!("server={server}\ntime={}\n", clock::now());
    for name in PROXIES {
        if let Some(value) = std::env::var_os(name) {
            let _ = writeln!(text, "{name}={}", value.to_string_lossy());
        }
    }
    text
}

/// All name servers that this machine may ask.
fn resolvers() -> Vec<String> {
    let mut found = Vec::new();
    for file in ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"] {
        let text = std::fs::read_to_string(Path::new(file)).unwrap_or_default();
        found.extend(text.lines().filter_map(|line| {
            let address = line.trim().strip_prefix("nameserver")?.trim();
            address.split('%').next()?.parse::<IpAddr>().ok().map(|address| address.to_string())
        }));
    }
    found.sort();
    found.dedup();
    found
}

/// The addresses in the answers of `getent` and `nslookup`; the resolver's own is none.
fn read_addresses(text: &str, program: &str) -> Vec<IpAddr> {
    if program == "getent-hosts" {
        return text
            .lines()
            .filter_map(|line| line.split_whitespace().next()?.parse().ok())
            .collect();
    }
    let answer = text.split_once("\n\n").map_or("", |(_, answer)| answer);
    answer
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Address:")?.trim().parse().ok())
        .collect()
}

/// Host and port of a URL.
pub(crate) fn host_and_port(server: &str) -> Option<(String, u16)> {
    let (scheme, rest) = server.split_once("://")?;
    let authority = rest.split('/').next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let default = if scheme == "http" { 80 } else { 443 };
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return Some((
            host.to_owned(),
            port.strip_prefix(':').map_or(Some(default), |port| port.parse().ok())?,
        ));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => Some((authority.to_owned(), default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_taken_apart() {
        for (server, host, port) in [
            ("https://x.hcp.westeurope.azmk8s.io:443", "x.hcp.westeurope.azmk8s.io", 443),
            ("https://[fd00::1]:6443/k8s/clusters/c-1", "fd00::1", 6443),
            ("http://127.0.0.1", "127.0.0.1", 80),
            ("https://rancher.example/k8s/clusters/c-1", "rancher.example", 443),
        ] {
            assert_eq!(host_and_port(server), Some((host.to_owned(), port)), "{server}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_answer() {
        let text = "Server:\t\t127.0.0.53\nAddress:\t127.0.0.53#53\n\nNon-authoritative answer:\nName:\tx\nAddress: 20.82.6.105\n";
        assert_eq!(read_addresses(text, "nslookup"), ["20.82.6.105".parse::<IpAddr>().unwrap()]);
        let text = "10.0.0.1     STREAM x\n10.0.0.1     DGRAM\n";
        assert_eq!(read_addresses(text, "getent-hosts").len(), 2);
    }

    #[test]
    fn an_answer_is_told_from_the_way_to_it() {
        assert!(from_server("Error from server (Forbidden): nodes is forbidden"));
        assert!(from_server("error: You must be logged in to the server (Unauthorized)"));
        assert!(!from_server(
            "The connection to the server 203.0.113.10:444 was refused - did you specify the right host or port?"
        ));
        assert!(!from_server("Unable to connect to the server: EOF"));
    }
}
