//! Reads back the one stream that the node script prints: many files in one text, whole or compact.
//!
//! ```text
//! === konspect node 1 host=aks-1 time=2026-11-21T10:50:03Z ===
//! === konspect file=iptables-save.txt exit=0 seconds=1 command=iptables-save -c ===
//! *filter
//! === konspect end files=1 ===
//! ```
//!
//! A line of a file that begins with `=== konspect` is printed with a blank before it. The compact
//! form ends in one packed file, `=== konspect packed ===`: base64 of gzip of such a stream. What
//! came before a cut is kept; a stream that lost its head (run-command keeps the last 4,096 bytes)
//! gives the files whose head is there. It refuses to know what the files mean.

use crate::redact::codings;

/// How every line of the frame begins.
const FRAME: &str = "=== konspect ";

/// The largest packed stream that is opened.
const UNPACKED: usize = 64 << 20;

/// One stream of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The node's own host name.
    pub host: Option<String>,
    /// When the script ran, as the node's clock says.
    pub time: Option<String>,
    pub files: Vec<File>,
    /// True when the last line of the frame was there.
    pub complete: bool,
}

/// One file of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// The command as a shell would read it; empty for files that were copied.
    pub command: String,
    pub exit: Option<i32>,
    pub seconds: Option<u64>,
    pub bytes: Vec<u8>,
}

/// True when the bytes hold a node script's stream, bare or in the JSON of `az … run-command`.
pub fn is_stream(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
    memchr::memmem::find(head, FRAME.as_bytes()).is_some()
}

/// Takes a stream apart; nothing when there is none in the bytes.
pub fn split(bytes: &[u8]) -> Option<Stream> {
    if !is_stream(bytes) {
        return None;
    }
    let unwrapped = run_command(bytes);
    let bytes = unwrapped.as_deref().unwrap_or(bytes);
    let mut stream = Stream::default();
    read(bytes, &mut stream, true);
    Some(stream)
}

/// The message inside `{"value": [{"message": "…"}]}`.
fn run_command(bytes: &[u8]) -> Option<Vec<u8>> {
    #[derive(serde::Deserialize)]
    struct Answer {
        value: Vec<Value>,
    }
    #[derive(serde::Deserialize)]
    struct Value {
        message: String,
    }
    let answer: Answer = serde_json::from_slice(bytes.trim_ascii_start()).ok()?;
    answer.value.into_iter().next().map(|value| value.message.into_bytes())
}

fn read(bytes: &[u8], stream: &mut Stream, packed_allowed: bool) {
    let mut packed: Option<Vec<u8>> = None;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(head) = line.strip_prefix(FRAME.as_bytes()) else {
            if let Some(packed) = &mut packed {
                packed.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
            } else if let Some(file) = stream.files.last_mut() {
                // The blank before a line that only looks like the frame.
                let line = line
                    .strip_prefix(b" ")
                    .filter(|rest| rest.starts_with(FRAME.as_bytes()))
                    .unwrap_or(line);
                file.bytes.extend_from_slice(line);
            }
            continue;
        };
        let head = String::from_utf8_lossy(head);
        let head = head.trim_end().trim_end_matches("===").trim_end();
        if let Some(rest) = head.strip_prefix("node ") {
            stream.host = field(rest, "host").map(str::to_owned);
            stream.time = field(rest, "time").map(str::to_owned);
        } else if head.starts_with("file=") {
            let (plain, command) = head.split_once(" command=").unwrap_or((head, ""));
            stream.files.push(File {
                name: field(plain, "file").unwrap_or_default().to_owned(),
                command: command.to_owned(),
                exit: field(plain, "exit").and_then(|text| text.parse().ok()),
                seconds: field(plain, "seconds").and_then(|text| text.parse().ok()),
                bytes: Vec::new(),
            });
        } else if head.starts_with("packed") && packed_allowed {
            packed = Some(Vec::new());
        } else if head.starts_with("end") {
            stream.complete = true;
            break;
        }
    }
    if let Some(inner) = packed.as_deref().and_then(unpack) {
        read(&inner, stream, false);
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (zipped, _) = codings::unbase64(packed)?;
    codings::gunzip(&zipped, UNPACKED)
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were() {
        let text = b"noise\n=== konspect node 1 host=aks-1 time=2026-11-21T10:50:03Z ===\n\
            === konspect file=iptables-save.txt exit=0 seconds=1 command=iptables-save -c ===\n*filter\n === konspect x\n\
            === konspect file=df.txt exit=127 seconds=0 command=df -P ===\nsh: df: not found\n=== konspect end files=2 ===\ntail\n";
        let stream = split(text).unwrap();
        assert_eq!((stream.host.as_deref(), stream.complete), (Some("aks-1"), true));
        assert_eq!(stream.files[0].bytes, b"*filter\n=== konspect x\n");
        assert_eq!(
            (stream.files[0].command.as_str(), stream.files[1].exit),
            ("iptables-save -c", Some(127))
        );
    }

    #[test]
    fn packed_and_wrapped_streams_are_opened() {
        let inner = codings::base64(
            &codings::gzip(b"=== konspect file=a.txt exit=0 ===\nA\n"),
            codings::Alphabet::Standard,
        );
        let text = format!(
            "=== konspect node 1 host=n ===\n=== konspect file=b.txt exit=1 ===\nB\n=== konspect packed ===\n{inner}\n=== konspect end files=2 ===\n"
        );
        let message = format!("Enable succeeded: \n[stdout]\n{text}\n[stderr]\n");
        let wrapped = serde_json::json!({"value": [{"code": "ProvisioningState/succeeded", "message": message}]}).to_string();
        let stream = split(wrapped.as_bytes()).unwrap();
        let names: Vec<_> = stream.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!((names, stream.complete), (vec!["b.txt", "a.txt"], true));
        assert_eq!(split(b"nothing of ours"), None);
        let cut = split(&text.as_bytes()[..text.len() - 60]).unwrap();
        assert!(!cut.complete && cut.files[0].name == "b.txt");
    }
}
