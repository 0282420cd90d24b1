//! Which events count and by what they are grouped: asked before the fold, so that every
//! combination has an answer.

use konspect_bundle::Span;

use crate::answers::{Dimension, program};
use crate::budget::keyed;
use crate::client::{Names, Resource};
use crate::event::{Event, Stage, Verb};
use crate::failure::Failure;
use crate::rows::{Row, hash_parts};
use crate::tally::{Ended, ListQuery, Tally};
use crate::time::print;
use crate::watches::Owner;

/// So many groups are told apart; the rest is counted as one.
pub(crate) const GROUPS: usize = 1 << 13;

/// A question to a log: every list that is not empty must have a match.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Text within the user agent, in whatever case.
    pub agents: Vec<String>,
    /// Text within the user's name, in whatever case.
    pub users: Vec<String>,
    pub verbs: Vec<Verb>,
    /// `pods`, `pods/exec`, `deployments`, `deployments.apps`, `apps/deployments`, `/readyz`.
    pub resources: Vec<String>,
    /// Whole names.
    pub namespaces: Vec<String>,
    /// Lowest and highest code.
    pub codes: Vec<(u16, u16)>,
    /// Whole addresses.
    pub addresses: Vec<String>,
    /// Micro-seconds since 1970 at which requests came in: from, and up to but not including.
    pub since: Option<i64>,
    pub until: Option<i64>,
    /// What requests are grouped by.
    pub by: Vec<Dimension>,
    /// Micro-seconds of a bin of time that each group is cut into.
    pub bin: Option<i64>,
}

impl Question {
    /// Whether every event counts.
    pub fn takes_all(&self) -> bool {
        let Self { agents, users, verbs, resources, namespaces, codes, addresses, .. } = self;
        let times = self.since.is_none() && self.until.is_none();
        let texts = [agents, users, resources, namespaces, addresses];
        times && verbs.is_empty() && codes.is_empty() && texts.iter().all(|list| list.is_empty())
    }

    /// Whether requests are grouped.
    pub fn groups(&self) -> bool {
        !self.by.is_empty()
    }

    /// The first and the last micro-second that are asked for.
    pub(crate) fn bounds(&self) -> Option<(i64, i64)> {
        let bounds = (self.since.unwrap_or(i64::MIN), self.until.unwrap_or(i64::MAX));
        (self.since.is_some() || self.until.is_some()).then_some(bounds)
    }

    pub(crate) fn takes(&self, event: &Event<'_>) -> bool {
        if self.takes_all() {
            return true;
        }
        // What was received and not yet answered has no code, and counts as no request anyway.
        if event.stage == Stage::RequestReceived {
            return false;
        }
        let any = |list: &[String], matches: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|wanted| matches(wanted))
        };
        let time = event.received.or(event.staged);
        any(&self.agents, &|wanted| holds(&event.agent, wanted))
            && any(&self.users, &|wanted| holds(&event.user, wanted))
            && (self.verbs.is_empty() || self.verbs.contains(&event.verb))
            && any(&self.resources, &|wanted| is_resource(event, wanted))
            && any(&self.namespaces, &|wanted| event.namespace == wanted)
            && (self.codes.is_empty()
                || self.codes.iter().any(|(low, high)| (*low..=*high).contains(&event.code)))
            && any(&self.addresses, &|wanted| event.source_ip == wanted)
            && self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time.is_some_and(|time| time < until))
    }

    /// The values by which an event is grouped, the bin of time first.
    fn key(&self, event: &Event<'_>, resource: Resource<'_>) -> Vec<String> {
        let bin = self.bin.filter(|bin| *bin > 0).map(|bin| {
            let time = event.received.or(event.staged);
            time.map(|time| print(time.div_euclid(bin) * bin)).unwrap_or_default()
        });
        let value = |dimension: &Dimension| match dimension {
            Dimension::UserAgent => event.agent.to_string(),
            Dimension::Program => program(&event.agent).to_owned(),
            Dimension::User => event.user.to_string(),
            Dimension::Client => [&*event.user, &*event.agent].join(" "),
            Dimension::Address => event.source_ip.to_string(),
            Dimension::Namespace => event.namespace.to_string(),
            Dimension::Verb => event.verb.as_str().to_owned(),
            Dimension::Resource => resource.joined(),
            Dimension::Code => event.code.to_string(),
        };
        bin.into_iter().chain(self.by.iter().map(value)).collect()
    }
}

/// Whether a text contains another, in whatever case.
fn holds(text: &str, wanted: &str) -> bool {
    let same = |part: &[u8]| part.eq_ignore_ascii_case(wanted.as_bytes());
    wanted.is_empty() || text.as_bytes().windows(wanted.len()).any(same)
}

fn is_resource(event: &Event<'_>, wanted: &str) -> bool {
    if wanted.starts_with('/') {
        return event.resource.is_empty()
            && event.uri.split('?').next().is_some_and(|path| path.starts_with(wanted));
    }
    let name = &*event.resource;
    let is_kind = |text: &str| {
        let of = |group: &str, plural: &str| plural == name && group == event.group;
        text == name
            || text.split_once('.').is_some_and(|(plural, group)| of(group, plural))
            || text.rsplit_once('/').is_some_and(|(group, plural)| of(group, plural))
    };
    is_kind(wanted)
        || wanted.rsplit_once('/').is_some_and(|(kind, part)| {
            !part.is_empty() && part == event.subresource && is_kind(kind)
        })
}

/// Requests that are alike in what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct GroupRow {
    pub(crate) hash: u64,
    pub(crate) key: Vec<String>,
    pub(crate) tally: Tally,
    pub(crate) users: Names<64>,
    pub(crate) addresses: Names<64>,
}

impl GroupRow {
    pub(crate) fn of(question: &Question, event: &Event<'_>, resource: Resource<'_>) -> Self {
        let key = question.key(event, resource);
        let parts: Vec<&str> = key.iter().map(String::as_str).collect();
        let hash = hash_parts(17, &parts);
        Self {
            hash,
            key,
            tally: Tally::default(),
            users: Names::default(),
            addresses: Names::default(),
        }
    }

    /// By what its open watches are known.
    pub(crate) fn owner(&self) -> Owner {
        Owner { user: self.key.join("\u{1f}").into(), ..Owner::default() }
    }

    /// Counts a request that ended, or notes that a watch began.
    pub(crate) fn count(&mut self, event: &Event<'_>, failure: Option<Failure>, at: Span) {
        let ends = u64::from(event.ends());
        self.users.tick(&event.user, ends);
        self.addresses.tick(&event.source_ip, ends);
        if ends == 0 {
            self.tally.watches.started += 1;
            return;
        }
        let mut ended = Ended::of(event, failure, at, event.long_running());
        if event.verb == Verb::List {
            ended.list = ListQuery::of(&event.uri);
        }
        self.tally.exemplify(&ended);
        self.tally.count(&ended);
    }
}

keyed!(GroupRow);

impl Row for GroupRow {
    fn same(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn weight(&self) -> u64 {
        self.tally.requests + self.tally.watches.started
    }

    fn empty(&self) -> Self {
        Self {
            hash: self.hash,
            key: self.key.clone(),
            tally: Tally::default(),
            users: Names::default(),
            addresses: Names::default(),
        }
    }

    fn merge(&mut self, other: Self) {
        self.tally.merge(&other.tally);
        self.users.merge(&other.users);
        self.addresses.merge(&other.addresses);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_in_every_usual_way() {
        let event = Event {
            resource: "deployments".into(),
            group: "apps".into(),
            subresource: "scale".into(),
            uri: "/apis/apps/v1/namespaces/a/deployments/b/scale".into(),
            ..Event::default()
        };
        for wanted in [
            "deployments",
            "deployments.apps",
            "apps/deployments",
            "deployments/scale",
            "apps/deployments/scale",
            "deployments.apps/scale",
        ] {
            assert!(is_resource(&event, wanted), "{wanted}");
        }
        for wanted in [
            "deployment",
            "deployments.extensions",
            "batch/deployments",
            "deployments/status",
            "/apis",
        ] {
            assert!(!is_resource(&event, wanted), "{wanted}");
        }
        let path = Event { uri: "/readyz?verbose".into(), ..Event::default() };
        assert!(is_resource(&path, "/readyz") && !is_resource(&path, "/livez"));
    }
}
