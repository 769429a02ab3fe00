"""Archives on other machines, by URL, through fsspec: read by ranges, written whole."""
