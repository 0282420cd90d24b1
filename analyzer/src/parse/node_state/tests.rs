use konspect_bundle::ArtifactId;

use super::*;

fn read(text: &str) -> Rows {
    let mut rows = Rows::default();
    node_state(&Source::new(ArtifactId(0), text.as_bytes()), &Hint::default(), &mut rows);
    rows
}

#[test]
fn disks_and_inodes() {
    let rows = read(
        "Filesystem     1024-blocks     Used Available Capacity Mounted on\n/dev/root        129886128 63124658 66745086      49% /\nFilesystem Inodes IUsed IFree IUse% Mounted on\n/dev/root 100 97 3 97% /\n",
    );
    let found: Vec<_> = rows
        .filesystems
        .iter()
        .map(|row| (row.value.mount.as_str(), row.value.used_percent, row.value.inodes))
        .collect();
    assert_eq!(found, [("/", 49.0, false), ("/", 97.0, true)]);
}

#[test]
fn memory_of_both_tools() {
    let rows = read(
        "MemTotal:       16374560 kB\nMemFree:        2954268 kB\nMemAvailable:   9847564 kB\n",
    );
    assert_eq!(rows.memory[0].value.available, 9_847_564 * 1024);
    let rows = read(
        "$ free -b\n              total        used        free      shared  buff/cache   available\nMem:    1000 600 100 0 300 350\n",
    );
    assert_eq!((rows.memory[0].value.total, rows.memory[0].value.available), (1000, 350));
}

#[test]
fn pressure_with_headings() {
    let rows = read(
        "/proc/pressure/cpu\nsome avg10=0.01 avg60=0.02 avg300=0.03 total=9\n/proc/pressure/io\nfull avg10=5.00 avg60=12.50 avg300=1.00 total=0\n",
    );
    let [cpu, io] = rows.pressures.as_slice() else { panic!("{:?}", rows.pressures) };
    assert_eq!((cpu.value.resource.as_str(), cpu.value.full), ("cpu", false));
    assert_eq!(
        (io.value.resource.as_str(), io.value.full, io.value.averages),
        ("io", true, [5.0, 12.5, 1.0])
    );
}

#[test]
fn connection_tracking() {
    let rows =
        read("net.netfilter.nf_conntrack_count = 10724\nnet.netfilter.nf_conntrack_max = 131072\n");
    let value = &rows.conntracks[0].value;
    assert_eq!((value.count, value.max), (Some(10724), Some(131_072)));
    let rows = read(
        "$ cat /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max\n5\n10\n",
    );
    assert_eq!((rows.conntracks[0].value.count, rows.conntracks[0].value.max), (Some(5), Some(10)));
    let rows = read(
        "cpu=0 found=0 invalid=3 insert=0 insert_failed=12 drop=12 early_drop=0\ncpu=1 found=0 invalid=3 insert=0 insert_failed=1 drop=2 early_drop=9\n",
    );
    assert_eq!(
        (rows.conntracks[0].value.insert_failed, rows.conntracks[0].value.drops),
        (Some(13), Some(14))
    );
}

#[test]
fn sockets_and_peers() {
    let rows = read(
        "Total: 2911\nTCP:   2604 (estab 1019, closed 1402, orphaned 0, timewait 1391)\n\n$ ss -tan | awk '{print $5}' | sort | uniq -c | sort -rn | head -4\n    998 51.116.12.8:443\n     41 20.43.139.247:443\n",
    );
    let [peers, totals] = rows.sockets.as_slice() else { panic!("{:?}", rows.sockets) };
    assert_eq!((totals.value.established, totals.value.time_wait), (1019, 1391));
    assert_eq!(peers.value.peers.first(), Some(&("51.116.12.8:443".to_owned(), 998)));
    let rows = read(
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nESTAB 0 0 10.0.0.4:1 [::ffff:10.0.0.1]:443\nTIME-WAIT 0 0 10.0.0.4:2 10.0.0.1:443\n",
    );
    assert_eq!(rows.sockets[0].value.peers, [("10.0.0.1:443".to_owned(), 2)]);
}

#[test]
fn clocks() {
    let rows = read(
        "               Local time: Fri 2024-11-08 01:39:13 UTC\n           Universal time: Fri 2024-11-08 01:39:13 UTC\nSystem clock synchronized: no\n",
    );
    let clock = &rows.clocks[0].value;
    assert_eq!(clock.synchronized, Some(false));
    assert_eq!(clock.universal, time::rfc3339("2024-11-08T01:39:13Z"));
    let rows = read("System time     : 312.5 seconds slow of NTP time\nLeap status     : Normal\n");
    assert_eq!(
        (rows.clocks[0].value.offset_seconds, rows.clocks[0].value.synchronized),
        (Some(-312.5), Some(true))
    );
    let rows = read("$ date -u +%FT%T.%NZ\n2024-11-08T01:39:13.5Z\n");
    assert_eq!(rows.clocks[0].value.universal, time::rfc3339("2024-11-08T01:39:13.5Z"));
}

#[test]
fn only_the_last_report_counts() {
    let rows = read(
        "Linux 5.15 (x) 	11/24/25 	_x86_64_	(4 CPU)\n\navg-cpu:  %user   %nice %system %iowait  %steal   %idle\n           5,12    0,00    2,40    4,10    0,00   88,38\n\nDevice            r/s r_await w_await aqu-sz  %util\nsda              3,10 6,20 18,20 0,80 9,40\n\navg-cpu:  %user   %nice %system %iowait  %steal   %idle\n           4.03    0.00    3.27   61.71    0.00   30.99\n\nDevice            r/s r_await w_await aqu-sz  %util\nsda              3.10 96.20 418.20 30.80 99.40\n",
    );
    let [disk] = rows.disk_loads.as_slice() else { panic!("{:?}", rows.disk_loads) };
    assert_eq!(
        (disk.value.utilization_percent, disk.value.await_milliseconds, disk.value.queue),
        (99.4, 418.2, 30.8)
    );
    let cpu = &rows.cpu_loads[0].value;
    assert_eq!((cpu.iowait_percent, cpu.cores), (Some(61.71), Some(4)));
    let rows = read(
        "$ vmstat 1 2\nprocs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n 1  0 0 1 1 1 0 0 1 1 1 1 5 2 90 3 0\n 1  9 0 1 1 1 0 0 1 1 1 1 5 2 20 73 0\n",
    );
    assert_eq!(rows.cpu_loads[0].value.iowait_percent, Some(73.0));
    let rows = read(
        " 01:39:13 up 5 days,  2:03,  1 user,  load average: 12.05, 7.20, 3.10\n%Cpu(s): 12.0 us,  3.0 sy,  0.0 ni, 50.0 id, 35.0 wa,  0.0 hi\n",
    );
    let cpu = &rows.cpu_loads[0].value;
    assert_eq!(
        (cpu.load1, cpu.iowait_percent, cpu.user_percent),
        (Some(12.05), Some(35.0), Some(12.0))
    );
}

#[test]
fn routes_services_and_provisioning() {
    let rows = read(
        "default via 10.224.0.1 dev eth0 proto dhcp src 10.224.0.4\n2: eth0: <BROADCAST> mtu 1500 qdisc mq\n    inet 10.224.0.4/16 brd 10.224.255.255 scope global eth0\n",
    );
    let value = &rows.routes[0].value;
    assert_eq!(value.routes, [("default".to_owned(), "10.224.0.1".to_owned(), "eth0".to_owned())]);
    assert_eq!(value.addresses, [("eth0".to_owned(), "10.224.0.4/16".to_owned())]);
    let rows =
        read("vmssCSE exited: VMExtensionProvisioningError: Enable failed: exit status 50\n");
    assert_eq!(rows.provision_exits[0].value.code, 50);
    let rows = read("$ systemctl is-active kubelet\ninactive\n");
    assert_eq!((rows.commands[0].exit, rows.commands[0].output.as_str()), (Some(1), "inactive"));
}
