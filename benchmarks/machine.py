"""Facts of the machine that a result depends on."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

FEATURES: Final = ("sha_ni", "sha2", "avx2", "avx512f", "vaes", "erms", "fsrm", "hypervisor")
"""What of a processor decides how fast it hashes, inflates and copies; `sha2` is ARM's name of the first."""

_VERSION_FLAGS: Final = {"openssl": "version", "zstd": "--version", "cp": "--version", "strace": "--version"}


def machine_facts(folders: Iterable[Path] = (), programs: Iterable[str] = ("openssl", "cp")) -> dict[str, object]:
    """Return processor, memory, kernel, file systems of `folders` and versions of what measures."""
    processor = _processor()
    flags = set(processor.get("flags", processor.get("Features", "")).split())
    return {
        "processor": processor.get("model name", platform.machine()),
        "architecture": platform.machine(),
        "features": [feature for feature in FEATURES if feature in flags],
        "cores": len(os.sched_getaffinity(0)),
        "memoryBytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "kernel": platform.release(),
        "system": _system(),
        "fileSystems": {str(folder): file_system(folder) for folder in folders},
        "python": platform.python_version(),
        "pythonOpenssl": ssl.OPENSSL_VERSION,
        "programs": {program: version(program) for program in programs},
    }


def describe(facts: dict[str, object]) -> str:
    """Return facts as one line."""
    features = facts["features"]
    assert isinstance(features, list)
    special = f" ({', '.join(features)})" if features else ""
    return (
        f"{facts['processor']}{special}, {facts['cores']} processors, Linux {facts['kernel']}, "
        f"Python {facts['python']}, {facts['pythonOpenssl']}"
    )


def load() -> list[float]:
    """Return the load averages of 1, 5 and 15 minutes."""
    return [round(value, 2) for value in os.getloadavg()]


def available_memory() -> int:
    """Return the bytes that programs may take before the machine swaps or ends one."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, such as tmpfs or ext4."""
    path = folder.resolve()
    found = (Path("/"), "")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        mount = Path(place)
        if path.is_relative_to(mount) and len(mount.parts) >= len(found[0].parts):
            found = (mount, kind)
    return found[1]


def version(program: str) -> str:
    """Return the first line that a program says of its version; empty if it says nothing."""
    try:
        done = subprocess.run(
            [program, _VERSION_FLAGS.get(program, "--version")], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.partition("\n")[0].strip()


def _processor() -> dict[str, str]:
    first, _, _ = Path("/proc/cpuinfo").read_text().partition("\n\n")
    lines = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
