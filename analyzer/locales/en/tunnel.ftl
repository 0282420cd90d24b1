# Rules of the family tunnel.
