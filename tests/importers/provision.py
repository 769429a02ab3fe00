"""Bring every engine and print what was found: ``python -m tests.importers.provision``."""

from __future__ import annotations

import sys

from .engines import ARCHIVED, TABLE, Engine, provision


def main() -> int:
    """Print engine, version and path; exit 1 if any engine is absent that a mirror has to have.

    Run once before the tests, it moves the download out of the first test's time.
    """
    engines = provision()
    absent = 0
    for row in (*ARCHIVED, *TABLE):
        engine = engines[row.label]
        if isinstance(engine, Engine):
            path = engine.commands[row.commands[0]]
            print(f"{engine.label:<16} {engine.version:<12} {path}")
        else:
            absent += not engine.is_gone
            print(f"{engine.label:<16} {'absent':<12} {engine.reason}")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
