//! Packs folders and files that exist already into a bundle: what someone else collected, with the
//! same redaction and the same manifest. A node script's stream is taken apart.

use std::io::Read;
use std::path::{Path, PathBuf};

use konspect_bundle::manifest::{ClusterCard, CommandRecord, Manifest, Tool};
use konspect_bundle::writer::{Shape, WriteError, Writer, Written};

use crate::audit::{files, open};
use crate::cli::Pack;
use crate::collect::{client_card, output_path};
use crate::kubectl::Stop;
use crate::{clock, node};

/// Files up to this size are read whole, so that JSON and gzip are cleaned as what they are.
const WHOLE: u64 = 64 << 20;

/// Writes the bundle; `partial` when it was interrupted.
pub(crate) fn pack(arguments: &Pack, stop: &Stop) -> Result<(Written, bool), WriteError> {
    let target = output_path(arguments.output.as_deref(), &arguments.cluster);
    let writer = Writer::create(&target, u64::MAX)?;
    let started = clock::now();
    let mut commands = Vec::new();
    'paths: for path in &arguments.paths {
        for file in files(path).iter().filter(|file| **file != target) {
            if stop.interrupted() {
                break 'paths;
            }
            add(&writer, path, file, &mut commands)?;
        }
        if !path.exists() {
            commands.push(failed(path, "no such file or directory"));
        }
    }
    let partial = stop.interrupted();
    let manifest = Manifest {
        tool: Tool {
            name: "konspect-collect pack".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        cluster: ClusterCard {
            name: arguments.cluster.clone(),
            client: client_card(),
            ..ClusterCard::default()
        },
        started,
        finished: Some(clock::now()),
        profile: "pack".to_owned(),
        partial,
        commands,
        ..Manifest::default()
    };
    Ok((writer.finish(manifest)?, partial))
}

fn add(
    writer: &Writer,
    root: &Path,
    file: &Path,
    commands: &mut Vec<CommandRecord>,
) -> Result<(), WriteError> {
    let inside = file.strip_prefix(root).ok().filter(|inside| !inside.as_os_str().is_empty());
    let name =
        inside.map_or_else(|| PathBuf::from(file.file_name().unwrap_or_default()), Path::to_owned);
    let name = name.display().to_string();
    let size = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
    if size <= WHOLE {
        return match std::fs::read(file) {
            Ok(bytes) => match konspect_bundle::node::split(&bytes) {
                Some(stream) => {
                    let host = stream.host.clone().unwrap_or_else(|| "unnamed".to_owned());
                    commands.extend(node::members(writer, &host, &stream)?);
                    Ok(())
                }
                None => writer.add(&name, Shape::Document, &bytes).map(|_| ()),
            },
            Err(error) => {
                commands.push(failed(file, &error.to_string()));
                Ok(())
            }
        };
    }
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let mut member = writer.member(name, Shape::Lines, u64::MAX);
    let mut buffer = vec![0; 256 << 10];
    match open(file) {
        Ok(mut reader) => loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    member.write(buffer.get(..count).unwrap_or_default())?;
                }
                Err(error) => {
                    commands.push(failed(file, &error.to_string()));
                    break;
                }
            }
        },
        Err(error) => commands.push(failed(file, &error.to_string())),
    }
    member.finish(false).map(|_| ())
}

fn failed(file: &Path, reason: &str) -> CommandRecord {
    CommandRecord {
        argv: vec!["konspect-collect".to_owned(), "pack".to_owned(), file.display().to_string()],
        started: clock::now(),
        exit: Some(1),
        stderr: reason.to_owned(),
        ..CommandRecord::default()
    }
}
