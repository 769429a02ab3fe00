"""Hold a test report to the real engines: all of their tests ran, none was skipped, and none has gone missing.

Only tests of an engine may be skipped whose Debian release is past its support, and gone from its mirror; they are
told and counted apart.
Says too how foreign containers were run: emulated through binfmt_misc, or why this machine's kernel could not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

EXPECTED: Final = int((Path(__file__).parent / "importer-tests").read_text())
"""How many tests of real importers there are at least; raise it with every one that is added."""

GONE: Final = "archived suite not to be had: "
"""How the reason of a skip begins that is nobody's fault, as tests/importers/availability.py words it."""


def main() -> None:
    """Read the report named on the command line and exit 1 if it falls short."""
    cases = [
        case
        for case in ET.parse(sys.argv[1]).iter("testcase")  # noqa: S314 - our own report
        if case.get("classname", "").startswith("tests.importers.")
    ]
    reasons = [(case, skip.get("message", "")) for case in cases if (skip := case.find("skipped")) is not None]
    gone = [reason for _, reason in reasons if reason.startswith(GONE)]
    skipped = [case for case, reason in reasons if not reason.startswith(GONE)]
    for case in skipped:
        print(f"not run: {case.get('classname')}.{case.get('name')}")
    for reason in sorted(set(gone)):
        print(f"not run, {gone.count(reason)} tests: {reason}")
    properties = [each for case in cases for each in case.iter("property")]
    for way in sorted({each.get("value", "") for each in properties if each.get("name") == "emulation"}):
        print(f"foreign containers: {way}")
    ran = len(cases) - len(reasons)
    print(f"real importers: {ran} tests ran, {len(skipped)} did not, {EXPECTED} expected at least")
    if skipped or ran + len(gone) < EXPECTED:
        sys.exit(1)


if __name__ == "__main__":
    main()
