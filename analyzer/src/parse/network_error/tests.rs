use super::*;

fn at(host: &str, port: u16) -> Target {
    Target { host: host.to_owned(), port }
}

fn lookup(name: &str, server: &str) -> (String, String) {
    (name.to_owned(), server.to_owned())
}

fn only(text: &str) -> NetworkError {
    let errors = network_errors(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    errors.into_iter().next().expect("one error")
}

#[test]
fn dials_in_all_spellings() {
    let timeout = |host: &str, port| NetworkError::DialTimeout { target: at(host, port) };
    for (text, expected) in [
        (
            "Unable to connect to the server: dial tcp 20.1.2.3:443: i/o timeout",
            timeout("20.1.2.3", 443),
        ),
        (
            r#"E0101 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list: Get \"https://a.hcp.eastus.azmk8s.io:443/api?timeout=32s\": dial tcp 20.1.2.3:443: i/o timeout""#,
            timeout("20.1.2.3", 443),
        ),
        (
            "Unable to connect to the server: dial tcp 20.1.2.3:443: connectex: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.",
            timeout("20.1.2.3", 443),
        ),
        (
            r#""cannot connect once" err="rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 192.168.1.41:8132: connect: no route to host\"""#,
            NetworkError::NoRoute { target: at("192.168.1.41", 8132) },
        ),
        (
            r#"desc = "transport: Error while dialing dial tcp 10.0.0.1:443: connect: connection refused""#,
            NetworkError::Refused { target: at("10.0.0.1", 443) },
        ),
        ("dial tcp [fd00::1]:10250: connect: connection timed out", timeout("fd00::1", 10250)),
        (
            "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
            NetworkError::Refused { target: at("10.0.0.1", 6443) },
        ),
        (
            "Get \"https://10.0.0.1:443/version\": dial tcp 10.0.0.1:443: i/o timeout (Client.Timeout exceeded while awaiting headers)",
            timeout("10.0.0.1", 443),
        ),
        (
            "curl: (28) Failed to connect to a.azmk8s.io port 443 after 10001 ms: Timeout was reached",
            timeout("a.azmk8s.io", 443),
        ),
        (
            "curl: (7) Failed to connect to 10.0.0.4 port 80 after 3 ms: Couldn't connect to server",
            NetworkError::Refused { target: at("10.0.0.4", 80) },
        ),
        (
            "nc: connect to a.azmk8s.io (20.1.1.1) port 9000 (tcp) timed out: Operation now in progress",
            timeout("a.azmk8s.io", 9000),
        ),
        (
            "nc: connect to 10.224.0.5 port 10250 (tcp) failed: Connection refused",
            NetworkError::Refused { target: at("10.224.0.5", 10250) },
        ),
    ] {
        assert_eq!(only(text), expected, "{text}");
    }
}

#[test]
fn lookups_name_their_server() {
    let (name, server) = lookup("x.privatelink.eastus.azmk8s.io", "10.1.0.4");
    assert_eq!(
        only("dial tcp: lookup x.privatelink.eastus.azmk8s.io on 10.1.0.4:53: no such host"),
        NetworkError::NoSuchHost { name: name.clone(), server: server.clone() }
    );
    assert_eq!(
        only(
            "dial tcp: lookup x.privatelink.eastus.azmk8s.io on 10.1.0.4:53: read udp 10.1.0.9:33077->10.1.0.4:53: i/o timeout"
        ),
        NetworkError::LookupTimeout { name: name.clone(), server }
    );
    assert_eq!(
        only("dial tcp: lookup x.privatelink.eastus.azmk8s.io: i/o timeout"),
        NetworkError::LookupTimeout { name, server: String::new() }
    );
    let (name, server) = lookup("mcr.microsoft.com", "127.0.0.53");
    assert_eq!(
        only("dial tcp: lookup mcr.microsoft.com on 127.0.0.53:53: server misbehaving"),
        NetworkError::LookupFailed { name, server }
    );
    assert_eq!(
        only(
            "[ERROR] plugin/errors: 2 . NS: read udp 10.12.0.69:33077->168.63.129.16:53: i/o timeout"
        ),
        NetworkError::LookupTimeout { name: String::new(), server: "168.63.129.16".into() }
    );
    assert_eq!(
        only("curl: (6) Could not resolve host: a.b.io"),
        NetworkError::NoSuchHost { name: "a.b.io".into(), server: String::new() }
    );
}

#[test]
fn an_egress_message_gives_both_errors() {
    let text = "Required endpoints are unreachable (curl: (28) Resolving timed out after 10000 milliseconds: https://acs-mirror.azureedge.net/acs-mirror/healthz ;curl: (28) Connection timed out after 10000 milliseconds: https://packages.aks.azure.com/acs-mirror/healthz ), aka.ms/AArpzy5 for more information.";
    assert_eq!(
        network_errors(text),
        [
            NetworkError::LookupTimeout {
                name: "acs-mirror.azureedge.net".into(),
                server: String::new()
            },
            NetworkError::DialTimeout { target: at("packages.aks.azure.com", 443) },
        ]
    );
}

#[test]
fn tunnel_words() {
    assert_eq!(only("error dialing backend: No agent available"), NetworkError::NoAgent);
    assert_eq!(
        only(
            "proxy error from localhost:9443 while dialing 10.1.0.33:10250, code 504: 504 Gateway Timeout"
        ),
        NetworkError::ProxyDial { target: at("10.1.0.33", 10250), code: 504 }
    );
    assert_eq!(
        only(
            "Post \"https://svc.ns.svc:443/?timeout=10s\": write unix @->/tunnel-uds/proxysocket: write: broken pipe"
        ),
        NetworkError::TunnelSocket
    );
    assert_eq!(
        only(
            r#"err="rpc error: code = Unavailable desc = connection error: desc = \"transport: authentication handshake failed: credentials: cannot check peer: missing selected ALPN property\"""#
        ),
        NetworkError::AlpnMissing
    );
    assert_eq!(only("desc = \"error reading server preface: EOF\""), NetworkError::NotGrpc);
}

#[test]
fn tls_and_certificates() {
    let url = "Get \"https://10.0.0.7:10250/containerLogs/a/b/c\": net/http: TLS handshake timeout";
    assert_eq!(only(url), NetworkError::TlsHandshakeTimeout { target: at("10.0.0.7", 10250) });
    assert_eq!(
        only(
            "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\")"
        ),
        NetworkError::UnknownAuthority
    );
    let times =
        "x509: certificate has expired or is not yet valid: current time 2025-01-01T00:00:00Z is";
    assert_eq!(
        only(&format!("{times} after 2024-12-01T00:00:00Z")),
        NetworkError::CertificateExpired
    );
    assert_eq!(
        only(&format!("{times} before 2025-12-01T00:00:00Z")),
        NetworkError::CertificateNotYetValid
    );
}

#[test]
fn answers_of_servers() {
    for (text, expected) in [
        ("error: You must be logged in to the server (Unauthorized)", NetworkError::Unauthorized),
        (
            "Error from server (Forbidden): nodes is forbidden: User \"x\" cannot list resource \"nodes\"",
            NetworkError::Forbidden,
        ),
        ("Too many requests, please try again later.", NetworkError::TooManyRequests),
        (
            "E1 memcache.go:287] couldn't get resource list for metrics.k8s.io/v1beta1: the server is currently unable to handle the request",
            NetworkError::ServiceUnavailable,
        ),
        ("etcdserver: mvcc: database space exceeded", NetworkError::EtcdSpace),
        (
            "etcdserver: request timed out, possibly due to previous leader failure",
            NetworkError::EtcdSlow,
        ),
        (
            "Timeout: request did not complete within requested timeout - context deadline exceeded",
            NetworkError::RequestTimeout,
        ),
        ("Unable to connect to the server: EOF", NetworkError::EndOfFile),
        (
            "Get \"https://a:443/x\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            NetworkError::DeadlineExceeded,
        ),
    ] {
        assert_eq!(only(text), expected, "{text}");
    }
}

#[test]
fn noise_is_no_error() {
    for text in [
        r#""connection read failure" err="read tcp 10.181.40.126:47702->10.181.40.126:10249: use of closed network connection""#,
        "Error proxying data from client to backend: readfrom tcp 127.0.0.1:53764->127.0.0.1:56853: write tcp 127.0.0.1:53764->127.0.0.1:56853: write: broken pipe",
        "dial unix /run/containerd/containerd.sock: connect: connection refused",
        "Error from server (Forbidden): pods \"x\" is forbidden: exceeded quota: q, requested: cpu=1",
        "Cannot evict pod as it would violate the pod's disruption budget. (429 too many requests)",
        "serviceLookup done",
        "",
    ] {
        assert_eq!(network_errors(text), [], "{text}");
    }
}

#[test]
fn the_kubelet_of_a_url() {
    let text = "Error from server: Get \"https://aks-user1-1-vmss000001:10250/containerLogs/a/b/c?tailLines=5\": No agent available";
    assert_eq!(kubelet_target(text), Some("aks-user1-1-vmss000001"));
    assert_eq!(kubelet_target("https://[fd00::1]:10250/exec/a"), Some("fd00::1"));
    assert_eq!(kubelet_target("dial tcp 10.0.0.1:10250: i/o timeout"), None);
}
