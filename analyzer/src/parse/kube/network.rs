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
#[serde(default)]
pub(super) struct RawService {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawServiceSpec>,
    status: Maybe<RawServiceStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawServiceSpec {
    r#type: Scalar,
    #[serde(rename = "clusterIP")]
    cluster_ip: Scalar,
    selector: Pairs,
    ports: Many<Maybe<RawServicePort>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawServicePort {
    name: Scalar,
    protocol: Scalar,
    port: Scalar,
    target_port: Scalar,
    node_port: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawServiceStatus {
    load_balancer: Maybe<RawLoadBalancer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawLoadBalancer {
    ingress: Many<Maybe<RawIngress>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawIngress {
    ip: Scalar,
    hostname: Scalar,
}

pub(super) fn service(raw: RawService, at: Span) -> Service {
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

fn protocol(scalar: Scalar) -> String {
    if scalar.is_absent() { "TCP".to_owned() } else { scalar.into_text() }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSlice {
    metadata: Maybe<RawMeta>,
    endpoints: Many<Maybe<RawEndpoint>>,
    ports: Many<Maybe<RawPort>>,
    subsets: Many<Maybe<RawSubset>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawEndpoint {
    addresses: Many<Scalar>,
    conditions: Maybe<RawEndpointConditions>,
    node_name: Scalar,
    topology: Pairs,
    target_ref: Maybe<RawReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawEndpointConditions {
    ready: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawPort {
    name: Scalar,
    port: Scalar,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawSubset {
    addresses: Many<Maybe<RawEndpointAddress>>,
    not_ready_addresses: Many<Maybe<RawEndpointAddress>>,
    ports: Many<Maybe<RawPort>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawEndpointAddress {
    ip: Scalar,
    node_name: Scalar,
    target_ref: Maybe<RawReference>,
}

pub(super) fn endpoint_slice(raw: RawSlice, at: Span) -> EndpointSlice {
    let meta = meta(raw.metadata);
    let service = meta.label("kubernetes.io/service-name").map(str::to_owned).or_else(|| {
        let owner = meta.owners.iter().find(|owner| owner.kind == "Service")?;
        Some(owner.name.clone())
    });
    EndpointSlice {
        service: service.unwrap_or_default(),
        endpoints: objects(raw.endpoints)
            .map(|endpoint| {
                // The first versions of the API name the node in the topology.
                let node = if endpoint.node_name.is_absent() {
                    let mut topology = endpoint.topology.into_texts();
                    topology.remove("kubernetes.io/hostname").unwrap_or_default()
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

pub(super) fn endpoints(raw: RawSlice, at: Span) -> EndpointSlice {
    let meta = meta(raw.metadata);
    let mut slice = EndpointSlice {
        service: meta.name.clone(),
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

fn ports(many: Many<Maybe<RawPort>>) -> Vec<(String, u16)> {
    objects(many).map(|port| (port.name.into_text(), port.port.port())).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPolicy {
    metadata: Maybe<RawMeta>,
    spec: Maybe<RawPolicySpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPolicySpec {
    pod_selector: Maybe<RawSelector>,
    policy_types: Many<Scalar>,
    ingress: Many<Maybe<RawRule>>,
    egress: Many<Maybe<RawRule>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawRule {
    from: Many<Maybe<RawPeer>>,
    to: Many<Maybe<RawPeer>>,
    ports: Many<Maybe<RawPolicyPort>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPeer {
    pod_selector: Maybe<RawSelector>,
    namespace_selector: Maybe<RawSelector>,
    ip_block: Maybe<RawBlock>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawBlock {
    cidr: Scalar,
    except: Many<Scalar>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawPolicyPort {
    protocol: Scalar,
    port: Scalar,
    end_port: Scalar,
}

pub(super) fn network_policy(raw: RawPolicy, at: Span) -> NetworkPolicy {
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

fn rule(raw: RawRule) -> PolicyRule {
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
