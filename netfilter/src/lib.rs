//! Netfilter dumps, ipset, nftables, UFW and Azure NSG rules parsed to one model and evaluated for one packet.
//!
//! A node's dumps, in any mix, become an [`answer::Host`], which is asked about packets:
//!
//! ```
//! use konspect_bundle::{ArtifactId, Source};
//! use konspect_netfilter::answer::{Dumps, Owner};
//! use konspect_netfilter::evaluate::What;
//! use konspect_netfilter::node::Node;
//! use konspect_netfilter::packet::{Origin, Packet};
//! use konspect_netfilter::parse;
//!
//! let dump = b"*filter\n:INPUT ACCEPT [0:0]\n[12:720] -A INPUT -p tcp -m tcp --dport 10250 -j DROP\nCOMMIT\n";
//! let mut dumps = Dumps::default();
//! dumps.ruleset(parse::iptables_save(Source::new(ArtifactId(7), dump)).value);
//! let host = dumps.host(Node::of_addresses(["10.1.0.4".parse().unwrap()]));
//!
//! let packet = Packet::tcp(Origin::SomeInterface, "10.1.0.5".parse().unwrap(), "10.1.0.4".parse().unwrap(), 10250);
//! let answer = host.ask(&packet);
//! let deciding = answer.deciding.unwrap();
//! assert_eq!(answer.what, What::Drop);
//! assert_eq!((deciding.owner, deciding.meaning), (Owner::Iptables, None));
//! assert_eq!(deciding.counters.unwrap().packets, 12);
//! assert_eq!(&dump[deciding.at.start as usize..deciding.at.end as usize][..8], b"[12:720]");
//! ```
//!
//! What else a caller needs:
//!
//! - [`answer::Dumps`] takes rulesets of any parser ([`parse::iptables_save`], [`parse::iptables_list`],
//!   [`parse::nft_text`], [`parse::nft_json`]), sets ([`parse::ipset`]) and `ufw status`
//!   ([`parse::ufw_status`]); of two forms of one table the better one is kept.
//! - [`answer::Answer::what`] is certain only if all ways end alike; `reasons` say why not. A listing
//!   without `-v` whose only reason is [`model::Unknown::InterfacesNotShown`] still names in `deciding`
//!   the rule that may drop.
//! - `deciding.meaning` is present for rules that clusters have by design: never a finding.
//! - `ufw_rule` is `ufw status numbered`'s number where UFW decides; `unseen` names tables of which
//!   nothing was collected; `asked` is false where no filter rule was.
//! - [`nsg::verdict`] asks the groups of a subnet and of an interface ([`parse::nsg_rules`]); give the
//!   nodes' addresses or the network's prefixes as [`nsg::Context::virtual_network`].
//! - [`change::for_host`] and [`change::for_nsg`] propose what would turn the verdict, tried before, as
//!   command and undo.
//!
//! Three rules hold everywhere: parsing never fails ([`konspect_bundle::Parsed`]); what a form loses is
//! *unknown*, never *no*; and an answer is the set of all outcomes that the dumps allow.

#![expect(
    clippy::match_same_arms,
    reason = "tables of words and of statements keep one line per case"
)]

pub mod answer;
pub mod change;
pub mod evaluate;
pub mod ipset;
pub mod model;
pub mod names;
pub mod node;
pub mod nsg;
pub mod packet;
pub mod parse;
pub mod ufw;
