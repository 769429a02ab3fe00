"""Hold a test report to the real engines: all of their tests ran, none was skipped, and none has gone missing.

Says too how foreign containers were run: emulated through binfmt_misc, or why this machine's kernel could not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

EXPECTED: Final = int((Path(__file__).parent / "importer-tests").read_text())
"""How many tests of real importers there are at least; raise it with every one that is added."""


def main() -> None:
    """Read the report named on the command line and exit 1 if it falls short."""
    cases = [
        case
        for case in ET.parse(sys.argv[1]).iter("testcase")  # noqa: S314 - our own report
        if case.get("classname", "").startswith("tests.importers.")
    ]
    skipped = [case for case in cases if case.find("skipped") is not None]
    for case in skipped:
        print(f"not run: {case.get('classname')}.{case.get('name')}")
    properties = [each for case in cases for each in case.iter("property")]
    for way in sorted({each.get("value", "") for each in properties if each.get("name") == "emulation"}):
        print(f"foreign containers: {way}")
    ran = len(cases) - len(skipped)
    print(f"real importers: {ran} tests ran, {len(skipped)} did not, {EXPECTED} expected at least")
    if skipped or ran < EXPECTED:
        sys.exit(1)


if __name__ == "__main__":
    main()
