//! The truth that a real kernel gave, asked of the evaluator.

mod netfilter_truth;
mod nsg_truth;
mod truth;
