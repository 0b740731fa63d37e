"""Taking a system away, in the right order, until nothing of it is left."""
