"""Image graph (and what its blobs hash to) to findings. A validator collects all, a writer stops at the first."""
