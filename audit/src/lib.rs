//! Kubernetes audit logs folded to answers at the speed of decompression.
