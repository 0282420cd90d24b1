//! What a single file is, by its first bytes. A name decides nothing, but one that promises an
//! archive and holds text is a broken download rather than a log.

use std::io::Read;

use crate::decode::Encoding;
use crate::error::{OpenError, ReadError};
use crate::limits::Limits;
use crate::store::backing::Backing;
use crate::store::codec::{self, Codec};

/// Bytes that are looked at for signs of a binary.
const LOOK: usize = 8 << 10;

/// How a file is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Zip,
    Tar(Option<Codec>),
    /// One artefact, perhaps compressed.
    Text,
}

pub(crate) fn form(
    backing: &Backing,
    name: &str,
    shown: &str,
    limits: &Limits,
) -> Result<Form, OpenError> {
    let path = || shown.to_owned();
    let head = backing
        .bytes(0, LOOK)
        .map_err(|error| OpenError::Unreadable { path: path(), reason: error.to_string() })?;
    if head.is_empty() {
        return Err(OpenError::EmptyFile { path: path() });
    }
    let kind = codec::archive_kind(&head);
    match (kind, Codec::of(&head)) {
        (Some("zip"), _) => return Ok(Form::Zip),
        (Some("tar"), _) => return Ok(Form::Tar(None)),
        (Some(kind), _) => {
            return Err(OpenError::NotABundle {
                path: path(),
                reason: format!("a {kind} archive is not read"),
            });
        }
        (None, Some(codec)) => return compressed(backing, codec, name, shown, limits),
        (None, None) => {}
    }
    judge_text(&head, name, shown)?;
    Ok(Form::Text)
}

/// Looks into a compressed file: a tar or one text.
fn compressed(
    backing: &Backing,
    codec: Codec,
    name: &str,
    shown: &str,
    limits: &Limits,
) -> Result<Form, OpenError> {
    let path = shown.to_owned();
    let mut head = Vec::new();
    let reader = codec.reader(Box::new(backing.range(0, backing.len())), limits);
    let outcome = reader.take(LOOK as u64).read_to_end(&mut head);
    if let (Err(error), true) = (outcome, head.len() < 512) {
        return Err(match ReadError::from_io(error, 0) {
            ReadError::Cut(_) => OpenError::CutOff { path },
            error => OpenError::Unreadable { path, reason: error.to_string() },
        });
    }
    if head.is_empty() {
        return Err(OpenError::EmptyFile { path });
    }
    if head.len() >= 1024 && head.iter().all(|byte| *byte == 0) {
        return Err(OpenError::Empty { path });
    }
    match codec::archive_kind(&head) {
        Some("tar") => return Ok(Form::Tar(Some(codec))),
        Some(kind) => {
            let reason = format!("a compressed {kind} archive; decompress it first");
            return Err(OpenError::NotABundle { path, reason });
        }
        None => {}
    }
    // A name such as `pods.json.gz` is true; `bundle.tar.gz` without a tar inside is not.
    judge_text(&head, name, shown)?;
    Ok(Form::Text)
}

fn judge_text(head: &[u8], name: &str, shown: &str) -> Result<(), OpenError> {
    let refuse = |reason: &str| {
        Err(OpenError::NotABundle { path: shown.to_owned(), reason: reason.to_owned() })
    };
    if head.starts_with(b"Obj\x01") {
        return refuse(
            "an Avro file (an Event Hub's capture?): print it as JSON lines first, with `avro-tools tojson` or `fastavro`",
        );
    }
    let utf16 = matches!(Encoding::of(head), Encoding::Utf16Le | Encoding::Utf16Be);
    if !utf16 && !head.starts_with(crate::SAVED_STATE) && looks_binary(head) {
        return refuse("it is a binary file");
    }
    let lower = name.to_ascii_lowercase();
    let archives =
        [".zip", ".tar", ".tgz", ".txz", ".tzst", ".tar.gz", ".tar.xz", ".tar.zst", ".7z", ".rar"];
    if archives.iter().any(|suffix| lower.ends_with(suffix)) {
        return refuse("its name promises an archive, but it is not one");
    }
    Ok(())
}

/// A NUL byte, or more control characters than any log has.
fn looks_binary(head: &[u8]) -> bool {
    let control = |byte: &&u8| matches!(byte, 1..=6 | 14..=26 | 28..=31 | 127);
    head.contains(&0) || head.iter().filter(control).count() > head.len() / 10
}
