//! The way of a connection, and the matrix of all nodes, as plain data in the reader's language.

use konspect_bundle::{Span, Words, words};
use serde::Serialize;

use super::excerpt::Excerpts;
use crate::facts::way::{Cell, Deciding, Ends, Hop, Pairs, Party, Place, Verdict, Way};
use crate::language::Language;

/// The version of this shape.
pub const FORMAT: u32 = 1;
/// Kinds of refusal that a matrix tells.
const MOST_STOPS: usize = 12;
/// Names that one line of a matrix lists.
const MOST_NAMES: usize = 8;

/// The answer for one connection.
#[derive(Clone, Debug, Serialize)]
pub struct PathReport {
    pub format: u32,
    pub lang: String,
    /// `accept`, `drop`, `reject`, `unknown`: of all ways together.
    pub verdict: &'static str,
    pub sentence: String,
    pub ways: Vec<WayCard>,
}

#[derive(Clone, Debug, Serialize)]
pub struct WayCard {
    pub from: PartyCard,
    pub to: PartyCard,
    pub verdict: &'static str,
    pub hops: Vec<WayHopCard>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PartyCard {
    /// `node`, `pod`, `service`, `api-server`, `address`.
    pub kind: &'static str,
    pub name: String,
    pub addresses: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node: String,
}

/// One filter on the way.
#[derive(Clone, Debug, Serialize)]
pub struct WayHopCard {
    /// `node`, `nsg`, `routes`, `service`, `authorized-ranges`.
    pub kind: &'static str,
    /// The node's, group's or service's name.
    pub name: String,
    /// `input`, `output`, `forward`, `inbound subnet` …
    pub stage: String,
    /// The answers' way back.
    pub reply: bool,
    pub packet: String,
    pub verdict: &'static str,
    /// What it is rewritten to here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<DecidingCard>,
    pub because: Vec<String>,
    pub changes: Vec<ChangeCard>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DecidingCard {
    /// `filter INPUT 3`.
    pub place: String,
    pub owner: &'static str,
    pub path: String,
    pub line: Option<u64>,
    pub excerpt: String,
    /// From the base chain on.
    pub jumps: Vec<String>,
    pub packets: Option<u64>,
    /// The number that `ufw status numbered` shows.
    pub ufw_number: Option<u32>,
    /// What it means where a cluster has it by design.
    pub meaning: Option<String>,
}

/// A change that lets the packet through, tried before it is said.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeCard {
    pub command: String,
    pub undo: String,
}

/// Every node to every node.
#[derive(Clone, Debug, Serialize)]
pub struct MatrixReport {
    pub format: u32,
    pub lang: String,
    pub port: u16,
    pub nodes: usize,
    /// Ordered pairs.
    pub accept: usize,
    pub drop: usize,
    pub reject: usize,
    pub unknown: usize,
    pub sentence: String,
    /// Nodes that far more senders fail to reach than is usual.
    pub odd: Vec<String>,
    /// Nodes of which no filter was dumped.
    pub unseen: Vec<String>,
    pub stops: Vec<StopCard>,
    /// Nodes with the same row and column stand together: `(nodes, verdicts by group)`.
    pub groups: Vec<GroupCard>,
}

#[derive(Clone, Debug, Serialize)]
pub struct StopCard {
    pub node: String,
    /// Nodes at the other end that meet it.
    pub others: usize,
    /// It stops what the node sends, not what reaches it.
    pub outgoing: bool,
    pub hop: WayHopCard,
}

#[derive(Clone, Debug, Serialize)]
pub struct GroupCard {
    pub nodes: Vec<String>,
    /// As senders, to each group in this order.
    pub to: Vec<&'static str>,
}

/// Every place of the bundle that the answer quotes.
pub fn spans(hops: &[&Hop]) -> Vec<Span> {
    hops.iter().filter_map(|hop| hop.deciding.as_ref()).map(|deciding| deciding.at).collect()
}

/// What cards are made with.
pub struct Cards<'a> {
    pub paths: &'a [String],
    pub excerpts: &'a Excerpts,
    pub language: &'a Language,
}

impl Cards<'_> {
    pub fn path(&self, ends: &Ends, ways: &[Way]) -> PathReport {
        let verdict = together(ways);
        let stopped = ways.iter().find_map(Way::stopped_at);
        let to = match (ends.port, &ends.to.name) {
            (Some(port), name) if name.contains(':') => format!("[{name}]:{port}"),
            (Some(port), name) => format!("{name}:{port}"),
            (None, name) => name.clone(),
        };
        let from = match ends.from.as_slice() {
            [one] => one.name.clone(),
            _ => "api-server".to_owned(),
        };
        let at = stopped.map(|hop| self.place(&hop.place)).unwrap_or_default();
        let passing = ways.iter().filter(|way| way.verdict() == Verdict::Accept).count();
        let sentence = match verdict {
            Verdict::Accept => words!("way-accept", from = from, to = to),
            Verdict::Drop => words!("way-drop", from = from, to = to, at = at),
            Verdict::Reject => words!("way-reject", from = from, to = to, at = at),
            Verdict::Unknown if stopped.is_some() => words!(
                "way-part",
                from = from,
                to = to,
                at = at,
                passing = passing,
                total = ways.len()
            ),
            Verdict::Unknown => words!("way-unknown", from = from, to = to),
        };
        PathReport {
            format: FORMAT,
            lang: self.language.locale.as_str().to_owned(),
            verdict: verdict.as_str(),
            sentence: self.language.say(&sentence),
            ways: ways.iter().map(|way| self.way(way)).collect(),
        }
    }

    fn way(&self, way: &Way) -> WayCard {
        WayCard {
            from: party(&way.from),
            to: party(&way.to),
            verdict: way.verdict().as_str(),
            hops: way.hops.iter().map(|hop| self.hop(hop)).collect(),
        }
    }

    fn place(&self, place: &Place) -> String {
        let words = match place {
            Place::Node { name, .. } => words!("way-at-node", name = name),
            Place::Group { name, .. } => words!("way-at-group", name = name),
            Place::Routes => words!("way-at-routes"),
            Place::Service { name } => words!("way-at-service", name = name),
            Place::Ranges => words!("way-at-ranges"),
        };
        self.language.say(&words)
    }

    fn hop(&self, hop: &Hop) -> WayHopCard {
        let (kind, name, stage) = match &hop.place {
            Place::Node { name, hook } => ("node", name.clone(), (*hook).to_owned()),
            Place::Group { name, subnet, inbound } => {
                let way = if *inbound { "inbound" } else { "outbound" };
                let level = if *subnet { "subnet" } else { "nic" };
                ("nsg", name.clone(), format!("{way} {level}"))
            }
            Place::Routes => ("routes", String::new(), String::new()),
            Place::Service { name } => ("service", name.clone(), String::new()),
            Place::Ranges => ("authorized-ranges", String::new(), String::new()),
        };
        let mut because: Vec<String> = hop.because.iter().map(|words| self.say(words)).collect();
        if let Some(packets) = hop.deciding.as_ref().and_then(|deciding| deciding.packets)
            && matches!(hop.verdict, Verdict::Drop | Verdict::Reject)
        {
            because.push(self.say(&if packets > 0 {
                words!("way-counted", packets = packets)
            } else {
                words!("way-counted-none")
            }));
        }
        WayHopCard {
            kind,
            name,
            stage,
            reply: hop.reply,
            packet: hop.packet.clone(),
            verdict: hop.verdict.as_str(),
            to: hop.to.clone(),
            from: hop.from.clone(),
            decided_by: hop.deciding.as_ref().map(|deciding| self.deciding(deciding)),
            because,
            changes: hop
                .changes
                .iter()
                .map(|change| ChangeCard {
                    command: change.command.clone(),
                    undo: change.undo.clone(),
                })
                .collect(),
        }
    }

    fn deciding(&self, deciding: &Deciding) -> DecidingCard {
        let excerpt = self.excerpts.of(deciding.at);
        // A JSON object is many short lines; a rule is one.
        let text: Vec<String> = excerpt
            .lines
            .iter()
            .map(|line| format!("{}{}{}", line.before, line.marked, line.after).trim().to_owned())
            .collect();
        DecidingCard {
            place: deciding.place.clone(),
            owner: deciding.owner,
            path: self.paths.get(deciding.at.artifact.0 as usize).cloned().unwrap_or_default(),
            line: excerpt.line,
            excerpt: text.join(" "),
            jumps: deciding.jumps.iter().map(|(place, _)| place.clone()).collect(),
            packets: deciding.packets,
            ufw_number: deciding.ufw,
            meaning: deciding.meaning.as_ref().map(|words| self.say(words)),
        }
    }

    fn say(&self, words: &Words) -> String {
        self.language.say(words)
    }

    pub fn matrix(&self, pairs: &Pairs) -> MatrixReport {
        let counts = pairs.counts();
        let count = |verdict| counts.get(&verdict).copied().unwrap_or(0);
        let (accept, drop) = (count(Verdict::Accept), count(Verdict::Drop));
        let (reject, unknown) = (count(Verdict::Reject), count(Verdict::Unknown));
        let odd: Vec<String> = pairs.odd().into_iter().map(str::to_owned).collect();
        let (nodes, port) = (pairs.nodes.len(), i64::from(pairs.port));
        let sentence = match (drop + reject, unknown, odd.as_slice()) {
            (0, 0, _) => words!("way-pairs-open", nodes = nodes, port = port),
            (0, unknown, _) => {
                words!("way-pairs-unknown", nodes = nodes, port = port, count = unknown)
            }
            (stopped, _, [one]) => {
                words!("way-pairs-odd", node = one, port = port, count = stopped)
            }
            (stopped, _, _) => {
                words!("way-pairs-stopped", count = stopped, port = port, nodes = nodes)
            }
        };
        let stop = |outgoing: bool| {
            move |cell: &Cell| StopCard {
                node: cell.node.clone(),
                others: cell.others,
                outgoing,
                hop: self.hop(&cell.hop),
            }
        };
        let mut stops: Vec<StopCard> = pairs
            .receivers
            .iter()
            .map(stop(false))
            .chain(pairs.senders.iter().map(stop(true)))
            .collect();
        stops.sort_by(|a, b| (b.others, &a.node).cmp(&(a.others, &b.node)));
        stops.truncate(MOST_STOPS);
        MatrixReport {
            format: FORMAT,
            lang: self.language.locale.as_str().to_owned(),
            port: pairs.port,
            nodes,
            accept,
            drop,
            reject,
            unknown,
            sentence: self.say(&sentence),
            odd,
            unseen: pairs.unseen.clone(),
            stops,
            groups: groups(pairs),
        }
    }
}

/// The verdict of all ways: of a service with several endpoints, one alone may fail.
pub fn together(ways: &[Way]) -> Verdict {
    let mut verdicts = ways.iter().map(Way::verdict);
    let Some(first) = verdicts.next() else { return Verdict::Unknown };
    if verdicts.all(|verdict| verdict == first) { first } else { Verdict::Unknown }
}

fn party(party: &Party) -> PartyCard {
    PartyCard {
        kind: party.kind.as_str(),
        name: party.name.clone(),
        addresses: party.addresses.iter().map(ToString::to_string).collect(),
        node: party.node.clone(),
    }
}

/// Nodes that all others treat alike, and that treat all others alike, as one line of the matrix.
fn groups(pairs: &Pairs) -> Vec<GroupCard> {
    let total = pairs.nodes.len();
    // A node's own cell says nothing, so that it takes its neighbours' word.
    let key = |node: usize| {
        let row = (0..total).filter(move |other| *other != node);
        let sent: Vec<Verdict> = row.clone().map(|to| pairs.verdict(node, to)).collect();
        let got: Vec<Verdict> = row.map(|from| pairs.verdict(from, node)).collect();
        (common(&sent), common(&got))
    };
    let mut groups: Vec<((Verdict, Verdict), Vec<usize>)> = Vec::new();
    for node in 0..total {
        let key = key(node);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(node),
            None => groups.push((key, vec![node])),
        }
    }
    groups.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let first = |members: &[usize], but: usize| members.iter().copied().find(|node| *node != but);
    groups
        .iter()
        .map(|(_, members)| GroupCard {
            nodes: members
                .iter()
                .take(MOST_NAMES)
                .filter_map(|node| pairs.nodes.get(*node).cloned())
                .chain(
                    (members.len() > MOST_NAMES)
                        .then(|| format!("+{}", members.len() - MOST_NAMES)),
                )
                .collect(),
            to: groups
                .iter()
                .map(|(_, others)| {
                    let from = members.first().copied().unwrap_or_default();
                    first(others, from).map_or("-", |to| pairs.verdict(from, to).as_str())
                })
                .collect(),
        })
        .collect()
}

/// The verdict that most of some cells have.
fn common(verdicts: &[Verdict]) -> Verdict {
    [Verdict::Drop, Verdict::Reject, Verdict::Unknown, Verdict::Accept]
        .into_iter()
        .max_by_key(|wanted| verdicts.iter().filter(|verdict| *verdict == wanted).count())
        .unwrap_or(Verdict::Unknown)
}
