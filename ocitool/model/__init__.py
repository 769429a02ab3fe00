"""Pure values: digests, platforms, references, descriptors and strict JSON documents."""
