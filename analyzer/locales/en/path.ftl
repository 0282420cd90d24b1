# Rules of the family path.
