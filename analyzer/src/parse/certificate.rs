//! Public facts of certificates: openssl's text in its many forms, and PEM read with a small reader
//! of DER. Private keys in the same file are never looked at.

use jiff::Timestamp;
use konspect_bundle::{Source, Span};

use super::rows::{Hint, Kind, Rows, TableKind};
use super::time;
use super::transcript::{self, Section};
use crate::model::node_files::Certificate;

mod der;

const MOST_CERTIFICATES: usize = 512;

/// Reads a file of certificates: PEM, openssl's text, or a transcript of openssl.
pub fn certificate(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    if transcript::has_prompts(source.bytes) {
        transcript::transcript(source, hint, rows);
        return Kind::Certificate;
    }
    let section = Section::of_file(source, hint);
    if source.bytes.windows(16).any(|window| window == b"-----BEGIN CERTI") {
        bundle(&section, rows);
    } else {
        openssl(&section, rows);
    }
    Kind::Certificate
}

/// Reads every `CERTIFICATE` block of a PEM text; their spans are empty.
pub fn pem(text: &str) -> Vec<Certificate> {
    blocks(text).filter_map(|(_, body)| der::certificate(&der::base64(body)?)).collect()
}

/// The PEM text behind a field that holds it in base64, such as a webhook's `caBundle`.
pub fn pem_of_base64(field: &str) -> Option<String> {
    let bytes = der::base64(field)?;
    (bytes.len() <= 256 * 1024).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// The same with places, for a file.
pub(super) fn bundle(section: &Section<'_>, rows: &mut Rows) {
    let text = String::from_utf8_lossy(section.source.bytes);
    rows.covers(TableKind::NodeFiles, section.source.whole());
    for (at, body) in blocks(&text) {
        let Some(mut value) = der::base64(body).and_then(|bytes| der::certificate(&bytes)) else {
            continue;
        };
        value.at = section.source.span(at..at + body.len());
        path_of(section).clone_into(&mut value.path);
        rows.certificates.push(section.on_node(value));
    }
}

/// A block ends before the next begins, so that headers which are never closed cost one pass.
fn blocks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let mut at = 0;
    text.split(BEGIN).enumerate().take(MOST_CERTIFICATES + 1).filter_map(move |(number, piece)| {
        let from = at;
        at += piece.len() + BEGIN.len();
        let end = piece.find("-----END CERTIFICATE-----").filter(|_| number > 0)?;
        Some((from, piece.get(..end)?))
    })
}

/// Reads `notAfter=`, `Not After :`, `expire date:`, `subject=`, `Subject:` and the like; a new
/// subject or path begins the next certificate.
pub(super) fn openssl(section: &Section<'_>, rows: &mut Rows) {
    let mut path = path_of(section).to_owned();
    let mut draft = Certificate::default();
    rows.covers(TableKind::NodeFiles, section.source.whole());
    for line in section.source.lines() {
        let text = line.text();
        let trimmed = text.trim().trim_start_matches("* ").trim();
        let lower = trimmed.to_ascii_lowercase();
        let value = |names: &[&str]| {
            names.iter().find_map(|name| {
                let rest = lower.strip_prefix(name)?.trim_start();
                let rest = rest.strip_prefix(['=', ':'])?;
                trimmed.get(trimmed.len() - rest.len()..).map(str::trim)
            })
        };
        if let Some(name) = path_line(trimmed) {
            flush(section, &mut draft, &path, rows);
            name.clone_into(&mut path);
        } else if let Some(subject) = value(&["subject"]) {
            if !draft.subject.is_empty() {
                flush(section, &mut draft, &path, rows);
            }
            subject.clone_into(&mut draft.subject);
            grow(&mut draft.at, line.at);
        } else if let Some(issuer) = value(&["issuer"]) {
            issuer.clone_into(&mut draft.issuer);
            grow(&mut draft.at, line.at);
        } else if let Some(date) = value(&["notafter", "not after", "expire date", "expires"]) {
            if draft.not_after.is_some() {
                flush(section, &mut draft, &path, rows);
            }
            draft.not_after = date_of(date);
            grow(&mut draft.at, line.at);
        } else if let Some(date) = value(&["notbefore", "not before", "start date"]) {
            draft.not_before = date_of(date);
            grow(&mut draft.at, line.at);
        }
    }
    flush(section, &mut draft, &path, rows);
}

fn grow(at: &mut Span, line: Span) {
    *at = if *at == Span::default() { line } else { at.to(line) };
}

fn flush(section: &Section<'_>, draft: &mut Certificate, path: &str, rows: &mut Rows) {
    let mut value = std::mem::take(draft);
    if value.not_after.is_some() || value.not_before.is_some() {
        path.clone_into(&mut value.path);
        rows.certificates.push(section.on_node(value));
    }
}

fn date_of(text: &str) -> Option<Timestamp> {
    time::openssl(text).or_else(|| time::rfc3339(text)).or_else(|| time::rfc1123(text))
}

/// A line that is a path, as loops print it before each certificate.
fn path_line(line: &str) -> Option<&str> {
    let line = line.trim_matches(['=', '#', ' ', ':']);
    let certificate = [".crt", ".pem", ".cer"].iter().any(|end| line.ends_with(end));
    (line.starts_with('/') && certificate && !line.contains(' ')).then_some(line)
}

/// The path behind `-in`, or the path that `cat` was given.
fn path_of<'a>(section: &'a Section<'_>) -> &'a str {
    let mut words = section.words();
    if section.program() == "openssl" {
        return words.find(|word| *word == "-in").and_then(|_| words.next()).unwrap_or_default();
    }
    words.find(|word| word.starts_with('/') && word.contains('.')).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use konspect_bundle::ArtifactId;

    use super::*;

    fn read(text: &str) -> Vec<Certificate> {
        let mut rows = Rows::default();
        certificate(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
        rows.certificates.into_iter().map(|row| row.value).collect()
    }

    #[test]
    fn texts_of_openssl() {
        let found = read(
            "$ openssl x509 -noout -subject -enddate -in /var/lib/kubelet/pki/kubelet-client-current.pem\nsubject=O = system:nodes, CN = system:node:aks-1\nnotAfter=Sep 29 19:42:16 2025 GMT\n",
        );
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(one.path, "/var/lib/kubelet/pki/kubelet-client-current.pem");
        assert_eq!(one.subject, "O = system:nodes, CN = system:node:aks-1");
        assert_eq!(one.not_after, time::rfc3339("2025-09-29T19:42:16Z"));
        let found = read(
            "/etc/kubernetes/certs/ca.crt\nnotAfter=Mar 23 10:15:00 2054 GMT\n/etc/kubernetes/certs/client.crt\nnotAfter=Dec  6 18:07:49 2025 GMT\n",
        );
        assert_eq!(
            found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
            ["/etc/kubernetes/certs/ca.crt", "/etc/kubernetes/certs/client.crt"]
        );
        let found = read(
            "        Validity\n            Not Before: Dec  6 18:07:49 2023 GMT\n            Not After : Dec  6 18:07:49 2025 GMT\n        Subject: CN = x\n",
        );
        assert_eq!(found[0].not_before, time::rfc3339("2023-12-06T18:07:49Z"));
        let found = read("*  expire date: Sep 11 09:17:14 2024 GMT\n");
        assert_eq!(found[0].not_after, time::rfc3339("2024-09-11T09:17:14Z"));
    }

    #[test]
    fn pem_is_read_and_broken_pem_is_not() {
        let text = include_str!("certificate/test.pem");
        let found = pem(text);
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (one.subject.as_str(), one.issuer.as_str()),
            ("O=system:nodes, CN=system:node:a", "O=system:nodes, CN=system:node:a")
        );
        let (before, after) = (one.not_before.expect("before"), one.not_after.expect("after"));
        assert_eq!(after.as_second() - before.as_second(), 86400 * 30);
        for cut in (0..text.len()).step_by(7) {
            let broken = format!("{}-----END CERTIFICATE-----", &text[..cut]);
            assert!(pem(&broken).len() <= 1);
        }
    }
}
