//! The arbiter: reads one event with `serde_json`, which alone decides what is a line of JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::event::{Event, Stage, Verb};
use crate::{scan, time};

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "auditID")]
    audit_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    stage: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "requestURI")]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    verb: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    user: Option<User<'a>>,
    #[serde(borrow, default, rename = "impersonatedUser")]
    impersonated: Option<User<'a>>,
    #[serde(borrow, default, rename = "sourceIPs")]
    source_ips: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default, rename = "userAgent")]
    agent: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "objectRef")]
    object: Option<ObjectRef<'a>>,
    #[serde(borrow, default, rename = "responseStatus")]
    status: Option<Status<'a>>,
    #[serde(borrow, default, rename = "requestReceivedTimestamp")]
    received: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "stageTimestamp")]
    staged: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    annotations: Option<Annotations<'a>>,
}

#[derive(Deserialize)]
struct User<'a> {
    #[serde(borrow, default)]
    username: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ObjectRef<'a> {
    #[serde(borrow, default)]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "apiGroup")]
    group: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "apiVersion")]
    version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    subresource: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(default)]
    code: Option<i64>,
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

struct Annotations<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Annotations<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of strings")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<Text<'de>, Text<'de>>()? {
                    pairs.push((key.0, value.0));
                }
                Ok(Annotations(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Reads one event, or says why it is none.
pub(crate) fn read(line: &[u8]) -> Result<Event<'_>, String> {
    let raw: Raw<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if raw.kind.as_deref().is_some_and(|kind| kind != "Event") {
        return Err("not an audit event".to_owned());
    }
    let mut event = Event {
        audit_id: raw.audit_id.unwrap_or_default(),
        stage: Stage::parse(raw.stage.as_deref().unwrap_or_default()),
        verb: Verb::parse(raw.verb.as_deref().unwrap_or_default()),
        uri: raw.uri.unwrap_or_default(),
        user: raw.user.and_then(|user| user.username).unwrap_or_default(),
        impersonated: raw.impersonated.and_then(|user| user.username).unwrap_or_default(),
        agent: raw.agent.unwrap_or_default(),
        source_ip: raw.source_ips.and_then(|mut ips| ips.pop()).unwrap_or_default(),
        received: raw.received.as_deref().and_then(time::parse),
        staged: raw.staged.as_deref().and_then(time::parse),
        ..Event::default()
    };
    event.staged = event.staged.or_else(|| raw.timestamp.as_deref().and_then(time::parse));
    if let Some(object) = raw.object {
        event.resource = object.resource.unwrap_or_default();
        event.namespace = object.namespace.unwrap_or_default();
        event.name = object.name.unwrap_or_default();
        event.group = object.group.unwrap_or_default();
        event.version = object.version.unwrap_or_default();
        event.subresource = object.subresource.unwrap_or_default();
    }
    if let Some(status) = raw.status {
        event.code = status.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(0);
        event.message = status.message.unwrap_or_default();
        event.reason = status.reason.unwrap_or_default();
    }
    for (key, value) in raw.annotations.map(|annotations| annotations.0).unwrap_or_default() {
        scan::annotate(&mut event, &key, value);
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::Memory;
    use crate::scan::Odd;

    const LINE: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"927fcde7-74e5-4a57-af53-dceacefaf47c","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods?limit=500\u0026resourceVersion=0","verb":"list","user":{"username":"system:serviceaccount:shop:app","uid":"1","groups":["a","b{\""],"extra":{"k":["v"]}},"impersonatedUser":{"username":"bob"},"sourceIPs":["10.0.0.1","192.0.2.7"],"userAgent":"app\u003c/1 \ud83d\ude00","objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"},"responseStatus":{"metadata":{},"message":"it \"broke\"","code":500},"requestObject":{"a":[1,2,{"stage":"fake"}],"b":"}"},"requestReceivedTimestamp":"2024-10-29T12:21:44.189258Z","stageTimestamp":"2024-10-29T12:22:19.873022Z","annotations":{"apiserver.latency.k8s.io/etcd":"1.150272ms","apiserver.latency.k8s.io/total":"-2562047h47m16.854775808s","authorization.k8s.io/decision":"allow","failed-open.validating.webhook.admission.k8s.io/round_0_index_0":"validation.gatekeeper.sh","k8s.io/deprecated":"true","k8s.io/removed-release":"1.25"}}"#;

    #[test]
    fn scanner_and_arbiter_agree_on_a_rich_line() {
        let mut event = Event::default();
        assert_eq!(scan::scan(LINE.as_bytes(), &mut event), Ok(()));
        assert_eq!(event, read(LINE.as_bytes()).unwrap());
        assert_eq!(event.uri, "/api/v1/namespaces/shop/pods?limit=500&resourceVersion=0");
        assert_eq!(event.agent, "app</1 😀");
        assert_eq!(event.source_ip, "192.0.2.7");
        assert_eq!(event.message, "it \"broke\"");
        assert_eq!(event.components[1], Some(1_150_272));
        assert_eq!(event.components[0], None);
        assert_eq!(event.failed_open, "validation.gatekeeper.sh");
        assert_eq!(event.duration(), Some(35_683_764));
    }

    #[test]
    fn a_cut_line_keeps_what_came_before() {
        let cut = LINE.find("\"requestReceivedTimestamp\"").unwrap();
        let mut event = Event::default();
        assert_eq!(scan::scan(&LINE.as_bytes()[..cut + 40], &mut event), Err(Odd::Cut));
        assert_eq!((event.verb, event.code, event.received), (Verb::List, 500, None));
        assert!(read(&LINE.as_bytes()[..cut + 40]).is_err());
    }

    /// The line with objects that are large enough to be jumped over.
    fn large(nested: &str) -> String {
        let filler = "x".repeat(3000);
        LINE.replace(
            "\"requestObject\":{",
            &format!("\"requestObject\":{{\"filler\":\"{filler}\",{nested}"),
        )
    }

    #[test]
    fn large_objects_are_jumped_over_and_nothing_in_them_is_believed() {
        let expected = read(LINE.as_bytes()).unwrap();
        for nested in [
            "",
            r#""text":",\"requestReceivedTimestamp\":\"2001-01-01T00:00:00Z\"}","#,
            r#""o":{"a":1,"requestReceivedTimestamp":"2001-01-01T00:00:00.000000Z"},"#,
        ] {
            let line = large(nested);
            let mut event = Event::default();
            assert_eq!(scan::scan(line.as_bytes(), &mut event), Ok(()), "{nested}");
            assert_eq!(event, expected, "{nested}");
        }
        // The last key of that name is a nested one.
        let before = LINE.find("\"requestReceivedTimestamp\"").unwrap();
        let after = LINE.find("\"stageTimestamp\"").unwrap();
        let (objects, rest) = (&LINE[..before], &LINE[after..]);
        let nested = "\"z\":{\"y\":1,\"requestReceivedTimestamp\":\"2001-01-01T00:00:00Z\"},";
        let line = [objects, &LINE[before..after], nested, rest]
            .concat()
            .replace("\"a\":[1,", &format!("\"b\":\"{}\",\"a\":[1,", "x".repeat(3000)));
        let mut event = Event::default();
        assert_eq!(scan::scan(line.as_bytes(), &mut event), Ok(()));
        assert_eq!(event, expected);
    }

    #[test]
    fn two_lines_torn_into_one_are_no_event() {
        let cut = large("");
        let line = [&cut[..cut.len() - 600], LINE].concat();
        assert!(read(line.as_bytes()).is_err());
        assert!(scan::scan(line.as_bytes(), &mut Event::default()).is_err());
    }

    proptest! {
        /// Every line that both accept is read alike, whatever was changed, cut or doubled in it.
        #[test]
        fn scanner_equals_arbiter(
            at in 0_usize..LINE.len(), drop in 0_usize..30, insert in "[\\\\\"{}\\[\\],:a-z0-9 ]{0,3}",
        ) {
            let mut line = LINE.as_bytes().to_vec();
            let end = (at + drop).min(line.len());
            line.splice(at..end, insert.into_bytes());
            let mut event = Event::default();
            if scan::scan(&line, &mut event).is_ok() && let Ok(exact) = read(&line) {
                prop_assert_eq!(event, exact);
            }
        }

        /// A client that is known from an unchanged line is told from one that is nearly the same.
        #[test]
        fn usual_lines_are_read_alike(at in 300_usize..700, drop in 0_usize..4, insert in "[\"{},:a-z0-9]{0,3}") {
            let plain = LINE
                .replace("\"impersonatedUser\":{\"username\":\"bob\"},", "")
                .replace("app\\u003c/1 \\ud83d\\ude00", "app/1");
            let mut memory = Memory::default();
            let mut event = Event::default();
            prop_assert_eq!(scan::scan_known(plain.as_bytes(), &mut event, &mut memory), Ok(()));
            prop_assert_eq!(event, read(plain.as_bytes()).unwrap());
            let mut line = plain.clone().into_bytes();
            line.splice(at..at + drop, insert.into_bytes());
            let mut event = Event::default();
            if scan::scan_known(&line, &mut event, &mut memory).is_ok() && let Ok(exact) = read(&line) {
                prop_assert_eq!(event, exact);
            }
        }

        #[test]
        fn unescape_equals_the_arbiter(text in "([a-zé😀]|\\\\[\"\\\\/bfnrtu]|\\\\u[0-9a-f]{4}|\\\\ud83d\\\\ude0[0-9]){0,8}") {
            let exact: Option<String> = serde_json::from_str(&format!("\"{text}\"")).ok();
            prop_assert_eq!(scan::unescape(&text), exact);
        }
    }
}
