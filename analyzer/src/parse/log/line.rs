//! One line of a log without its wrappers: journald, CRI, Docker, kubectl, klog, zap, logfmt, dmesg,
//! syslog, in any nesting.
//!
//! It knows forms only; what a message means is for the table of signals.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::time::{self, Context};

/// Wrappers that one line may have inside each other.
const MOST_LAYERS: usize = 6;

/// A JSON line longer than this is kept as text.
const MOST_JSON: usize = 1 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Severity {
    #[default]
    Unknown,
    Info,
    Warning,
    Error,
}

/// What was learned of one line; reused for the next one.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) time: Option<Timestamp>,
    /// The journal's host name.
    pub(super) host: String,
    /// The journal's identifier without its process id.
    pub(super) ident: String,
    pub(super) severity: Severity,
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    /// True when the line is the first part of a longer one (CRI's `P`).
    pub(super) partial: bool,
    /// True when the line began with a header of its own.
    pub(super) headed: bool,
    /// True for a line in dmesg's form.
    pub(super) kernel: bool,
    pub(super) message: String,
}

impl Entry {
    /// Reads a line; what it does not say is empty.
    pub(super) fn read(&mut self, text: &str, context: &Context) {
        self.clear();
        let mut text = text;
        let owned;
        for _ in 0..MOST_LAYERS {
            match self.layer(text, context) {
                Layer::Inner(rest) => text = rest,
                Layer::Owned(inner) => {
                    owned = inner;
                    self.nested(&owned, context);
                    return;
                }
                Layer::Last(rest) => {
                    text = rest;
                    break;
                }
            }
        }
        self.message.push_str(text);
    }

    fn clear(&mut self) {
        self.time = None;
        self.severity = Severity::Unknown;
        self.partial = false;
        self.headed = false;
        self.kernel = false;
        for field in [
            &mut self.host,
            &mut self.ident,
            &mut self.namespace,
            &mut self.pod,
            &mut self.container,
            &mut self.message,
        ] {
            field.clear();
        }
    }

    /// Reads the text of a field as a line of its own; JSON inside JSON is read once more at most.
    fn nested(&mut self, inner: &str, context: &Context) {
        let mut text = inner.trim_end_matches(['\n', '\r']);
        for _ in 0..MOST_LAYERS {
            match self.layer(text, context) {
                Layer::Inner(rest) => text = rest,
                Layer::Owned(inner) => {
                    self.message.push_str(inner.trim_end());
                    return;
                }
                Layer::Last(rest) => {
                    text = rest;
                    break;
                }
            }
        }
        self.message.push_str(text);
    }

    fn at(&mut self, time: Option<Timestamp>) {
        // The outermost stamp wins: it has a year and a zone.
        if self.time.is_none() {
            self.time = time;
        }
        self.headed = true;
    }

    fn layer<'a>(&mut self, text: &'a str, context: &Context) -> Layer<'a> {
        let Some(first) = text.bytes().next() else { return Layer::Last(text) };
        match first {
            b'[' => self.bracket(text),
            b'{' => self.json(text),
            b'0'..=b'9' => self.stamped(text),
            b'<' => match text.split_once('>') {
                Some((level, rest))
                    if level.len() <= 4 && level.bytes().skip(1).all(|b| b.is_ascii_digit()) =>
                {
                    Layer::Inner(rest)
                }
                _ => Layer::Last(text),
            },
            b't' if text.starts_with("time=") => self.logfmt(text),
            b'l' if text.starts_with("level=") => self.logfmt(text),
            b'I' | b'W' | b'E' | b'F' if is_klog(text) => self.klog(text, context),
            _ if first.is_ascii_alphabetic() || first >= 0x80 => self.syslog(text, context),
            _ => Layer::Last(text),
        }
    }

    /// `[pod/x/y] …`, `[ 123.456] …`, `[Tue Jun 10 …] …`, `[ERROR] …`.
    fn bracket<'a>(&mut self, text: &'a str) -> Layer<'a> {
        let Some((inside, rest)) = text.get(1..).and_then(|text| text.split_once(']')) else {
            return Layer::Last(text);
        };
        if let Some(name) = inside.strip_prefix("pod/") {
            let (pod, container) = name.split_once('/').unwrap_or((name, ""));
            pod.clone_into(&mut self.pod);
            container.clone_into(&mut self.container);
            return Layer::Inner(rest.strip_prefix(' ').unwrap_or(rest));
        }
        let inside = inside.trim();
        let seconds = inside.split_once('.').is_some_and(|(whole, part)| {
            part.len() == 6 && whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit())
        });
        if seconds {
            self.kernel = true;
            self.headed = true;
            return Layer::Last(rest.trim_start());
        }
        if let Some(time) = time::ctime(inside) {
            self.at(Some(time));
            self.kernel = true;
            return Layer::Last(rest.trim_start());
        }
        let severity = severity_of(inside);
        if severity != Severity::Unknown {
            self.severity = severity;
            self.headed = true;
        }
        Layer::Last(text)
    }

    /// A full date first: CRI, `kubectl --timestamps`, journald's short-iso, Go's log package.
    fn stamped<'a>(&mut self, text: &'a str) -> Layer<'a> {
        let Some((time, rest)) = time::rfc3339_prefix(text) else {
            return self.epoch_stamped(text);
        };
        // dmesg --time-format iso has a comma where all others have a point.
        let comma = text.as_bytes().get(19) == Some(&b',');
        self.at(Some(time));
        let Some(rest) = rest.strip_prefix([' ', '\t']) else {
            return Layer::Last(rest.trim_start_matches(':').trim_start());
        };
        for stream in ["stdout ", "stderr "] {
            if let Some(tag) = rest.strip_prefix(stream) {
                if let Some(line) = tag.strip_prefix("F ").or_else(|| tag.strip_prefix("F:")) {
                    return Layer::Inner(line);
                }
                if let Some(line) = tag.strip_prefix("P ") {
                    self.partial = true;
                    return Layer::Inner(line);
                }
                if tag == "F" {
                    return Layer::Last("");
                }
            }
        }
        if let Some(message) = self.host_and_ident(rest) {
            return Layer::Inner(message);
        }
        self.kernel |= comma && text.as_bytes().get(26) == Some(&b'+');
        Layer::Inner(rest.trim_start())
    }

    /// journald's short-unix: `1709837452.150241 host kubelet[1]: …`.
    fn epoch_stamped<'a>(&mut self, text: &'a str) -> Layer<'a> {
        let Some((stamp, rest)) = text.split_once(' ') else { return Layer::Last(text) };
        if stamp.len() == 17
            && let Some(time) = time::epoch(stamp)
            && let Some(message) = self.host_and_ident(rest)
        {
            self.at(Some(time));
            return Layer::Inner(message);
        }
        Layer::Last(text)
    }

    /// `Mar  7 18:50:52 host kubelet[1450]: …`.
    fn syslog<'a>(&mut self, text: &'a str, context: &Context) -> Layer<'a> {
        if let Some((time, rest)) = time::short_prefix(text, context)
            && let Some(message) = self.host_and_ident(rest.trim_start())
        {
            self.at(time);
            return Layer::Inner(message);
        }
        let word = text.split([' ', ':', '\t']).next().unwrap_or_default();
        let severity = severity_of(word);
        if severity != Severity::Unknown && word.bytes().all(|byte| byte.is_ascii_uppercase()) {
            self.severity = severity;
        }
        Layer::Last(text)
    }

    /// Takes `host ident[pid]: ` (or `host ident: ` for the few programs without a process id).
    fn host_and_ident<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let (host, rest) = text.split_once(' ')?;
        let end = rest.find([' ', '[', ':'])?;
        let (ident, after) = rest.split_at_checked(end)?;
        let message = if let Some(process) = after.strip_prefix('[') {
            let (number, message) = process.split_once("]:")?;
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            message
        } else {
            let message = after.strip_prefix(':')?;
            let known = PROGRAMS_WITHOUT_PID.contains(&ident);
            (known && (message.is_empty() || message.starts_with(' '))).then_some(message)?
        };
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(plain) || ident.is_empty() || ident.len() > 64 {
            return None;
        }
        host.clone_into(&mut self.host);
        ident.clone_into(&mut self.ident);
        Some(message.strip_prefix(' ').unwrap_or(message))
    }

    /// `E0413 10:53:52.844381    3263 kubelet.go:2055] …`.
    fn klog<'a>(&mut self, text: &'a str, context: &Context) -> Layer<'a> {
        let Some((time, rest)) = text.get(1..).and_then(|text| time::klog_prefix(text, context))
        else {
            return Layer::Last(text);
        };
        self.severity = match text.as_bytes().first() {
            Some(b'E' | b'F') => Severity::Error,
            Some(b'W') => Severity::Warning,
            _ => Severity::Info,
        };
        self.at(time);
        // The file and line stay in front of the message: they tell the program, never the meaning.
        Layer::Last(rest.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start())
    }

    /// `time="2019-06-26T20:25:06Z" level=error msg="…" error="…"`.
    fn logfmt<'a>(&mut self, text: &'a str) -> Layer<'a> {
        if let Some(stamp) = logfmt_value(text, "time=") {
            self.at(time::rfc3339(stamp));
        }
        if let Some(level) = logfmt_value(text, "level=") {
            self.severity = severity_of(level);
            self.headed = true;
        }
        match text.find("msg=") {
            Some(at) => {
                let rest = text.get(at..).unwrap_or_default();
                match rest.strip_prefix("msg=\"").filter(|inner| is_klog(inner)) {
                    Some(inner) => Layer::Owned(inner.trim_end_matches('"').replace("\\\"", "\"")),
                    None => Layer::Last(rest),
                }
            }
            None => Layer::Last(text),
        }
    }

    fn json<'a>(&mut self, text: &'a str) -> Layer<'a> {
        if text.len() > MOST_JSON || !text.trim_end().ends_with('}') {
            return Layer::Last(text);
        }
        let Ok(Value::Object(object)) = serde_json::from_str(text) else {
            return Layer::Last(text);
        };
        self.json_object(&object).map_or(Layer::Last(text), Layer::Owned)
    }

    fn json_object(&mut self, object: &Map<String, Value>) -> Option<String> {
        if object.contains_key("MESSAGE") && object.contains_key("__REALTIME_TIMESTAMP") {
            return Some(self.journal_object(object));
        }
        if let (Some(line), Some(_)) = (string(object, "log"), string(object, "stream")) {
            self.at(string(object, "time").and_then(time::rfc3339));
            return Some(line.to_owned());
        }
        if object.contains_key("jsonPayload") || object.contains_key("textPayload") {
            return Some(self.google_object(object));
        }
        if let Some(line) = object.get("LogMessage").or_else(|| object.get("LogEntry")) {
            // A message that is JSON itself comes as an object.
            let line = match line {
                Value::String(line) => line.clone(),
                Value::Object(inner) => self
                    .json_object(inner)
                    .unwrap_or_else(|| Value::Object(inner.clone()).to_string()),
                other => other.to_string(),
            };
            self.at(string(object, "TimeGenerated").and_then(time::rfc3339));
            for (key, field) in [
                ("Computer", &mut self.host),
                ("PodName", &mut self.pod),
                ("PodNamespace", &mut self.namespace),
                ("ContainerName", &mut self.container),
            ] {
                string(object, key).unwrap_or_default().clone_into(field);
            }
            return Some(line);
        }
        let message = ["msg", "message", "MESSAGE"].iter().find_map(|key| string(object, key))?;
        Some(self.structured(object, message))
    }

    fn journal_object(&mut self, object: &Map<String, Value>) -> String {
        self.at(string(object, "__REALTIME_TIMESTAMP").and_then(time::epoch));
        string(object, "_HOSTNAME").unwrap_or_default().clone_into(&mut self.host);
        let unit = string(object, "_SYSTEMD_UNIT").map(|unit| unit.trim_end_matches(".service"));
        let ident = string(object, "SYSLOG_IDENTIFIER").or(unit).or(string(object, "_COMM"));
        ident.unwrap_or_default().clone_into(&mut self.ident);
        match object.get("MESSAGE") {
            Some(Value::String(message)) => message.clone(),
            Some(Value::Array(bytes)) => {
                let bytes: Vec<u8> = bytes
                    .iter()
                    .filter_map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
                    .collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => String::new(),
        }
    }

    fn google_object(&mut self, object: &Map<String, Value>) -> String {
        let time = string(object, "timestamp").or_else(|| string(object, "receiveTimestamp"));
        self.at(time.and_then(time::rfc3339));
        self.severity = severity_of(string(object, "severity").unwrap_or_default());
        let labels = object.get("resource").and_then(|resource| resource.get("labels"));
        if let Some(Value::Object(labels)) = labels {
            for (key, field) in [
                ("pod_name", &mut self.pod),
                ("namespace_name", &mut self.namespace),
                ("container_name", &mut self.container),
                ("node_name", &mut self.host),
            ] {
                string(labels, key).unwrap_or_default().clone_into(field);
            }
        }
        if let Some(text) = string(object, "textPayload") {
            return text.to_owned();
        }
        match object.get("jsonPayload") {
            Some(Value::Object(payload)) => {
                let message = ["message", "MESSAGE", "msg"]
                    .iter()
                    .find_map(|key| string(payload, key))
                    .unwrap_or_default();
                with_fields(message, payload)
            }
            _ => String::new(),
        }
    }

    /// klog's and zap's JSON: the message with its fields behind it, as klog's text writes them.
    fn structured(&mut self, object: &Map<String, Value>, message: &str) -> String {
        let stamp =
            ["ts", "time", "timestamp", "@timestamp"].iter().find_map(|key| object.get(*key));
        let time = match stamp {
            Some(Value::String(text)) => time::rfc3339(text),
            Some(Value::Number(number)) => time::epoch(&number.to_string()),
            _ => None,
        };
        self.at(time);
        let level = ["level", "severity", "lvl"].iter().find_map(|key| string(object, key));
        self.severity = severity_of(level.unwrap_or_default());
        if self.severity == Severity::Unknown && object.contains_key("err") {
            self.severity = Severity::Error;
        }
        with_fields(message, object)
    }
}

enum Layer<'a> {
    /// What stands inside the wrapper, to be read again.
    Inner(&'a str),
    /// The same, of text that had to be unescaped.
    Owned(String),
    /// The message itself.
    Last(&'a str),
}

/// Programs that journald shows without a process id.
const PROGRAMS_WITHOUT_PID: [&str; 6] =
    ["kernel", "kubelet", "containerd", "systemd", "dockerd", "node-problem-detector"];

/// True when a text begins with klog's header: severity, four digits, a blank, a clock.
pub(super) fn is_klog(text: &str) -> bool {
    match text.as_bytes() {
        [b'I' | b'W' | b'E' | b'F', date @ ..] => {
            let digits = |range| {
                let part: Option<&[u8]> = date.get(range);
                part.is_some_and(|part| part.iter().all(u8::is_ascii_digit))
            };
            date.get(4) == Some(&b' ') && date.get(7) == Some(&b':') && digits(0..4) && digits(5..7)
        }
        _ => false,
    }
}

/// Fields that are the header's, not the message's.
const HEADER: [&str; 12] = [
    "msg",
    "message",
    "MESSAGE",
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "level",
    "severity",
    "lvl",
    "v",
    "caller",
];

fn with_fields(message: &str, object: &Map<String, Value>) -> String {
    let mut out = String::new();
    if let Some(caller) = string(object, "caller") {
        out.push_str(caller);
        out.push_str("] ");
    }
    out.push('"');
    out.push_str(message);
    out.push('"');
    for (key, value) in object.iter().filter(|(key, _)| !HEADER.contains(&key.as_str())).take(24) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Object(_) | Value::Array(_) => continue,
            other => other.to_string(),
        };
        out.extend([" ", key.as_str(), "=\"", &text, "\""]);
    }
    out
}

fn string<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

fn logfmt_value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.get(text.find(key)? + key.len()..)?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(' ').next(),
    }
}

fn severity_of(word: &str) -> Severity {
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&["error", "err", "fatal", "critical", "panic", "crit", "alert", "emerg"]) {
        Severity::Error
    } else if is(&["warning", "warn"]) {
        Severity::Warning
    } else if is(&["info", "debug", "trace", "notice"]) {
        Severity::Info
    } else {
        Severity::Unknown
    }
}
