"""Run the command line: ``python -m ocitool``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and end the process with its exit code."""
    import signal

    # Until the program has its own handlers, an interrupt ends it as it ends any other: without a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    from ocitool.cli.app import run

    run()


if __name__ == "__main__":
    main()
