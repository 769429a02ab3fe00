"""Benchmarks: a corpus builder and end-to-end runs against the limits of the hardware and peers."""
