//! Which names announce a secret, and which values are none in spite of their name.
//!
//! It refuses to look at anything but a name and its value: where they stand is its callers' work.

/// What a value is called in its mark: the word that gave it away.
pub(crate) type Kind = &'static str;

/// Last words that make a name speak about a secret instead of holding it.
const ABOUT: &[&str] = &[
    "name",
    "names",
    "ref",
    "refs",
    "ttl",
    "seconds",
    "minutes",
    "hours",
    "days",
    "file",
    "files",
    "path",
    "dir",
    "url",
    "uri",
    "endpoint",
    "host",
    "port",
    "id",
    "ids",
    "type",
    "kind",
    "mode",
    "policy",
    "policies",
    "length",
    "len",
    "size",
    "count",
    "limit",
    "version",
    "namespace",
    "enabled",
    "disabled",
    "required",
    "audience",
    "audiences",
    "issuer",
    "provider",
    "class",
    "format",
    "algorithm",
    "expiration",
    "expiry",
    "expires",
    "expired",
    "timeout",
    "webhook",
    "rotation",
    "review",
    "reviews",
    "controller",
    "request",
    "requests",
    "rate",
    "bucket",
    "status",
    "state",
    "reason",
    "message",
    "error",
    "errors",
    "username",
    "user",
    "users",
    "checksum",
    "digest",
    "interval",
    "duration",
    "age",
    "max",
    "min",
    "total",
    "method",
    "methods",
    "driver",
    "mount",
    "mounts",
    "store",
    "selector",
    "resource",
    "resources",
    "verb",
    "verbs",
    "cleaner",
    "signer",
    "manager",
    "template",
    "annotation",
    "version2",
    "exists",
    "valid",
    "hashes",
    "salts",
    "source",
    "sources",
    "usage",
    "usages",
    "key2",
    "cache",
    "config",
    "available",
    "at",
    "time",
    "timestamp",
    "on",
    "protector",
    "syncer",
    "scope",
    "scopes",
    "prefix",
    "suffix",
    "header",
    "field",
    "index",
    "bytes",
    "info",
    "projection",
    "volume",
    "hash",
];

/// Words that announce a secret wherever they stand in a name.
const WORDS: &[(&str, Kind)] = &[
    ("password", "password"),
    ("passwords", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("passcode", "password"),
    ("passwort", "password"),
    ("kennwort", "password"),
    ("senha", "password"),
    ("contraseña", "password"),
    ("contrasena", "password"),
    ("wachtwoord", "password"),
    ("hasło", "password"),
    ("pwd", "password"),
    ("pass", "password"),
    ("pw", "password"),
    ("비밀번호", "password"),
    ("암호", "password"),
    ("密码", "password"),
    ("密碼", "password"),
    ("パスワード", "password"),
    ("пароль", "password"),
    ("secret", "secret"),
    ("token", "token"),
    ("jwt", "token"),
    ("bearer", "token"),
    ("otp", "token"),
    ("pat", "token"),
    ("credential", "credential"),
    ("credentials", "credential"),
    ("cookie", "cookie"),
    ("mnemonic", "secret"),
    ("apikey", "key"),
    ("accesskey", "key"),
    ("secretkey", "key"),
    ("privatekey", "key"),
    ("accountkey", "key"),
    ("sharedkey", "key"),
    ("authkey", "key"),
    ("masterkey", "key"),
    ("psk", "key"),
    ("signingkey", "key"),
    ("encryptionkey", "key"),
    ("connectionstring", "connection-string"),
    ("connstr", "connection-string"),
    ("sig", "signature"),
    ("sas", "signature"),
    ("dsn", "connection-string"),
];

/// Ends of run-together names: `dbpassword`, `githubtoken`, `PGPASSWORD`.
const ENDS: &[(&str, Kind)] = &[
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("secret", "secret"),
    ("token", "token"),
    ("apikey", "key"),
    ("secretkey", "key"),
    ("accesskey", "key"),
    ("privatekey", "key"),
    ("accountkey", "key"),
    ("connectionstring", "connection-string"),
    ("비밀번호", "password"),
    ("암호", "password"),
];

/// What stands before `key` when the key opens something.
const KEYS: &[&str] = &[
    "api",
    "access",
    "account",
    "private",
    "shared",
    "secret",
    "auth",
    "encryption",
    "signing",
    "master",
    "client",
    "storage",
    "license",
    "primary",
    "secondary",
    "subscription",
    "function",
    "instrumentation",
    "session",
    "aes",
    "rsa",
    "hmac",
    "ssh",
    "app",
    "application",
    "service",
    "root",
    "admin",
    "deploy",
    "crypt",
    "crypto",
    "cipher",
    "decryption",
    "workspace",
    "registration",
    "sas",
    "write",
    "ingest",
    "ingestion",
];

/// The kind of secret that a name announces.
pub(crate) fn label(name: &str) -> Option<Kind> {
    if name.len() > 128 || name.is_empty() {
        return None;
    }
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["auth" | "authorization" | "identitytoken"] | ["proxy", "authorization"] =
        words.as_slice()
    {
        return Some("credential");
    }
    if let ["connection", "string"] | ["shared", "access", "signature"] = words.as_slice() {
        return Some("connection-string");
    }
    let (tail, head) = words.split_last()?;
    if matches!((head.last(), *tail), (Some(&"chiave"), _))
        || (head.last() == Some(&"parola") && *tail == "chiave")
    {
        return Some("password");
    }
    let opens = |at: usize| {
        at > 0
            && words.get(at) == Some(&"key")
            && words.get(at - 1).is_some_and(|word| KEYS.contains(word))
    };
    let data = matches!(*tail, "data" | "value" | "base64" | "b64" | "raw" | "old" | "new");
    let last = words.len() - 1;
    if opens(last) || (data && last > 0 && opens(last - 1)) {
        // `secretKeyRef.key` never gets here; `publicKey` and `primaryKey` of tables do not open anything.
        return Some("key");
    }
    if words.windows(2).any(|pair| pair == ["connection", "string"]) && !ABOUT.contains(tail) {
        return Some("connection-string");
    }
    if ABOUT.contains(tail) {
        return None;
    }
    let found = words.iter().find_map(|word| {
        let whole = WORDS.iter().find(|(known, _)| known == word);
        whole
            .or_else(|| ENDS.iter().find(|(end, _)| word.len() > end.len() && word.ends_with(end)))
            .map(|(_, kind)| *kind)
    })?;
    // `tokens`, `automountServiceAccountToken`: a plural counts, an adjective before a switch is a switch.
    (!matches!(
        words.first(),
        Some(&("automount" | "use" | "enable" | "disable" | "allow" | "require" | "no" | "skip"))
    ))
    .then_some(found)
}

/// True for a value that cannot be a secret: nothing, switches, numbers, durations, references,
/// paths, what something else masked already.
pub(crate) fn harmless(value: &str, kind: Kind) -> bool {
    let value = value.trim();
    if value.len() < 3 || value.starts_with('\u{27e6}') {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    let plain = matches!(
        lower.as_str(),
        "true"
            | "false"
            | "null"
            | "none"
            | "nil"
            | "yes"
            | "off"
            | "unset"
            | "empty"
            | "undefined"
            | "redacted"
            | "masked"
            | "data+omitted"
            | "required"
            | "optional"
            | "disabled"
            | "enabled"
            | "unknown"
            | "invalid"
            | "expired"
            | "missing"
            | "default"
            | "string"
            | "auto"
            | "basic"
            | "bearer"
            | "webhook"
            | "opaque"
            | "and"
            | "for"
            | "not"
    );
    let reference = value.starts_with("$(")
        || value.starts_with("${")
        || value.starts_with("{{")
        || value.starts_with('<');
    plain
        || reference
        || value.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'#' | b'?'))
        || (kind != "password"
            && value.len() < 8
            && value.bytes().all(|byte| byte.is_ascii_digit()))
        || duration(value)
        || path(value)
}

/// A value that has the look of something random: two kinds of characters and some length.
pub(crate) fn random(value: &str) -> bool {
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let both_cases = value.bytes().any(|byte| byte.is_ascii_uppercase())
        && value.bytes().any(|byte| byte.is_ascii_lowercase());
    let special = value.bytes().any(|byte| {
        matches!(
            byte,
            b'!' | b'?' | b'+' | b'*' | b'$' | b'%' | b'#' | b'~' | b'^' | b'@' | b'_' | b'='
        )
    });
    let name = value.bytes().all(|byte| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'-' | b'.' | b'/' | b':')
    }) && value.contains('-');
    value.len() >= 6
        && letters
        && (digits || special)
        && (both_cases || special || value.len() >= 12)
        && !name
}

/// Lower-case words of a name in any spelling: `smtpPassword`, `SMTP_PASSWORD`, `smtp-password`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if (!c.is_alphanumeric() || (c.is_uppercase() && previous_lower)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `15m30s`, `24h`, `500ms`, `2d`.
fn duration(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| {
        c.is_ascii_digit() || matches!(c, '.' | 'h' | 'm' | 's' | 'd' | 'w' | 'u' | 'n')
    });
    unit.is_empty()
        && value.starts_with(|c: char| c.is_ascii_digit())
        && value.ends_with(['h', 'm', 's', 'd', 'w'])
        && value.len() <= 16
}

/// A path of files: separators and lower-case words, as base64 hardly ever has them.
fn path(value: &str) -> bool {
    let windows = value.get(1..3).is_some_and(|drive| drive == ":\\");
    let absolute = value.starts_with('/')
        || value.starts_with("./")
        || value.starts_with("../")
        || value.starts_with("file://");
    windows
        || (absolute
            && value.split('/').all(|segment| {
                segment.len() < 40
                    && !segment.contains(['=', '+'])
                    && segment.bytes().filter(u8::is_ascii_uppercase).count() <= 2
            }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_in_every_spelling() {
        for name in [
            "password",
            "MYSQL_PASSWORD",
            "smtp-password",
            "dbPassword",
            "PGPASSWORD",
            "AZURE_CLIENT_SECRET",
            "accessToken",
            "AccountKey",
            "client-key-data",
            "API_KEY",
            "apiKey",
            "pass",
            "PW",
            "SharedAccessKey",
            "비밀번호",
            "DB비밀번호",
            "parola chiave",
            "connectionString",
            "storage_connection_string",
            "auth",
            "x-api-key",
            "secret",
            "GITHUB_TOKEN",
            "db.password",
            "sig",
            "primaryKey",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(label(name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_about_secrets() {
        for name in [
            "secretName",
            "tokenExpirationSeconds",
            "TOKEN_TTL",
            "secretKeyRef",
            "automountServiceAccountToken",
            "authorization-mode",
            "key",
            "publicKey",
            "certificate-authority-data",
            "client-certificate-data",
            "authentication-token-webhook",
            "trace_id",
            "imagePullSecrets",
            "tls-private-key-file",
            "author",
            "compass",
            "monkey",
            "credential-id",
            "tokenReview",
            "keyName",
            "tokens",
        ] {
            assert_eq!(label(name), None, "{name}");
        }
    }

    #[test]
    fn values_that_are_none() {
        for value in [
            "15m30s",
            "true",
            "",
            "$(PASSWORD)",
            "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "<none>",
            "DATA+OMITTED",
            "****",
        ] {
            assert!(harmless(value, "token"), "{value}");
        }
        for value in ["Birch_M8tz1YM?", "hunter2", "/2InQ5IPeFBZfOs3AWS7V4ow", "123456"] {
            assert!(!harmless(value, "password"), "{value}");
        }
    }
}
