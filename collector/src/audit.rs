//! Takes audit logs into the bundle: files, folders, patterns; plain, gzip, Azure exports; line by
//! line, never held as a whole. It refuses to read them: that is the analyzer's work.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use konspect_bundle::manifest::CommandRecord;
use konspect_bundle::writer::{Shape, WriteError};

use crate::clock;
use crate::session::Session;

const ORDER: u8 = 40;

/// Copies all files that the paths name.
pub(crate) fn collect(session: &Session<'_>, paths: &[PathBuf]) {
    if paths.is_empty() {
        return;
    }
    session.progress.phase("audit logs", paths.len());
    for (at, given) in paths.iter().enumerate() {
        let files = files(given);
        if files.is_empty() {
            session.push(
                (ORDER, at, 0, 0),
                record(given, Err("no such file".to_owned()), None, Instant::now()),
            );
        }
        for (number, file) in files.iter().enumerate() {
            let begun = Instant::now();
            let (read, member) = copy(session, given, file);
            session.push((ORDER, at, number, 0), record(file, read, member, begun));
        }
    }
    session.progress.end();
}

fn record(
    file: &Path,
    read: Result<(), String>,
    member: Option<String>,
    begun: Instant,
) -> CommandRecord {
    CommandRecord {
        argv: vec!["konspect-collect".to_owned(), "--audit".to_owned(), file.display().to_string()],
        started: clock::now(),
        seconds: begun.elapsed().as_secs_f64(),
        exit: Some(i32::from(read.is_err())),
        stderr: read.err().unwrap_or_default(),
        member,
        entry: Some("audit".to_owned()),
        ..CommandRecord::default()
    }
}

/// Streams one file into parts; a broken one leaves what came before the break.
fn copy(session: &Session<'_>, given: &Path, file: &Path) -> (Result<(), String>, Option<String>) {
    let mut reader = match open(file) {
        Ok(reader) => reader,
        Err(error) => return (Err(error.to_string()), None),
    };
    let inside = file.strip_prefix(given).unwrap_or(Path::new(""));
    let inside = if inside.as_os_str().is_empty() {
        Path::new(file.file_name().unwrap_or_default())
    } else {
        inside
    };
    let name = inside.display().to_string();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let mut member = session.writer.member(&format!("audit/{name}"), Shape::Lines, u64::MAX);
    let mut buffer = vec![0; 256 << 10];
    let read = loop {
        if session.stop.interrupted() || session.stop.late() {
            break Err("interrupted".to_owned());
        }
        match reader.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                if let Err(error) = member.write(buffer.get(..count).unwrap_or_default()) {
                    let text = error.to_string();
                    session.give_up(error);
                    break Err(text);
                }
            }
            Err(error) => break Err(error.to_string()),
        }
    };
    let parts = member.finish(read.is_err()).unwrap_or_else(|error: WriteError| {
        session.give_up(error);
        Vec::new()
    });
    (read, parts.into_iter().next())
}

/// Opens a file, through gzip when its first bytes say so.
pub(crate) fn open(file: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut head = [0; 2];
    let count = File::open(file)?.read(&mut head)?;
    let reader = BufReader::new(File::open(file)?);
    if count == 2 && head == [0x1f, 0x8b] {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(reader)));
    }
    Ok(Box::new(reader))
}

/// The files that a path names: itself, all below it, or what a pattern of one segment matches.
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let pattern =
        path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?']));
    if let (Some(pattern), false) = (pattern, path.exists()) {
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if matches(pattern.as_bytes(), entry.file_name().as_encoded_bytes()) {
                walk(&entry.path(), 0, &mut found);
            }
        }
    } else {
        walk(path, 0, &mut found);
    }
    found.sort();
    found
}

/// All regular files below a path; links are not followed.
fn walk(path: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    let linked_file = metadata.is_symlink() && depth == 0 && path.is_file();
    if metadata.is_file() || linked_file {
        found.push(path.to_owned());
    } else if metadata.is_dir() && depth < 32 {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            walk(&entry.path(), depth + 1, found);
        }
    }
}

/// Shell patterns of `*` and `?`, in time linear for each star.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == b'?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_shells_do() {
        for (pattern, name, expected) in [
            ("*.log", "audit.log", true),
            ("audit-?.json*", "audit-1.json.gz", true),
            ("*.log", "audit.log.1", false),
            ("a*b*c", "aXbXbXc", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
