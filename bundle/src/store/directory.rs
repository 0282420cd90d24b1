//! A folder as a source: every regular file below it. Links are named, never followed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Found, Listing};
use crate::limits::Limits;
use crate::{Code, OpenError};

/// Lists a folder in the order of its raw names.
pub(crate) fn list(
    root: &Path,
    shown: &str,
    limits: &Limits,
) -> Result<(Vec<PathBuf>, Listing), OpenError> {
    let (mut paths, mut listing) = (Vec::new(), Listing::default());
    for entry in walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root);
                let reason =
                    error.io_error().map_or_else(|| "a loop".to_owned(), ToString::to_string);
                if path == root {
                    return Err(OpenError::Unreadable { path: shown.to_owned(), reason });
                }
                let name =
                    super::names::label(&raw_name(root, path), limits.name, limits.levels).path;
                listing.note(Code::Unreadable, "reason", format!("{name}: {reason}"));
                continue;
            }
        };
        let kind = entry.file_type();
        if kind.is_dir() || entry.depth() == 0 {
            continue;
        }
        let name = raw_name(root, entry.path());
        if !kind.is_file() {
            listing.odd(&name, if kind.is_symlink() { "link" } else { "device" }, limits);
            continue;
        }
        if paths.len() >= limits.members {
            let (value, limit) = (paths.len() as u64 + 1, limits.members as u64);
            return Err(OpenError::Limit {
                path: shown.to_owned(),
                what: "the number of files",
                value,
                limit,
            });
        }
        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
        listing.found.push(Found { name, slot: paths.len(), bytes });
        paths.push(entry.into_path());
    }
    Ok((paths, listing))
}

/// The name relative to the root, `/`-separated on every system.
fn raw_name(root: &Path, path: &Path) -> Vec<u8> {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|part| OsStr::as_encoded_bytes(part.as_os_str())).collect::<Vec<_>>().join(&b'/')
}
