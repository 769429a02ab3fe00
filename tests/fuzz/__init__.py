"""Coverage-guided fuzzing (atheris) of what reads untrusted bytes; `make fuzz SECONDS=60`."""
