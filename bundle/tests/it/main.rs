//! Opening anything: the same tree from every container, and containers that lie.

mod containers;
mod hostile;
mod kit;
