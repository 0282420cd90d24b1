# Rules of the family workload.
