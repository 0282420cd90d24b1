//! One audit event as the fold needs it: borrowed from the line wherever the line allows.
//!
//! It refuses to hold request and response objects: nothing that is counted here needs them.

use std::borrow::Cow;

/// The stage of a request at which the API server wrote the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// No stage was written: taken as a finished request when it has a response.
    #[default]
    Unknown,
    RequestReceived,
    ResponseStarted,
    ResponseComplete,
    Panic,
}

impl Stage {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "RequestReceived" => Self::RequestReceived,
            "ResponseStarted" => Self::ResponseStarted,
            "ResponseComplete" => Self::ResponseComplete,
            "Panic" => Self::Panic,
            _ => Self::Unknown,
        }
    }
}

macro_rules! verbs {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// What a request does, as audit events spell it; non-resource requests carry HTTP methods.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb {
            $($name,)*
            /// Any other spelling, among them made-up ones.
            #[default]
            Other,
        }

        impl Verb {
            /// Every verb, in the order of the serialised state.
            pub const ALL: &[Self] = &[$(Self::$name,)* Self::Other];

            /// The verb of an audit event; upper-case HTTP methods are taken as well.
            pub fn parse(text: &str) -> Self {
                match text {
                    $($text => Self::$name,)*
                    _ if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Self::parse(&text.to_ascii_lowercase()),
                    _ => Self::Other,
                }
            }

            /// The spelling of audit events.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other => "other",
                }
            }
        }
    };
}
verbs! {
    Get = "get", List = "list", Watch = "watch", Create = "create", Update = "update", Patch = "patch",
    Delete = "delete", DeleteCollection = "deletecollection", Post = "post", Put = "put", Head = "head",
    Options = "options", Connect = "connect", Proxy = "proxy", Use = "use", Bind = "bind", Escalate = "escalate",
    Impersonate = "impersonate",
}

impl Verb {
    /// Whether the request reads once. `kube-audit-admin` leaves these out; it may hold watches.
    pub fn reads(self) -> bool {
        matches!(self, Self::Get | Self::List | Self::Head | Self::Options)
    }

    /// Whether the request may change a stored object.
    pub fn mutates(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Update | Self::Patch | Self::Delete | Self::DeleteCollection
        )
    }
}

macro_rules! components {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// A part of a request's latency that the API server annotates on slow requests.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Component { $($name),* }

        impl Component {
            /// Every component, in the order of the serialised state.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The component of the annotation `apiserver.latency.k8s.io/<text>`.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }

            /// The last part of the annotation's key.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}
components! {
    Total = "total", Etcd = "etcd", ValidatingWebhook = "validating-webhook", MutatingWebhook = "mutating-webhook",
    QueueWait = "apf-queue-wait", Authentication = "authentication", Authorization = "authorization",
    Impersonation = "impersonation", Serialize = "serialize-response-object", Transform = "transform-response-object",
    Decode = "decode-response-object", Write = "response-write",
}

/// One audit event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event<'a> {
    pub audit_id: Cow<'a, str>,
    pub stage: Stage,
    pub verb: Verb,
    pub uri: Cow<'a, str>,
    pub user: Cow<'a, str>,
    pub impersonated: Cow<'a, str>,
    pub agent: Cow<'a, str>,
    /// The last of `sourceIPs`: the only one that a client cannot make up.
    pub source_ip: Cow<'a, str>,
    pub resource: Cow<'a, str>,
    pub group: Cow<'a, str>,
    pub version: Cow<'a, str>,
    pub namespace: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub subresource: Cow<'a, str>,
    pub code: u16,
    pub message: Cow<'a, str>,
    pub reason: Cow<'a, str>,
    /// Micro-seconds since 1970 at which the request came in.
    pub received: Option<i64>,
    /// Micro-seconds since 1970 at which the stage was reached.
    pub staged: Option<i64>,
    /// Nano-seconds of the latency components that are annotated and not negative.
    pub components: [Option<u64>; Component::ALL.len()],
    pub deprecated: bool,
    pub removed_release: Cow<'a, str>,
    /// The webhook that could not be called and was passed over.
    pub failed_open: Cow<'a, str>,
    /// The record was cut by whoever exported it: what stands after the cut is missing.
    pub partial: bool,
}

impl Event<'_> {
    /// Whether this is an audit event at all.
    pub fn is_event(&self) -> bool {
        !self.audit_id.is_empty() || (!self.uri.is_empty() && self.verb != Verb::Other)
    }

    /// Whether the request is long-running by nature, so that its duration is no latency.
    pub fn long_running(&self) -> bool {
        if self.verb == Verb::Watch || self.verb == Verb::Connect || self.verb == Verb::Proxy {
            return true;
        }
        match &*self.subresource {
            "exec" | "attach" | "portforward" | "proxy" => true,
            "log" => {
                parameter(&self.uri, "follow").is_some_and(|value| matches!(value, "true" | "1"))
            }
            _ => self.verb == Verb::Get && !self.resource.is_empty() && is_watch_uri(&self.uri),
        }
    }

    /// Whether the request asked that nothing be stored. `kubectl delete --dry-run=server` says so in
    /// the request's body alone, which is not read.
    pub fn is_dry_run(&self) -> bool {
        parameters(&self.uri)
            .any(|(key, value)| unquoted(key) == "dryRun" && unquoted(value) == "All")
    }

    /// Micro-seconds between the request's arrival and the stage; none when either is missing or
    /// the clock went back.
    pub fn duration(&self) -> Option<u64> {
        u64::try_from(self.staged?.checked_sub(self.received?)?).ok()
    }

    /// Whether the request ended with this event.
    pub fn ends(&self) -> bool {
        match self.stage {
            Stage::ResponseComplete | Stage::Panic => true,
            Stage::Unknown => self.code != 0,
            Stage::RequestReceived | Stage::ResponseStarted => false,
        }
    }
}

fn is_watch_uri(uri: &str) -> bool {
    parameter(uri, "watch").is_some_and(|value| matches!(value, "true" | "1"))
}

/// A part of a query without percent encoding, as far as that gives text.
fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |byte: &u8| (*byte as char).to_digit(16).and_then(|it| u8::try_from(it).ok());
        rest = match after {
            [high, low, behind @ ..]
                if *first == b'%'
                    && let (Some(high), Some(low)) = (digit(high), digit(low)) =>
            {
                bytes.push(high << 4 | low);
                behind
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The value of a query parameter, still percent-encoded; the first one counts, as in Go.
fn parameter<'a>(uri: &'a str, name: &str) -> Option<&'a str> {
    parameters(uri).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The parameters of a query, still percent-encoded.
pub(crate) fn parameters(uri: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = memchr::memchr(b'?', uri.as_bytes()).and_then(|at| uri.get(at + 1..));
    query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_running_requests_are_told_apart() {
        let event = |verb, subresource: &'static str, uri: &'static str| Event {
            verb,
            subresource: subresource.into(),
            resource: "pods".into(),
            uri: uri.into(),
            ..Event::default()
        };
        assert!(event(Verb::Watch, "", "/api/v1/pods?watch=true").long_running());
        assert!(
            event(Verb::Create, "exec", "/api/v1/namespaces/a/pods/b/exec?command=sh")
                .long_running()
        );
        assert!(
            event(Verb::Get, "log", "/api/v1/namespaces/a/pods/b/log?container=c&follow=true")
                .long_running()
        );
        assert!(
            !event(Verb::Get, "log", "/api/v1/namespaces/a/pods/b/log?container=c").long_running()
        );
        assert!(!event(Verb::List, "", "/api/v1/pods?limit=500").long_running());
    }

    #[test]
    fn dry_runs_are_told_by_their_query() {
        let event = |uri: &'static str| Event { uri: uri.into(), ..Event::default() };
        for uri in [
            "/api/v1/namespaces/a/pods?dryRun=All",
            "/api/v1/namespaces/a/pods?dryRun=All&fieldManager=kubectl-create",
            "/api/v1/namespaces/a/pods/b?fieldManager=x&force=true&dryRun=All",
            "/api/v1/pods?dry%52un=%41%6cl",
            "/api/v1/pods?dryRun=&dryRun=All",
        ] {
            assert!(event(uri).is_dry_run(), "{uri}");
        }
        for uri in [
            "/api/v1/namespaces/dryRun=All/pods",
            "/api/v1/pods?dryRun=",
            "/api/v1/pods?dryrun=all",
            "/api/v1/pods?fieldManager=dryRun%3DAll",
            "/api/v1/pods?dryRun=All%",
            "/api/v1/pods",
        ] {
            assert!(!event(uri).is_dry_run(), "{uri}");
        }
    }

    #[test]
    fn a_clock_that_went_back_gives_no_latency() {
        let event = Event { received: Some(10), staged: Some(4), ..Event::default() };
        assert_eq!(event.duration(), None);
    }
}
