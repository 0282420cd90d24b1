# Rules of the family platform.
