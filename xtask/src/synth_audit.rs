//! Writes a synthetic audit log: the same bytes for the same seed, with the mix of fields, stages
//! and sizes of real control planes.
//!
//! What is random in a real log is random here, too: the UIDs of accounts, tokens, pods and nodes that
//! stand in every event of a client, or deflate would see one identity where there are a thousand.
//! Clients follow Zipf's law, a fifth of the requests are watches with two events each, some one in
//! a hundred carries large request and response objects, and for ten minutes a third of everybody's
//! requests are LISTs and a third are turned away.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;

/// What `xtask synth audit` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// How many bytes of lines to write, at least.
    #[arg(long)]
    bytes: u64,
    /// The seed: equal seeds give equal bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write a zip of members cut at line ends, deflated, instead of lines.
    #[arg(long)]
    zip: bool,
    /// Bytes of lines in each member of the zip; 0 for one member of everything.
    #[arg(long, default_value_t = 4 << 20)]
    member: u64,
    /// Where to write.
    out: PathBuf,
}

/// Runs `xtask synth audit`.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let file = std::fs::File::create(&args.out)
        .with_context(|| format!("create {}", args.out.display()))?;
    let mut generator = Generator::new(args.seed);
    if !args.zip {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let mut written = 0;
        while written < args.bytes {
            written += generator.write_into(&mut out)?;
        }
        return out.flush().context("write");
    }
    let mut zip = zip::ZipWriter::new(BufWriter::with_capacity(1 << 20, file));
    let member = if args.member == 0 { u64::MAX } else { args.member };
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .large_file(true);
    let (mut written, mut number) = (0, 0);
    while written < args.bytes {
        zip.start_file(format!("audit/synthetic/{number:05}.jsonl"), options)?;
        let mut held = 0;
        while held < member && written < args.bytes {
            let length = generator.write_into(&mut zip)?;
            held += length;
            written += length;
        }
        number += 1;
    }
    zip.finish()?.flush().context("write")
}

const RESOURCES: [(&str, &str, &str); 20] = [
    ("", "v1", "pods"),
    ("coordination.k8s.io", "v1", "leases"),
    ("", "v1", "configmaps"),
    ("", "v1", "secrets"),
    ("", "v1", "nodes"),
    ("", "v1", "events"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "replicasets"),
    ("discovery.k8s.io", "v1", "endpointslices"),
    ("", "v1", "services"),
    ("", "v1", "namespaces"),
    ("batch", "v1", "jobs"),
    ("apps", "v1", "daemonsets"),
    ("", "v1", "serviceaccounts"),
    ("networking.k8s.io", "v1", "networkpolicies"),
    ("rbac.authorization.k8s.io", "v1", "clusterroles"),
    ("example.contoso.io", "v1alpha1", "syncrecords"),
    ("kyverno.io", "v1", "policyreports"),
    ("autoscaling", "v2", "horizontalpodautoscalers"),
    ("storage.k8s.io", "v1", "csinodes"),
];

const PROGRAMS: [&str; 12] = [
    "kubelet/v1.31.8 (linux/amd64) kubernetes/684b0e3",
    "kube-controller-manager/v1.31.8 (linux/amd64) kubernetes/684b0e3/shared-informers",
    "kube-scheduler/v1.31.8 (linux/amd64) kubernetes/684b0e3/leader-election",
    "cloud-controller-manager/v1.31.8 (linux/amd64) kubernetes/684b0e3",
    "Go-http-client/2.0",
    "kubectl/v1.31.3 (windows/amd64) kubernetes/c83cbee",
    "Helm/3.18.6",
    "OpenAPI-Generator/32.0.1/python",
    "cluster-autoscaler/v1.31.1 (linux/amd64) kubernetes/$Format",
    "metrics-server/v0.7.2 (linux/amd64) kubernetes/13a9ff3",
    "source-controller/v0.0.0 (linux/amd64) kubernetes/$Format",
    "node-problem-detector/v0.8.20 (linux/amd64) kubernetes/$Format",
];

const VERBS: [&str; 7] = ["get", "update", "list", "patch", "create", "delete", "get"];

const CLIENTS: u64 = 1_500;

/// 2025-06-02T08:00:00Z in micro-seconds.
const START: u64 = 1_748_851_200_000_000;

struct Generator {
    random: u64,
    time: u64,
    line: String,
    /// Ends of requests whose start was written: time and the line.
    open: std::collections::BTreeMap<(u64, u64), String>,
    number: u64,
    /// Upper bounds of the clients' shares, of 2^32.
    shares: Vec<u64>,
}

struct Client {
    agent: String,
    user: String,
    /// What follows the name in `user`: the same in every event of one client.
    identity: String,
    address: String,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let weights: Vec<u64> = (1..=CLIENTS).map(|rank| (1 << 32) / (rank + 3)).collect();
        let total: u64 = weights.iter().sum();
        let mut sum = 0;
        let shares = weights
            .iter()
            .map(|weight| {
                sum += weight;
                (sum << 20) / total
            })
            .collect();
        Self {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            time: START,
            line: String::new(),
            open: std::collections::BTreeMap::new(),
            number: 0,
            shares,
        }
    }

    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn client(&mut self) -> (u64, Client) {
        let at = self.below(1 << 20);
        let number = self.shares.partition_point(|share| *share <= at) as u64;
        let program =
            PROGRAMS.get(usize::try_from(number % 12).unwrap_or(0)).copied().unwrap_or_default();
        let (agent, user) = match number % 12 {
            0 => (
                program.to_owned(),
                format!("system:node:aks-general-25410206-vmss{:06x}", number / 12),
            ),
            5 => (program.to_owned(), format!("person-{}@contoso.com", number % 60)),
            _ => (
                if number < 430 && number % 3 == 1 {
                    format!("{program} build/{number}")
                } else {
                    program.to_owned()
                },
                format!("system:serviceaccount:team-{}:worker-{number}", number % 40),
            ),
        };
        let node = format!("aks-general-25410206-vmss{:06x}", number % 97);
        let identity = match number % 12 {
            0 => "\"groups\":[\"system:nodes\",\"system:authenticated\"]".to_owned(),
            5 => format!(
                "\"groups\":[\"9e1b6c1c-0f5d-4b7e-8a54-3f1c2d4e5f60\",\"system:authenticated\"],\"extra\":{{\"oid\":[\"{}\"]}}",
                uuid("oid", number % 60)
            ),
            _ => format!(
                "\"uid\":\"{}\",\"groups\":[\"system:serviceaccounts\",\"system:serviceaccounts:team-{}\",\"system:authenticated\"],\"extra\":{{\"authentication.kubernetes.io/credential-id\":[\"JTI={}\"],\"authentication.kubernetes.io/node-name\":[\"{node}\"],\"authentication.kubernetes.io/node-uid\":[\"{}\"],\"authentication.kubernetes.io/pod-name\":[\"worker-{number}-{}\"],\"authentication.kubernetes.io/pod-uid\":[\"{}\"]}}",
                uuid("account", number),
                number % 40,
                uuid("token", number),
                uuid("node", number % 97),
                suffix(number),
                uuid("pod", number)
            ),
        };
        (
            number,
            Client {
                agent,
                user,
                identity,
                address: format!("10.224.{}.{}", number / 250, number % 250),
            },
        )
    }

    /// Writes the events of one moment; returns the bytes written.
    fn write_into(&mut self, out: &mut impl Write) -> io::Result<u64> {
        self.time += 3_000 + self.below(9_000);
        let mut written = 0;
        while let Some(entry) = self.open.first_entry().filter(|entry| entry.key().0 <= self.time) {
            let line = entry.remove();
            out.write_all(line.as_bytes())?;
            written += line.len() as u64;
        }
        self.request();
        out.write_all(self.line.as_bytes())?;
        Ok(written + self.line.len() as u64)
    }

    fn request(&mut self) {
        self.line.clear();
        self.number += 1;
        let (rank, client) = self.client();
        let minute = (self.time - START) / 60_000_000 % 240;
        let incident = (60..70).contains(&minute);
        let storm = incident && self.below(3) == 0;
        let skewed = self.below(20).min(self.below(20)).min(self.below(20));
        let habit = if storm { 0 } else { (rank * 7 + skewed % 4) % 20 };
        let (group, version, resource) =
            RESOURCES.get(usize::try_from(habit).unwrap_or(0)).copied().unwrap_or_default();
        let watch = !storm && self.below(100) < 22;
        let verb = match (storm, watch) {
            (true, _) => "list",
            (_, true) => "watch",
            _ => VERBS
                .get(usize::try_from((rank + self.below(3)) % 7).unwrap_or(0))
                .copied()
                .unwrap_or("get"),
        };
        let code = match (incident, verb, self.below(100)) {
            (true, _, 0..30) => 429,
            (true, _, 30..33) => 503,
            (_, "create", _) => 201,
            (_, "get", 0..3) => 404,
            (_, "update", 0..2) => 409,
            _ => 200,
        };
        let spread = self.below(1 << 20);
        let latency = 900
            + spread % 4_000
            + if spread < 20_000 { spread * 40 } else { 0 }
            + if incident { spread } else { 0 };
        let (high, low) = (self.next() << 16 | self.next() & 0xffff, self.next());
        let id = format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            self.number & 0xfff,
            low
        );
        let namespace = format!("team-{}", self.below(40));
        let name = if matches!(verb, "list" | "watch" | "create") {
            String::new()
        } else {
            let number = self.below(5_000);
            format!("{resource}-{number:x}-{}", suffix(number))
        };
        let root = if group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{group}/{version}")
        };
        let revision = 48_213_377 + self.number;
        let query = match (verb, self.below(4)) {
            ("watch", _) => {
                let seconds = 300 + self.below(300);
                format!(
                    "?allowWatchBookmarks=true\\u0026resourceVersion={revision}\\u0026timeout={}m{}s\\u0026timeoutSeconds={seconds}\\u0026watch=true",
                    seconds / 60,
                    seconds % 60
                )
            }
            ("list", 1) => "?resourceVersion=0".to_owned(),
            ("list", 2..) => "?labelSelector=app%3Dworker\\u0026limit=500".to_owned(),
            _ => String::new(),
        };
        let path = if name.is_empty() { String::new() } else { format!("/{name}") };
        let named = if name.is_empty() { String::new() } else { format!(",\"name\":\"{name}\"") };
        // Who updates says which state of which object he has read.
        let (known, revised) = if verb == "update" {
            let uid = uuid(&name, 0);
            (format!(",\"uid\":\"{uid}\""), format!(",\"resourceVersion\":\"{revision}\""))
        } else {
            (String::new(), String::new())
        };
        let grouped =
            if group.is_empty() { String::new() } else { format!(",\"apiGroup\":\"{group}\"") };
        let large = !watch && self.below(1000) < 9;
        let level = if large { "RequestResponse" } else { "Metadata" };
        let start = stamp(self.time);
        let head = |stage: &str| {
            format!(
                "{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"{level}\",\"auditID\":\"{id}\",\"stage\":\"{stage}\",\"requestURI\":\"{root}/namespaces/{namespace}/{resource}{path}{query}\",\"verb\":\"{verb}\",\"user\":{{\"username\":\"{}\",{}}},\"sourceIPs\":[\"{}\"],\"userAgent\":\"{}\",\"objectRef\":{{\"resource\":\"{resource}\",\"namespace\":\"{namespace}\"{named}{known}{grouped},\"apiVersion\":\"{version}\"{revised}}}",
                client.user, client.identity, client.address, client.agent
            )
        };
        let message = if code == 404 {
            format!(
                ",\"status\":\"Failure\",\"message\":\"{resource} \\\"{name}\\\" not found\",\"reason\":\"NotFound\""
            )
        } else {
            String::new()
        };
        let tail = |end: u64, total: Option<u64>| {
            let slow = total.map_or_else(String::new, |total| {
                format!("\"apiserver.latency.k8s.io/etcd\":\"{}.{:03}ms\",\"apiserver.latency.k8s.io/total\":\"{}.{:03}ms\",", total / 1500, total % 1000, total / 1000, total % 1000)
            });
            format!(
                ",\"requestReceivedTimestamp\":\"{start}\",\"stageTimestamp\":\"{}\",\"annotations\":{{{slow}\"authorization.k8s.io/decision\":\"allow\",\"authorization.k8s.io/reason\":\"RBAC: allowed by ClusterRoleBinding \\\"worker-{}\\\" of ClusterRole \\\"worker\\\" to ServiceAccount \\\"worker/{namespace}\\\"\"}}}}\n",
                stamp(end),
                rank
            )
        };
        if watch {
            self.line.push_str(&head("ResponseStarted"));
            self.line.push_str(",\"responseStatus\":{\"metadata\":{},\"code\":200}");
            self.line.push_str(&tail(self.time + latency, None));
            let end = self.time + 5_000_000 + self.below(600_000_000);
            let line = head("ResponseComplete")
                + ",\"responseStatus\":{\"metadata\":{},\"code\":200}"
                + &tail(end, None);
            self.open.insert((end, self.number), line);
            return;
        }
        if self.below(10) == 0 {
            self.line.push_str(&head("RequestReceived"));
            self.line.extend([format!(
                ",\"requestReceivedTimestamp\":\"{start}\",\"stageTimestamp\":\"{start}\"}}\n"
            )]);
        }
        self.line.push_str(&head("ResponseComplete"));
        self.line.extend([format!(
            ",\"responseStatus\":{{\"metadata\":{{}}{message},\"code\":{code}}}"
        )]);
        if large {
            self.objects(resource, &namespace);
        }
        self.line.push_str(&tail(self.time + latency, (latency > 500_000).then_some(latency)));
    }

    /// Request and response objects of 10 to 200 KB, together.
    fn objects(&mut self, resource: &str, namespace: &str) {
        let target = self.line.len() + 10_000 + usize::try_from(self.below(190_000)).unwrap_or(0);
        for key in ["requestObject", "responseObject"] {
            self.line.extend([format!(",\"{key}\":{{\"kind\":\"{resource}\",\"metadata\":{{\"namespace\":\"{namespace}\",\"managedFields\":[")]);
            let half = if key == "requestObject" { target / 2 } else { target };
            while self.line.len() < half {
                let value = self.next();
                self.line.extend([format!(
                    "{{\"manager\":\"worker\",\"operation\":\"Update\",\"time\":\"2025-06-02T08:00:00Z\",\"fieldsV1\":{{\"f:spec\":{{\"f:containers\":{{\"k:{{\\\"name\\\":\\\"c-{value:x}\\\"}}\":{{\".\":{{}},\"f:image\":{{}},\"f:env\":{{\"f:name\":\"{value}\"}}}}}}}}}}}},"
                )]);
            }
            self.line.push_str("{}]},\"status\":{\"phase\":\"Running\"}}");
        }
    }
}

/// A well mixed number for each kind of thing and its number: the same whatever the seed, so that a
/// client has one identity in all logs.
fn mixed(kind: &str, number: u64) -> u64 {
    let sum = kind.bytes().fold(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
    });
    let sum = (sum ^ sum >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let sum = (sum ^ sum >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    sum ^ sum >> 31
}

/// A random UUID (version 4), as API servers give to objects and tokens: no two have digits in common.
fn uuid(kind: &str, number: u64) -> String {
    let (high, low) = (mixed(kind, number), mixed(kind, number.wrapping_add(1 << 40)));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        8 + (low >> 62),
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

/// What replica sets and their pods have behind their names, in the letters that Kubernetes uses.
fn suffix(number: u64) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = mixed("suffix", number);
    let mut letters = |count: usize| {
        (0..count)
            .map(|_| {
                let letter = LETTERS.get(usize::try_from(rest % 27).unwrap_or(0));
                rest /= 27;
                letter.map_or('b', |letter| char::from(*letter))
            })
            .collect::<String>()
    };
    format!("{}-{}", letters(8), letters(5))
}

/// A time of day with micro-seconds; logs that are longer than a month do not occur here.
fn stamp(micros: u64) -> String {
    let since = micros - START + 8 * 3_600_000_000;
    let (day, rest) = (since / 86_400_000_000, since % 86_400_000_000);
    let (second, micro) = (rest / 1_000_000, rest % 1_000_000);
    format!(
        "2025-06-{:02}T{:02}:{:02}:{:02}.{micro:06}Z",
        2 + day,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(seed: u64) -> anyhow::Result<String> {
        let mut generator = Generator::new(seed);
        let mut out = Vec::new();
        while out.len() < 400_000 {
            generator.write_into(&mut out)?;
        }
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn equal_seeds_give_equal_lines_of_json() -> anyhow::Result<()> {
        let text = lines(7)?;
        assert_eq!(text, lines(7)?);
        assert_ne!(text, lines(8)?);
        for line in text.lines() {
            let event: serde_json::Value = serde_json::from_str(line)?;
            assert_eq!(
                event.get("apiVersion").and_then(serde_json::Value::as_str),
                Some("audit.k8s.io/v1")
            );
        }
        Ok(())
    }
}
