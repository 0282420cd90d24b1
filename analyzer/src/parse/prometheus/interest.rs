//! Which families are kept, and whose metrics a scrape holds.

use crate::model::metrics::MetricsComponent;

/// Families that rules ask for, in all spellings of all versions; sorted.
const FAMILIES: &[&str] = &[
    "aggregator_unavailable_apiservice",
    "aggregator_unavailable_apiservice_count",
    "aggregator_unavailable_apiservice_total",
    "apiserver_admission_controller_admission_duration_seconds",
    "apiserver_admission_webhook_admission_duration_seconds",
    "apiserver_admission_webhook_fail_open_count",
    "apiserver_admission_webhook_rejection_count",
    "apiserver_admission_webhook_request_total",
    "apiserver_cache_list_fetched_objects_total",
    "apiserver_cache_list_returned_objects_total",
    "apiserver_cache_list_total",
    "apiserver_client_certificate_expiration_seconds",
    "apiserver_cpu_usage_percentage",
    "apiserver_current_inflight_requests",
    "apiserver_current_inqueue_requests",
    "apiserver_dropped_requests_total",
    "apiserver_egress_dialer_dial_duration_seconds",
    "apiserver_egress_dialer_dial_failure_count",
    "apiserver_egress_dialer_dial_start_total",
    "apiserver_flowcontrol_current_executing_requests",
    "apiserver_flowcontrol_current_executing_seats",
    "apiserver_flowcontrol_current_inqueue_requests",
    "apiserver_flowcontrol_current_inqueue_seats",
    "apiserver_flowcontrol_current_limit_seats",
    "apiserver_flowcontrol_dispatched_requests_total",
    "apiserver_flowcontrol_nominal_limit_seats",
    "apiserver_flowcontrol_rejected_requests_total",
    "apiserver_flowcontrol_request_concurrency_in_use",
    "apiserver_flowcontrol_request_concurrency_limit",
    "apiserver_flowcontrol_request_wait_duration_seconds",
    "apiserver_init_events_total",
    "apiserver_longrunning_gauge",
    "apiserver_longrunning_requests",
    "apiserver_memory_usage_percentage",
    "apiserver_registered_watchers",
    "apiserver_request_aborts_total",
    "apiserver_request_duration_seconds",
    "apiserver_request_post_timeout_total",
    "apiserver_request_sli_duration_seconds",
    "apiserver_request_slo_duration_seconds",
    "apiserver_request_terminations_total",
    "apiserver_request_total",
    "apiserver_requested_deprecated_apis",
    "apiserver_resource_objects",
    "apiserver_resource_size_estimate_bytes",
    "apiserver_response_sizes",
    "apiserver_storage_db_total_size_in_bytes",
    "apiserver_storage_list_evaluated_objects_total",
    "apiserver_storage_list_fetched_objects_total",
    "apiserver_storage_list_returned_objects_total",
    "apiserver_storage_list_total",
    "apiserver_storage_objects",
    "apiserver_storage_size_bytes",
    "apiserver_terminated_watchers_total",
    "apiserver_tls_handshake_errors_total",
    "apiserver_watch_cache_consistent_read_total",
    "apiserver_watch_events_sizes",
    "apiserver_watch_events_total",
    "authentication_attempts",
    "cloudprovider_azure_api_request_errors",
    "cloudprovider_azure_api_request_ratelimited_count",
    "cloudprovider_azure_api_request_throttled_count",
    "cluster_autoscaler_failed_scale_ups_total",
    "cluster_autoscaler_unschedulable_pods_count",
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "coredns_dns_request_duration_seconds",
    "coredns_dns_requests_total",
    "coredns_dns_responses_total",
    "coredns_forward_healthcheck_broken_total",
    "coredns_forward_healthcheck_failures_total",
    "coredns_forward_max_concurrent_rejects_total",
    "coredns_forward_responses_total",
    "coredns_panics_total",
    "coredns_proxy_healthcheck_failures_total",
    "etcd_cpu_usage_percentage",
    "etcd_database_usage_percentage",
    "etcd_db_total_size_in_bytes",
    "etcd_debugging_mvcc_db_total_size_in_bytes",
    "etcd_disk_backend_commit_duration_seconds",
    "etcd_disk_wal_fsync_duration_seconds",
    "etcd_memory_usage_percentage",
    "etcd_mvcc_db_total_size_in_bytes",
    "etcd_mvcc_db_total_size_in_use_in_bytes",
    "etcd_object_counts",
    "etcd_request_duration_seconds",
    "etcd_request_errors_total",
    "etcd_requests_total",
    "etcd_server_has_leader",
    "etcd_server_heartbeat_send_failures_total",
    "etcd_server_is_leader",
    "etcd_server_leader_changes_seen_total",
    "etcd_server_proposals_failed_total",
    "etcd_server_proposals_pending",
    "etcd_server_quota_backend_bytes",
    "etcd_server_slow_apply_total",
    "etcd_server_slow_read_indexes_total",
    "go_goroutines",
    "kubelet_certificate_manager_client_expiration_renew_errors",
    "kubelet_certificate_manager_client_ttl_seconds",
    "kubelet_evictions",
    "kubelet_node_name",
    "kubelet_node_status_update_latency_seconds",
    "kubelet_pleg_discard_events",
    "kubelet_pleg_last_seen_seconds",
    "kubelet_pleg_relist_duration_seconds",
    "kubelet_pleg_relist_interval_seconds",
    "kubelet_running_containers",
    "kubelet_running_pods",
    "kubelet_runtime_operations_duration_seconds",
    "kubelet_runtime_operations_errors_total",
    "kubelet_runtime_operations_total",
    "kubeproxy_network_programming_duration_seconds",
    "kubeproxy_sync_proxy_rules_duration_seconds",
    "kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
    "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
    "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
    "kubeproxy_sync_proxy_rules_nftables_sync_failures_total",
    "kubernetes_build_info",
    "leader_election_master_status",
    "node_boot_time_seconds",
    "node_cpu_seconds_total",
    "node_disk_io_now",
    "node_disk_io_time_seconds_total",
    "node_disk_io_time_weighted_seconds_total",
    "node_disk_read_time_seconds_total",
    "node_disk_reads_completed_total",
    "node_disk_write_time_seconds_total",
    "node_disk_writes_completed_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_files",
    "node_filesystem_files_free",
    "node_filesystem_size_bytes",
    "node_load1",
    "node_load5",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "node_nf_conntrack_entries",
    "node_nf_conntrack_entries_limit",
    "node_nf_conntrack_stat_drop",
    "node_nf_conntrack_stat_insert_failed",
    "node_pressure_cpu_waiting_seconds_total",
    "node_pressure_io_stalled_seconds_total",
    "node_pressure_io_waiting_seconds_total",
    "node_pressure_memory_stalled_seconds_total",
    "node_pressure_memory_waiting_seconds_total",
    "node_time_seconds",
    "node_timex_offset_seconds",
    "node_timex_sync_status",
    "node_uname_info",
    "node_vmstat_oom_kill",
    "problem_counter",
    "problem_gauge",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "rest_client_dns_resolution_duration_seconds",
    "rest_client_rate_limiter_duration_seconds",
    "rest_client_request_duration_seconds",
    "rest_client_requests_total",
    "scheduler_pending_pods",
    "scheduler_schedule_attempts_total",
    "workqueue_depth",
];

/// The tunnel's metrics are few; all of them are kept, under their full family names.
const TUNNEL_FAMILIES: &[&str] = &[
    "konnectivity_network_proxy_agent_dial_duration_seconds",
    "konnectivity_network_proxy_agent_endpoint_dial_failure_total",
    "konnectivity_network_proxy_agent_known_server_count",
    "konnectivity_network_proxy_agent_lease_list_latency_seconds",
    "konnectivity_network_proxy_agent_lease_lists_total",
    "konnectivity_network_proxy_agent_lease_watches_total",
    "konnectivity_network_proxy_agent_open_endpoint_connections",
    "konnectivity_network_proxy_agent_open_server_connections",
    "konnectivity_network_proxy_agent_server_connection_failure_count",
    "konnectivity_network_proxy_agent_stream_errors_total",
    "konnectivity_network_proxy_agent_stream_packets_total",
    "konnectivity_network_proxy_client_client_connections",
    "konnectivity_network_proxy_client_dial_failure_total",
    "konnectivity_network_proxy_client_stream_errors_total",
    "konnectivity_network_proxy_client_stream_packets_total",
    "konnectivity_network_proxy_server_dial_duration_seconds",
    "konnectivity_network_proxy_server_dial_failure_count",
    "konnectivity_network_proxy_server_established_connections",
    "konnectivity_network_proxy_server_frontend_write_duration_seconds",
    "konnectivity_network_proxy_server_full_receive_channels",
    "konnectivity_network_proxy_server_grpc_connections",
    "konnectivity_network_proxy_server_http_connections",
    "konnectivity_network_proxy_server_lease_deletes_total",
    "konnectivity_network_proxy_server_lease_lists_total",
    "konnectivity_network_proxy_server_pending_backend_dials",
    "konnectivity_network_proxy_server_ready_backend_connections",
    "konnectivity_network_proxy_server_ready_backends",
    "konnectivity_network_proxy_server_server_count",
    "konnectivity_network_proxy_server_stream_errors_total",
    "konnectivity_network_proxy_server_stream_packets_total",
];

/// The family of a sample's name, when it is kept; a histogram's parts belong to its base name, as does
/// a counter to which `OpenMetrics` gave the `_total` that its name lacks.
pub(super) fn family(name: &str) -> Option<&'static str> {
    known(name).or_else(|| {
        let ends = ["_bucket", "_sum", "_count", "_total"];
        ends.iter().find_map(|part| known(name.strip_suffix(part)?))
    })
}

/// Whether a name is kept, or begins as a known component's names do.
pub(super) fn is_known(name: &str) -> bool {
    ["go_", "process_", "apiserver_", "rest_client_", "workqueue_"]
        .iter()
        .chain(OWNERS.iter().map(|(start, _)| start))
        .any(|start| name.starts_with(start))
        || family(name).is_some()
}

fn known(name: &str) -> Option<&'static str> {
    let table = if name.starts_with("konnectivity_") { TUNNEL_FAMILIES } else { FAMILIES };
    table.binary_search(&name).ok().and_then(|found| table.get(found)).copied()
}

impl MetricsComponent {
    /// True for what runs once per node, so that a path's node is the scrape's.
    pub(super) fn is_of_a_node(self) -> bool {
        !matches!(self, Self::ApiServer | Self::Etcd | Self::Scheduler | Self::ControllerManager)
    }
}

/// Counts names that only one component writes.
#[derive(Debug, Default)]
pub(super) struct Votes {
    counts: std::collections::BTreeMap<MetricsComponent, u64>,
}

/// What a name begins with, and whose name it then is; the first that fits counts.
const OWNERS: &[(&str, MetricsComponent)] = &[
    ("metrics_server_", MetricsComponent::Other),
    ("konnectivity_network_proxy_agent_", MetricsComponent::TunnelAgent),
    ("konnectivity_network_proxy_server_", MetricsComponent::TunnelServer),
    ("coredns_", MetricsComponent::CoreDns),
    ("kubeproxy_", MetricsComponent::KubeProxy),
    ("problem_gauge", MetricsComponent::NodeProblemDetector),
    ("problem_counter", MetricsComponent::NodeProblemDetector),
    ("kubelet_", MetricsComponent::Kubelet),
    ("container_", MetricsComponent::Kubelet),
    ("machine_", MetricsComponent::Kubelet),
    ("node_cpu_usage_seconds_total", MetricsComponent::Kubelet),
    ("node_memory_working_set_bytes", MetricsComponent::Kubelet),
    ("node_swap_", MetricsComponent::Kubelet),
    ("node_authorizer_", MetricsComponent::ApiServer),
    ("node_collector_", MetricsComponent::ControllerManager),
    ("node_ipam_", MetricsComponent::ControllerManager),
    ("node_lifecycle_", MetricsComponent::ControllerManager),
    ("node_", MetricsComponent::NodeExporter),
    ("etcd_server_", MetricsComponent::Etcd),
    ("etcd_disk_", MetricsComponent::Etcd),
    ("etcd_mvcc_", MetricsComponent::Etcd),
    ("etcd_network_", MetricsComponent::Etcd),
    ("etcd_snap_", MetricsComponent::Etcd),
    ("etcd_debugging_", MetricsComponent::Etcd),
    ("etcd_grpc_", MetricsComponent::Etcd),
    ("etcd_cluster_", MetricsComponent::Etcd),
    ("etcd_", MetricsComponent::ApiServer),
    ("scheduler_", MetricsComponent::Scheduler),
    ("attachdetach_controller_", MetricsComponent::ControllerManager),
    ("cronjob_controller_", MetricsComponent::ControllerManager),
    ("daemonset_", MetricsComponent::ControllerManager),
    ("endpoint_slice_", MetricsComponent::ControllerManager),
    ("ephemeral_volume_controller_", MetricsComponent::ControllerManager),
    ("garbagecollector_", MetricsComponent::ControllerManager),
    ("horizontal_pod_autoscaler_", MetricsComponent::ControllerManager),
    ("job_controller_", MetricsComponent::ControllerManager),
    ("pv_collector_", MetricsComponent::ControllerManager),
    ("replicaset_controller_", MetricsComponent::ControllerManager),
    ("root_ca_cert_publisher_", MetricsComponent::ControllerManager),
    ("service_controller_", MetricsComponent::ControllerManager),
    ("statefulset_", MetricsComponent::ControllerManager),
    ("ttl_after_finished_controller_", MetricsComponent::ControllerManager),
    ("aggregator_", MetricsComponent::ApiServer),
    ("kube_apiserver_", MetricsComponent::ApiServer),
    ("apiextensions_", MetricsComponent::ApiServer),
    ("apiserver_admission_", MetricsComponent::ApiServer),
    ("apiserver_cache_list_", MetricsComponent::ApiServer),
    ("apiserver_current_", MetricsComponent::ApiServer),
    ("apiserver_dropped_", MetricsComponent::ApiServer),
    ("apiserver_egress_", MetricsComponent::ApiServer),
    ("apiserver_flowcontrol_", MetricsComponent::ApiServer),
    ("apiserver_init_events", MetricsComponent::ApiServer),
    ("apiserver_longrunning_", MetricsComponent::ApiServer),
    ("apiserver_registered_", MetricsComponent::ApiServer),
    ("apiserver_request_", MetricsComponent::ApiServer),
    ("apiserver_requested_", MetricsComponent::ApiServer),
    ("apiserver_resource_", MetricsComponent::ApiServer),
    ("apiserver_response_", MetricsComponent::ApiServer),
    ("apiserver_storage_", MetricsComponent::ApiServer),
    ("apiserver_tls_handshake_", MetricsComponent::ApiServer),
    ("apiserver_watch_", MetricsComponent::ApiServer),
];

/// Names that every component built on the API server's library writes too: no vote.
const SHARED: &[&str] = &[
    "apiserver_storage_data_",
    "apiserver_storage_envelope_",
    "apiserver_storage_transformation_",
];

impl Votes {
    pub(super) fn note(&mut self, name: &str) {
        if SHARED.iter().any(|shared| name.starts_with(shared)) {
            return;
        }
        if let Some((_, owner)) = OWNERS.iter().find(|(start, _)| name.starts_with(start)) {
            *self.counts.entry(*owner).or_default() += 1;
        }
    }

    /// The component with most votes. Names of an aggregated server, such as metrics-server, outweigh
    /// those of the library that it shares with the API server.
    pub(super) fn component(&self) -> MetricsComponent {
        if self.counts.contains_key(&MetricsComponent::Other) {
            return MetricsComponent::Other;
        }
        let most = self
            .counts
            .iter()
            .max_by_key(|(component, count)| (**count, std::cmp::Reverse(**component)));
        most.map(|(component, _)| *component).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_so_that_every_name_is_found() {
        for table in [FAMILIES, TUNNEL_FAMILIES] {
            for name in table {
                assert_eq!(family(name), Some(*name));
            }
        }
        assert_eq!(
            family("coredns_dns_request_duration_seconds_bucket"),
            Some("coredns_dns_request_duration_seconds")
        );
        assert_eq!(
            family("apiserver_admission_webhook_fail_open_count"),
            known("apiserver_admission_webhook_fail_open_count")
        );
        assert_eq!(family("my_total"), None);
    }

    #[test]
    fn components_are_told_apart() {
        let component = |names: &[&str]| {
            let mut votes = Votes::default();
            for name in names {
                votes.note(name);
            }
            votes.component()
        };
        assert_eq!(component(&["etcd_object_counts"]), MetricsComponent::ApiServer);
        assert_eq!(component(&["etcd_mvcc_db_total_size_in_bytes"]), MetricsComponent::Etcd);
        assert_eq!(
            component(&["metrics_server_storage_points", "apiserver_request_total"]),
            MetricsComponent::Other
        );
        assert_eq!(component(&["node_cpu_usage_seconds_total"]), MetricsComponent::Kubelet);
        assert_eq!(component(&["node_cpu_seconds_total"]), MetricsComponent::NodeExporter);
        assert_eq!(
            component(&[
                "apiserver_storage_data_key_generation_failures_total",
                "cronjob_controller_x"
            ]),
            MetricsComponent::ControllerManager
        );
    }
}
