"""Scripts that import and export images: the commands in them, and what a new version makes of each."""
