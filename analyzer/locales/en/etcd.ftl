# Rules of the family etcd.
