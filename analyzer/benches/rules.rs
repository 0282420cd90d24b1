//! Every rule over the largest cluster that AKS makes, after it is parsed: 5,000 nodes, 200,000 pods.
//!
//! `cargo bench -p konspect --bench rules -- [NODES]`. Then each rule alone, the slowest first, the ranking, and a
//! rule of a user over all pods.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it is wrong"
)]

mod fleet;

use konspect::rules::{self, Run, user};
use konspect::{Options, analyze, rank};

use crate::fleet::{Fleet, best};

fn main() {
    let nodes = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(5000);
    let fleet = Fleet { nodes, pods_of_node: 40, faulty: 20 };
    let bundle = fleet.bundle();
    let analysis = analyze(&bundle, &Options::default());
    let facts = &analysis.facts;
    let (nodes, pods) = (facts.nodes.get().unwrap().len(), facts.pods.get().unwrap().len());
    let rules = rules::all();
    println!("{nodes} nodes, {pods} pods, {} rules", rules.len());
    println!("{:44} {:8.3} s", "all rules", best(3, || drop(rules::run_all(&rules, facts))));
    let outcomes = rules::run_all(&rules, facts);
    println!(
        "{:44} {:8.3} s",
        "ranking",
        best(3, || drop(rank::rank(&rules, outcomes.clone(), facts)))
    );
    let own = "id: B-1\ntitle: '{{ pod.name }}'\nfor_each: pods\n\
        when: pod.containers.exists(c, !c.image.startsWith(\"registry.example/\"))\n";
    let own = user::load([("bench.yaml", own)]).rules;
    let own: Vec<&dyn Run> = own.iter().map(|rule| rule as &dyn Run).collect();
    println!(
        "{:44} {:8.3} s",
        "a user's rule over all pods",
        best(3, || drop(rules::run_all(&own, facts)))
    );
    let mut each: Vec<(f64, &str)> =
        rules.iter().map(|rule| (best(2, || drop(rule.run(facts))), rule.meta().slug)).collect();
    each.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("the slowest alone:");
    for (seconds, slug) in each.iter().take(8) {
        println!("  {slug:42} {seconds:8.3} s");
    }
}
