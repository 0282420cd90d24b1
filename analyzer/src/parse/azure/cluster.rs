//! `az aks show`, `az aks list`, agent pools, and the profiles that `--query` cuts out of them.

use konspect_bundle::Source;

use super::super::Rows;
use super::super::raw_json::RawJson;
use super::{Resource, Shape, segment_after};
use crate::model::azure::{AgentPool, ManagedCluster};

/// Reads a whole cluster.
pub(super) fn cluster(source: &Source<'_>, resource: Resource<'_>, rows: &mut Rows) {
    let text = |name: &str| resource.text(name);
    let path = |names: &[&str]| {
        let (first, rest) = names.split_first()?;
        resource.get(first)?.path(rest)
    };
    let path_text =
        |names: &[&str]| path(names).map(|value| value.text().into_owned()).unwrap_or_default();
    let version = text("currentKubernetesVersion");
    let id = text("id");
    let mut cluster = ManagedCluster {
        name: text("name"),
        resource_group: segment_after(&id, "resourceGroups").to_owned(),
        location: text("location"),
        kubernetes_version: if version.is_empty() { text("kubernetesVersion") } else { version },
        provisioning_state: text("provisioningState"),
        power_state: path_text(&["powerState", "code"]),
        fqdn: text("fqdn"),
        private_fqdn: text("privateFqdn"),
        node_resource_group: text("nodeResourceGroup"),
        tier: path_text(&["sku", "tier"]),
        local_accounts_disabled: resource.get("disableLocalAccounts").is_some_and(is_true),
        entra_integration: resource.get("aadProfile").is_some_and(RawJson::is_object),
        at: source.span_of(resource.own.bytes()),
        ..ManagedCluster::default()
    };
    if cluster.resource_group.is_empty() {
        cluster.resource_group = text("resourceGroup");
    }
    if let Some(profile) = resource.get("apiServerAccessProfile") {
        access_profile(source, profile, &mut cluster);
    }
    if let Some(ranges) = resource.get("apiServerAuthorizedIpRanges") {
        ranges_of(source, ranges, &mut cluster);
    }
    if let Some(profile) = resource.get("networkProfile") {
        network_profile(profile, &mut cluster);
    }
    cluster.pools =
        resource.items("agentPoolProfiles").map(|item| pool(source, Resource::new(item))).collect();
    if let Some(proxy) = resource.get("httpProxyConfig") {
        let https = proxy.text_of("httpsProxy");
        cluster.http_proxy = if https.is_empty() { proxy.text_of("httpProxy") } else { https };
        let effective = proxy.texts_of("effectiveNoProxy");
        cluster.no_proxy = if effective.is_empty() { proxy.texts_of("noProxy") } else { effective };
    }
    let principal = path_text(&["servicePrincipalProfile", "clientId"]);
    if !principal.eq_ignore_ascii_case("msi") {
        cluster.service_principal = principal;
    }
    rows.clusters.push(cluster);
}

/// Reads a profile that stands alone: a cluster of which nothing else is known.
pub(super) fn fragment(source: &Source<'_>, shape: Shape, value: RawJson<'_>, rows: &mut Rows) {
    let mut cluster =
        ManagedCluster { at: source.span_of(value.bytes()), ..ManagedCluster::default() };
    match shape {
        Shape::AccessProfile => access_profile(source, value, &mut cluster),
        Shape::NetworkProfile => network_profile(value, &mut cluster),
        _ => balancer_profile(value, &mut cluster),
    }
    rows.clusters.push(cluster);
}

/// Reads a list of ranges that stands alone.
pub(super) fn authorized_ranges(source: &Source<'_>, list: RawJson<'_>, rows: &mut Rows) {
    let mut cluster =
        ManagedCluster { at: source.span_of(list.bytes()), ..ManagedCluster::default() };
    ranges_of(source, list, &mut cluster);
    rows.clusters.push(cluster);
}

/// Reads an agent pool that stands alone into a cluster of the same name, or of none.
pub(super) fn pool_row(source: &Source<'_>, resource: Resource<'_>, rows: &mut Rows) {
    let id = resource.text("id");
    let name = segment_after(&id, "managedClusters");
    let pool = pool(source, resource);
    match rows.clusters.iter_mut().find(|cluster| cluster.name == name) {
        Some(cluster) => {
            cluster.at = cluster.at.to(pool.at);
            cluster.pools.push(pool);
        }
        None => rows.clusters.push(ManagedCluster {
            name: name.to_owned(),
            resource_group: segment_after(&id, "resourceGroups").to_owned(),
            at: pool.at,
            pools: vec![pool],
            ..ManagedCluster::default()
        }),
    }
}

fn is_true(value: RawJson<'_>) -> bool {
    value.text().eq_ignore_ascii_case("true")
}

fn access_profile(source: &Source<'_>, profile: RawJson<'_>, cluster: &mut ManagedCluster) {
    cluster.private_cluster = profile.truth_of("enablePrivateCluster");
    cluster.private_cluster_public_fqdn = profile.truth_of("enablePrivateClusterPublicFqdn");
    cluster.private_dns_zone = profile.text_of("privateDnsZone");
    cluster.vnet_integration = profile.truth_of("enableVnetIntegration");
    if let Some(ranges) = profile.get("authorizedIpRanges") {
        ranges_of(source, ranges, cluster);
    }
}

/// Null, an empty list and an empty text all say that the feature is off.
fn ranges_of(source: &Source<'_>, ranges: RawJson<'_>, cluster: &mut ManagedCluster) {
    let texts = ranges.texts();
    if !texts.is_empty() {
        cluster.authorized_ip_ranges = Some((texts, source.span_of(ranges.bytes())));
    }
}

fn network_profile(profile: RawJson<'_>, cluster: &mut ManagedCluster) {
    cluster.network_plugin = profile.text_of("networkPlugin");
    cluster.network_plugin_mode = profile.text_of("networkPluginMode");
    cluster.network_policy = profile.text_of("networkPolicy");
    cluster.network_dataplane = profile.text_of("networkDataplane");
    cluster.outbound_type = profile.text_of("outboundType");
    cluster.service_cidr = profile.text_of("serviceCidr");
    cluster.pod_cidr = profile.text_of("podCidr");
    cluster.dns_service_ip = profile.text_of("dnsServiceIp");
    if let Some(config) = profile.get("kubeProxyConfig") {
        cluster.kube_proxy_mode = config.text_of("mode");
    }
    for name in ["loadBalancerProfile", "natGatewayProfile"] {
        if let Some(profile) = profile.get(name) {
            balancer_profile(profile, cluster);
        }
    }
}

fn balancer_profile(profile: RawJson<'_>, cluster: &mut ManagedCluster) {
    cluster.allocated_outbound_ports =
        profile.whole_of("allocatedOutboundPorts").or(cluster.allocated_outbound_ports);
    cluster.idle_timeout_minutes =
        profile.whole_of("idleTimeoutInMinutes").or(cluster.idle_timeout_minutes);
    if let Some(addresses) = profile.get("effectiveOutboundIPs") {
        let ids = addresses.items().map(|item| {
            if item.is_object() { item.text_of("id") } else { item.text().into_owned() }
        });
        cluster.effective_outbound_ips.extend(ids.filter(|id| !id.is_empty()));
    }
}

fn pool(source: &Source<'_>, resource: Resource<'_>) -> AgentPool {
    let text = |name: &str| resource.text(name);
    let whole = |name: &str| resource.get(name).and_then(RawJson::whole);
    let current = text("currentOrchestratorVersion");
    AgentPool {
        name: text("name"),
        mode: text("mode"),
        count: whole("count").unwrap_or_default(),
        min_count: whole("minCount"),
        max_count: whole("maxCount"),
        autoscaling: resource.get("enableAutoScaling").is_some_and(is_true),
        vm_size: text("vmSize"),
        os_disk_type: text("osDiskType"),
        os_disk_gib: whole("osDiskSizeGb").unwrap_or_default(),
        os_sku: text("osSku"),
        max_pods: whole("maxPods").unwrap_or_default(),
        subnet_id: text("vnetSubnetId"),
        pod_subnet_id: text("podSubnetId"),
        provisioning_state: text("provisioningState"),
        power_state: resource
            .get("powerState")
            .map(|state| state.text_of("code"))
            .unwrap_or_default(),
        version: if current.is_empty() { text("orchestratorVersion") } else { current },
        node_image: text("nodeImageVersion"),
        spot: text("scaleSetPriority").eq_ignore_ascii_case("spot"),
        taints: resource.get("nodeTaints").map(RawJson::texts).unwrap_or_default(),
        at: source.span_of(resource.own.bytes()),
    }
}
