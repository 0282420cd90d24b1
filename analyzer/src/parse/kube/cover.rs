//! Which tables a source covers, and how many objects it says there are.

use konspect_bundle::Span;

use super::head::Head;
use super::item::Seen;
use super::kinds::{self, KindInfo, Target};
use crate::model::kube::ObjectCount;
use crate::parse::rows::{Collected, Rows, TableKind};

/// Notes what a list covers, empty or not.
pub(super) fn list(
    head: &Head,
    seen: &Seen,
    target: &Target,
    at: Span,
    complete: bool,
    rows: &mut Rows,
) {
    let whole = complete && !target.partial && !head.more;
    for ((api_version, kind), tally) in seen {
        // A name's word for the namespace is believed only while no item contradicts it.
        let believed = target.certain || tally.namespace.as_deref() == Some(&target.namespace);
        let namespace = if believed { target.namespace.as_str() } else { "" };
        let info = kinds::by_kind(api_version, kind);
        let resource = kinds::resource_of(api_version, kind);
        push(info, &resource, namespace, whole, at, rows);
        let remaining = if seen.len() == 1 { head.remaining } else { None };
        count(
            info,
            resource,
            tally.count,
            (remaining, head.more),
            !whole || !namespace.is_empty(),
            at,
            rows,
        );
    }
    let mut expected: Vec<(Option<&'static KindInfo>, String)> = Vec::new();
    let item_kind = head.item_kind();
    if !matches!(item_kind, "" | "PartialObjectMetadata") {
        let info = kinds::by_kind(&head.api_version, item_kind);
        expected.push((info, kinds::resource_of(&head.api_version, item_kind)));
    } else if seen.is_empty() || target.certain {
        expected.extend(target.resources.iter().map(|word| match kinds::by_word(word) {
            Some(info) => (Some(info), info.resource()),
            None => (None, word.clone()),
        }));
    }
    for (info, resource) in expected {
        let found = seen.keys().any(|(api_version, kind)| {
            kinds::resource_of(api_version, kind) == resource
                || info.is_none() && kinds::resource_of("", kind) == resource
        });
        if !found {
            push(info, &resource, &target.namespace, whole, at, rows);
            let part = !whole || !target.namespace.is_empty();
            count(info, resource, 0, (head.remaining, head.more), part, at, rows);
        }
    }
}

/// Objects that stand alone cover their table only in part, unless a source shows several of a kind.
pub(super) fn bare(seen: &Seen, rows: &mut Rows) {
    for ((api_version, kind), tally) in seen {
        let info = kinds::by_kind(api_version, kind);
        let resource = kinds::resource_of(api_version, kind);
        let namespace = tally.namespace.clone().unwrap_or_default();
        let whole = tally.count > 1;
        push(info, &resource, if whole { "" } else { &namespace }, whole, tally.at, rows);
        if whole {
            count(info, resource, tally.count, (None, false), true, tally.at, rows);
        }
    }
}

fn push(
    info: Option<&'static KindInfo>,
    resource: &str,
    namespace: &str,
    complete: bool,
    at: Span,
    rows: &mut Rows,
) {
    let (table, resource) = match info {
        Some(info) if info.table != TableKind::CustomResources => (info.table, info.covered()),
        _ => (TableKind::CustomResources, resource),
    };
    let cluster_wide = info.is_some_and(|info| !info.namespaced);
    rows.collected.push(Collected {
        table,
        resource: resource.to_owned(),
        namespace: if cluster_wide { String::new() } else { namespace.to_owned() },
        complete,
        at,
    });
}

fn count(
    info: Option<&'static KindInfo>,
    resource: String,
    count: u64,
    (remaining, more): (Option<u64>, bool),
    part: bool,
    at: Span,
    rows: &mut Rows,
) {
    // Usage is measured, not stored.
    if info.is_some_and(|info| info.table == TableKind::Top) {
        return;
    }
    rows.object_counts.push(ObjectCount {
        resource,
        count: count + remaining.unwrap_or(0),
        lower_bound: match remaining {
            Some(_) => false,
            None => part || more,
        },
        at,
    });
}
