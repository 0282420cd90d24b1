//! Tells the outputs of a node's own commands and files.

use super::begins;
use super::lines::words;

/// Beginnings of lines that give a node's state away when they stand among the first.
const STARTS: &[&str] = &[
    "MemTotal:",
    "some avg10=",
    "/proc/pressure/",
    "net.netfilter.",
    "net.ipv4.",
    "nf_conntrack",
    "conntrack v",
    "cpu=0 ",
    "Total: ",
    "TCP: ",
    "Netid ",
    "State  ",
    "Active Internet connections",
    "Active UNIX domain sockets",
    "default via ",
    "1: lo: <",
    "System clock synchronized",
    "Reference ID",
    "Leap status",
    "MS Name/IP address",
    "top - ",
    "%Cpu",
    "procs ---",
    "avg-cpu:",
    "Kernel IP routing table",
    "Kernel Interface table",
    "Module ",
    "lo  ",
    "lo:",
    "NTP service:",
    "Ubuntu ",
    "PRETTY_NAME=",
    "NAME=\"",
    "DISTRIB_ID=",
    "\u{25cf} ",
    "\u{25cb} ",
    "UNIT ",
    "CONTAINER ",
    "POD ID ",
    "USER ",
    "UID ",
    "PID ",
    "COMMAND ",
    "RTNETLINK",
    "Interface:",
    "Linux version ",
    "processor\t",
    "Architecture:",
    "qdisc ",
    "Settings for ",
    "Static hostname:",
    "Windows IP Configuration",
    "Ethernet adapter ",
    "1: lo    inet",
    "#kernel",
];

/// Whether lines are a node's state.
pub(super) fn is_state(lines: &[&str]) -> bool {
    let early = lines.get(..lines.len().min(6)).unwrap_or_default();
    let start = early.iter().any(|line| {
        let line = line.trim_start();
        STARTS.iter().any(|start| line.starts_with(start)) || is_header(line)
    });
    start
        || lines.first().is_some_and(|line| is_lone(line))
        || lines.iter().take(1).any(|line| is_date(line))
}

fn is_header(line: &str) -> bool {
    (line.starts_with("Filesystem") && line.contains("Mounted"))
        || begins(line, &["total", "used", "free"])
        || begins(line, &["Local", "time:"])
        || begins(line, &["Universal", "time:"])
        || begins(line, &["RTC", "time:"])
        || begins(line, &["State", "Recv-Q"])
        || begins(line, &["Proto", "Recv-Q"])
        || begins(line, &["Device", "r/s"])
        || line.starts_with("Device:")
        || line.starts_with("Inter-|")
        || line.contains("MAJ:MIN")
        || (line.contains("load average:") && line.contains(" up "))
        || (line.starts_with("Linux ") && words(line).count() >= 4)
        || (line.contains(" dev ")
            && (line.contains(" proto ") || line.contains(" scope ") || line.contains(" lladdr ")))
        || (line.contains(": <") && line.contains(" mtu "))
        || (line.contains("usecs") && line.contains(": count"))
}

/// The whole of `/proc/loadavg`, `/proc/sys/fs/file-nr` and the like.
fn is_lone(line: &str) -> bool {
    let parts: Vec<_> = words(line).collect();
    matches!(parts.as_slice(), [one, five, fifteen, tasks, last]
        if one.parse::<f64>().is_ok() && five.parse::<f64>().is_ok() && fifteen.parse::<f64>().is_ok()
            && tasks.contains('/') && last.parse::<u64>().is_ok())
        || parts.iter().all(|part| part.parse::<std::net::IpAddr>().is_ok())
}

/// What `date` prints: `Fri Feb 11 19:23:39 UTC 2022`.
fn is_date(line: &str) -> bool {
    let parts: Vec<_> = words(line).collect();
    matches!(parts.as_slice(), [day, _, _, clock, .., year]
        if matches!(*day, "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun")
            && clock.matches(':').count() == 2
            && year.len() == 4
            && parts.len() <= 7)
}

/// Lines of addresses with names.
pub(super) fn is_hosts(early: &[&str]) -> bool {
    let mut spoken = early.iter().filter(|line| !line.starts_with('#')).peekable();
    spoken.peek().is_some()
        && spoken.all(|line| {
            let mut parts = words(line);
            parts.next().is_some_and(|word| word.parse::<std::net::IpAddr>().is_ok())
                && parts
                    .next()
                    .is_some_and(|name| name.starts_with(|char: char| char.is_ascii_alphabetic()))
        })
}

/// A node's state by the name of its file or command, where the content alone could be anything.
pub(super) fn is_state_by_name(path: &str, command: &str) -> bool {
    const NAMES: &[&str] = &[
        "sysctl",
        "vmstat",
        "diskstats",
        "loadavg",
        "uptime",
        "file-nr",
        "conntrack",
        "lsmod",
        "mounts",
        "hostname",
        "uname",
        "chronyc",
        "timedatectl",
        "crictl",
        "iostat",
        "netstat",
        "sockstat",
        "snmp",
        "cmdline",
        "kubeletcmd",
        "df",
        "free",
        "top",
        "ps",
        "lsblk",
        "dpkg",
        "ethtool",
        "arp",
        "hosts",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let program = words(command).next().unwrap_or_default();
    let mut parts = stem.split(['_', '-']);
    NAMES.contains(&program) || NAMES.contains(&stem) || parts.any(|part| NAMES.contains(&part))
}
