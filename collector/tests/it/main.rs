//! The collector as a user runs it, with a real kubectl against a stub API server on loopback.

mod bundle;
mod cluster;
mod failures;
mod node;
mod pack;
mod stub;
