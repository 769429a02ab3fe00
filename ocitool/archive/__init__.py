"""Bytes to entries and back: sources, tar headers, the scan, the tar layout and sinks."""
