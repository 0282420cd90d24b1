//! Cleans text: logs, tables, YAML, command lines, one line at a time.
//!
//! A line is looked at only when it holds a word that announces a secret, a shape, or a run of
//! characters that may be coded. It refuses to change prose: a label needs a separator, and after
//! a colon in the middle of a sentence the value must look random.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};

use super::labels::{self, Kind};
use super::{Cleaner, assignments, codings, manifests, shapes};

/// Parts of the words in `labels`, lower case: a line with none of them has no label.
const LABELS: &[&str] = &[
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "bearer",
    "dsn",
    "cookie",
    "sas",
    "sig",
    "jwt",
    "connectionstring",
    "connection_string",
    "connection-string",
    "connstr",
    "parola",
    "senha",
    "kennwort",
    "contrase",
    "has\u{142}o",
    "mnemonic",
    "otp",
    "_pat",
    "-pat",
    "wachtwoord",
    "basic ",
    "비밀번호",
    "암호",
    "密码",
    "密碼",
    "パスワード",
    "пароль",
    "mot de passe",
    "clave secreta",
    "-----begin",
];

static TRIGGERS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(LABELS.iter().chain(shapes::TRIGGERS))
        .ok()
});

/// A place and what to put there.
#[derive(Clone, Debug)]
pub(crate) enum With {
    Mark(Kind),
    Bytes(Vec<u8>),
}

pub(crate) type Hits = Vec<(Range<usize>, With)>;

impl Cleaner<'_> {
    /// Cleans text of any number of lines.
    pub(super) fn text(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let mut hits = Hits::new();
        private_keys(text, &mut hits);
        for line in suspicious(text) {
            let bytes = text.get(line.clone()).unwrap_or_default();
            manifests::around(text, &line, &mut hits);
            let mut found = Vec::new();
            assignments::find(bytes, &mut found);
            shapes::find(bytes, &mut found);
            hits.extend(found.into_iter().map(|(range, kind)| {
                (line.start + range.start..line.start + range.end, With::Mark(kind))
            }));
        }
        self.coded(text, &mut hits);
        self.apply(text, hits)
    }

    /// Replaces the places; of two that overlap the one that begins first wins, then the longer.
    fn apply(&mut self, text: &[u8], mut hits: Hits) -> Option<Vec<u8>> {
        hits.sort_by_key(|(range, with)| {
            (range.start, std::cmp::Reverse(range.end), matches!(with, With::Mark(_)))
        });
        let mut out = Vec::with_capacity(text.len());
        let mut done = 0;
        for (range, with) in hits {
            if range.start < done || range.is_empty() {
                continue;
            }
            let value = String::from_utf8_lossy(text.get(range.clone())?).into_owned();
            let with = match with {
                With::Bytes(bytes) => bytes,
                With::Mark(kind) => {
                    let clean = match kind {
                        "connection-string" | "credential" if self.depth < super::DEPTH => {
                            self.labelled(kind, &value)
                        }
                        _ => Some(self.mark(kind, &value)),
                    };
                    let Some(clean) = clean else { continue };
                    clean.into_bytes()
                }
            };
            out.extend_from_slice(text.get(done..range.start)?);
            out.extend(with);
            done = range.end;
        }
        if done == 0 {
            return None;
        }
        out.extend_from_slice(text.get(done..)?);
        Some(out)
    }

    /// Opens what is coded, cleans it, and puts it back in the same coding.
    fn coded(&mut self, text: &[u8], hits: &mut Hits) {
        let mut covered: Vec<Range<usize>> = hits.iter().map(|(range, _)| range.clone()).collect();
        covered.sort_by_key(|range| range.start);
        let mut covered = covered.into_iter().peekable();
        for range in runs(text) {
            while covered.next_if(|hit| hit.end <= range.start).is_some() {}
            if covered.peek().is_some_and(|hit| hit.start < range.end) {
                continue;
            }
            let coded = text.get(range.clone()).unwrap_or_default();
            let clean = if coded.contains(&b'%') {
                self.percent(coded)
            } else {
                self.hex(coded).or_else(|| self.base64(coded))
            };
            if let Some(clean) = clean {
                hits.push((range, With::Bytes(clean)));
            }
        }
    }

    fn percent(&mut self, coded: &[u8]) -> Option<Vec<u8>> {
        let plain = codings::unpercent(coded);
        if plain == coded || !codings::printable(&plain) {
            return None;
        }
        let clean = self.inside(|cleaner| cleaner.text(&plain))?;
        Some(codings::percent(&clean).into_bytes())
    }

    fn hex(&mut self, coded: &[u8]) -> Option<Vec<u8>> {
        let plain = codings::unhex(coded)?;
        let clean = self.opened(&plain)?;
        Some(codings::hex(&clean).into_bytes())
    }

    fn base64(&mut self, coded: &[u8]) -> Option<Vec<u8>> {
        let (plain, alphabet) = codings::unbase64(coded)?;
        let clean = self.opened(&plain)?;
        let text = codings::base64(&clean, alphabet);
        let padded = coded.ends_with(b"=") || coded.len().is_multiple_of(4);
        Some(if padded { text } else { text.trim_end_matches('=').to_owned() }.into_bytes())
    }

    fn opened(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.starts_with(&[0x1f, 0x8b]) {
            let inner = codings::gunzip(plain, super::OPENED)?;
            let clean = self.inside(|cleaner| cleaner.artefact(&inner))?;
            return Some(codings::gzip(&clean));
        }
        if !codings::printable(plain) {
            return None;
        }
        self.inside(|cleaner| cleaner.artefact(plain))
    }
}

/// The kind of secret that the next word of a command line is, after a flag without `=`.
pub(crate) fn flag(word: &str) -> Option<Kind> {
    let name = word.strip_prefix('-')?.trim_start_matches('-');
    if name.contains(['=', ' ']) { None } else { labels::label(name) }
}

/// The lines that hold a trigger.
fn suspicious(text: &[u8]) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let Some(triggers) = TRIGGERS.as_ref() else { return lines };
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| triggers.find(rest)) {
        let hit = at + found.start();
        let start =
            memchr::memrchr(b'\n', text.get(..hit).unwrap_or_default()).map_or(0, |line| line + 1);
        let end = memchr::memchr(b'\n', text.get(hit..).unwrap_or_default())
            .map_or(text.len(), |line| hit + line);
        lines.push(start..end);
        at = end.max(hit + 1);
    }
    lines
}

/// Whole private keys, from their first line to their last.
fn private_keys(text: &[u8], hits: &mut Hits) {
    for begin in memchr::memmem::find_iter(text, "-----BEGIN ") {
        let rest = text.get(begin..).unwrap_or_default();
        let title = rest.get(..64.min(rest.len())).unwrap_or_default();
        let Some(close) = memchr::memmem::find(title, b"PRIVATE KEY") else { continue };
        let body = begin + close;
        let window = text.get(body..(body + (64 << 10)).min(text.len())).unwrap_or_default();
        let end = match memchr::memmem::find(window, b"-----END ") {
            Some(end) => {
                let tail = window.get(end + 9..).unwrap_or_default();
                body + end + 9 + memchr::memmem::find(tail, b"-----").map_or(0, |dashes| dashes + 5)
            }
            None => body + unfinished(window),
        };
        hits.push((begin..end, With::Mark("private-key")));
    }
}

/// How far the body of a key without an end goes: lines whose last word is base64.
fn unfinished(window: &[u8]) -> usize {
    let mut end = 0;
    for (number, line) in window.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let last = line.trim_ascii().rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
        let coded =
            last.len() >= 16 && last.iter().all(|byte| shapes::base64(*byte) || *byte == b'=');
        if number > 0 && !coded {
            break;
        }
        end += line.trim_ascii_end().len();
        end = end.max(line.len().min(end + 2));
    }
    end.min(window.len())
}

/// Runs of characters that may be coded text: base64, hex, or with percent signs.
pub(crate) fn runs(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        let (mut percents, mut plain) = (0, true);
        while let Some(&byte) = text.get(at) {
            if shapes::base64(byte) || matches!(byte, b'=' if at > start && ends_run(text, at)) {
                at += 1;
            } else if byte == b'%' {
                percents += 1;
                at += 1;
            } else if matches!(byte, b'-' | b'_' | b'.' | b'~' | b'*' | b'!' | b'(' | b')')
                && (percents > 0 || byte == b'_' || byte == b'-')
            {
                plain = plain && matches!(byte, b'-' | b'_');
                at += 1;
            } else {
                break;
            }
        }
        let long = at - start >= 16 && at - start <= (super::OPENED * 2);
        if percents > 0 && at - start >= 6 {
            found.push(start..at);
        } else if long && plain {
            split_run(text, start..at, &mut found);
        }
        at = at.max(start + 1);
    }
    found
}

/// A dash or an underscore is part of url-safe base64 or of a name: a name is taken apart.
fn split_run(text: &[u8], range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let run = text.get(range.clone()).unwrap_or_default();
    if !run.iter().any(|byte| matches!(byte, b'-' | b'_'))
        || !run.iter().any(|byte| matches!(byte, b'+' | b'/'))
            && codings::unbase64(run).is_some_and(|(plain, _)| codings::printable(&plain))
    {
        found.push(range);
        return;
    }
    let mut start = range.start;
    for piece in run.split(|byte| matches!(byte, b'-' | b'_')) {
        if piece.len() >= 16 {
            found.push(start..start + piece.len());
        }
        start += piece.len() + 1;
    }
}

/// True when an equals sign pads base64: nothing of a run follows it but another one.
fn ends_run(text: &[u8], at: usize) -> bool {
    let after = text.get(at + 1);
    match after {
        Some(b'=') => text.get(at + 2).is_none_or(|byte| !shapes::base64(*byte)),
        Some(byte) => !shapes::base64(*byte),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;

    fn clean(text: &str) -> String {
        let clean = String::from_utf8(Redactor::new().clean(text.as_bytes()).bytes).unwrap();
        let mut out = String::new();
        for (number, piece) in clean.split('\u{27e6}').enumerate() {
            out += if number == 0 {
                piece
            } else {
                piece.split_once('\u{27e7}').map_or(piece, |(_, rest)| rest)
            };
            if number + 1 < clean.split('\u{27e6}').count() {
                out.push('#');
            }
        }
        out
    }

    #[test]
    fn labels_in_logs_and_configurations() {
        for (text, expected) in [
            ("errore: password=Plover!R0h utente=x", "errore: password=# utente=x"),
            ("비밀번호=Fjord_uPNs6zA+", "비밀번호=#"),
            ("la parola chiave: Fjord_uPNs6zA+", "la parola chiave: #"),
            ("Config{Password:\"Plover_BWx\"}", "Config{Password:\"#\"}"),
            ("auth: {password: 6dYcWnl3, user: x}", "auth: {password: #, user: x}"),
            ("<password>QwivDTY</password>", "<password>#</password>"),
            ("      ADMIN_PASSWORD:  Birch_M8tz1YM?", "      ADMIN_PASSWORD:  #"),
            ("Authorization: Bearer abcDEF123456xyz next", "Authorization: Bearer # next"),
            (
                "AccountName=x;AccountKey=UGanRa3bbYgxwrD4;EndpointSuffix=y",
                "AccountName=x;AccountKey=#;EndpointSuffix=y",
            ),
            (
                "root 1 /agent --key TucaFpNRDKEMS4E2d4P9/2In --mode Webhook",
                "root 1 /agent --key # --mode Webhook",
            ),
            ("run --api-token 'a b' --verbose", "run --api-token '#' --verbose"),
            ("curl -u admin:S3cr3t! http://x", "curl -u admin:# http://x"),
        ] {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn prose_about_secrets_stays() {
        for text in [
            "Unauthorized: token has expired",
            "error: invalid bearer token: token is not active yet",
            "REF:  <set to the key 'password' in secret 'billing-creds'>",
            "root 2 kubelet --authorization-mode=Webhook --anonymous-auth=false --token-auth-file=/etc/kubernetes/tokens.csv",
            "MountVolume.SetUp failed for volume \"kube-api-access-w8k4d\" : failed to fetch token: not found",
            "secret: billing-creds",
            "Get \"https://10.0.0.1:443/api/v1/secrets/x\": dial tcp 10.0.0.1:443: i/o timeout",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn private_keys_in_logs_and_cut_short() {
        let body = "zKk15PePSdy+ssTS37xpZCFKeXoKe8np4TAbWAMW3I7UQ3i";
        let key = format!(
            "t1 -----BEGIN EC PRIVATE KEY-----\nt1 {body}\nt1 {body}\nt1 -----END EC PRIVATE KEY-----\nt2 done\n"
        );
        assert_eq!(clean(&key), "t1 #\nt2 done\n");
        let cut = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n{body}\nnext line\n");
        assert!(
            clean(&cut).ends_with("next line\n") && !clean(&cut).contains("zKk15"),
            "{}",
            clean(&cut)
        );
    }

    #[test]
    fn codings_are_opened_and_closed() {
        let redactor = Redactor::new();
        let hex = "746f6b656e3d31466245594a6b50375451";
        let clean = redactor.clean(format!("hex: {hex}\n").as_bytes()).bytes;
        let text = String::from_utf8(clean).unwrap();
        assert!(text.starts_with("hex: 746f6b656e3d") && !text.contains("31466245594a"), "{text}");
        let coded =
            redactor.clean(b"uri=/exec?command=export%20PW%3D7nNRWxpukfkSmQ%2FWGZW&x=1").bytes;
        let text = String::from_utf8(coded).unwrap();
        assert!(
            text.starts_with("uri=/exec?command=export%20PW%3D%E2%9F%A6") && text.ends_with("&x=1"),
            "{text}"
        );
    }
}
