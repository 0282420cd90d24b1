//! Secrets that are recognised by their own look, whatever stands next to them.
//!
//! It refuses to guess: every shape is a vendor's prefix with its alphabet and length, a JWT, a
//! private key, or the password of an address.

use std::ops::Range;

use super::labels::Kind;

/// A prefix that a vendor gives its keys, the characters that follow, and how many at least.
struct Prefix {
    text: &'static str,
    least: usize,
    kind: Kind,
    alphabet: fn(u8) -> bool,
}

const fn prefix(text: &'static str, least: usize, kind: Kind) -> Prefix {
    Prefix { text, least, kind, alphabet: word }
}

const PREFIXES: &[Prefix] = &[
    prefix("ghp_", 30, "github"),
    prefix("gho_", 30, "github"),
    prefix("ghu_", 30, "github"),
    prefix("ghs_", 30, "github"),
    prefix("ghr_", 30, "github"),
    prefix("github_pat_", 30, "github"),
    prefix("glpat-", 16, "gitlab"),
    prefix("gldt-", 16, "gitlab"),
    prefix("glrt-", 16, "gitlab"),
    prefix("xoxb-", 16, "slack"),
    prefix("xoxp-", 16, "slack"),
    prefix("xoxa-", 16, "slack"),
    prefix("xoxr-", 16, "slack"),
    prefix("xoxs-", 16, "slack"),
    prefix("xapp-", 16, "slack"),
    prefix("AIza", 30, "google"),
    prefix("ya29.", 20, "google"),
    prefix("GOCSPX-", 20, "google"),
    prefix("sk_live_", 16, "stripe"),
    prefix("sk_test_", 16, "stripe"),
    prefix("rk_live_", 16, "stripe"),
    prefix("whsec_", 20, "stripe"),
    prefix("npm_", 30, "npm"),
    prefix("pypi-AgE", 20, "pypi"),
    prefix("dckr_pat_", 16, "docker"),
    prefix("dop_v1_", 40, "digitalocean"),
    prefix("hvs.", 20, "vault"),
    prefix("hvb.", 20, "vault"),
    prefix("AGE-SECRET-KEY-1", 40, "age"),
    prefix("sk-ant-", 20, "model-key"),
    prefix("sk-proj-", 20, "model-key"),
    prefix("glsa_", 20, "grafana"),
    prefix("glc_", 20, "grafana"),
    prefix("NRAK-", 20, "newrelic"),
    prefix("shpat_", 20, "shopify"),
    prefix("dapi", 32, "databricks"),
    Prefix { text: "SG.", least: 60, kind: "sendgrid", alphabet: dotted },
    prefix("lin_api_", 20, "linear"),
    prefix("hf_", 30, "huggingface"),
    prefix("EAACEdEose0cBA", 10, "facebook"),
    Prefix { text: "AKIA", least: 16, kind: "aws", alphabet: upper },
    Prefix { text: "ASIA", least: 16, kind: "aws", alphabet: upper },
];

/// What stands before the salt of a hashed password, as crypt and htpasswd write it.
const HASHES: &[&str] = &["$1$", "$5$", "$6$", "$y$", "$2a$", "$2b$", "$2y$", "$apr1$"];

/// Texts that a shape cannot do without, lower case: a line with none of them has no shape.
pub(crate) const TRIGGERS: &[&str] = &[
    "://",
    "@tcp(",
    "@unix(",
    "eyj",
    "akia",
    "asia",
    "q~",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "aiza",
    "ya29.",
    "gocspx-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "npm_",
    "pypi-age",
    "dckr_pat_",
    "dop_v1_",
    "hvs.",
    "hvb.",
    "age-secret-key-1",
    "sk-ant-",
    "sk-proj-",
    "glsa_",
    "glc_",
    "nrak-",
    "shpat_",
    "dapi",
    "sg.",
    "lin_api_",
    "hf_",
    "eaacedeose0cba",
    "hooks.slack.com",
    "sig=",
    "==",
    "identified by",
    "plain ",
    "login ",
    " -u ",
    "--user ",
    "mysql",
    "redis-cli",
    "$1$",
    "$5$",
    "$6$",
    "$y$",
    "$2a$",
    "$2b$",
    "$2y$",
    "$apr1$",
];

/// Finds all shapes in one line.
pub(crate) fn find(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    for known in PREFIXES {
        for at in memchr::memmem::find_iter(line, known.text) {
            let start = at + known.text.len();
            let end = run(line, start, known.alphabet);
            let free =
                at == 0 || line.get(at - 1).is_some_and(|byte| !byte.is_ascii_alphanumeric());
            if end - start >= known.least && free {
                hits.push((at..end, known.kind));
            }
        }
    }
    web_tokens(line, hits);
    azure_secrets(line, hits);
    storage_keys(line, hits);
    addresses(line, hits);
    signatures(line, hits);
    logins(line, hits);
    hashes(line, hits);
}

/// Hashed passwords: they can be tried out by whoever has them.
fn hashes(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    for marker in HASHES {
        for at in memchr::memmem::find_iter(line, marker) {
            let start = at + marker.len();
            let end =
                run(line, start, |byte| base64(byte) || matches!(byte, b'.' | b'$' | b'=' | b','));
            if end - start >= 28 {
                hits.push((at..end, "password-hash"));
            }
        }
    }
}

/// `eyJ….….…`: three parts of base64, the first two of them JSON.
fn web_tokens(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    let mut done = 0;
    for at in memchr::memmem::find_iter(line, "eyJ") {
        if at < done {
            continue;
        }
        let end = run_within(line, at, 16 << 10, |byte| word(byte) || matches!(byte, b'.' | b'='));
        let parts: Vec<&[u8]> =
            line.get(at..end).unwrap_or_default().split(|byte| *byte == b'.').collect();
        if let [head, body, ..] = parts.as_slice()
            && head.len() >= 8
            && body.len() >= 8
        {
            hits.push((at..end, "jwt"));
            done = end;
        }
    }
}

/// A client secret of Entra ID: three characters, a digit, `Q~`, and 31 to 34 more.
fn azure_secrets(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    let inner = |byte: u8| word(byte) || matches!(byte, b'.' | b'~');
    for at in memchr::memmem::find_iter(line, "Q~") {
        let Some(start) = at.checked_sub(4) else { continue };
        let end = run(line, at + 2, inner);
        if (30..=40).contains(&(end - at - 2)) && run(line, start, inner) >= at {
            hits.push((start..end, "azure"));
        }
    }
}

/// 64 random bytes in base64: the account keys of Azure storage and its kin.
fn storage_keys(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    for at in memchr::memmem::find_iter(line, "==") {
        let Some(start) = at.checked_sub(86) else { continue };
        let body = line.get(start..at).unwrap_or_default();
        let free =
            start == 0 || line.get(start - 1).is_some_and(|byte| !base64(*byte) && *byte != b'-');
        if free && body.iter().all(|byte| base64(*byte)) && body.iter().any(u8::is_ascii_uppercase)
        {
            hits.push((start..at + 2, "storage-key"));
        }
    }
}

/// The password in `scheme://user:password@host` and in `user:password@tcp(host)`.
fn addresses(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    for at in memchr::memmem::find_iter(line, "://") {
        let start = at + 3;
        let end = run_within(line, start, 4096, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|')
        });
        let rest = line.get(start..end).unwrap_or_default();
        // The last `@` before the path: passwords hold `@` and `/` more often than hosts do.
        let host = rest.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
        let authority = rest.get(..host).unwrap_or(rest);
        let slash = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
        let until =
            memchr::memrchr(b'@', authority.get(..slash).unwrap_or_default()).or_else(|| {
                // A slash inside a password: what follows must still be `user:…@host`.
                let at = memchr::memchr(b'@', authority)?;
                let colon = memchr::memchr(b':', authority.get(..slash)?)?;
                let port = authority.get(colon + 1..slash)?.iter().all(u8::is_ascii_digit);
                (!port).then_some(at)
            });
        let Some(until) = until else {
            slack_hook(line, start..end, hits);
            continue;
        };
        let user = authority.get(..until).unwrap_or_default();
        match memchr::memchr(b':', user) {
            Some(colon) if until > colon + 1 => {
                hits.push((start + colon + 1..start + until, "url-password"));
            }
            None if user.len() >= 16 && user.iter().any(u8::is_ascii_digit) => {
                hits.push((start..start + until, "url-token"));
            }
            _ => {}
        }
    }
    for marker in ["@tcp(", "@unix("] {
        for at in memchr::memmem::find_iter(line, marker) {
            let head = line.get(..at).unwrap_or_default();
            let word = head
                .iter()
                .rposition(|byte| {
                    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'=' | b'/')
                })
                .map_or(0, |p| p + 1);
            if let Some(colon) = memchr::memchr(b':', head.get(word..).unwrap_or_default())
                && word + colon + 1 < at
            {
                hits.push((word + colon + 1..at, "url-password"));
            }
        }
    }
}

fn slack_hook(line: &[u8], range: Range<usize>, hits: &mut Vec<(Range<usize>, Kind)>) {
    let url = line.get(range.clone()).unwrap_or_default();
    let path = b"hooks.slack.com/services/";
    if let Some(rest) = url.strip_prefix(path)
        && rest.len() >= 20
    {
        hits.push((range.start + path.len()..range.end, "slack"));
    }
}

/// The signature of a shared access signature: `…&sig=…`.
fn signatures(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    for at in memchr::memmem::find_iter(line, "sig=") {
        let end = run(line, at + 4, |byte| word(byte) || matches!(byte, b'%' | b'+' | b'/' | b'='));
        if end - at - 4 >= 16 {
            hits.push((at + 4..end, "signature"));
        }
    }
}

/// What follows `PLAIN`, `Bearer`, `Basic`, `identified by`, and the user options of clients.
fn logins(line: &[u8], hits: &mut Vec<(Range<usize>, Kind)>) {
    let lower = line.to_ascii_lowercase();
    for (marker, kind, least) in [
        ("plain ", "login", 12),
        ("auth login ", "login", 8),
        ("bearer ", "token", 12),
        ("basic ", "login", 12),
        ("token ", "token", 30),
        ("identified by '", "password", 1),
        ("identified by \"", "password", 1),
    ] {
        for at in memchr::memmem::find_iter(&lower, marker) {
            let start = at + marker.len();
            let quoted = marker.ends_with(['\'', '"']);
            let end = run(line, start, |byte| {
                if quoted {
                    !matches!(byte, b'\'' | b'"')
                } else {
                    word(byte) || matches!(byte, b'.' | b'=' | b'+' | b'/' | b'~')
                }
            });
            let value = line.get(start..end).unwrap_or_default();
            let mixed = value.iter().any(u8::is_ascii_digit) || value.ends_with(b"=");
            let cased = value.iter().any(u8::is_ascii_uppercase)
                && value.iter().any(u8::is_ascii_lowercase);
            if end - start >= least && (quoted || (cased && (mixed || value.len() >= 40))) {
                hits.push((start..end, kind));
            }
        }
    }
    for marker in [" -u ", "--user ", "--user="] {
        for at in memchr::memmem::find_iter(line, marker) {
            let start = at + marker.len();
            let quoted = line.get(start).is_some_and(|byte| matches!(byte, b'"' | b'\''));
            let start = start + usize::from(quoted);
            let end = run(line, start, |byte| {
                !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'')
            });
            let value = line.get(start..end).unwrap_or_default();
            if let Some(colon) = memchr::memchr(b':', value)
                && value.len() > colon + 3
                && !value.get(colon + 1..).unwrap_or_default().iter().all(u8::is_ascii_digit)
            {
                hits.push((start + colon + 1..end, "password"));
            }
        }
    }
    for (program, option) in [("mysql", " -p"), ("redis-cli", " -a ")] {
        if memchr::memmem::find(&lower, program.as_bytes()).is_none() {
            continue;
        }
        for at in memchr::memmem::find_iter(line, option) {
            let start = at + option.len();
            let end = run(line, start, |byte| {
                !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'')
            });
            if end > start + 2 {
                hits.push((start..end, "password"));
            }
        }
    }
}

/// A run longer than this is cut here: hostile lines cost no more than they are long.
const RUN: usize = 64 << 10;

/// Where the run of fitting bytes from `start` ends.
pub(crate) fn run(line: &[u8], start: usize, fits: impl Fn(u8) -> bool) -> usize {
    run_within(line, start, RUN, fits)
}

fn run_within(line: &[u8], start: usize, most: usize, fits: impl Fn(u8) -> bool) -> usize {
    let rest = line.get(start..line.len().min(start + most)).unwrap_or_default();
    start + rest.iter().position(|byte| !fits(*byte)).unwrap_or(rest.len())
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn dotted(byte: u8) -> bool {
    word(byte) || byte == b'.'
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

pub(crate) fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let mut hits = Vec::new();
        find(line.as_bytes(), &mut hits);
        hits.into_iter().map(|(range, _)| &line[range]).collect()
    }

    #[test]
    fn addresses_keep_user_and_host() {
        assert_eq!(found("postgres://u:HcK/rP@db:5432/x"), ["HcK/rP"]);
        assert_eq!(found("clone https://u:lfC7pFI@git.example/x@2"), ["lfC7pFI"]);
        assert_eq!(found("up{dsn=\"e:xwNcZow@tcp(m:3306)/\"} 1"), ["xwNcZow"]);
        assert_eq!(found("https://10.0.0.1:443/api/v1/users/a@b"), [""; 0]);
        assert_eq!(found("git clone https://a1b2c3d4e5f6g7h8@github.com/x"), ["a1b2c3d4e5f6g7h8"]);
    }

    #[test]
    fn keys_of_vendors_are_found_and_names_are_not() {
        let key = format!("gh{}_{}", "p", "a1B2".repeat(9));
        assert_eq!(found(&format!("x={key};")), [key.as_str()]);
        assert_eq!(found("AWS AKIAJHKDRTSZTCHHAZHM"), ["AKIAJHKDRTSZTCHHAZHM"]);
        assert_eq!(
            found(
                "KUBE-SVC-CJHMZJREJEJRDJQD EURASIAN bearer token is invalid, basic authentication"
            ),
            [""; 0]
        );
        assert_eq!(
            found(
                "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
            ),
            [""; 0]
        );
        let two = format!("SG.{}.{}", "aB3".repeat(7), "cD4".repeat(14));
        assert_eq!(found(&format!("key {two} end")), [two.as_str()]);
        let hash = format!("$6$saltsalt${}", "aB3.".repeat(20));
        assert_eq!(found(&format!("root:{hash}:19000:0:99999")), [hash.as_str()]);
        assert_eq!(found("curl --user 'bob:S3cr3t!' https://x"), ["S3cr3t!"]);
        assert_eq!(found("redis-cli -h db -a S3cr3t! ping"), ["S3cr3t!"]);
        assert_eq!(found("awk '{print $1$2}' costs $5$6"), [""; 0]);
        assert_eq!(found("c?sp=r&sig=JYkkJgsFlLf88E4z%3D&x=1"), ["JYkkJgsFlLf88E4z%3D"]);
    }
}
