//! No command of the client got a useful answer of the API server: which layer failed.

use std::collections::BTreeMap;

use konspect_bundle::{Words, words};

use crate::facts::client::{ClientAttempt, Outcome};
use crate::facts::{Client, Context};
use crate::finding::{Confidence, Finding, Meta, Risk, Scope, Step, Subject};
use crate::model::node_files::LookupResult;
use crate::rule_meta;
use crate::rules::{Checked, Rule};
use crate::shell::command;

pub(super) struct ApiServerNotAnsweringClient;

static META: Meta = rule_meta!(
    "KSP1010",
    "apiserver-not-answering-client",
    Path,
    Symptom,
    Critical,
    "apiserver_not_answering_client.md"
);

impl Rule for ApiServerNotAnsweringClient {
    const META: &'static Meta = &META;
    type Inputs<'f> = (&'f Client, &'f Context);

    fn check((client, context): Self::Inputs<'_>, out: &mut Checked) {
        let asked = || client.attempts.iter().filter(|attempt| !attempt.probe);
        // One answer shows the way; 401 and 403 are answers that another rule explains. What is no
        // API server answers everything with an error about the thing that was asked for.
        let elsewhere = asked().any(|attempt| attempt.outcome == Outcome::NoSuchPath);
        let answer = asked().find(|attempt| match attempt.outcome {
            Outcome::Answered | Outcome::Unauthorized | Outcome::Forbidden => true,
            Outcome::Objected => !elsewhere,
            _ => false,
        });
        if let Some(answer) = answer {
            return out.cleared(answer.at, words!("apiserver-not-answering-client-answered"));
        }
        let mut counts: BTreeMap<Outcome, usize> = BTreeMap::new();
        for attempt in asked().filter(|attempt| attempt.outcome != Outcome::Objected) {
            *counts.entry(attempt.outcome).or_default() += 1;
        }
        let Some((outcome, count)) = counts.iter().max_by_key(|(_, count)| **count) else {
            return;
        };
        // An expired certificate has a rule of its own.
        if counts.contains_key(&Outcome::CertificateExpired) {
            return;
        }
        let Some(first) = asked().find(|attempt| attempt.outcome == *outcome) else { return };
        let host = asked()
            .map(|attempt| attempt.host.as_str())
            .find(|host| !host.is_empty())
            .or_else(|| context.apiserver_names.first().map(String::as_str))
            .unwrap_or("none");
        let handshake = *outcome == Outcome::Cut
            && client.attempts.iter().any(|attempt| attempt.probe && attempt.outcome == *outcome);
        let title = if handshake {
            words!("apiserver-not-answering-client-handshake-cut", host = host)
        } else {
            title(*outcome, host)
        };
        let mut finding = META
            .finding(
                Subject::new("Client", "", ""),
                title,
                first.at,
                words!("apiserver-not-answering-client-said", count = *count),
            )
            .confidence(Confidence::Proven)
            .affected(*count)
            .scope(Scope::Client(String::new()));
        finding = layers(finding, client, first);
        out.found(steps(finding, *outcome, handshake, host));
    }
}

fn title(outcome: Outcome, host: &str) -> Words {
    match outcome {
        Outcome::Unresolved => words!("apiserver-not-answering-client-unresolved", host = host),
        Outcome::ResolverSilent => words!("apiserver-not-answering-client-resolver", host = host),
        Outcome::TimedOut => words!("apiserver-not-answering-client-timeout", host = host),
        Outcome::Refused => words!("apiserver-not-answering-client-refused", host = host),
        Outcome::NoRoute => words!("apiserver-not-answering-client-route", host = host),
        Outcome::TlsTimedOut => words!("apiserver-not-answering-client-handshake", host = host),
        Outcome::UnknownAuthority => words!("apiserver-not-answering-client-authority"),
        Outcome::WrongName => words!("apiserver-not-answering-client-name", host = host),
        Outcome::CertificateNotYetValid => words!("apiserver-not-answering-client-early"),
        Outcome::Truncated => words!("apiserver-not-answering-client-truncated"),
        Outcome::NoTls => words!("apiserver-not-answering-client-plain", host = host),
        Outcome::Throttled => words!("apiserver-not-answering-client-throttled"),
        Outcome::Failing => words!("apiserver-not-answering-client-failing"),
        Outcome::NoSuchPath => words!("apiserver-not-answering-client-path", host = host),
        Outcome::Cut => words!("apiserver-not-answering-client-cut", host = host),
        Outcome::Unanswered
        | Outcome::Answered
        | Outcome::Unauthorized
        | Outcome::Forbidden
        | Outcome::Objected
        | Outcome::CertificateExpired => words!("apiserver-not-answering-client-silent", host = host),
    }
}

/// What look-ups and bare connections say of the layers below.
fn layers(mut finding: Finding, client: &Client, first: &ClientAttempt) -> Finding {
    let lookup = client.lookups.iter().find_map(|lookup| {
        let says = match &lookup.result {
            LookupResult::Answer { addresses, .. } => words!(
                "apiserver-not-answering-client-resolves",
                name = &lookup.name,
                address = addresses.first()?
            ),
            LookupResult::Unknown => return None,
            _ => words!("apiserver-not-answering-client-no-name", name = &lookup.name),
        };
        Some((lookup.at, says))
    });
    if let Some((at, says)) = lookup {
        finding = finding.supported_by(at, says);
    }
    for (wanted, says) in [
        (
            client.attempts.iter().find(|attempt| attempt.probe && attempt.outcome.answered()),
            words!("apiserver-not-answering-client-connects"),
        ),
        (
            client.attempts.iter().find(|attempt| attempt.probe && attempt.outcome.dial_failed()),
            words!("apiserver-not-answering-client-connects-not"),
        ),
        (
            client
                .attempts
                .iter()
                .find(|attempt| attempt.probe && attempt.outcome == Outcome::Cut),
            words!("apiserver-not-answering-client-no-handshake"),
        ),
    ] {
        if let Some(probe) = wanted.filter(|probe| probe.at != first.at) {
            finding = finding.supported_by(probe.at, says);
        }
    }
    finding
}

fn steps(finding: Finding, outcome: Outcome, handshake: bool, host: &str) -> Finding {
    let named = host != "none";
    let step = match outcome {
        Outcome::Unresolved | Outcome::ResolverSilent => {
            let step = Step::new(words!("apiserver-not-answering-client-look-up"));
            step.run(Risk::Reads, command("nslookup {}", &[host]).filter(|_| named))
        }
        Outcome::Throttled | Outcome::Failing | Outcome::Truncated => {
            Step::new(words!("apiserver-not-answering-client-health"))
                .run(Risk::Reads, Some("kubectl get --raw '/readyz?verbose'".to_owned()))
        }
        Outcome::UnknownAuthority
        | Outcome::WrongName
        | Outcome::CertificateNotYetValid
        | Outcome::NoTls
        | Outcome::NoSuchPath => Step::new(words!("apiserver-not-answering-client-configured")).run(
            Risk::Reads,
            Some("kubectl config view --minify".to_owned()),
        ),
        _ if handshake || outcome == Outcome::TlsTimedOut => {
            Step::new(words!("apiserver-not-answering-client-middle"))
        }
        _ => Step::new(words!("apiserver-not-answering-client-elsewhere")),
    };
    finding.step(step).step(
        Step::new(words!("apiserver-not-answering-client-node"))
            .run(Risk::Reads, Some("konspect-collect node-script".to_owned())),
    )
}
