"""Error messages of importers: a catalogue as data, and functions that find out what is behind one in an archive."""
