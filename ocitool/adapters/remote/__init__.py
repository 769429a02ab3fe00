"""Archives by URL, through fsspec."""
