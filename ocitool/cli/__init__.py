"""The command line: options in, one call of `ocitool.api`, a report out."""
