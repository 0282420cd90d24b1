//! The node side: the script that collects with nothing but sh, running it here or on the nodes,
//! and putting its stream into a bundle file by file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use konspect_bundle::manifest::{ClusterCard, CommandRecord, Manifest, Tool};
use konspect_bundle::node::{Stream, split};
use konspect_bundle::writer::{Shape, WriteError, Writer, Written};

use crate::cli::{Collect, Node, NodeScript, Via};
use crate::collect::{Cluster, client_card, output_path};
use crate::kubectl::{self, Command, Stop};
use crate::plan::Output;
use crate::session::{Job, Session};
use crate::{client, clock};

const SCRIPT: &str = include_str!("../node/collect.sh");

/// The line of the script that its settings replace.
const SETTINGS: &str = "# settings\n";

const ORDER: u8 = 30;

/// What a node may take, in seconds and bytes: a hung node delays nobody.
const NODE_TIME: Duration = Duration::from_mins(3);
const NODE_BYTES: usize = 128 << 20;

/// The script with its settings.
pub(crate) fn script(settings: &NodeScript) -> String {
    let value = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let lines = format!(
        "API_SERVER={} PEERS={} SINCE={} COMPACT={}\n",
        value(settings.api_server.as_deref().unwrap_or_default()),
        value(&settings.peers.join(" ")),
        value(&settings.journal_since),
        value(if settings.compact { "1" } else { "" }),
    );
    SCRIPT.replacen(SETTINGS, &lines, 1)
}

/// Collects from the node this runs on.
pub(crate) fn here(arguments: &Node, stop: &Stop) -> Result<(Written, bool), WriteError> {
    let card = client_card();
    let target = output_path(
        arguments.output.as_deref(),
        if card.host.is_empty() { "node" } else { &card.host },
    );
    let writer = Writer::create(&target, u64::MAX)?;
    let started = clock::now();
    let command = Command {
        program: PathBuf::from("/bin/sh"),
        words: vec!["-c".to_owned(), script(&arguments.script)],
        deadline: arguments.timeout,
    };
    let mut out = Vec::new();
    let outcome = kubectl::run(&command, stop, &mut |piece| {
        out.extend_from_slice(piece);
        Ok(out.len() < NODE_BYTES)
    })?;
    let stream = split(&out).unwrap_or_default();
    let mut commands = members(&writer, stream.host.as_deref().unwrap_or(&card.host), &stream)?;
    commands.push(CommandRecord {
        argv: vec!["sh".to_owned(), "-c".to_owned(), "konspect-collect node-script".to_owned()],
        started: started.clone(),
        seconds: outcome.took.as_secs_f64(),
        exit: outcome.exit,
        ended: outcome.ended,
        stderr: writer.redactor().text(&String::from_utf8_lossy(&outcome.stderr)),
        entry: Some("node-script".to_owned()),
        ..CommandRecord::default()
    });
    let partial = !stream.complete;
    let manifest = Manifest {
        tool: Tool {
            name: "konspect-collect node".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        cluster: ClusterCard { name: card.host.clone(), client: card, ..ClusterCard::default() },
        started,
        finished: Some(clock::now()),
        profile: "node".to_owned(),
        partial,
        commands,
        ..Manifest::default()
    };
    Ok((writer.finish(manifest)?, partial))
}

/// Runs the script on nodes, through a debug pod or ssh.
pub(crate) fn collect(
    session: &Session<'_>,
    cluster: &Cluster,
    arguments: &Collect,
    nodes: &[(String, Option<String>)],
) {
    let settings = NodeScript {
        compact: false,
        api_server: client::host_and_port(&cluster.server).map(|(host, _)| host),
        peers: nodes.iter().filter_map(|(_, address)| address.clone()).take(8).collect(),
        journal_since: journal_since(arguments),
    };
    let script = script(&settings);
    session.progress.phase("nodes", nodes.len());
    let numbered: Vec<(usize, &(String, Option<String>))> = nodes.iter().enumerate().collect();
    Session::pool(&numbered, session.parallel, |(at, (name, address))| {
        let (program, words) = match arguments.via {
            Via::None => return,
            Via::Debug => (cluster.program.clone(), debug_words(cluster, arguments, name, &script)),
            Via::Ssh => {
                ("ssh".into(), ssh_words(arguments, address.as_deref().unwrap_or(name), &script))
            }
        };
        one(session, cluster, *at, name, program, words);
    });
    if arguments.via == Via::None {
        session.progress.say("--nodes needs --via debug or --via ssh, or run the output of node-script there yourself");
    }
    session.progress.end();
}

fn one(
    session: &Session<'_>,
    cluster: &Cluster,
    at: usize,
    name: &str,
    program: PathBuf,
    words: Vec<String>,
) {
    let (started, begun) = (clock::now(), Instant::now());
    let shown: Vec<String> = std::iter::once(program.display().to_string())
        .chain(words.iter().map(|word| {
            if word.contains("=== konspect") { "SCRIPT".to_owned() } else { word.clone() }
        }))
        .collect();
    let command = Command { program, words, deadline: NODE_TIME };
    let mut out = Vec::new();
    let ran = kubectl::run(&command, session.stop, &mut |piece| {
        out.extend_from_slice(piece);
        Ok(out.len() < NODE_BYTES)
    });
    let Ok(outcome) = ran else { return };
    let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let record = CommandRecord {
        argv: session.writer.redactor().command(&shown),
        started,
        seconds: begun.elapsed().as_secs_f64(),
        exit: outcome.exit,
        ended: outcome.ended,
        stderr: session.writer.redactor().text(&stderr),
        target: Some(name.to_owned()),
        entry: Some("node-script".to_owned()),
        ..CommandRecord::default()
    };
    session.push((ORDER, at, 0, 0), record);
    // kubectl says on either stream what it created, as versions differ.
    let said = format!("{stderr} {}", String::from_utf8_lossy(out.get(..512).unwrap_or(&out)));
    let pod = debug_pod(&said);
    // An attachment begins when the script has begun: what it missed is in the pod's log.
    let whole = split(&out).is_some_and(|stream| stream.complete && stream.host.is_some());
    if let Some(pod) = pod.filter(|_| !whole) {
        let logged = logs_of(session, cluster, pod);
        if split(&logged).is_some() {
            out = logged;
        }
    }
    if let Some(stream) = split(&out) {
        match members(session.writer, name, &stream) {
            Ok(records) => {
                for (number, record) in records.into_iter().enumerate() {
                    session.push((ORDER, at, number + 1, 0), record);
                }
            }
            Err(error) => session.give_up(error),
        }
    }
    if let Some(pod) = pod {
        delete_debug_pod(session, cluster, at, pod);
    }
}

/// Writes the files of a stream as members, and a record for each command behind them.
pub(crate) fn members(
    writer: &Writer,
    host: &str,
    stream: &Stream,
) -> Result<Vec<CommandRecord>, WriteError> {
    let mut records = Vec::new();
    for file in &stream.files {
        let long = std::path::Path::new(&file.name)
            .extension()
            .is_some_and(|extension| extension == "log");
        let shape = if long { Shape::Lines } else { Shape::Document };
        let member = writer.add(&format!("nodes/{host}/{}", file.name), shape, &file.bytes)?;
        let words: Vec<String> = file.command.split_whitespace().map(str::to_owned).collect();
        records.push(CommandRecord {
            argv: writer.redactor().command(&words),
            started: stream.time.clone().unwrap_or_default(),
            seconds: file.seconds.map_or(0.0, |seconds| Duration::from_secs(seconds).as_secs_f64()),
            exit: file.exit,
            member,
            node: Some(host.to_owned()),
            entry: Some(format!("node-{}", file.name.split('.').next().unwrap_or_default())),
            ..CommandRecord::default()
        });
    }
    Ok(records)
}

fn debug_words(cluster: &Cluster, arguments: &Collect, node: &str, script: &str) -> Vec<String> {
    let image = format!("--image={}", arguments.node_image);
    let target = format!("node/{node}");
    let tail = [
        "debug",
        &target,
        &image,
        "--profile=sysadmin",
        "--attach=true",
        "--",
        "chroot",
        "/host",
        "sh",
        "-c",
        script,
    ];
    cluster.options.iter().cloned().chain(tail.map(str::to_owned)).collect()
}

fn ssh_words(arguments: &Collect, address: &str, script: &str) -> Vec<String> {
    let host = arguments
        .ssh_user
        .as_ref()
        .map_or_else(|| address.to_owned(), |user| format!("{user}@{address}"));
    let remote = format!("sudo -n sh -c '{}'", script.replace('\'', "'\\''"));
    [
        "-o",
        "BatchMode=yes",
        "-o",
        "ConnectTimeout=10",
        "-o",
        "StrictHostKeyChecking=accept-new",
        "--",
        &host,
        &remote,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The pod that `kubectl debug` says it created.
fn debug_pod(said: &str) -> Option<&str> {
    said.split_whitespace().find(|word| word.starts_with("node-debugger-"))
}

/// What the container of a debug pod printed so far.
fn logs_of(session: &Session<'_>, cluster: &Cluster, pod: &str) -> Vec<u8> {
    let words = ["logs", pod, "-c", "debugger"].map(str::to_owned);
    let command = Command {
        program: cluster.program.clone(),
        words: cluster.options.iter().cloned().chain(words).collect(),
        deadline: Duration::from_mins(1),
    };
    let mut out = Vec::new();
    let ran = kubectl::run(&command, session.stop, &mut |piece| {
        out.extend_from_slice(piece);
        Ok(out.len() < NODE_BYTES)
    });
    ran.map(|_| out).unwrap_or_default()
}

/// Removes the pod that `kubectl debug` created.
fn delete_debug_pod(session: &Session<'_>, cluster: &Cluster, at: usize, pod: &str) {
    let tail = ["delete", "pod", pod, "--wait=false"];
    let job = Job {
        order: (ORDER, at, usize::MAX, 0),
        entry: "node-debug-pod".to_owned(),
        program: cluster.program.clone(),
        shown: "kubectl".to_owned(),
        words: cluster.options.iter().cloned().chain(tail.map(str::to_owned)).collect(),
        member: format!("nodes/debug-pod-{at}.txt"),
        shape: Shape::Document,
        output: Output::Stdout,
        deadline: Duration::from_secs(30),
        budget: 1 << 20,
        until: None,
        node: None,
        target: None,
    };
    session.run(&job, &mut |_| {});
}

/// `--since 90m` in the words of journalctl.
fn journal_since(arguments: &Collect) -> String {
    match (&arguments.since, &arguments.since_time) {
        (Some(since), _) => format!("-{since}"),
        (None, Some(time)) => time.replace('T', " ").trim_end_matches('Z').to_owned() + " UTC",
        (None, None) => "1 hour ago".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::Plan;

    #[test]
    fn the_profile_names_what_the_script_prints() {
        let body = &SCRIPT
            [SCRIPT.find("everything() {").unwrap()..SCRIPT.find("# The decisive parts").unwrap()];
        let printed: BTreeSet<&str> =
            body.split("take ").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
        let plan = Plan::load("node", &[], &[]).unwrap();
        let named: BTreeSet<&str> = plan
            .entries
            .iter()
            .filter_map(|entry| entry.member.strip_prefix("nodes/{node}/"))
            .collect();
        assert_eq!(printed, named);
    }

    #[test]
    fn settings_are_quoted_for_the_shell() {
        let settings = NodeScript {
            api_server: Some("x'; rm -rf /; '".into()),
            peers: vec!["10.0.0.1".into(), "10.0.0.2".into()],
            ..NodeScript::default()
        };
        let text = script(&settings);
        assert!(
            text.contains("API_SERVER='x'\\''; rm -rf /; '\\''' PEERS='10.0.0.1 10.0.0.2' "),
            "{}",
            &text[..1200]
        );
        assert!(!text.contains(SETTINGS));
    }
}
