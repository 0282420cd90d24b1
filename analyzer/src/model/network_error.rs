//! What an error text says about which layer failed: the typed form of the table that every
//! dial, look-up, TLS and HTTP error in kubectl, kubelet, konnectivity and events goes through.

/// One error of the network, naming what it names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkError {
    /// `dial tcp A:P: i/o timeout`, `connect: connection timed out`, `connectex: …did not properly respond`.
    DialTimeout { target: Target },
    /// `connect: connection refused`.
    Refused { target: Target },
    /// `connect: no route to host`, `network is unreachable`.
    NoRoute { target: Target },
    /// `connection reset by peer`, `broken pipe`, on an open connection.
    Reset { target: Target },
    /// `lookup NAME[ on SERVER:53]: no such host`.
    NoSuchHost { name: String, server: String },
    /// `lookup NAME…: i/o timeout`, `read udp …:53: i/o timeout`.
    LookupTimeout { name: String, server: String },
    /// `lookup NAME…: server misbehaving` (SERVFAIL), `connection refused` on port 53.
    LookupFailed { name: String, server: String },
    /// `net/http: TLS handshake timeout`.
    TlsHandshakeTimeout { target: Target },
    /// `x509: certificate signed by unknown authority`.
    UnknownAuthority,
    /// `x509: certificate has expired or is not yet valid: current time X is after Y`.
    CertificateExpired,
    /// The same with `is before`: a clock runs behind, or the certificate is too new.
    CertificateNotYetValid,
    /// `missing selected ALPN property`, `tls: no application protocol`.
    AlpnMissing,
    /// `unexpected HTTP status code received from server`, `frame too large`, `server preface`, odd content type.
    NotGrpc,
    /// `context deadline exceeded`, `Client.Timeout exceeded`, without a dial error.
    DeadlineExceeded,
    /// `No agent available`.
    NoAgent,
    /// `proxy error from P while dialing T, code N`.
    ProxyDial { target: Target, code: u16 },
    /// `tunnel-uds` broken pipe or reset.
    TunnelSocket,
    /// `http: server gave HTTP response to HTTPS client`.
    PlainHttp { target: Target },
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 429 from priority and fairness.
    TooManyRequests,
    /// 503, `the server is currently unable to handle the request`.
    ServiceUnavailable,
    /// `etcdserver: request timed out`, `leader changed`, `too many requests`.
    EtcdSlow,
    /// `mvcc: database space exceeded`.
    EtcdSpace,
    /// `Timeout: request did not complete within requested timeout`.
    RequestTimeout,
    /// `EOF`, `unexpected EOF`, at the end of the text.
    EndOfFile,
}

/// Where something was dialled: an address or a name, and a port (0 when the text has none).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub host: String,
    pub port: u16,
}
