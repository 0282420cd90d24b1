//! The collection of a cluster: first contact, then the lists, then what the lists lead to, then
//! a second look; the client's own side when the API server does not answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use konspect_bundle::manifest::{ClientCard, ClusterCard, CommandRecord, Manifest, Tool};
use konspect_bundle::writer::{Shape, Writer, Written, member_name};

use crate::cli::{Collect, Kubectl};
use crate::kubectl::{self, Command, Stop};
use crate::plan::{Class, Each, Entry, Phase, Plan, Target, fill_words, page_path};
use crate::progress::Progress;
use crate::rights::Rights;
use crate::session::{Job, Ran, Session};
use crate::targets::Facts;
use crate::{audit, azure, client, clock, node};

/// Pages of one list at most: five million objects.
const PAGES: usize = 10_000;

/// Probes mostly wait for a kubelet: more at once than others, as far as memory for that many kubectl goes.
const PROBES: usize = 16;

/// The least time between the two looks at the metrics.
const SECOND_LOOK: Duration = Duration::from_secs(5);

/// What ends a collection before a bundle is there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectError {
    #[error("{0} is not on PATH: install it, or name it with --kubectl")]
    NoKubectl(String),
    #[error("{0} is no program: name another kubectl with --kubectl")]
    NoProgram(String),
    #[error("the kubeconfig {0} does not exist: name another with --kubeconfig or KUBECONFIG")]
    NoKubeconfig(String),
    #[error(
        "no cluster is configured: name one with --kubeconfig or KUBECONFIG (kubectl says: {0})"
    )]
    NoCluster(String),
    #[error(transparent)]
    Write(#[from] konspect_bundle::writer::WriteError),
}

/// How a collection ended.
#[derive(Debug)]
pub(crate) struct Collected {
    pub written: Written,
    pub commands: Vec<CommandRecord>,
    pub partial: bool,
    pub interrupted: bool,
}

/// The kubectl of this collection and where its cluster is.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub program: PathBuf,
    pub options: Vec<String>,
    pub name: String,
    pub server: String,
    pub namespace: Option<String>,
}

impl Cluster {
    /// Asks kubectl, not the cluster, where the cluster is.
    pub(crate) fn find(options: &Kubectl, stop: &Stop) -> Result<Self, CollectError> {
        let missing = || {
            let named = options.program.clone();
            if named.contains('/') {
                CollectError::NoProgram(named)
            } else {
                CollectError::NoKubectl(named)
            }
        };
        let program = kubectl::find(&options.program).ok_or_else(missing)?;
        if let Some(file) = missing_kubeconfig(options.kubeconfig.as_deref()) {
            return Err(CollectError::NoKubeconfig(file));
        }
        let words = options.words();
        let mut view = words.clone();
        view.extend(["config", "view", "--minify", "-o", "json"].map(str::to_owned));
        let command =
            Command { program: program.clone(), words: view, deadline: Duration::from_secs(20) };
        let mut out = Vec::new();
        let outcome = kubectl::run(&command, stop, &mut |piece| {
            out.extend_from_slice(piece);
            Ok(out.len() < 4 << 20)
        })?;
        let (name, server) = configured(&out).or_else(in_cluster).ok_or_else(|| {
            let said = String::from_utf8_lossy(&outcome.stderr);
            let said = said.trim().lines().next().unwrap_or("the configuration is empty");
            CollectError::NoCluster(said.to_owned())
        })?;
        Ok(Self { program, options: words, name, server, namespace: options.namespace.clone() })
    }

    /// The part of the server's address that stands before `/api`, as proxies of clusters have it.
    fn prefix(&self) -> &str {
        let rest = self.server.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or_default().trim_end_matches('/')
    }
}

/// Runs a whole collection.
pub(crate) fn collect(
    arguments: &Collect,
    plan: &Plan,
    cluster: &Cluster,
    stop: &Stop,
    progress: &Progress,
) -> Result<Collected, CollectError> {
    let target = output_path(arguments.output.as_deref(), &cluster.name);
    let writer = Writer::create(&target, arguments.max_size)?;
    progress.say(&format!("cluster {} at {}", cluster.name, cluster.server));
    let started = clock::now();
    let session = Session::new(&writer, stop, progress, usize::from(arguments.parallel));
    let run = Run {
        session: &session,
        plan,
        cluster,
        arguments,
        window: arguments.window(),
        facts: Mutex::default(),
        first: Mutex::default(),
    };
    run.all();
    let version = run.version();
    drop(run);
    let full = session.is_full();
    let commands = session.finish()?;
    let interrupted = stop.interrupted() && !full;
    let partial = interrupted || full || stop.late();
    let manifest = Manifest {
        tool: Tool { name: "konspect-collect".into(), version: env!("CARGO_PKG_VERSION").into() },
        cluster: ClusterCard {
            name: cluster.name.clone(),
            server: writer.redactor().text(&cluster.server),
            version,
            client: client_card(),
        },
        started,
        finished: Some(clock::now()),
        profile: plan.profile.clone(),
        partial,
        commands: commands.clone(),
        ..Manifest::default()
    };
    Ok(Collected { written: writer.finish(manifest)?, commands, partial, interrupted })
}

/// The file that `--output` means: itself, or a dated name in it when it is a folder.
pub(crate) fn output_path(output: Option<&Path>, cluster: &str) -> PathBuf {
    let cluster = member_name(cluster).replace('/', "_");
    let name = format!("konspect-{cluster}-{}.zip", clock::name());
    match output {
        None => PathBuf::from(name),
        Some(path) if path.is_dir() => path.join(name),
        Some(path) => path.to_owned(),
    }
}

/// The machine that the collection runs on.
pub(crate) fn client_card() -> ClientCard {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"));
    ClientCard {
        host: host.unwrap_or_default().trim().to_owned(),
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        public_ip: None,
    }
}

struct Run<'a> {
    session: &'a Session<'a>,
    plan: &'a Plan,
    cluster: &'a Cluster,
    arguments: &'a Collect,
    window: Vec<String>,
    facts: Mutex<Facts>,
    /// What the first contact printed, by entry.
    first: Mutex<BTreeMap<String, (String, Ran)>>,
}

impl Run<'_> {
    fn all(&self) {
        let begun = Instant::now();
        self.phase(Phase::Reach, &Rights::default());
        if self.answered() {
            let rights = self.rights();
            self.phase(Phase::Lists, &rights);
            let map = self.facts().pods_on_nodes();
            self.session.add("cluster/pods-on-nodes.tsv", Shape::Lines, map.as_bytes());
            self.phase(Phase::Derived, &rights);
            if self.plan.of_phase(Phase::Late).next().is_some() {
                self.session.stop.wait(SECOND_LOOK.saturating_sub(begun.elapsed()));
            }
            self.phase(Phase::Late, &rights);
        } else {
            self.session
                .progress
                .say("the API server does not answer: looking from the client's side");
            for phase in [Phase::Lists, Phase::Derived, Phase::Late] {
                for job in self
                    .plan
                    .of_phase(phase)
                    .map(|(at, entry)| self.job(phase, at, 0, entry, &Target::default()))
                {
                    self.session.skip(&job, "skipped: the API server does not answer");
                }
            }
            client::collect(self.session, &self.cluster.server);
        }
        if let Some(choice) = &self.arguments.nodes {
            let nodes = self.facts().chosen(choice);
            node::collect(self.session, self.cluster, self.arguments, &nodes);
        }
        if let Some(name) = &self.arguments.azure {
            azure::collect(self.session, name, &self.cluster.server);
        }
        audit::collect(self.session, &self.arguments.audit);
    }

    fn phase(&self, phase: Phase, rights: &Rights) {
        let mut quick = Vec::new();
        let mut probes = Vec::new();
        for (at, entry) in self.plan.of_phase(phase) {
            let (mut targets, left_out) = match entry.each {
                None => (vec![Target::default()], 0),
                Some(each) => self.facts().targets(each, entry.most.unwrap_or(usize::MAX)),
            };
            // What an entry takes for all its targets is said even when there are none.
            let general: Vec<String> =
                entry.needs.iter().filter(|need| !need.contains('{')).cloned().collect();
            let mut forbidden = rights.denied(&general).map(str::to_owned);
            targets.retain(|target| {
                let needs: Vec<String> = entry.needs.iter().map(|need| target.fill(need)).collect();
                let denied = rights.denied(&needs).map(str::to_owned);
                let allowed = denied.is_none();
                forbidden = forbidden.take().or(denied);
                allowed
            });
            if let Some(denied) = forbidden {
                let job = self.job(phase, at, usize::MAX, entry, &Target::default());
                self.session.skip(&job, &format!("skipped: forbidden: {denied}"));
            }
            if left_out > 0 {
                let job = self.job(phase, at, targets.len(), entry, &Target::default());
                self.session.skip(&job, &format!("skipped: {left_out} more, see profile deep"));
            }
            for (number, target) in targets.iter().enumerate() {
                let jobs =
                    if entry.each == Some(Each::NodeProbe) { &mut probes } else { &mut quick };
                jobs.push((entry, self.job(phase, at, number, entry, target)));
            }
        }
        self.session.progress.phase(phase.as_str(), quick.len() + probes.len());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                Session::pool(&probes, PROBES, |(entry, job)| self.execute(entry, job));
            });
            Session::pool(&quick, self.session.parallel, |(entry, job)| self.execute(entry, job));
        });
        self.session.progress.end();
    }

    fn execute(&self, entry: &Entry, job: &Job) {
        if entry.class == Class::List {
            self.pages(entry, job);
            return;
        }
        let mut text = String::new();
        let ran = self.session.run(job, &mut |bytes| {
            if entry.phase == Phase::Reach {
                text = String::from_utf8_lossy(bytes).into_owned();
            }
        });
        if entry.phase == Phase::Reach {
            self.first
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(entry.name.clone(), (text, ran));
        }
    }

    /// Asks for a list page by page, each a member of its own.
    fn pages(&self, entry: &Entry, job: &Job) {
        let mut fallbacks = entry.list.iter();
        let Some(mut path) = fallbacks.next() else { return };
        let mut token: Option<String> = None;
        let mut order = job.order;
        for page in 0..PAGES {
            let scoped = entry.scoped(path, self.cluster.namespace.as_deref());
            let mut job = job.clone();
            job.order = order;
            job.member = format!("{}/{page:05}.json", job.member);
            job.words = self.words(&[
                "get".into(),
                "--raw".into(),
                self.raw(&page_path(&scoped, token.as_deref())),
            ]);
            let mut next = None;
            let ran =
                self.session.run(&job, &mut |bytes| next = self.facts().page(&entry.name, bytes));
            order.3 += 1;
            if ran.exit == Some(1) && not_found(&ran.stderr) && token.is_none() {
                match fallbacks.next() {
                    Some(other) => path = other,
                    None => return,
                }
                continue;
            }
            match next {
                Some(next) if ran.exit == Some(0) && !next.is_empty() => token = Some(next),
                _ => return,
            }
        }
    }

    fn job(&self, phase: Phase, at: usize, number: usize, entry: &Entry, target: &Target) -> Job {
        let words = match entry.list.first() {
            Some(path) => {
                let path = page_path(&entry.scoped(path, self.cluster.namespace.as_deref()), None);
                vec!["get".to_owned(), "--raw".to_owned(), path]
            }
            None => fill_words(&entry.argv, target, &self.window),
        };
        let words = words
            .iter()
            .map(|word| if word.starts_with('/') { self.raw(word) } else { word.clone() })
            .collect::<Vec<_>>();
        Job {
            order: (phase as u8, at, number, 0),
            entry: entry.name.clone(),
            program: self.cluster.program.clone(),
            shown: "kubectl".to_owned(),
            words: self.words(&words),
            member: target.fill(&entry.member),
            shape: if matches!(entry.class, Class::Log | Class::Probe | Class::Trace) {
                Shape::Lines
            } else {
                Shape::Document
            },
            output: entry.output,
            deadline: Duration::from_secs(entry.timeout),
            budget: entry.budget << 20,
            until: self
                .arguments
                .until
                .as_deref()
                .filter(|_| entry.class == Class::Log)
                .and_then(clock::parse),
            node: None,
            target: target.node.clone().filter(|_| {
                matches!(entry.class, Class::Log | Class::Probe)
                    || entry.member.starts_with("nodes/")
            }),
        }
    }

    /// The caller's options before the words of an entry; one namespace instead of all.
    fn words(&self, words: &[String]) -> Vec<String> {
        let mut all = self.cluster.options.clone();
        for word in words {
            match (&self.cluster.namespace, word.as_str()) {
                (Some(namespace), "-A") => all.extend(["-n".to_owned(), namespace.clone()]),
                _ => all.push(word.clone()),
            }
        }
        all
    }

    fn raw(&self, path: &str) -> String {
        format!("{}{path}", self.cluster.prefix())
    }

    /// False when nothing of the first contact came from an API server.
    fn answered(&self) -> bool {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first
            .values()
            .any(|(_, ran)| ran.exit == Some(0) || ran.skipped || client::from_server(&ran.stderr))
    }

    fn rights(&self) -> Rights {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let known = first.get("can-i").filter(|(_, ran)| ran.exit == Some(0));
        known.map(|(text, ran)| Rights::read(text, &ran.stderr)).unwrap_or_default()
    }

    fn version(&self) -> Option<String> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let version: serde_json::Value = serde_json::from_str(&first.get("version")?.0).ok()?;
        version.get("gitVersion")?.as_str().map(str::to_owned)
    }

    fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_found(stderr: &str) -> bool {
    stderr.contains("(NotFound)") || stderr.contains("could not find the requested resource")
}

/// Name and server of the first cluster of a minified configuration.
fn configured(view: &[u8]) -> Option<(String, String)> {
    let view: serde_json::Value = serde_json::from_slice(view).ok()?;
    let cluster = view.get("clusters")?.get(0)?;
    let server = cluster.get("cluster")?.get("server")?.as_str()?;
    Some((cluster.get("name")?.as_str()?.to_owned(), server.to_owned()))
}

/// The configuration that the caller named, when no file of it is there.
fn missing_kubeconfig(option: Option<&str>) -> Option<String> {
    if let Some(file) = option {
        return (!Path::new(file).exists()).then(|| file.to_owned());
    }
    let variable = std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty())?;
    let none = std::env::split_paths(&variable).all(|file| !file.exists());
    none.then(|| variable.to_string_lossy().into_owned())
}

/// The API server that a pod sees.
fn in_cluster() -> Option<(String, String)> {
    let host = std::env::var_os("KUBERNETES_SERVICE_HOST")?.into_string().ok()?;
    let port = std::env::var_os("KUBERNETES_SERVICE_PORT").and_then(|port| port.into_string().ok());
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Some(("in-cluster".to_owned(), format!("https://{host}:{}", port.as_deref().unwrap_or("443"))))
}
