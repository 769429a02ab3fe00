"""Jobs of a batch as values: what they say, what is wrong with them, and how they ended."""
