//! A node's own numbers: disks, memory, pressure, connection tracking, sockets, clock, load, routes,
//! services, provisioning.
//!
//! It knows the tools' tables by their words and column names; a table it does not know gives no row.

use konspect_bundle::{Line, Source};

use super::rows::{Hint, Kind, Rows, TableKind};
use super::time;
use super::transcript::{self, Section};
use crate::model::client::CommandOutcome;
use crate::model::node_files::{
    Clock, Conntrack, CpuLoad, DiskLoad, Filesystem, Memory, Pressure, ProvisionExit, Routes,
    Sockets,
};

const MOST_PEERS: usize = 10;

/// Reads a file of one or more of these tables, with or without prompts.
pub fn node_state(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    if transcript::has_prompts(source.bytes) {
        let first = source.lines().next().map(|line| line.text().into_owned());
        transcript::transcript(source, hint, rows);
        // A table may stand before the first prompt.
        if first.is_some_and(|line| !transcript::has_prompts(line.as_bytes())) {
            let text = String::from_utf8_lossy(source.bytes);
            let end = text.find("\n$ ").unwrap_or(text.len());
            let head = Source { bytes: source.bytes.get(..end).unwrap_or_default(), ..*source };
            states(&Section::of_file(&head, hint), rows);
        }
    } else {
        states(&Section::of_file(source, hint), rows);
    }
    Kind::NodeState
}

/// Reads every table that the text holds; the command decides only what the text leaves open.
pub(super) fn states(section: &Section<'_>, rows: &mut Rows) {
    rows.covers(TableKind::NodeFiles, section.source.whole());
    let lines: Vec<Line<'_>> = section.source.lines().collect();
    let texts: Vec<String> = lines.iter().map(|line| line.text().into_owned()).collect();
    filesystems(section, &lines, &texts, rows);
    memory(section, &texts, rows);
    pressure(section, &lines, &texts, rows);
    conntrack(section, &texts, rows);
    sockets(section, &texts, rows);
    clock(section, &texts, rows);
    disks_and_processors(section, &lines, &texts, rows);
    routes(section, &texts, rows);
    provisioning(section, &lines, &texts, rows);
    services(section, &texts, rows);
}

/// `df -P`, `df -Pi`, `df -h`: the column with a percent sign and the mount behind it.
fn filesystems(section: &Section<'_>, lines: &[Line<'_>], texts: &[String], rows: &mut Rows) {
    let mut inodes = None;
    for (line, text) in lines.iter().zip(texts) {
        if text.starts_with("Filesystem") {
            inodes = Some(text.contains("Inodes") || text.contains("IUse%"));
            continue;
        }
        let Some(inodes) = inodes else { continue };
        let words: Vec<&str> = text.split_whitespace().collect();
        let Some(at) = words.iter().rposition(|word| word.ends_with('%')) else { continue };
        let percent = words.get(at).and_then(|word| word.trim_end_matches('%').parse::<f64>().ok());
        if let (Some(used_percent), Some(mount)) = (percent, words.get(at + 1)) {
            let value = Filesystem {
                device: words.first().copied().unwrap_or_default().to_owned(),
                mount: (*mount).to_owned(),
                used_percent,
                inodes,
                at: line.at,
            };
            rows.filesystems.push(section.on_node(value));
        }
    }
}

/// `/proc/meminfo`, `free` in any unit.
fn memory(section: &Section<'_>, texts: &[String], rows: &mut Rows) {
    let kilobytes = |name: &str| {
        texts.iter().find_map(|text| {
            let rest = text.strip_prefix(name)?.strip_prefix(':')?;
            rest.split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
                .map(|value| value.saturating_mul(1024))
        })
    };
    let mut found = kilobytes("MemTotal").zip(kilobytes("MemAvailable"));
    if let Some(at) =
        texts.iter().position(|text| text.contains("total") && text.contains("available"))
        && let Some(row) = texts.iter().skip(at).find_map(|text| text.trim().strip_prefix("Mem:"))
    {
        // `free` alone counts kibibytes, with `-h` each number has its unit.
        let unit = if section.words().any(|word| word == "-b") {
            1.0
        } else if section.words().any(|word| word == "-m") {
            1024.0 * 1024.0
        } else {
            1024.0
        };
        let header = texts.get(at).map(String::as_str).unwrap_or_default();
        let column = header.split_whitespace().position(|word| word == "available");
        let values: Vec<Option<u64>> =
            row.split_whitespace().map(|word| sized(word, unit)).collect();
        let available = column.and_then(|column| values.get(column).copied().flatten());
        found = found.or(values.first().copied().flatten().zip(available));
    }
    if let Some((total, available)) = found {
        let value = Memory { total, available, at: section.source.whole() };
        rows.memory.push(section.on_node(value));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are positive and far below the limit; larger ones saturate"
)]
fn sized(word: &str, unit: f64) -> Option<u64> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let number: f64 = word.get(..end)?.parse().ok()?;
    let unit = match word.get(end..)?.chars().next() {
        None => unit,
        Some('B') => 1.0,
        Some('K') => 1024.0,
        Some('M') => 1024.0 * 1024.0,
        Some('G') => 1024.0 * 1024.0 * 1024.0,
        Some('T') => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        Some(_) => return None,
    };
    Some((number * unit) as u64)
}

/// `/proc/pressure/*`: the resource stands in a heading, in the command, or nowhere.
fn pressure(section: &Section<'_>, lines: &[Line<'_>], texts: &[String], rows: &mut Rows) {
    let resource_of = |text: &str| {
        ["cpu", "memory", "io"].into_iter().find(|name| {
            text.contains(&format!("pressure/{name}"))
                || text.trim_matches(['=', ' ', '#', ':']) == *name
        })
    };
    let mut resource = resource_of(section.command);
    for (line, text) in lines.iter().zip(texts) {
        let text = text.trim();
        let (heading, text) = match text.find("some avg10=").or_else(|| text.find("full avg10=")) {
            Some(at) => (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default()),
            None => (text, ""),
        };
        resource = resource_of(heading.trim_end_matches(':')).or(resource);
        let mut averages = [0.0; 3];
        for (slot, key) in averages.iter_mut().zip(["avg10=", "avg60=", "avg300="]) {
            let value =
                text.split_whitespace().find_map(|word| word.strip_prefix(key)?.parse().ok());
            *slot = value.unwrap_or(0.0);
        }
        if let Some(resource) = resource.filter(|_| !text.is_empty()) {
            let value = Pressure {
                resource: resource.to_owned(),
                full: text.starts_with("full"),
                averages,
                at: line.at,
            };
            rows.pressures.push(section.on_node(value));
        }
    }
}

/// `sysctl`, the files themselves, `conntrack -S`.
fn conntrack(section: &Section<'_>, texts: &[String], rows: &mut Rows) {
    let mut value = Conntrack { at: section.source.whole(), ..Conntrack::default() };
    let plain: Vec<u64> = texts.iter().filter_map(|text| text.trim().parse().ok()).collect();
    let mut paths = section.words().filter(|word| word.contains("nf_conntrack_"));
    for (number, path) in plain.iter().zip(&mut paths) {
        if path.ends_with("count") {
            value.count = Some(*number);
        } else if path.ends_with("max") {
            value.max = Some(*number);
        }
    }
    for text in texts {
        let number = |key: &str| {
            let rest = text.get(text.find(key)? + key.len()..)?;
            rest.trim_start_matches([' ', '=', ':', '\t'])
                .split_whitespace()
                .next()?
                .parse::<u64>()
                .ok()
        };
        value.count = number("nf_conntrack_count").or(value.count);
        value.max = number("nf_conntrack_max").or(value.max);
        if text.contains("insert_failed=") {
            let add =
                |sum: Option<u64>, more: Option<u64>| Some(sum.unwrap_or(0) + more.unwrap_or(0));
            value.insert_failed = add(value.insert_failed, number("insert_failed="));
            value.drops = add(value.drops, number(" drop="));
        }
    }
    if value.count.is_some() || value.max.is_some() || value.insert_failed.is_some() {
        rows.conntracks.push(section.on_node(value));
    }
}

/// `ss -s`, `ss -tan`, and counts by peer (`998 20.1.1.1:443`).
fn sockets(section: &Section<'_>, texts: &[String], rows: &mut Rows) {
    let mut value = Sockets { at: section.source.whole(), ..Sockets::default() };
    let mut peers = std::collections::BTreeMap::<String, u64>::new();
    let mut any = false;
    for text in texts {
        if let Some(rest) = text.strip_prefix("TCP:").filter(|rest| rest.contains("estab ")) {
            let number = |key: &str| {
                let rest = rest.get(rest.find(key)? + key.len()..)?;
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                rest.get(..end)?.parse::<u64>().ok()
            };
            value.established = number("estab ").unwrap_or(0);
            value.time_wait = number("timewait ").unwrap_or(0);
            any = true;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [state @ ("ESTAB" | "TIME-WAIT"), _, _, _local, peer, ..] => {
                let counter =
                    if *state == "ESTAB" { &mut value.established } else { &mut value.time_wait };
                *counter += 1;
                *peers.entry(peer_address(peer)).or_default() += 1;
                any = true;
            }
            ["tcp" | "tcp6", _, _, _local, peer, state @ ("ESTABLISHED" | "TIME_WAIT"), ..] => {
                let counter = if *state == "ESTABLISHED" {
                    &mut value.established
                } else {
                    &mut value.time_wait
                };
                *counter += 1;
                *peers.entry(peer_address(peer)).or_default() += 1;
                any = true;
            }
            [count, peer]
                if peer.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) =>
            {
                if let Ok(count) = count.parse::<u64>() {
                    *peers.entry(peer_address(peer)).or_default() += count;
                    any = true;
                }
            }
            _ => {}
        }
        if peers.len() > 100_000 {
            break;
        }
    }
    value.peers = peers.into_iter().collect();
    value.peers.sort_by(|one, two| two.1.cmp(&one.1).then_with(|| one.0.cmp(&two.0)));
    value.peers.truncate(MOST_PEERS);
    if any {
        rows.sockets.push(section.on_node(value));
    }
}

/// `[::ffff:10.0.0.1]:443` is the address it maps.
fn peer_address(peer: &str) -> String {
    match peer.strip_prefix("[::ffff:").and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => format!("{address}{port}"),
        None => peer.to_owned(),
    }
}

/// `timedatectl`, `chronyc tracking`, `date`.
fn clock(section: &Section<'_>, texts: &[String], rows: &mut Rows) {
    let mut value = Clock { at: section.source.whole(), ..Clock::default() };
    for text in texts {
        let Some((name, rest)) = text.split_once(':') else { continue };
        let rest = rest.trim();
        match name.trim() {
            "Universal time" => value.universal = time::systemd(rest),
            "System clock synchronized" | "NTP synchronized" => {
                value.synchronized = Some(rest == "yes");
            }
            "System time" => {
                let number = rest.split(' ').next().and_then(|word| word.parse::<f64>().ok());
                let sign = if rest.contains("slow") { -1.0 } else { 1.0 };
                value.offset_seconds = number.map(|number| number * sign);
            }
            "Leap status" => value.synchronized = Some(rest != "Not synchronised"),
            _ => {}
        }
    }
    if section.program() == "date" {
        let text = texts.first().map(|text| text.trim()).unwrap_or_default();
        value.universal =
            time::rfc3339(text).or_else(|| time::ctime(text)).or_else(|| time::rfc1123(text));
    }
    if value.universal.is_some() || value.synchronized.is_some() || value.offset_seconds.is_some() {
        rows.clocks.push(section.on_node(value));
    }
}

/// The last report of `iostat -x`; `vmstat`'s last row; `top`; `uptime`.
fn disks_and_processors(
    section: &Section<'_>,
    lines: &[Line<'_>],
    texts: &[String],
    rows: &mut Rows,
) {
    let number = |word: &str| word.replace(',', ".").parse::<f64>().ok();
    let mut cpu = CpuLoad { at: section.source.whole(), ..CpuLoad::default() };
    let mut devices: Vec<DiskLoad> = Vec::new();
    let mut header: Vec<&str> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["avg-cpu:", names @ ..] => {
                let row = texts.get(index + 1).map(String::as_str).unwrap_or_default();
                let values: Vec<Option<f64>> = row.split_whitespace().map(number).collect();
                let of = |name: &str| {
                    let at = names.iter().position(|word| *word == name)?;
                    values.get(at).copied().flatten()
                };
                (cpu.user_percent, cpu.iowait_percent, cpu.idle_percent) =
                    (of("%user"), of("%iowait"), of("%idle"));
                header.clear();
            }
            ["Device" | "Device:", ..] if text.contains("util") => {
                // A new report begins: the first one only told the average since the boot.
                devices.clear();
                header.clone_from(&words);
            }
            ["r", "b", ..] => header.clone_from(&words),
            [] | ["procs", ..] => {}
            [device, ..] if header.first().is_some_and(|first| first.starts_with("Device")) => {
                let of = |names: &[&str]| {
                    let at = header.iter().position(|word| names.contains(word))?;
                    words.get(at).and_then(|word| number(word))
                };
                let Some(utilization_percent) = of(&["%util"]) else { continue };
                let waits = [of(&["r_await"]), of(&["w_await"])].into_iter().flatten();
                let wait = of(&["await"]).unwrap_or_else(|| waits.fold(0.0, f64::max));
                devices.push(DiskLoad {
                    device: (*device).to_owned(),
                    utilization_percent,
                    await_milliseconds: wait,
                    queue: of(&["aqu-sz", "avgqu-sz"]).unwrap_or(0.0),
                    at: lines.get(index).map_or(section.source.whole(), |line| line.at),
                });
            }
            _ if header.first() == Some(&"r") => {
                let of = |name: &str| {
                    let at = header.iter().position(|word| *word == name)?;
                    words.get(at).and_then(|word| number(word))
                };
                (cpu.user_percent, cpu.iowait_percent, cpu.idle_percent) =
                    (of("us"), of("wa"), of("id"));
            }
            _ => {}
        }
        if let Some(at) = text.find("load average:").or_else(|| text.find("load averages:")) {
            let rest =
                text.get(at..).and_then(|rest| rest.split_once(':')).map(|(_, rest)| rest.trim());
            cpu.load1 =
                rest.and_then(|rest| number(rest.split([' ']).next()?.trim_end_matches(',')));
        }
        if let Some(rest) = text.strip_prefix("%Cpu(s):") {
            let of = |name: &str| {
                let rest = rest.get(..rest.find(&format!(" {name}"))?)?;
                number(rest.rsplit([' ', ',']).next()?)
            };
            (cpu.user_percent, cpu.iowait_percent, cpu.idle_percent) =
                (of("us"), of("wa"), of("id"));
        }
        if let Some((_, rest)) =
            text.split_once(" CPU)").map(|_| text.rsplit_once('(').unwrap_or_default())
        {
            cpu.cores = rest.split(' ').next().and_then(|word| word.parse().ok()).or(cpu.cores);
        }
    }
    rows.disk_loads.extend(devices.into_iter().map(|device| section.on_node(device)));
    if cpu.load1.is_some() || cpu.idle_percent.is_some() || cpu.iowait_percent.is_some() {
        rows.cpu_loads.push(section.on_node(cpu));
    }
}

/// `ip route`, `ip addr`, `hostname -I`.
fn routes(section: &Section<'_>, texts: &[String], rows: &mut Rows) {
    let mut value = Routes { at: section.source.whole(), ..Routes::default() };
    let mut device = String::new();
    for text in texts {
        let words: Vec<&str> = text.split_whitespace().collect();
        let behind = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1).map(|word| (*word).to_owned())
        };
        match words.as_slice() {
            [destination, ..] if words.contains(&"dev") && !destination.ends_with(':') => {
                let gateway = behind("via").unwrap_or_default();
                value.routes.push((
                    (*destination).to_owned(),
                    gateway,
                    behind("dev").unwrap_or_default(),
                ));
            }
            [number, name, ..]
                if number.ends_with(':') && name.ends_with(':') && text.contains("mtu") =>
            {
                name.trim_end_matches(':')
                    .split('@')
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut device);
            }
            ["inet" | "inet6", address, ..] => {
                value.addresses.push((device.clone(), (*address).to_owned()));
            }
            addresses if section.program() == "hostname" => {
                let known = addresses.iter().filter(|word| super::dns::is_address(word));
                value.addresses.extend(known.map(|word| (String::new(), (*word).to_owned())));
            }
            _ => {}
        }
    }
    if !value.routes.is_empty() || !value.addresses.is_empty() {
        rows.routes.push(section.on_node(value));
    }
}

/// Exit codes of the node's provisioning; 0 is success and no row.
fn provisioning(section: &Section<'_>, lines: &[Line<'_>], texts: &[String], rows: &mut Rows) {
    for (line, text) in lines.iter().zip(texts) {
        let lower = text.to_ascii_lowercase();
        let found = [
            "exitcode\": \"",
            "exitcode\":\"",
            "exitcode=",
            "exit code: ",
            "exit status ",
            "exit status=",
        ]
        .iter()
        .find_map(|needle| {
            let rest = lower.get(lower.find(needle)? + needle.len()..)?;
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.get(..end)?.parse::<i64>().ok()
        });
        let speaks = lower.contains("vmssCSE".to_ascii_lowercase().as_str())
            || lower.contains("cse")
            || lower.contains("provision")
            || lower.contains("vmextension")
            || section.command.contains("provision");
        if let Some(code) = found.filter(|code| *code != 0 && speaks) {
            let text = super::network_error::capped(text.trim(), 512);
            rows.provision_exits.push(section.on_node(ProvisionExit { code, text, at: line.at }));
        }
    }
}

/// `systemctl is-active`, `systemctl status`: a command's outcome, failed when the unit does not run.
fn services(section: &Section<'_>, texts: &[String], rows: &mut Rows) {
    if section.program() != "systemctl"
        && !texts.iter().any(|text| text.trim().starts_with("Active: "))
    {
        return;
    }
    let state = texts
        .iter()
        .find_map(|text| text.trim().strip_prefix("Active: "))
        .or_else(|| texts.first().map(|text| text.trim()))
        .unwrap_or_default();
    let active = state.starts_with("active") || state.starts_with("enabled");
    rows.commands.push(CommandOutcome {
        command: section.command.to_owned(),
        exit: Some(i64::from(!active)),
        output: super::network_error::capped(state, 256),
        node: section.node.clone(),
        at: section.source.whole(),
        ..CommandOutcome::default()
    });
}

#[cfg(test)]
mod tests;
