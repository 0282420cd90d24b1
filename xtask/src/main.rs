//! What needs Rust but is no product.

mod synth_audit;

use clap::Parser;

#[derive(Parser)]
enum Task {
    /// Writes synthetic data.
    #[command(subcommand)]
    Synth(Synth),
}

#[derive(clap::Subcommand)]
enum Synth {
    /// A Kubernetes audit log.
    Audit(synth_audit::Args),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Synth(Synth::Audit(args)) => synth_audit::run(&args),
    }
}
