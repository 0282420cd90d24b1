//! `path`: one connection's way through the cluster, or all pairs of nodes.

use std::io::{BufWriter, Write};

use anyhow::anyhow;
use konspect::facts::way::{self, Unresolved, Verdict};
use konspect::language::Language;
use konspect::render::path as render;
use konspect::report::excerpt::Excerpts;
use konspect::report::path::{Cards, spans, together};
use konspect_bundle::Bundle;

use super::analyze::{is_closed_pipe, locale, open, terminal};
use crate::cli::{Global, PathArguments, PathFailOn};
use crate::{Exit, Failure};

const TCP: u8 = 6;
const UDP: u8 = 17;

pub(crate) fn run(arguments: &PathArguments, global: &Global) -> Result<Exit, Failure> {
    let json = match arguments.output.as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => {
            let error = anyhow!("no output format {other}: text and json are there");
            return Err(Failure::new(Exit::Usage, error));
        }
    };
    if !arguments.all_pairs && (arguments.from.is_none() || arguments.to.is_none()) {
        let error = anyhow!("from whom to whom? Give FROM and TO, or --all-pairs");
        return Err(Failure::new(Exit::Usage, error));
    }
    let given: Vec<_> =
        std::iter::once(&arguments.bundle).chain(&arguments.with).cloned().collect();
    let bundle = open(&given)?;
    let gathered = konspect::analysis::gather(&bundle);
    let language = Language::new(locale(global));
    if arguments.all_pairs {
        return all_pairs(arguments, global, &bundle, &gathered, &language, json);
    }
    let (from, to) = (
        arguments.from.as_deref().unwrap_or_default(),
        arguments.to.as_deref().unwrap_or_default(),
    );
    let ends = way::ends(&gathered.facts, from, to).map_err(|error| unresolved(&error))?;
    let ways = way::ways(&gathered.facts, &ends);
    let hops: Vec<_> = ways.iter().flat_map(|way| &way.hops).collect();
    let excerpts = excerpts(&bundle, &spans(&hops));
    let cards = Cards { paths: &gathered.paths, excerpts: &excerpts, language: &language };
    let report = cards.path(&ends, &ways);
    if global.quiet < 2 {
        write(|out| {
            if json {
                render::to_json(&report, out)
            } else {
                render::to_text(&report, &terminal(global), out)
            }
        })?;
    }
    Ok(exit(arguments, together(&ways)))
}

fn all_pairs(
    arguments: &PathArguments,
    global: &Global,
    bundle: &Bundle,
    gathered: &konspect::analysis::Gathered,
    language: &Language,
    json: bool,
) -> Result<Exit, Failure> {
    let protocol = if arguments.udp { UDP } else { TCP };
    let Some(pairs) = way::all_pairs(&gathered.facts, arguments.port, protocol) else {
        let error = anyhow!("no list of nodes in the bundle: collect `kubectl get nodes -o json`");
        return Err(Failure::new(Exit::Refused, error));
    };
    let stops = pairs.receivers.iter().chain(&pairs.senders);
    let hops: Vec<_> = stops.map(|cell| &cell.hop).collect();
    let excerpts = excerpts(bundle, &spans(&hops));
    let cards = Cards { paths: &gathered.paths, excerpts: &excerpts, language };
    let report = cards.matrix(&pairs);
    if global.quiet < 2 {
        write(|out| {
            if json {
                render::to_json(&report, out)
            } else {
                render::matrix_to_text(&report, &terminal(global), out)
            }
        })?;
    }
    let worst = match (report.drop + report.reject, report.unknown) {
        (0, 0) => Verdict::Accept,
        (0, _) => Verdict::Unknown,
        _ => Verdict::Drop,
    };
    Ok(exit(arguments, worst))
}

fn exit(arguments: &PathArguments, verdict: Verdict) -> Exit {
    let bad = match arguments.fail_on {
        None => false,
        Some(PathFailOn::Blocked) => matches!(verdict, Verdict::Drop | Verdict::Reject),
        Some(PathFailOn::Unknown) => verdict != Verdict::Accept,
    };
    match (bad, arguments.strict && verdict == Verdict::Unknown) {
        (true, _) => Exit::FailOn,
        (false, true) => Exit::Gaps,
        (false, false) => Exit::Done,
    }
}

fn unresolved(error: &Unresolved) -> Failure {
    let error = match error {
        Unresolved::Nobody(name) => anyhow!(
            "{name}: no node, pod, service or address of this name in the bundle (pods and services are NAMESPACE/NAME)"
        ),
        Unresolved::Several(name, all) => {
            anyhow!("{name} is several things: say which, {}", all.join(" or "))
        }
        Unresolved::NoAddress(name) => anyhow!(
            "{name}: the bundle knows no address of it: collect `kubectl get nodes,services -o json` and `kubectl get pods -A -o json`, add them by --with, or give its address in its place"
        ),
        Unresolved::NoPort(name) => anyhow!("{name}: which port? Write {name}:PORT"),
        Unresolved::Protocol(name) => anyhow!("no protocol {name}: tcp, udp, sctp, icmp"),
    };
    Failure::new(Exit::Usage, error)
}

fn excerpts(bundle: &Bundle, spans: &[konspect_bundle::Span]) -> Excerpts {
    let mut excerpts = Excerpts::default();
    excerpts.want(spans.iter().copied());
    bundle.fetch_up_to(&excerpts.ends(), |artifact, piece| excerpts.take(artifact, piece));
    excerpts
}

fn write(
    render: impl FnOnce(&mut dyn Write) -> Result<(), konspect::render::RenderError>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = render(&mut out).map_err(anyhow::Error::from);
    match written.and_then(|()| out.flush().map_err(anyhow::Error::from)) {
        Err(error) if !is_closed_pipe(&error) => Err(Failure::new(Exit::CannotWrite, error)),
        _ => Ok(()),
    }
}
