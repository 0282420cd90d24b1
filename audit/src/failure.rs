//! Why the API server refused or failed a request, told from the code and the message.

use crate::event::Event;

macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// A kind of refusal or failure; what clients meet every day has kinds of its own, so that
        /// it can be left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Failure { $($(#[$doc])* $name),* }

        impl Failure {
            /// Every kind, in the order of the serialised state.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// A stable name for machine-readable output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}
failures! {
    /// 429 of API Priority and Fairness: the event has no message.
    PriorityAndFairness = "priority-and-fairness",
    /// 429 while a watch cache fills after the API server's start: no throttling.
    StorageInitializing = "storage-initializing",
    /// 429 of an eviction that a disruption budget forbids.
    DisruptionBudget = "disruption-budget",
    /// Any other 429.
    TooManyRequests = "too-many-requests",
    /// A webhook that could not be called.
    WebhookFailed = "webhook-failed",
    /// A webhook that could not be called and was passed over, as its failure policy says.
    WebhookFailedOpen = "webhook-failed-open",
    /// A webhook that was called and said no.
    WebhookDenied = "webhook-denied",
    /// An admission policy or another admission plug-in said no.
    AdmissionDenied = "admission-denied",
    Unauthorized = "unauthorized",
    Forbidden = "forbidden",
    QuotaExceeded = "quota-exceeded",
    /// etcd is out of space and takes no writes.
    SpaceExceeded = "etcd-space-exceeded",
    /// etcd did not answer in time, or had no leader.
    EtcdUnavailable = "etcd-unavailable",
    /// The tunnel to the nodes has no agent.
    NoAgent = "no-agent",
    /// A kubelet or another back end could not be reached through the tunnel.
    DialFailed = "dial-failed",
    Timeout = "timeout",
    /// 503, among them aggregated APIs without a back end.
    Unavailable = "unavailable",
    /// 404.
    NotFound = "not-found",
    /// 409.
    Conflict = "conflict",
    /// 410: the client's resource version is too old.
    Expired = "expired",
    /// Any other 4xx.
    Rejected = "rejected",
    /// Any other 5xx.
    ServerError = "server-error",
}

impl Failure {
    /// Whether the request was turned away for load.
    pub fn throttles(self) -> bool {
        matches!(self, Self::PriorityAndFairness | Self::TooManyRequests)
    }

    /// Whether clients meet it in healthy clusters all day.
    pub fn everyday(self) -> bool {
        matches!(self, Self::NotFound | Self::Conflict | Self::Expired | Self::StorageInitializing)
    }
}

/// The failure that an event tells, with the name of the webhook or plug-in and the cause as the
/// message gives it.
pub(crate) fn classify<'a>(event: &'a Event<'_>) -> Option<(Failure, &'a str, &'a str)> {
    if event.code < 400 {
        return None;
    }
    let message = &*event.message;
    if let Some(rest) = after(message, "failed calling webhook ") {
        let (name, rest) = quoted(rest);
        let cause =
            after(rest, "failed to call webhook: ").unwrap_or(rest.trim_start_matches([':', ' ']));
        return Some((Failure::WebhookFailed, name, cause));
    }
    if let Some(rest) = after(message, "admission webhook ") {
        let (name, rest) = quoted(rest);
        return Some((Failure::WebhookDenied, name, rest.trim_start()));
    }
    if message.contains("ValidatingAdmissionPolicy ") {
        let (name, rest) = quoted(after(message, "ValidatingAdmissionPolicy ").unwrap_or_default());
        return Some((Failure::AdmissionDenied, name, rest.trim_start()));
    }
    let kind = by_message(event.code, message).unwrap_or_else(|| by_code(event));
    Some((kind, "", message))
}

fn by_message(code: u16, message: &str) -> Option<Failure> {
    let has = |text: &str| message.contains(text);
    if has("database space exceeded") {
        return Some(Failure::SpaceExceeded);
    }
    if has("No agent available") || has("no agent available") {
        return Some(Failure::NoAgent);
    }
    if has("error dialing backend") || has("dial tcp") || has("proxy error from") {
        return Some(Failure::DialFailed);
    }
    if has("etcdserver: request timed out")
        || has("etcdserver: leader changed")
        || has("etcdserver: no leader")
    {
        return Some(Failure::EtcdUnavailable);
    }
    if has("etcdserver: too many requests") {
        return Some(Failure::EtcdUnavailable);
    }
    if has("exceeded quota") {
        return Some(Failure::QuotaExceeded);
    }
    if code >= 500
        && (has("request did not complete within")
            || has("context deadline exceeded")
            || has("Timeout: "))
    {
        return Some(Failure::Timeout);
    }
    None
}

fn by_code(event: &Event<'_>) -> Failure {
    match event.code {
        401 => Failure::Unauthorized,
        403 => Failure::Forbidden,
        404 => Failure::NotFound,
        409 => Failure::Conflict,
        410 => Failure::Expired,
        429 => too_many(event),
        503 => Failure::Unavailable,
        504 => Failure::Timeout,
        400..=499 => Failure::Rejected,
        _ => Failure::ServerError,
    }
}

fn too_many(event: &Event<'_>) -> Failure {
    let message = &*event.message;
    if message.contains("(re)initializing") {
        Failure::StorageInitializing
    } else if message.contains("disruption budget")
        || (event.subresource == "eviction" && !message.is_empty())
    {
        Failure::DisruptionBudget
    } else if message.is_empty() || message.contains("Too many requests, please try again later") {
        Failure::PriorityAndFairness
    } else {
        Failure::TooManyRequests
    }
}

fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    text.split_once(marker).map(|(_, rest)| rest)
}

/// A name in quotes and what follows it.
fn quoted(text: &str) -> (&str, &str) {
    match text.strip_prefix('"').and_then(|text| text.split_once('"')) {
        Some((name, rest)) => (name, rest),
        None => ("", text),
    }
}

/// A message without its names and numbers, so that like ones count as one.
pub(crate) fn shape_into(message: &str, shape: &mut String) {
    shape.clear();
    let mut inside = false;
    let mut digits = false;
    for symbol in message.chars() {
        if shape.len() >= 160 {
            break;
        }
        if symbol == '"' {
            inside = !inside;
            shape.push('"');
            if inside {
                shape.push('…');
            }
        } else if !inside {
            let digit = symbol.is_ascii_digit();
            if !digit {
                shape.push(if symbol.is_control() { ' ' } else { symbol });
            } else if !digits {
                shape.push('N');
            }
            digits = digit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: u16, message: &str) -> (Failure, String, String) {
        let event = Event { code, message: message.into(), ..Event::default() };
        let (kind, name, cause) = classify(&event).unwrap();
        (kind, name.to_owned(), cause.to_owned())
    }

    #[test]
    fn the_three_kinds_of_429() {
        assert_eq!(kind(429, "").0, Failure::PriorityAndFairness);
        assert_eq!(kind(429, "storage is (re)initializing").0, Failure::StorageInitializing);
        assert_eq!(
            kind(429, "Cannot evict pod as it would violate the pod's disruption budget.").0,
            Failure::DisruptionBudget
        );
        assert_eq!(kind(429, "slow down").0, Failure::TooManyRequests);
    }

    #[test]
    fn webhooks_give_their_name_and_cause() {
        let message = "Internal error occurred: failed calling webhook \"validate.kyverno.svc-fail\": failed to call webhook: \
                       Post \"https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s\": no endpoints available for service \"kyverno-svc\"";
        let (failure, name, cause) = kind(500, message);
        assert_eq!((failure, name.as_str()), (Failure::WebhookFailed, "validate.kyverno.svc-fail"));
        assert!(cause.starts_with("Post \"https://kyverno-svc"), "{cause}");
        let denied = kind(
            403,
            "admission webhook \"validation.gatekeeper.sh\" denied the request: [all-must-have-owner] missing",
        );
        assert_eq!(
            (denied.0, denied.1.as_str()),
            (Failure::WebhookDenied, "validation.gatekeeper.sh")
        );
        assert_eq!(
            kind(
                500,
                "Internal error occurred: failed calling webhook \"w\": Post \"https://a\": EOF"
            )
            .2,
            "Post \"https://a\": EOF"
        );
    }

    #[test]
    fn server_side_causes() {
        assert_eq!(
            kind(500, "etcdserver: mvcc: database space exceeded").0,
            Failure::SpaceExceeded
        );
        assert_eq!(
            kind(500, "Get \"https://10.0.0.4:10250/containerLogs/a/b/c\": No agent available").0,
            Failure::NoAgent
        );
        assert_eq!(
            kind(500, "Get \"https://10.0.0.4:10250/x\": dial tcp 10.0.0.4:10250: i/o timeout").0,
            Failure::DialFailed
        );
        assert_eq!(kind(504, "Timeout: request did not complete within requested timeout - context deadline exceeded").0, Failure::Timeout);
        assert_eq!(
            kind(403, "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1").0,
            Failure::QuotaExceeded
        );
        assert_eq!(classify(&Event { code: 200, ..Event::default() }), None);
    }

    fn shape(message: &str) -> String {
        let mut shape = String::new();
        shape_into(message, &mut shape);
        shape
    }

    #[test]
    fn like_messages_have_one_shape() {
        assert_eq!(
            shape("pods \"a-1\" not found in 10.0.0.4:10250"),
            shape("pods \"b\" not found in 10.12.7.9:443")
        );
    }
}
