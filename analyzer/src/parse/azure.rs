//! What the Azure CLI and the REST interface print: recognises each object by its members and reads
//! it into the Azure tables.
//!
//! Keys are compared without case, `properties` of the REST form are looked through, and fragments
//! that `--query` cuts out are accepted. NSGs are only recognised: `konspect_netfilter` reads them.

mod cluster;
mod metrics;
mod network;
mod operations;
mod run_command;
mod table;

use konspect_bundle::{Code, Diagnostic, Source};

use super::raw_json::RawJson;
use super::rows::NsgText;
use super::{Hint, Kind, Rows, TableKind};

pub use run_command::run_command;
pub use table::{is_table, table};

/// Reads Azure JSON of any kind.
pub fn json(source: &Source<'_>, hint: &Hint<'_>, rows: &mut Rows) -> Kind {
    let mut reader = Reader { source, hint, rows, security_rules: false };
    let mut kind = None;
    for document in RawJson::documents(source.bytes) {
        let read = reader.document(document);
        kind = kind.or(read);
        if document.is_cut() {
            let at = source.span_of(document.bytes());
            let cut = Diagnostic::new(Code::Truncated, at).with("reason", "JSON ends early");
            reader.rows.diagnostics.push(cut);
        }
    }
    if reader.security_rules {
        let text = source.bytes.to_vec();
        rows.nsgs.push(NsgText { text, at: source.whole() });
        rows.covers(TableKind::AzureNetworkRules, source.whole());
    }
    kind.unwrap_or(Kind::AzureOther)
}

/// What an object of Azure's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Cluster,
    /// `apiServerAccessProfile`, cut out.
    AccessProfile,
    /// `networkProfile`, cut out.
    NetworkProfile,
    /// `loadBalancerProfile`, cut out.
    BalancerProfile,
    AgentPool,
    SecurityRules,
    RouteTable,
    Route,
    OutboundRule,
    LoadBalancer,
    PublicIp,
    VirtualNetwork,
    Subnet,
    PrivateDnsLink,
    Metric,
    TimeSeries,
    Point,
    Activity,
    Health,
    Machine,
    RunCommand,
    Error,
    /// Something else of Azure's.
    Other,
}

/// An object together with the `properties` that the REST form nests.
#[derive(Clone, Copy, Debug)]
struct Resource<'a> {
    own: RawJson<'a>,
    nested: Option<RawJson<'a>>,
}

impl<'a> Resource<'a> {
    fn new(own: RawJson<'a>) -> Self {
        Self { own, nested: own.get("properties").filter(|value| value.is_object()) }
    }

    fn get(self, name: &str) -> Option<RawJson<'a>> {
        self.own.get(name).or_else(|| self.nested?.get(name))
    }

    fn has(self, name: &str) -> bool {
        let has =
            |value: RawJson<'a>| value.members().any(|(key, _)| key.eq_ignore_ascii_case(name));
        has(self.own) || self.nested.is_some_and(has)
    }

    fn has_any(self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    fn text(self, name: &str) -> String {
        self.get(name).map(|value| value.text().into_owned()).unwrap_or_default()
    }

    /// The resource id of a member that is an object with an `id`.
    fn id(self, name: &str) -> String {
        self.get(name).map(|value| value.text_of("id")).unwrap_or_default()
    }

    fn items(self, name: &str) -> impl Iterator<Item = RawJson<'a>> {
        self.get(name).into_iter().flat_map(RawJson::items)
    }
}

/// Recognises an object by its type, else by its members.
pub fn shape(value: RawJson<'_>) -> Option<Shape> {
    if !value.is_object() {
        return None;
    }
    let resource = Resource::new(value);
    let kind = value.text_of("type").to_ascii_lowercase();
    by_type(&kind).or_else(|| by_members(resource)).or_else(|| {
        let id = value.text_of("id");
        (kind.starts_with("microsoft.") || id.starts_with("/subscriptions/"))
            .then_some(Shape::Other)
    })
}

fn by_type(kind: &str) -> Option<Shape> {
    let (provider, path) = kind.split_once('/')?;
    if !provider.starts_with("microsoft.") {
        return None;
    }
    Some(match path {
        "managedclusters" => Shape::Cluster,
        "managedclusters/agentpools" => Shape::AgentPool,
        "networksecuritygroups"
        | "networksecuritygroups/securityrules"
        | "networksecuritygroups/defaultsecurityrules" => Shape::SecurityRules,
        "routetables" => Shape::RouteTable,
        "routetables/routes" => Shape::Route,
        "loadbalancers" => Shape::LoadBalancer,
        "loadbalancers/outboundrules" => Shape::OutboundRule,
        "publicipaddresses" | "publicipprefixes" => Shape::PublicIp,
        "virtualnetworks" => Shape::VirtualNetwork,
        "virtualnetworks/subnets" => Shape::Subnet,
        "privatednszones/virtualnetworklinks" => Shape::PrivateDnsLink,
        "virtualmachinescalesets/virtualmachines" | "virtualmachines" => Shape::Machine,
        "metrics" => Shape::Metric,
        "availabilitystatuses" => Shape::Health,
        _ => return None,
    })
}

/// Members that tell a shape: all of a row's groups must be there, one name of each group.
const MEMBERS: &[(Shape, &[&[&str]])] = &[
    (Shape::Cluster, &[&["agentPoolProfiles"]]),
    (Shape::SecurityRules, &[&["securityRules", "defaultSecurityRules", "effectiveSecurityRules"]]),
    (Shape::SecurityRules, &[&["access"], &["direction"], &["priority"]]),
    (Shape::Machine, &[&["instanceId"], &["vmId", "latestModelApplied", "instanceView"]]),
    (Shape::Machine, &[&["vmAgent", "platformUpdateDomain", "osName"], &["statuses"]]),
    (Shape::Machine, &[&["statuses"], &["typeHandlerVersion"]]),
    (Shape::RunCommand, &[&["displayStatus"], &["level"], &["message"]]),
    (Shape::AgentPool, &[&["vmSize"], &["orchestratorVersion", "maxPods", "nodeImageVersion"]]),
    (Shape::NetworkProfile, &[&["outboundType"], &["networkPlugin", "serviceCidr"]]),
    (
        Shape::BalancerProfile,
        &[&["effectiveOutboundIPs", "managedOutboundIPs", "enableMultipleStandardLoadBalancers"]],
    ),
    (
        Shape::AccessProfile,
        &[&["authorizedIpRanges", "enablePrivateCluster", "enablePrivateClusterPublicFqdn"]],
    ),
    (Shape::Error, &[&["HealthEventType"]]),
    (Shape::Route, &[&["nextHopType"]]),
    (Shape::RouteTable, &[&["routes"], &["disableBgpRoutePropagation", "subnets"]]),
    (Shape::OutboundRule, &[&["allocatedOutboundPorts"]]),
    (Shape::LoadBalancer, &[&["outboundRules"], &["frontendIPConfigurations"]]),
    (Shape::PublicIp, &[&["publicIPAllocationMethod", "publicIPAddressVersion", "ipPrefix"]]),
    // What a `--query` leaves of one.
    (Shape::PublicIp, &[&["ipAddress"], &["id", "provisioningState", "sku"]]),
    (
        Shape::VirtualNetwork,
        &[&["addressSpace"], &["subnets", "dhcpOptions", "virtualNetworkPeerings"]],
    ),
    (Shape::PrivateDnsLink, &[&["registrationEnabled"], &["virtualNetwork"]]),
    (
        Shape::Subnet,
        &[
            &["addressPrefix", "addressPrefixes"],
            &[
                "networkSecurityGroup",
                "routeTable",
                "serviceEndpoints",
                "privateEndpointNetworkPolicies",
                "ipConfigurations",
                "delegations",
            ],
        ],
    ),
    (Shape::Metric, &[&["timeseries"]]),
    (Shape::TimeSeries, &[&["metadatavalues"], &["data"]]),
    (Shape::Point, &[&["timeStamp"], &["total", "average", "maximum", "minimum", "count"]]),
    (Shape::Activity, &[&["operationName"], &["eventTimestamp", "submissionTimestamp"]]),
    (Shape::Health, &[&["availabilityState"]]),
    (Shape::Other, &[&["resourceGroup"], &["provisioningState"]]),
    (Shape::Other, &[&["environmentName"], &["tenantId"]]),
    (Shape::Other, &[&["azure-cli"]]),
];

fn by_members(resource: Resource<'_>) -> Option<Shape> {
    let error = resource.own.get("error").is_some_and(|error| {
        error.get("code").is_some_and(|code| !code.text().bytes().all(|byte| byte.is_ascii_digit()))
            && error.get("message").is_some()
    });
    if error {
        return Some(Shape::Error);
    }
    MEMBERS
        .iter()
        .find(|(_, groups)| groups.iter().all(|names| resource.has_any(names)))
        .map(|(shape, _)| *shape)
}

/// What a whole document is: that of its first object, looking into `value` and into arrays.
pub fn document_shape(document: RawJson<'_>) -> Option<Shape> {
    if document.is_array() {
        let first = document.items().next()?;
        return if first.is_array() { None } else { document_shape(first) };
    }
    if let Some(list) = document.get("value").filter(|value| value.is_array()) {
        return match list.items().next() {
            Some(item) => shape(item),
            None => shape(document).or_else(|| {
                document.members().any(|(key, _)| key == "timespan").then_some(Shape::Metric)
            }),
        };
    }
    shape(document)
}

struct Reader<'a, 's, 'h> {
    source: &'a Source<'s>,
    hint: &'a Hint<'h>,
    rows: &'a mut Rows,
    security_rules: bool,
}

impl<'s> Reader<'_, 's, '_> {
    fn document(&mut self, document: RawJson<'s>) -> Option<Kind> {
        if document.is_array() {
            return self.list(document);
        }
        if let Some(list) = document.get("value").filter(|value| value.is_array())
            && shape(document).is_none_or(|shape| shape == Shape::Other)
        {
            if document.members().any(|(key, _)| key.eq_ignore_ascii_case("timespan")) {
                return Some(metrics::answer(self.source, self.hint, document, self.rows));
            }
            return self.list(list);
        }
        self.objects(std::iter::once(document), document)
    }

    fn list(&mut self, list: RawJson<'s>) -> Option<Kind> {
        match list.items().next() {
            None => self.empty(list),
            Some(first) if first.is_object() => self.objects(list.items(), list),
            Some(_) => Some(self.texts(list)),
        }
    }

    /// An empty list says of which table only by the command or the name beside it.
    fn empty(&mut self, list: RawJson<'s>) -> Option<Kind> {
        let name = format!("{} {}", self.hint.command, self.hint.path).to_ascii_lowercase();
        let (words, table, kind) =
            EMPTY_LISTS.iter().find(|(words, ..)| words.iter().all(|word| name.contains(word)))?;
        if words.contains(&"nsg") {
            self.security_rules = true;
        } else {
            self.rows.covers(*table, self.source.span_of(list.bytes()));
        }
        Some(*kind)
    }

    /// A list of texts, as `--query` cuts it out: address ranges or DNS servers.
    fn texts(&mut self, list: RawJson<'s>) -> Kind {
        let name = format!("{} {}", self.hint.command, self.hint.path).to_ascii_lowercase();
        if name.contains("authorized") {
            cluster::authorized_ranges(self.source, list, self.rows);
            return Kind::AzureCluster;
        }
        Kind::AzureOther
    }

    fn objects(
        &mut self,
        objects: impl Iterator<Item = RawJson<'s>>,
        whole: RawJson<'s>,
    ) -> Option<Kind> {
        let (source, at) = (self.source, self.source.span_of(whole.bytes()));
        let mut kind = None;
        let mut covered: Vec<TableKind> = Vec::new();
        let mut points = Vec::new();
        for object in objects {
            let Some(shape) = shape(object) else {
                continue;
            };
            let resource = Resource::new(object);
            let (table, found) = match shape {
                Shape::Cluster => {
                    cluster::cluster(source, resource, self.rows);
                    (Some(TableKind::AzureCluster), Kind::AzureCluster)
                }
                Shape::AccessProfile | Shape::NetworkProfile | Shape::BalancerProfile => {
                    cluster::fragment(source, shape, object, self.rows);
                    (None, Kind::AzureCluster)
                }
                Shape::AgentPool => {
                    cluster::pool_row(source, resource, self.rows);
                    (None, Kind::AzureCluster)
                }
                Shape::SecurityRules => {
                    self.security_rules = true;
                    (None, Kind::AzureNetwork)
                }
                Shape::Metric | Shape::TimeSeries => {
                    let table = metrics::metric(source, self.hint, object, self.rows);
                    (table, Kind::AzureMetrics)
                }
                Shape::Point => {
                    points.push(object);
                    (None, Kind::AzureMetrics)
                }
                Shape::Activity | Shape::Health | Shape::Machine | Shape::Error => {
                    operations::row(source, shape, resource, self.rows);
                    (None, Kind::AzureOther)
                }
                Shape::RunCommand | Shape::Other => (None, Kind::AzureOther),
                network => (network::row(source, network, resource, self.rows), Kind::AzureNetwork),
            };
            kind = kind.or(Some(found));
            if let Some(table) = table.filter(|table| !covered.contains(table)) {
                covered.push(table);
                self.rows.covers(table, at);
            }
        }
        metrics::bare_points(source, self.hint, &points, self.rows);
        kind
    }
}

/// What an empty list is of, by words that must all be in the command or the path.
const EMPTY_LISTS: &[(&[&str], TableKind, Kind)] = &[
    (&["route"], TableKind::AzureRoutes, Kind::AzureNetwork),
    (&["outbound"], TableKind::AzureOutbound, Kind::AzureNetwork),
    (&["nsg"], TableKind::AzureNetworkRules, Kind::AzureNetwork),
    (&["snat"], TableKind::AzureSnatMetrics, Kind::AzureMetrics),
    (&["disk"], TableKind::AzureDiskMetrics, Kind::AzureMetrics),
    (&["aks", "list"], TableKind::AzureCluster, Kind::AzureCluster),
];

/// Whether an empty list belongs to Azure by its command or path.
pub fn is_empty_list_of_azure(hint: &Hint<'_>) -> bool {
    let command = hint.command.trim_start();
    let azure = command == "az" || command.starts_with("az ");
    let folder = hint
        .path
        .to_ascii_lowercase()
        .split(|char: char| !char.is_ascii_alphanumeric())
        .any(|word| matches!(word, "az" | "azure" | "nsg" | "snat"));
    azure || folder
}

/// The last segment of a resource id.
fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// The segment of a resource id that follows `parent`, without regard to case.
fn segment_after<'a>(id: &'a str, parent: &str) -> &'a str {
    let mut segments = id.split('/');
    segments
        .find(|segment| segment.eq_ignore_ascii_case(parent))
        .and_then(|_| segments.next())
        .unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;
    use konspect_bundle::ArtifactId;

    fn read_as(text: &str, command: &str) -> (Kind, Rows) {
        let mut rows = Rows::default();
        let hint = Hint { command, ..Hint::default() };
        let kind = json(&Source::new(ArtifactId(0), text.as_bytes()), &hint, &mut rows);
        (kind, rows)
    }

    fn read(text: &str) -> Rows {
        read_as(text, "").1
    }

    #[test]
    fn a_public_address_of_which_a_query_left_little() {
        let id =
            "/subscriptions/s/resourceGroups/mc/providers/Microsoft.Network/publicIPAddresses/out";
        let rows = read(&format!(r#"[{{"name":"out","ipAddress":"52.101.7.9","id":"{id}"}}]"#));
        let [address] = rows.public_ips.as_slice() else { panic!("one address") };
        assert_eq!((address.address.as_str(), address.id.as_str()), ("52.101.7.9", id));
    }

    #[test]
    fn a_cluster_in_both_forms() {
        let pool = r#"{"name":"np","mode":"System","count":"3","vmSize":"Standard_D8s_v5","maxPods":110,"osDiskSizeGB":128,"enableAutoScaling":null,"powerState":{"code":"Running"}}"#;
        let inner = format!(
            r#""fqdn":"x.hcp.eastus.azmk8s.io","apiServerAccessProfile":{{"authorizedIPRanges":["1.2.3.4/32"],"enablePrivateCluster":false}},"networkProfile":{{"outboundType":"loadBalancer","serviceCidr":"10.0.0.0/16","loadBalancerProfile":{{"allocatedOutboundPorts":"0","effectiveOutboundIPs":[{{"id":"/ip/a"}}]}}}},"servicePrincipalProfile":{{"clientId":"msi"}},"agentPoolProfiles":[{pool}]"#
        );
        let head = r#""id":"/subscriptions/s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/c","name":"c","sku":{"tier":"Free"}"#;
        for text in [
            format!("{{{head},{inner}}}"),
            format!(
                r#"[{{{head},"properties":{{{inner}}},"type":"Microsoft.ContainerService/ManagedClusters"}}]"#
            ),
        ] {
            let rows = read(&text);
            let [cluster] = rows.clusters.as_slice() else { panic!("one cluster") };
            assert_eq!((cluster.name.as_str(), cluster.resource_group.as_str()), ("c", "rg"));
            let (ranges, at) = cluster.authorized_ip_ranges.as_ref().unwrap();
            assert_eq!(ranges.as_slice(), ["1.2.3.4/32"]);
            let cited =
                text.get(usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap());
            assert_eq!(cited, Some(r#"["1.2.3.4/32"]"#));
            assert_eq!(cluster.allocated_outbound_ports, Some(0));
            assert_eq!(cluster.effective_outbound_ips, ["/ip/a"]);
            assert_eq!((cluster.tier.as_str(), cluster.service_principal.as_str()), ("Free", ""));
            let pool = &cluster.pools[0];
            assert_eq!((pool.count, pool.max_pods, pool.os_disk_gib), (3, 110, 128));
            assert_eq!(rows.collected[0].table, TableKind::AzureCluster);
        }
    }

    #[test]
    fn fragments_know_what_they_are() {
        let rows = read(
            r#"{"authorizedIpRanges": null, "enablePrivateCluster": true, "privateDnsZone": "system"}"#,
        );
        assert!(rows.clusters[0].private_cluster);
        assert_eq!(rows.clusters[0].authorized_ip_ranges, None);
        assert!(rows.collected.is_empty());
        let (kind, rows) = read_as(
            r#"["1.2.3.4/32"]"#,
            "az aks show --query apiServerAccessProfile.authorizedIpRanges",
        );
        assert_eq!(kind, Kind::AzureCluster);
        assert!(rows.clusters[0].authorized_ip_ranges.is_some());
        let rows = read(
            r#"[{"name":"a","vmSize":"x","maxPods":30,"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/agentPools/a"},{"name":"b","vmSize":"x","maxPods":30,"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/agentPools/b"}]"#,
        );
        assert_eq!((rows.clusters.len(), rows.clusters[0].pools.len()), (1, 2));
    }

    #[test]
    fn security_rules_are_kept_whole() {
        for text in [
            r#"[{"securityRules":[],"name":"nsg"}]"#,
            r#"[{"access":"Deny","direction":"Inbound","priority":100}]"#,
            r#"{"value":[{"effectiveSecurityRules":[]}]}"#,
            r#"[{"name":"n","properties":{"access":"Deny","direction":"Inbound","priority":1}}]"#,
        ] {
            let rows = read(text);
            assert_eq!(rows.nsgs.len(), 1, "{text}");
            assert_eq!(rows.nsgs[0].text, text.as_bytes());
            assert_eq!(rows.collected[0].table, TableKind::AzureNetworkRules);
        }
        let (_, rows) = read_as("[]", "az network nsg list -g x");
        assert_eq!(rows.collected[0].table, TableKind::AzureNetworkRules);
    }

    #[test]
    fn routes_in_all_forms() {
        let rows = read(
            r#"[{"name":"rt","routes":[{"name":"d","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.0.4"}}],"subnets":[{"id":"/s"}],"type":"Microsoft.Network/routeTables"}]"#,
        );
        let table = &rows.route_tables[0];
        assert_eq!((table.name.as_str(), table.subnets.len()), ("rt", 1));
        assert_eq!(table.routes[0].next_hop, "10.0.0.4");
        let rows = read(
            r#"{"value":[{"addressPrefix":["0.0.0.0/0"],"nextHopIpAddress":["10.0.0.4"],"nextHopType":"VirtualAppliance","state":"Active"},{"addressPrefix":["0.0.0.0/0"],"nextHopIpAddress":[],"nextHopType":"Internet","state":"Invalid"}]}"#,
        );
        assert_eq!(rows.route_tables[0].routes.len(), 1);
        assert_eq!(rows.collected[0].table, TableKind::AzureRoutes);
        let (_, rows) = read_as("[]", "az network route-table list");
        assert_eq!(rows.collected[0].table, TableKind::AzureRoutes);
    }

    #[test]
    fn metrics_keep_dimensions_and_gaps() {
        let text = r#"{"timespan":"a/b","interval":"PT1M","value":[{"name":{"value":"SnatConnectionCount","localizedValue":"SNAT-Verbindungen"},"unit":"Count","timeseries":[{"metadatavalues":[{"name":{"value":"ConnectionState"},"value":"Failed"}],"data":[{"timeStamp":"2019-09-11T21:46:00+00:00","total":7.0,"average":null},{"timeStamp":"2019-09-11T21:47:00+00:00","total":null}]}]},{"name":{"value":"OS Disk Queue Depth"},"timeseries":[]}]}"#;
        let rows = read(text);
        let [snat, disk] = rows.azure_metrics.as_slice() else { panic!("two series") };
        assert_eq!(snat.name, "SnatConnectionCount");
        assert_eq!(snat.dimensions, [("connectionstate".to_owned(), "Failed".to_owned())]);
        assert_eq!(snat.points[0].total, Some(7.0));
        assert_eq!(snat.points[0].time, Some("2019-09-11T21:46:00Z".parse().unwrap()));
        assert_eq!((snat.points[1].total, snat.points[0].average), (None, None));
        assert!(disk.points.is_empty());
        let tables: Vec<_> = rows.collected.iter().map(|collected| collected.table).collect();
        assert_eq!(tables, [TableKind::AzureSnatMetrics, TableKind::AzureDiskMetrics]);
    }

    #[test]
    fn long_series_are_put_into_buckets() {
        let points: Vec<String> = (0..5000)
            .map(|step| {
                format!(r#"{{"timeStamp":"2024-01-01T00:00:00Z","total":1,"maximum":{step}}}"#)
            })
            .collect();
        let rows = read(&format!(
            r#"{{"timespan":"x","value":[{{"name":{{"value":"X"}},"timeseries":[{{"data":[{}]}}]}}]}}"#,
            points.join(",")
        ));
        let points = &rows.azure_metrics[0].points;
        assert_eq!(points.len(), 1667);
        assert_eq!((points[0].total, points[0].maximum), (Some(3.0), Some(2.0)));
        assert_eq!(points.iter().filter_map(|point| point.total).sum::<f64>(), 5000.0);
    }

    #[test]
    fn failed_operations_and_extensions_become_errors() {
        let rows = read(
            r#"[{"eventTimestamp":"2024-01-01T00:00:00Z","operationName":{"value":"Microsoft.Compute/virtualMachineScaleSets/write"},"level":"Error","status":{"value":"Failed"},"resourceId":"/a/b","properties":{"statusMessage":"{\"error\":{\"code\":\"OperationNotAllowed\",\"message\":\"quota\"}}"}},{"eventTimestamp":"x","operationName":{"value":"y"},"status":{"value":"Succeeded"}}]"#,
        );
        let [error] = rows.azure_errors.as_slice() else { panic!("one error") };
        assert_eq!(error.code, "OperationNotAllowed");
        assert_eq!(
            (rows.azure_activities.len(), rows.azure_activities[1].status.as_str()),
            (2, "Succeeded")
        );
        assert!(error.message.contains("quota"), "{}", error.message);
        let rows = read(
            r#"{"instanceId":"3","vmId":"v","osProfile":{"computerName":"aks-np-vmss000003"},"instanceView":{"extensions":[{"name":"vmssCSE","statuses":[{"code":"ProvisioningState/failed/0","level":"Error","message":"Enable failed: failed to execute command: command terminated with exit status=50\n[stdout]\n{ \"ExitCode\": \"50\" }"}]}],"statuses":[{"code":"PowerState/running","level":"Info"}]}}"#,
        );
        assert_eq!(rows.azure_errors.len(), 1);
        assert_eq!(rows.provision_exits[0].node, "aks-np-vmss000003");
        assert_eq!(rows.provision_exits[0].value.code, 50);
    }

    #[test]
    fn networks_subnets_and_links() {
        let rows = read(
            r#"{"addressSpace":{"addressPrefixes":["10.0.0.0/8"]},"dhcpOptions":{"dnsServers":["10.1.0.4"]},"name":"vnet","subnets":[{"id":"/subscriptions/s/virtualNetworks/vnet/subnets/a","name":"a","addressPrefix":"10.1.0.0/16","networkSecurityGroup":{"id":"/nsg"},"routeTable":null,"ipConfigurations":[{},{}]}],"virtualNetworkPeerings":[{"name":"p","remoteVirtualNetwork":{"id":"/x/hub"},"peeringState":"Connected"}],"type":"Microsoft.Network/virtualNetworks"}"#,
        );
        let network = &rows.virtual_networks[0];
        assert_eq!(network.dns_servers, ["10.1.0.4"]);
        assert_eq!(network.subnets[0].prefixes, ["10.1.0.0/16"]);
        assert_eq!(
            (network.subnets[0].nsg.as_str(), network.subnets[0].used_addresses),
            ("/nsg", Some(2))
        );
        assert_eq!(network.peerings, ["hub (Connected)"]);
        let rows = read(
            r#"[{"id":"/s/privateDnsZones/z.privatelink.eastus.azmk8s.io/virtualNetworkLinks/l","name":"l","registrationEnabled":false,"virtualNetwork":{"id":"/v"},"virtualNetworkLinkState":"Completed"}]"#,
        );
        assert_eq!(rows.private_dns_links[0].zone, "z.privatelink.eastus.azmk8s.io");
        assert_eq!(rows.private_dns_links[0].virtual_network, "/v");
    }

    #[test]
    fn shapes_of_others_are_none() {
        for text in [
            r#"{"apiVersion":"v1","kind":"List","items":[]}"#,
            r#"{"status":"success","data":{"result":[]}}"#,
            r#"{"error":{"code":403,"message":"x"}}"#,
        ] {
            assert_eq!(document_shape(RawJson::new(text.as_bytes())), None, "{text}");
        }
    }
}
