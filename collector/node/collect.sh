#!/bin/sh
# Collects from a Kubernetes node with nothing but sh; prints one stream on standard output.
# It reads, asks and connects; it changes nothing and writes no file. Run it as root:
#   kubectl debug node/NAME --image=IMAGE --profile=sysadmin --attach=true -- chroot /host sh -c "$(konspect-collect node-script)"
#   az vmss run-command invoke … --command-id RunShellScript --scripts @script.sh     (with --compact)
#   ssh NODE sudo sh -s < script.sh
# Pack what it printed: konspect-collect pack OUTPUT -o node.zip

API_SERVER='' PEERS='' SINCE='1 hour ago' COMPACT=''
# settings

LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin:/opt/bin
export LC_ALL PATH
HOST=$(uname -n)
LIMIT=15

have() { command -v "$1" >/dev/null 2>&1; }

# Old busybox spells its option differently: then commands run without a limit.
if timeout 5 true >/dev/null 2>&1; then
  bounded() { timeout "$LIMIT" "$@"; }
else
  bounded() { "$@"; }
fi

# What stands before and after the text of one file.
frame() { # name exit seconds command text
  printf '=== konspect file=%s exit=%s seconds=%s command=%s ===\n' "$1" "$2" "$3" "$4"
  if [ -n "$5" ]; then
    printf '%s\n' "$5" | sed 's/^=== konspect / &/'
  fi
}

# Runs a command or one of the functions below and prints its output as a file.
take() { # name command...
  name=$1
  shift
  begun=$(date +%s)
  case $1 in
    read_*) text=$("$@" 2>&1) ;;
    *)
      if have "$1"; then
        text=$(bounded "$@" 2>&1)
      else
        text="sh: $1: command not found"
        (exit 127)
      fi
      ;;
  esac
  code=$?
  case $1 in
    read_file) words="cat $2" ;;
    read_journal) words="journalctl -u $2 --no-pager -o short-iso --since '$SINCE' -n 20000" ;;
    read_*) words="konspect ${1#read_}" ;;
    *) words="$*" ;;
  esac
  frame "$name" "$code" "$(($(date +%s) - begun))" "$words" "$text"
}

# Prints a command and what it said, as a terminal would show it.
shown() {
  printf '$ %s\n' "$*"
  if have "$1"; then bounded "$@" 2>&1; else printf 'sh: %s: command not found\n' "$1"; fi
}

api_server() {
  if [ -n "$API_SERVER" ]; then
    printf '%s\n' "$API_SERVER"
    return
  fi
  for file in /var/lib/kubelet/kubeconfig /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf; do
    if [ -r "$file" ]; then
      sed -n 's|^ *server: *["'\'']\{0,1\}https\{0,1\}://\([^/"'\'' ]*\).*|\1|p' "$file" | sed 's/:[0-9]*$//' | head -n 1
      return
    fi
  done
}

api_port() {
  for file in /var/lib/kubelet/kubeconfig /etc/kubernetes/kubelet.conf; do
    if [ -r "$file" ]; then
      sed -n 's|^ *server: .*:\([0-9][0-9]*\)["'\'' /]*$|\1|p' "$file" | head -n 1
    fi
  done
}

resolvers() {
  cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null | sed -n 's/^nameserver *\([^ %]*\).*/\1/p' | sort -u
}

read_file() { cat "$1"; }

read_nslookup() {
  api=$(api_server)
  for name in $api mcr.microsoft.com; do
    shown nslookup "$name"
    for server in $(resolvers); do shown nslookup "$name" "$server"; done
  done
}

# Connects with whatever there is: nc, bash or curl.
connect() { # host port
  if have nc; then
    shown nc -z -v -w 5 "$1" "$2"
  elif have curl; then
    shown curl -sS -k -m 5 -o /dev/null -w 'connect %{time_connect}\n' "https://$1:$2/"
  else
    printf 'sh: nc: command not found\n'
  fi
}

read_probes() {
  api=$(api_server)
  if [ -n "$api" ]; then
    port=$(api_port)
    connect "$api" "${port:-443}"
  fi
  for peer in $PEERS; do connect "$peer" 10250; done
  connect 127.0.0.1 10250
  if have curl; then shown curl -sS -m 5 http://127.0.0.1:10248/healthz; fi
}

read_egress() {
  api=$(api_server)
  for url in ${api:+"https://$api/healthz"} https://mcr.microsoft.com/ https://management.azure.com/ https://login.microsoftonline.com/ https://packages.aks.azure.com/ https://acs-mirror.azureedge.net/acs-mirror/healthz; do
    shown curl -sS -k -m 10 -o /dev/null -w '%{http_code} %{time_total}\n' "$url" &
  done
  wait
}

read_conntrack() {
  for name in count max; do
    file=/proc/sys/net/netfilter/nf_conntrack_$name
    if [ -r "$file" ]; then printf 'net.netfilter.nf_conntrack_%s = %s\n' "$name" "$(cat "$file")"; fi
  done
  if have conntrack; then shown conntrack -S; fi
}

read_sysctls() {
  for name in net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables \
    net.ipv4.conf.all.rp_filter net.ipv4.conf.default.rp_filter net.ipv4.ip_local_port_range net.ipv4.tcp_max_syn_backlog net.core.somaxconn \
    net.ipv4.tcp_tw_reuse net.ipv4.neigh.default.gc_thresh3 fs.inotify.max_user_watches fs.inotify.max_user_instances fs.file-max fs.file-nr \
    fs.nr_open kernel.pid_max kernel.threads-max vm.max_map_count vm.overcommit_memory vm.panic_on_oom kernel.panic; do
    file=/proc/sys/$(printf '%s' "$name" | tr . /)
    if [ -r "$file" ]; then printf '%s = %s\n' "$name" "$(tr '\t' ' ' <"$file")"; fi
  done
}

read_pressure() {
  for kind in cpu memory io; do
    if [ -r "/proc/pressure/$kind" ]; then
      printf '/proc/pressure/%s\n' "$kind"
      cat "/proc/pressure/$kind"
    fi
  done
}

read_diskstats() {
  printf '# %s\n' "$(date +%s)"
  cat /proc/diskstats
  sleep 2
  printf '# %s\n' "$(date +%s)"
  cat /proc/diskstats
}

# The public part of the kubelet's certificates: the files hold the private key too.
read_certificates() {
  for file in /var/lib/kubelet/pki/kubelet-client-current.pem /var/lib/kubelet/pki/kubelet-server-current.pem /var/lib/kubelet/pki/kubelet.crt \
    /etc/kubernetes/certs/client.crt /etc/kubernetes/certs/kubeletserver.crt /etc/kubernetes/certs/ca.crt; do
    if [ -r "$file" ]; then shown openssl x509 -noout -subject -issuer -startdate -enddate -in "$file"; fi
  done
}

read_journal() { # unit
  bounded journalctl -u "$1" --no-pager -o short-iso --since "$SINCE" -n 20000
}

read_dmesg() {
  bounded dmesg | grep -i -E 'error|fail|oom|killed process|blocked for more|panic|segfault|i/o|ext4|xfs|nvme|link is (down|up)|conntrack|table full|martian|call trace' | tail -n 500
}

read_kubelet_command() {
  for file in /proc/[0-9]*/comm; do
    if [ "$(cat "$file" 2>/dev/null)" = kubelet ]; then
      tr '\000' ' ' <"${file%comm}cmdline"
      return
    fi
  done
  printf 'no process is named kubelet\n'
  return 1
}

everything() {
  take uname.txt uname -a
  take iptables-save.txt iptables-save -c
  take ip6tables-save.txt ip6tables-save -c
  if have iptables-legacy-save; then take iptables-legacy-save.txt iptables-legacy-save -c; fi
  take iptables-list.txt iptables --list --line-numbers -n -v
  take iptables-list-nat.txt iptables -t nat --list --line-numbers -n -v
  take ipset.txt ipset save
  take nft.json nft -j list ruleset
  take nft.txt nft list ruleset
  take ufw-status.txt ufw status verbose
  take routes.txt ip route show table all
  take rules.txt ip rule show
  take addresses.txt ip address show
  take links.txt ip -s link show
  take ss-summary.txt ss -s
  take conntrack.txt read_conntrack
  take sysctls.txt read_sysctls
  take resolv.conf read_file /etc/resolv.conf
  if [ -r /run/systemd/resolve/resolv.conf ]; then take systemd-resolv.conf read_file /run/systemd/resolve/resolv.conf; fi
  take resolvectl.txt resolvectl status
  take hosts.txt read_file /etc/hosts
  take nslookup.txt read_nslookup
  take probes.txt read_probes
  take egress-probe.txt read_egress
  take kubelet-journal.log read_journal kubelet
  take containerd-journal.log read_journal containerd
  take systemctl-status.txt systemctl --no-pager --full status kubelet containerd
  take dmesg.txt read_dmesg
  take df.txt df -P
  take df-inodes.txt df -Pi
  take meminfo.txt read_file /proc/meminfo
  take uptime.txt uptime
  take pressure.txt read_pressure
  take diskstats.txt read_diskstats
  take iostat.txt iostat -xz 1 3
  take timedatectl.txt timedatectl
  take chrony.txt chronyc tracking
  take certificates.txt read_certificates
  take kubelet-command.txt read_kubelet_command
}

# The decisive parts, short enough for an agent that keeps the last 4,096 bytes.
read_rules() {
  have iptables-save || { printf 'sh: iptables-save: command not found\n'; return 127; }
  printf '*filter\n'
  bounded iptables-save -c -t filter | grep -E '^:(INPUT|FORWARD|OUTPUT) |(DROP|REJECT)|--dport|-A INPUT' | grep -v -E 'KUBE-(SVC|SEP|EXT)|KUBE-NWPLCY|cali-' | head -n 30
  printf 'COMMIT\n'
}

read_short() {
  df -P / /var/lib/kubelet /var/lib/containerd 2>/dev/null | awk 'NR > 1 && !seen[$6]++ { print "df", $6, $5 }'
  df -Pi / 2>/dev/null | awk 'NR > 1 { print "inodes", $6, $5 }'
  read_conntrack 2>/dev/null | head -n 2
  if [ -r /proc/pressure/io ]; then sed 's/^/pressure io /' /proc/pressure/io; fi
  for unit in kubelet containerd; do
    if have systemctl; then printf 'systemctl %s %s\n' "$unit" "$(systemctl is-active "$unit" 2>&1)"; fi
  done
  if have timedatectl; then timedatectl 2>/dev/null | grep -i synchronized; fi
  read_certificates 2>/dev/null | grep -E '^(\$|notAfter)' | sed 's/-noout -subject -issuer -startdate -enddate -in //'
}

read_names() {
  api=$(api_server)
  if [ -n "$api" ]; then
    LIMIT=6
    shown nslookup "$api" | grep -v '^$'
  fi
}

# Adds files to one packed stream as long as it fits.
compact() {
  head=$(
    take iptables-rules.txt read_rules
    take state.txt read_short
    take nslookup.txt read_names
    LIMIT=6
    take probes.txt read_probes
  )
  head=$(printf '%s\n' "$head" | cut -c 1-300 | head -c 2000)
  printf '%s\n' "$head"
  have gzip && have base64 || return
  room=$((3700 - ${#head}))
  packed='' stream='' left=''
  for job in 'ufw-status.txt ufw status verbose' 'resolv.conf read_file /etc/resolv.conf' 'routes.txt ip route' 'timedatectl.txt timedatectl' \
    'certificates.txt read_certificates' 'df.txt df -P' 'pressure.txt read_pressure' 'iptables-save.txt iptables-save -c -t filter' \
    'kubelet-journal.log read_tail kubelet' 'dmesg.txt read_dmesg_tail' 'sysctls.txt read_sysctls' 'ip6tables-save.txt ip6tables-save -c' 'nft.txt nft list ruleset'; do
    # The words of a job are meant to be split.
    # shellcheck disable=SC2086
    more=$(take $job)
    try=$(printf '%s\n%s\n' "$stream" "$more" | gzip -9c | base64 | tr -d '\n')
    if [ "${#try}" -le "$room" ]; then
      stream=$(printf '%s\n%s' "$stream" "$more")
      packed=$try
    else
      left="$left ${job%% *}"
    fi
  done
  printf '=== konspect packed left-out=%s ===\n%s\n' "$(printf '%s' "${left# }" | tr ' ' ,)" "$packed"
}

read_tail() { read_journal "$1" | tail -n 40; }
read_dmesg_tail() { read_dmesg | tail -n 30; }

printf '=== konspect node 1 host=%s time=%s ===\n' "$HOST" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
if [ -n "$COMPACT" ]; then compact; else everything; fi
printf '=== konspect end ===\n'
