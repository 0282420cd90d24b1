//! The truth that a real kernel gave, asked of the evaluator.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod kernel;
#[cfg(test)]
mod netfilter_truth;
#[cfg(test)]
mod nsg_truth;
#[cfg(test)]
mod truth;
#[cfg(test)]
mod undecided;
