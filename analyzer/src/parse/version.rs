//! `kubectl version` as text, in the old long form and the new short one.

use konspect_bundle::{Source, Span};

use super::{Hint, Kind, Rows, TableKind};
use crate::model::kube::ApiVersion;

/// Reads the versions of client and server.
pub fn text(source: &Source<'_>, _hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut version = ApiVersion::default();
    let mut at: Option<Span> = None;
    for line in source.lines() {
        let text = line.text();
        let (field, rest) = match text.split_once(':') {
            Some(("Client Version", rest)) => (&mut version.client, rest),
            Some(("Server Version", rest)) => (&mut version.server, rest),
            _ => continue,
        };
        git_version(rest).clone_into(field);
        at = Some(at.map_or(line.at, |at| at.to(line.at)));
    }
    let Some(at) = at else {
        return Kind::Unknown;
    };
    version.at = at;
    if !version.server.is_empty() {
        rows.covers(TableKind::ApiVersion, at);
    }
    rows.versions.push(version);
    Kind::ApiVersion
}

/// `v1.30.6`, or what `GitVersion:"…"` quotes.
fn git_version(text: &str) -> &str {
    match text.split_once("GitVersion:\"") {
        Some((_, rest)) => rest.split('"').next().unwrap_or_default(),
        None => text.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    fn read(text_: &str) -> (String, String, usize) {
        let mut rows = Rows::default();
        text(&Source::new(ArtifactId(0), text_.as_bytes()), &Hint::default(), &mut rows);
        let version = rows.versions.remove(0);
        (version.client, version.server, rows.collected.len())
    }

    #[test]
    fn both_forms() {
        let short = "Client Version: v1.30.0\nKustomize Version: v5.0.4\nServer Version: v1.29.7\n";
        assert_eq!(read(short), ("v1.30.0".into(), "v1.29.7".into(), 1));
        let long = "Client Version: version.Info{Major:\"1\", Minor:\"23\", GitVersion:\"v1.23.4\", GoVersion:\"go1.17\"}\n";
        assert_eq!(read(long), ("v1.23.4".into(), String::new(), 0));
    }
}
