"""Entries to the image graph: what an archive lists, what it holds, and how complete each platform is."""
