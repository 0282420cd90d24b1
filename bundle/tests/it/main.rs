//! Opening anything: the same tree from every container, and containers that lie.

#[cfg(test)]
mod containers;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod nested;
