"""Run the command line: ``python -m ocitool``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from ocitool.cli.app import run

    run()


if __name__ == "__main__":
    main()
