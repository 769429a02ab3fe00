"""What touches the world beyond files: other programs. Handed in by the command line, never imported by the core."""
