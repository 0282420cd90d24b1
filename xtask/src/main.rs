//! What needs Rust but is no product.

mod docs;
mod gallery;
mod mutate;
mod release;
mod synth_audit;
mod synth_cluster;

use clap::Parser;

#[derive(Parser)]
enum Task {
    /// Writes synthetic data.
    #[command(subcommand)]
    Synth(Synth),
    /// Renders every state of the report in every language and theme, with pictures and an index.
    Gallery(gallery::Args),
    /// Packs the collector for krew and fills in the plugin's manifest.
    Release(release::Args),
    /// Writes the documents that are made from the code.
    Docs,
    /// Weakens rules and tells which pages do not notice.
    Mutate(mutate::Args),
}

#[derive(clap::Subcommand)]
enum Synth {
    /// A Kubernetes audit log.
    Audit(synth_audit::Args),
    /// The lists of a cluster, as `kubectl get -o json` prints them.
    Cluster(synth_cluster::Args),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Synth(Synth::Audit(args)) => synth_audit::run(&args),
        Task::Synth(Synth::Cluster(args)) => synth_cluster::run(&args),
        Task::Gallery(args) => gallery::run(&args),
        Task::Release(args) => release::run(&args),
        Task::Docs => docs::run(),
        Task::Mutate(args) => mutate::run(&args),
    }
}
