"""Run one command and write what it cost to a descriptor: ``python -I -S launching.py DESCRIPTOR COMMAND...``.

The peak memory of a process is never told as less than what its parent held when it was started. This parent is as
small as Python gets, so it imports nothing but what Python has at hand anyway.
"""

import os
import sys
import time


def main() -> None:
    """Start the command, wait for it, and write seconds, processor seconds, peak memory (KiB) and exit code."""
    descriptor, *command = sys.argv[1:]
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    line = f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {code}"
    os.write(int(descriptor), line.encode())


if __name__ == "__main__":
    main()
