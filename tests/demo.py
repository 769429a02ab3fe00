"""What `make demo` runs: the main job on a sample made here, or on a file of the user's."""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.builders import multi_platform

FOLDER: Final = Path("demo")
SAMPLE: Final = FOLDER / "sample.tar"
SAMPLE_PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/arm/v7")


def main() -> None:
    """Inspect, filter and verify, showing each command as it is run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, help="an OCI archive (default: a sample made here)")
    parser.add_argument("--platform", help="the platform to keep (default: linux/arm64, or the first there is)")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    source = options.source or make_sample()
    wanted = options.platform or ("linux/arm64" if options.source is None else first_platform(source))
    output = FOLDER / f"{source.stem}-{wanted.replace('/', '-').replace('*', 'any').replace(',', '+')}.tar"
    say(f"1. What is in {source}?")
    run("inspect", str(source))
    say(f"2. Keep {wanted} only, every digest checked on the way.")
    run("filter", str(source), "-p", wanted, "-o", str(output))
    say("3. Check the result before it leaves.")
    run("verify", str(output), "-p", wanted, "--only")
    run("inspect", str(output))
    say(f"Done: {output}. Carry it to the target and import it:")
    print(f"  ctr images import {output}")
    if options.source is None:
        say("Next, your own file:")
        print(f"  make demo SRC=image.tar PLATFORM=linux/{_architecture()}")
        print(f"  .venv/bin/ocitool filter image.tar -p linux/{_architecture()} -o image-{_architecture()}.tar")
    else:
        say("The same without make:")
        print(f"  .venv/bin/ocitool filter {source} -p {wanted} -o {output.name}")


def make_sample() -> Path:
    """Write a sample export with a few hundred KiB for each platform."""
    noise = random.Random(1)
    layout = multi_platform(SAMPLE_PLATFORMS, attested=True, own=lambda _: noise.randbytes(150_000).hex())
    SAMPLE.write_bytes(layout.pack())
    return SAMPLE


def first_platform(source: Path) -> str:
    """Ask ocitool for the first complete platform of an archive."""
    report = subprocess.run([*TOOL, "inspect", str(source), "--format", "json"], stdout=subprocess.PIPE, check=False)
    if report.returncode != 0:
        sys.exit(report.returncode)
    for image in json.loads(report.stdout)["images"]:
        for manifest in image["manifests"]:
            if manifest["kind"] == "image" and manifest["state"] == "complete":
                return str(manifest["platform"])
    return "available"


def run(*arguments: str) -> None:
    """Show a command, run it, and stop if it fails."""
    print(f"\n$ ocitool {' '.join(arguments)}", flush=True)
    status = subprocess.run([*TOOL, *arguments], check=False).returncode
    if status != 0:
        sys.exit(status)


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


TOOL: Final = (sys.executable, "-m", "ocitool")

if __name__ == "__main__":
    main()
