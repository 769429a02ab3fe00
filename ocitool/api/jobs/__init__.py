"""Batches: jobs run one by one or by a crew, wherever that is."""
