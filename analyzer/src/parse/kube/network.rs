//! Services, their endpoints, and network policies.

use konspect_bundle::Span;
use serde::Deserialize;

use super::shared::{
    RawMeta, RawReference, RawSelector, meta, objects, reference, selector, texts,
};
use super::soft::{Many, Maybe, Pairs, Scalar};
use crate::model::workload::{
    Endpoint, EndpointSlice, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, Service,
    ServicePort,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawService<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawServiceSpec<'a>>,
    status: Maybe<RawServiceStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawServiceSpec<'a> {
    r#type: Scalar<'a>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Scalar<'a>,
    selector: Pairs<'a>,
    ports: Many<Maybe<RawServicePort<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawServicePort<'a> {
    name: Scalar<'a>,
    protocol: Scalar<'a>,
    port: Scalar<'a>,
    target_port: Scalar<'a>,
    node_port: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawServiceStatus<'a> {
    load_balancer: Maybe<RawLoadBalancer<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawLoadBalancer<'a> {
    ingress: Many<Maybe<RawIngress<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawIngress<'a> {
    ip: Scalar<'a>,
    hostname: Scalar<'a>,
}

pub(super) fn service(raw: RawService<'_>, at: Span) -> Service {
    let spec = raw.spec.or_default();
    Service {
        meta: meta(raw.metadata),
        kind: spec.r#type.into_text(),
        cluster_ip: spec.cluster_ip.into_text(),
        selector: spec.selector.into_texts(),
        ports: objects(spec.ports)
            .map(|port| ServicePort {
                name: port.name.into_text(),
                protocol: protocol(port.protocol),
                port: port.port.port(),
                target: port.target_port.into_text(),
                node_port: port.node_port.port(),
            })
            .collect(),
        ingress: objects(raw.status.or_default().load_balancer.or_default().ingress)
            .flat_map(|ingress| [ingress.ip.into_text(), ingress.hostname.into_text()])
            .filter(|text| !text.is_empty())
            .collect(),
        at,
    }
}

fn protocol(scalar: Scalar<'_>) -> String {
    if scalar.is_absent() { "TCP".to_owned() } else { scalar.into_text() }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawSlice<'a> {
    metadata: Maybe<RawMeta<'a>>,
    endpoints: Many<Maybe<RawEndpoint<'a>>>,
    ports: Many<Maybe<RawPort<'a>>>,
    subsets: Many<Maybe<RawSubset<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawEndpoint<'a> {
    addresses: Many<Scalar<'a>>,
    conditions: Maybe<RawEndpointConditions<'a>>,
    node_name: Scalar<'a>,
    topology: Pairs<'a>,
    target_ref: Maybe<RawReference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawEndpointConditions<'a> {
    ready: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawPort<'a> {
    name: Scalar<'a>,
    port: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawSubset<'a> {
    addresses: Many<Maybe<RawEndpointAddress<'a>>>,
    not_ready_addresses: Many<Maybe<RawEndpointAddress<'a>>>,
    ports: Many<Maybe<RawPort<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawEndpointAddress<'a> {
    ip: Scalar<'a>,
    node_name: Scalar<'a>,
    target_ref: Maybe<RawReference<'a>>,
}

pub(super) fn endpoint_slice(raw: RawSlice<'_>, at: Span) -> EndpointSlice {
    let meta = meta(raw.metadata);
    let service = meta.label("kubernetes.io/service-name").map(str::to_owned).or_else(|| {
        let owner = meta.owners.iter().find(|owner| owner.kind == "Service")?;
        Some(owner.name.to_string())
    });
    EndpointSlice {
        service: service.unwrap_or_default(),
        endpoints: objects(raw.endpoints)
            .map(|endpoint| {
                // The first versions of the API name the node in the topology.
                let node = if endpoint.node_name.is_absent() {
                    let topology = endpoint.topology.into_texts();
                    topology.get("kubernetes.io/hostname").map(String::from).unwrap_or_default()
                } else {
                    endpoint.node_name.into_text()
                };
                Endpoint {
                    addresses: texts(endpoint.addresses),
                    // Absent means ready, says the API.
                    ready: endpoint.conditions.or_default().ready.flag().unwrap_or(true),
                    node,
                    target: reference(endpoint.target_ref),
                }
            })
            .collect(),
        ports: ports(raw.ports),
        meta,
        at,
    }
}

pub(super) fn endpoints(raw: RawSlice<'_>, at: Span) -> EndpointSlice {
    let meta = meta(raw.metadata);
    let mut slice = EndpointSlice {
        service: meta.name.to_string(),
        meta,
        endpoints: Vec::new(),
        ports: Vec::new(),
        at,
    };
    for subset in objects(raw.subsets) {
        for (ready, addresses) in [(true, subset.addresses), (false, subset.not_ready_addresses)] {
            slice.endpoints.extend(objects(addresses).map(|address| Endpoint {
                addresses: vec![address.ip.into_text()],
                ready,
                node: address.node_name.into_text(),
                target: reference(address.target_ref),
            }));
        }
        for port in ports(subset.ports) {
            if !slice.ports.contains(&port) {
                slice.ports.push(port);
            }
        }
    }
    slice
}

fn ports(many: Many<Maybe<RawPort<'_>>>) -> Vec<(String, u16)> {
    objects(many).map(|port| (port.name.into_text(), port.port.port())).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct RawPolicy<'a> {
    metadata: Maybe<RawMeta<'a>>,
    spec: Maybe<RawPolicySpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawPolicySpec<'a> {
    pod_selector: Maybe<RawSelector<'a>>,
    policy_types: Many<Scalar<'a>>,
    ingress: Many<Maybe<RawRule<'a>>>,
    egress: Many<Maybe<RawRule<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawRule<'a> {
    from: Many<Maybe<RawPeer<'a>>>,
    to: Many<Maybe<RawPeer<'a>>>,
    ports: Many<Maybe<RawPolicyPort<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawPeer<'a> {
    pod_selector: Maybe<RawSelector<'a>>,
    namespace_selector: Maybe<RawSelector<'a>>,
    ip_block: Maybe<RawBlock<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct RawBlock<'a> {
    cidr: Scalar<'a>,
    except: Many<Scalar<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct RawPolicyPort<'a> {
    protocol: Scalar<'a>,
    port: Scalar<'a>,
    end_port: Scalar<'a>,
}

pub(super) fn network_policy(raw: RawPolicy<'_>, at: Span) -> NetworkPolicy {
    let spec = raw.spec.or_default();
    let types = texts(spec.policy_types);
    let has = |kind: &str| types.iter().any(|it| it == kind);
    let ingress: Vec<_> = objects(spec.ingress).map(rule).collect();
    let egress: Vec<_> = objects(spec.egress).map(rule).collect();
    NetworkPolicy {
        meta: meta(raw.metadata),
        pod_selector: selector(spec.pod_selector.or_default()),
        // Without types, ingress always counts and egress only when it has rules.
        ingress_isolated: if types.is_empty() { true } else { has("Ingress") },
        egress_isolated: if types.is_empty() { !egress.is_empty() } else { has("Egress") },
        ingress,
        egress,
        at,
    }
}

fn rule(raw: RawRule<'_>) -> PolicyRule {
    PolicyRule {
        peers: objects(raw.from)
            .chain(objects(raw.to))
            .map(|peer| {
                let block = peer.ip_block.or_default();
                PolicyPeer {
                    pod_selector: peer.pod_selector.0.map(selector),
                    namespace_selector: peer.namespace_selector.0.map(selector),
                    cidr: block.cidr.into_text(),
                    except: texts(block.except),
                }
            })
            .collect(),
        ports: objects(raw.ports)
            .map(|port| PolicyPort {
                protocol: protocol(port.protocol),
                port: port.port.into_text(),
                end_port: port.end_port.port(),
            })
            .collect(),
    }
}
