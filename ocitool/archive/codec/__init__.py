"""Whole-file compression: told by magic bytes, read as a stream, written as a sink."""
