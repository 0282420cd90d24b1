//! What a node exporter counts, as the rows that files of the node itself would give: rules about a node
//! ask one table, whoever measured.
//!
//! Gauges come from the newest scrape; rates need two scrapes of one node. It refuses to make a rate of a
//! counter's value since boot.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Nodes;
use crate::model::metrics::{MetricsComponent, Sample, Scrape};
use crate::model::node_files::{Clock, CpuLoad, DiskLoad, Filesystem, Memory, OnNode, Pressure};
use crate::parse::Rows;

/// Two scrapes closer than this measure noise.
const SHORTEST_SECONDS: f64 = 5.0;

/// File systems that are no disk of the node.
const NO_DISK: &[&str] = &["tmpfs", "overlay", "squashfs", "ramfs", "iso9660", "nsfs"];

/// Samples of one node in one scrape, by family.
type Families<'s> = BTreeMap<&'s str, Vec<&'s Sample>>;

/// Adds the rows that node exporters' scrapes give.
pub(super) fn add(rows: &mut Rows, nodes: Option<&Nodes>) {
    let scrapes = std::mem::take(&mut rows.scrapes);
    let mut by_node: BTreeMap<String, Vec<(Option<Timestamp>, Families<'_>)>> = BTreeMap::new();
    for scrape in scrapes.iter().filter(|scrape| scrape.component == MetricsComponent::NodeExporter)
    {
        for (node, families) in of_nodes(scrape, nodes) {
            by_node.entry(node).or_default().push((time_of(scrape, &families), families));
        }
    }
    for (node, mut taken) in by_node {
        taken.sort_by_key(|(time, _)| *time);
        let Some(((newest_time, newest), earlier)) = taken.split_last() else { continue };
        gauges(rows, &node, newest);
        let before = earlier.iter().rev().find_map(|(time, families)| {
            let seconds = newest_time.zip(*time).map(|(a, b)| a.duration_since(b).as_secs_f64())?;
            (seconds >= SHORTEST_SECONDS).then_some((seconds, families))
        });
        if let Some((seconds, before)) = before {
            rates(rows, &node, newest, before, seconds);
        } else {
            load(rows, &node, newest, None);
        }
    }
    rows.scrapes = scrapes;
}

/// A federated scrape holds many nodes, told apart by `node` or `instance`.
fn of_nodes<'s>(scrape: &'s Scrape, nodes: Option<&Nodes>) -> BTreeMap<String, Families<'s>> {
    let mut by_node: BTreeMap<String, Families<'s>> = BTreeMap::new();
    for (family, samples) in &scrape.families {
        for sample in samples {
            let node = node_of(sample, scrape, nodes);
            by_node.entry(node).or_default().entry(family.as_str()).or_default().push(sample);
        }
    }
    by_node
}

fn node_of(sample: &Sample, scrape: &Scrape, nodes: Option<&Nodes>) -> String {
    if !scrape.node.is_empty() {
        return scrape.node.clone();
    }
    let named = [sample.label("node"), sample.label("nodename"), sample.label("instance")]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let host = named.rsplit_once(':').map_or(named, |(host, _)| host);
    let known = nodes.and_then(|nodes| nodes.find(host)).map(|node| node.meta.name.to_string());
    known.unwrap_or_else(|| host.to_owned())
}

/// The exporter tells the node's own time; else the scrape's time counts.
fn time_of(scrape: &Scrape, families: &Families<'_>) -> Option<Timestamp> {
    let own =
        families.get("node_time_seconds").and_then(|samples| samples.first()).and_then(|sample| {
            let since = jiff::SignedDuration::try_from_secs_f64(sample.value).ok()?;
            Timestamp::from_duration(since).ok()
        });
    own.or(scrape.taken)
}

fn gauges(rows: &mut Rows, node: &str, families: &Families<'_>) {
    let first = |family: &str| families.get(family).and_then(|samples| samples.first().copied());
    if let (Some(total), Some(available)) =
        (first("node_memory_MemTotal_bytes"), first("node_memory_MemAvailable_bytes"))
    {
        let value = Memory {
            total: whole(total.value),
            available: whole(available.value),
            at: available.at,
        };
        rows.memory.push(OnNode { node: node.to_owned(), value });
    }
    if let Some(sync) = first("node_timex_sync_status") {
        let value = Clock { synchronized: Some(sync.value > 0.0), at: sync.at, ..Clock::default() };
        rows.clocks.push(OnNode { node: node.to_owned(), value });
    }
    for (free, size, inodes) in [
        ("node_filesystem_avail_bytes", "node_filesystem_size_bytes", false),
        ("node_filesystem_files_free", "node_filesystem_files", true),
    ] {
        for sample in families.get(free).into_iter().flatten() {
            let total = same(families, size, sample).filter(|total| *total > 0.0);
            let Some(total) = total.filter(|_| !NO_DISK.contains(&sample.label("fstype"))) else {
                continue;
            };
            let value = Filesystem {
                device: sample.label("device").to_owned(),
                mount: sample.label("mountpoint").to_owned(),
                used_percent: (100.0 * (1.0 - sample.value / total)).clamp(0.0, 100.0),
                inodes,
                at: sample.at,
            };
            rows.filesystems.push(OnNode { node: node.to_owned(), value });
        }
    }
}

/// The value of another family with the same labels.
fn same(families: &Families<'_>, family: &str, sample: &Sample) -> Option<f64> {
    families
        .get(family)?
        .iter()
        .find(|other| other.labels == sample.labels)
        .map(|other| other.value)
}

fn rates(rows: &mut Rows, node: &str, newest: &Families<'_>, before: &Families<'_>, seconds: f64) {
    let grown = |family: &str, like: &Sample| {
        let grown = same(newest, family, like)? - same(before, family, like)?;
        (grown >= 0.0).then_some(grown)
    };
    for (family, resource, full) in [
        ("node_pressure_cpu_waiting_seconds_total", "cpu", false),
        ("node_pressure_memory_waiting_seconds_total", "memory", false),
        ("node_pressure_memory_stalled_seconds_total", "memory", true),
        ("node_pressure_io_waiting_seconds_total", "io", false),
        ("node_pressure_io_stalled_seconds_total", "io", true),
    ] {
        for sample in newest.get(family).into_iter().flatten() {
            let Some(grown) = grown(family, sample) else { continue };
            let percent = (100.0 * grown / seconds).min(100.0);
            let value = Pressure {
                resource: resource.to_owned(),
                full,
                averages: [percent; 3],
                at: sample.at,
            };
            rows.pressures.push(OnNode { node: node.to_owned(), value });
        }
    }
    for sample in newest.get("node_disk_io_time_seconds_total").into_iter().flatten() {
        let part = |family: &str| grown(family, sample).unwrap_or_default();
        let Some(busy) = grown("node_disk_io_time_seconds_total", sample) else { continue };
        let done =
            part("node_disk_reads_completed_total") + part("node_disk_writes_completed_total");
        let waited =
            part("node_disk_read_time_seconds_total") + part("node_disk_write_time_seconds_total");
        let value = DiskLoad {
            device: sample.label("device").to_owned(),
            utilization_percent: (100.0 * busy / seconds).min(100.0),
            await_milliseconds: if done > 0.0 { 1000.0 * waited / done } else { 0.0 },
            queue: part("node_disk_io_time_weighted_seconds_total") / seconds,
            at: sample.at,
        };
        rows.disk_loads.push(OnNode { node: node.to_owned(), value });
    }
    load(rows, node, newest, Some((before, seconds)));
}

/// The load average, and what the processors did between two scrapes.
fn load(rows: &mut Rows, node: &str, newest: &Families<'_>, before: Option<(&Families<'_>, f64)>) {
    let modes: Vec<&Sample> =
        newest.get("node_cpu_seconds_total").into_iter().flatten().copied().collect();
    let cores: BTreeSet<&str> = modes.iter().map(|sample| sample.label("cpu")).collect();
    let load1 = newest.get("node_load1").and_then(|samples| samples.first());
    let Some(at) = load1.map(|sample| sample.at).or(modes.first().map(|sample| sample.at)) else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "a machine has few processors")]
    let spent = |mode: &str| {
        let (before, seconds) = before?;
        let mut of_mode = modes.iter().filter(|sample| sample.label("mode") == mode).peekable();
        of_mode.peek()?;
        let grown: f64 = of_mode
            .map(|sample| Some(sample.value - same(before, "node_cpu_seconds_total", sample)?))
            .sum::<Option<f64>>()?;
        (grown >= 0.0).then(|| (100.0 * grown / seconds / cores.len().max(1) as f64).min(100.0))
    };
    let value = CpuLoad {
        load1: load1.map(|sample| sample.value),
        cores: Some(cores.len() as u64).filter(|cores| *cores > 0),
        user_percent: spent("user"),
        iowait_percent: spent("iowait"),
        idle_percent: spent("idle"),
        at,
    };
    rows.cpu_loads.push(OnNode { node: node.to_owned(), value });
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bytes are whole and not negative; the cast saturates"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use konspect_bundle::{ArtifactId, Source};

    use crate::parse::Hint;

    fn rows(text: &str) -> Rows {
        let mut rows = Rows::default();
        let source = Source::new(ArtifactId(0), text.as_bytes());
        crate::parse::prometheus::text(&source, &Hint::default(), &mut rows);
        add(&mut rows, None);
        rows
    }

    const FIRST: &str = "node_uname_info{nodename=\"n\"} 1\nnode_time_seconds 1740126700\nnode_load1 9\n\
        node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 100\nnode_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"} 100\n\
        node_disk_io_time_seconds_total{device=\"sda\"} 50\nnode_disk_reads_completed_total{device=\"sda\"} 10\n\
        node_disk_read_time_seconds_total{device=\"sda\"} 1\nnode_pressure_io_stalled_seconds_total 5\n";

    #[test]
    fn two_scrapes_of_one_node_give_rates() {
        let second = FIRST
            .replace("1740126700", "1740126760")
            .replace("mode=\"iowait\"} 100", "mode=\"iowait\"} 130")
            .replace("\"sda\"} 50", "\"sda\"} 110")
            .replace(
                "reads_completed_total{device=\"sda\"} 10",
                "reads_completed_total{device=\"sda\"} 30",
            )
            .replace(
                "read_time_seconds_total{device=\"sda\"} 1",
                "read_time_seconds_total{device=\"sda\"} 5",
            )
            .replace("stalled_seconds_total 5", "stalled_seconds_total 35");
        let rows = rows(&format!("{FIRST}{second}"));
        let [disk] = rows.disk_loads.as_slice() else { panic!("{:?}", rows.disk_loads) };
        assert_eq!(
            (disk.node.as_str(), disk.value.utilization_percent, disk.value.await_milliseconds),
            ("n", 100.0, 200.0)
        );
        assert_eq!(
            rows.pressures.first().map(|row| (row.value.full, row.value.averages[1])),
            Some((true, 50.0))
        );
        let [load] = rows.cpu_loads.as_slice() else { panic!("{:?}", rows.cpu_loads) };
        assert_eq!(
            (load.value.load1, load.value.iowait_percent, load.value.idle_percent),
            (Some(9.0), Some(50.0), Some(0.0))
        );
    }

    #[test]
    fn one_scrape_gives_no_rate() {
        let rows = rows(FIRST);
        assert!(rows.disk_loads.is_empty() && rows.pressures.is_empty());
        assert_eq!(
            rows.cpu_loads.first().map(|row| (row.value.load1, row.value.idle_percent)),
            Some((Some(9.0), None))
        );
    }
}
