# Rules of the family apiserver.
