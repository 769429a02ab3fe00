"""Plan and sources to a sink: reading, hashing and writing overlap here, and nowhere else."""
