//! How a tunnel shows that it suffers, whatever from: shared by the rules about its agents.

use konspect_bundle::{Span, Words, words};

use crate::facts::reach::{Attempt, Witness};
use crate::facts::tunnel::{LastWord, last_word};
use crate::facts::{KubeletReach, Tunnel};
use crate::model::log::Signal;

/// Fewer lost pings than this are an API server that restarted.
const LOST_PINGS: u64 = 3;

/// The best sign of trouble in the tunnel itself.
pub(super) struct Symptom {
    /// The agents' own word, not a client's.
    pub(super) direct: bool,
    pub(super) at: Span,
    pub(super) says: Words,
    pub(super) since: Option<jiff::Timestamp>,
}

/// Lost keepalive pings, agents that cannot connect, calls that end in the tunnel: the first there is.
pub(super) fn of_tunnel(tunnel: &Tunnel, reach: Option<&KubeletReach>) -> Option<Symptom> {
    let pings = tunnel
        .logs
        .iter()
        .filter_map(|log| Some((log, log.signal(Signal::AgentKeepaliveTimeout)?)))
        .max_by_key(|(_, count)| count.count)
        .filter(|(_, count)| count.count >= LOST_PINGS);
    if let Some((log, count)) = pings {
        let at = count.hits.first().map_or(log.at, |hit| hit.at);
        let pod = log.origin.pod.as_str();
        let says = words!("tunnel-agents-not-connected-keepalive", pod = pod, count = count.count);
        return Some(Symptom { direct: true, at, says, since: count.first });
    }
    let failing = tunnel.logs.iter().find(|log| matches!(last_word(log), LastWord::Failed(_)));
    let hit = failing.and_then(|log| log.signal(Signal::AgentCannotConnect)?.hits.last());
    if let Some(hit) = hit {
        let says = words!("tunnel-symptom-cannot-connect");
        return Some(Symptom { direct: true, at: hit.at, says, since: None });
    }
    let (node, sighting) = reach?
        .nodes
        .iter()
        .flat_map(|(node, sightings)| sightings.iter().map(move |sighting| (node, sighting)))
        .find(|(_, sighting)| matches!(sighting.attempt, Attempt::NoAgent | Attempt::Unanswered))?;
    let says = words!("tunnel-symptom-call", node = node);
    let since = sighting.time.filter(|_| sighting.witness != Witness::Client);
    Some(Symptom { direct: false, at: sighting.at, says, since })
}
