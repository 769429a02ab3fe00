"""Measure `ocitool filter` against the limits of the machine and against skopeo, all in one run.

``python -m benchmarks.end_to_end`` makes a 4 GiB archive (4 platforms, one 1 GiB layer each) in memory
(``/dev/shm``) and prints medians and ratios: verified filter to one platform, unverified, ``openssl dgst
-sha256`` and ``cp`` of the kept bytes, ``skopeo copy`` of the same platform. Start-up is measured in the same run
and taken off.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from benchmarks.layers import STORED_NOISE
from benchmarks.measure import Command, measure
from benchmarks.report import make_report, print_report
from benchmarks.setting import BARE, COPY, START, TOOL, WANTED, Setting, parse_options, prepare, remover, start_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Cost

VERIFIED: Final = "filter"
UNVERIFIED: Final = "filter --no-verify"
HASH: Final = "openssl dgst -sha256"
SKOPEO: Final = "skopeo copy"


def main() -> None:
    """Make the corpus, measure, print a table."""
    options = parse_options(__doc__, ("--skopeo", str, shutil.which("skopeo"), "the skopeo to compare with"))
    with prepare(options, STORED_NOISE) as setting:
        costs = measure(_commands(setting, options.skopeo), runs=options.runs)
        report = make_report("benchmarks.end_to_end", costs, _ratios(costs), setting.facts(options))
    print_report(report, options.json)


def _commands(setting: Setting, skopeo: str | None) -> list[Command]:
    output = setting.output
    filtering = [*TOOL, "filter", str(setting.corpus.path), "-p", WANTED, "-q", "-o", str(output)]
    remove = remover(output)
    commands = [
        *start_up(),
        Command(HASH, ["openssl", "dgst", "-sha256", str(setting.kept)]),
        setting.copy(),
        Command(VERIFIED, filtering, prepare=remove),
        Command(UNVERIFIED, [*filtering, "--no-verify"], prepare=remove),
    ]
    if skopeo is not None:
        system, architecture = WANTED.split("/")
        commands.append(
            Command(
                SKOPEO,
                [
                    *(skopeo, "--insecure-policy", "--override-os", system, "--override-arch", architecture),
                    *("copy", "-q", f"oci-archive:{setting.corpus.path}", f"oci-archive:{output}:1.0"),
                ],
                prepare=remove,
                environment={"TMPDIR": str(setting.folder)},
            )
        )
    return commands


def _ratios(costs: Mapping[str, Cost]) -> dict[str, float]:
    start = costs[START].seconds
    limit = max(costs[HASH].seconds, costs[COPY].seconds)
    verified = costs[VERIFIED].seconds - start
    ratios = {
        "verified / slower of hash and copy": verified / limit,
        "unverified / copy": (costs[UNVERIFIED].seconds - start) / costs[COPY].seconds,
        "start-up over bare Python (seconds)": start - costs[BARE].seconds,
    }
    if SKOPEO in costs:
        ratios["skopeo / verified"] = costs[SKOPEO].seconds / verified
    return ratios


if __name__ == "__main__":
    main()
