//! Every form in which audit events come gives the same counts, and no record is lost.

#[cfg(test)]
mod counted;
#[cfg(test)]
mod front;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod written;
