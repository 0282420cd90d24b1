//! The collector as a user runs it, with a real kubectl against a stub API server on loopback.

// All of it is a test; said so, clippy lets its helpers unwrap as tests may.
#[cfg(test)]
mod big;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod contained;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod node;
#[cfg(test)]
mod pack;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod verdict;
