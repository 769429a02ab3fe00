"""Prove that the tool does its work in the middle of a shell pipeline between real programs."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .program import SYSTEM_PATH
from .sample import NAME, greeting, host_platform
from .test_filtered_archives import FOREIGN, HOST, OCITOOL, PAIR, Contents

if TYPE_CHECKING:
    from .containerd import ContainerdServer

TOOL = shlex.join([str(OCITOOL.path), *OCITOOL.arguments])
BAD_ARCHIVE, BAD_CONTENT, NO_READER = 3, 5, 6
PIPELINE_LIMIT = 60


def shell(script: str) -> tuple[list[int], str, str]:
    """Run one pipeline in bash; return each member's exit code, the output and the complaints.

    The pipeline's members share one standard error. The spool goes to a folder of its
    own, which must be empty again afterwards.
    """
    with tempfile.TemporaryDirectory() as folder:
        codes = Path(folder) / "codes"
        spool = Path(folder) / "spool"
        spool.mkdir()
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f'{script}; echo "${{PIPESTATUS[@]}}" > {shlex.quote(str(codes))}'],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={"PATH": SYSTEM_PATH, "TMPDIR": str(spool), "HOME": os.environ.get("HOME", folder)},
            timeout=PIPELINE_LIMIT,
        )
        assert not list(spool.iterdir()), "the spool was left behind"
        return [int(code) for code in codes.read_text().split()], result.stdout, result.stderr


def ctr(server: ContainerdServer, namespace: str, *arguments: str) -> str:
    """Return a ``ctr`` command line for the shell."""
    program = server.engine.program("ctr", "--address", server.socket, "--namespace", namespace)
    return shlex.join([str(program.path), *program.arguments, *arguments])


def assert_quiet(complaints: str) -> None:
    """Expect no sign of an unhandled error."""
    assert "Traceback" not in complaints
    assert "Exception ignored" not in complaints
    assert "BrokenPipe" not in complaints


def export_command(server: ContainerdServer, namespace: str) -> str:
    """Return the shell command that exports the image to standard output, whole.

    By default the client of containerd 2 leaves before all data has come through: now and
    then a pipe gets a shorter archive, with exit code 0. ``--local`` has no such gap.
    """
    flags = () if server.version.startswith("1.") else ("--local",)
    return ctr(server, namespace, "images", "export", *flags, "--all-platforms", "-", NAME)


def store(server: ContainerdServer, namespace: str, archive: Path) -> None:
    """Put every platform of ``archive`` into a namespace, to be exported from there."""
    result = server.ctr("images", "import", "--all-platforms", "--no-unpack", str(archive), namespace=namespace)
    assert result.returncode == 0, result


@pytest.mark.parametrize(
    ("platforms", "flags"),
    [(HOST, ()), (FOREIGN, ()), (PAIR, ("--all-platforms",)), ("all", ("--all-platforms",))],
    ids=["host", "foreign", "pair", "all"],
)
def test_export_filter_import(
    containerd: ContainerdServer, real_export: Path, platforms: str, flags: tuple[str, ...]
) -> None:
    with containerd.namespace() as first, containerd.namespace() as second:
        store(containerd, first, real_export)
        codes, _, complaints = shell(
            f"{export_command(containerd, first)}"
            f" | {TOOL} filter - -p {platforms} -o -"
            f" | {ctr(containerd, second, 'images', 'import', *flags, '-')}"
        )
        assert codes == [0, 0, 0], complaints
        assert containerd.images(second) == [NAME]
        if platforms != FOREIGN:
            ran = containerd.run_image(NAME, namespace=second)
            assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


def test_export_that_stops_short_imports_nothing(containerd: ContainerdServer, real_export: Path) -> None:
    """The default export of containerd 2 may stop short without a word; that must not pass for whole."""
    with containerd.namespace() as first, containerd.namespace() as second:
        store(containerd, first, real_export)
        codes, _, complaints = shell(
            f"{ctr(containerd, first, 'images', 'export', '--all-platforms', '-', NAME)}"
            f" | {TOOL} filter - -p {HOST} -o -"
            f" | {ctr(containerd, second, 'images', 'import', '-')}"
        )
        if containerd.version.startswith("1.") or codes[1] == 0:
            assert codes == [0, 0, 0], complaints
            assert containerd.images(second) == [NAME]
        else:
            assert codes[:2] == [0, BAD_ARCHIVE], complaints
            assert codes[2] != 0
            assert containerd.images(second) == []


def test_pipe_writes_what_a_file_gets(containerd: ContainerdServer, real_export: Path, tmp_path: Path) -> None:
    source, target, piped = (shlex.quote(str(path)) for path in (real_export, tmp_path / "file", tmp_path / "pipe"))
    codes, _, complaints = shell(f"{TOOL} filter {source} -p {HOST} -o {target}")
    assert codes == [0], complaints
    codes, _, complaints = shell(f"cat {source} | {TOOL} filter - -p {HOST} -o - | cat > {piped}")
    assert codes == [0, 0, 0], complaints
    assert (tmp_path / "file").read_bytes() == (tmp_path / "pipe").read_bytes()


def test_failing_export_imports_nothing(containerd: ContainerdServer) -> None:
    with containerd.namespace() as namespace:
        codes, _, complaints = shell(
            f"{ctr(containerd, namespace, 'images', 'export', '--all-platforms', '-', NAME)}"
            f" | {TOOL} filter - -p {HOST} -o -"
            f" | {ctr(containerd, namespace, 'images', 'import', '-')}"
        )
        assert codes[0] != 0
        assert codes[1] == BAD_ARCHIVE, complaints
        assert codes[2] != 0
        assert_quiet(complaints)
        assert containerd.images(namespace) == []


def test_cut_export_imports_nothing(containerd: ContainerdServer, real_export: Path) -> None:
    half = real_export.stat().st_size // 2
    with containerd.namespace() as namespace:
        codes, _, complaints = shell(
            f"head -c {half} {shlex.quote(str(real_export))}"
            f" | {TOOL} filter - -p {HOST} -o -"
            f" | {ctr(containerd, namespace, 'images', 'import', '-')}"
        )
        assert codes[:2] == [0, BAD_ARCHIVE], complaints
        assert codes[2] != 0
        assert_quiet(complaints)
        assert containerd.images(namespace) == []


def test_damage_ends_the_pipeline(containerd: ContainerdServer, real_export: Path, tmp_path: Path) -> None:
    """Damage in a layer shows while the output is on its way, so the importer must not get a whole archive."""
    layer = max(Contents(real_export).image(HOST), key=lambda digest: len(Contents(real_export).blobs[digest]))
    damaged = bytearray(real_export.read_bytes())
    damaged[damaged.index(Contents(real_export).blobs[layer]) + 1000] ^= 1
    source = tmp_path / "damaged.tar"
    source.write_bytes(damaged)
    with containerd.namespace() as namespace:
        codes, _, complaints = shell(
            f"cat {shlex.quote(str(source))}"
            f" | {TOOL} filter - -p {HOST} -o -"
            f" | {ctr(containerd, namespace, 'images', 'import', '-')}"
        )
        assert codes[:2] == [0, BAD_CONTENT], complaints
        assert codes[2] != 0
        assert layer in complaints
        assert_quiet(complaints)
        assert containerd.images(namespace) == []


@pytest.mark.parametrize("bytes_taken", [1, 100_000])
def test_reader_that_leaves_early_ends_the_tool_quietly(
    containerd: ContainerdServer, real_export: Path, bytes_taken: int
) -> None:
    """The archive is many times what a pipe holds."""
    source = shlex.quote(str(real_export))
    codes, output, complaints = shell(f"{TOOL} filter {source} -p all -o - | head -c {bytes_taken} | wc -c")
    assert codes == [NO_READER, 0, 0], complaints
    assert output.strip() == str(bytes_taken)
    assert_quiet(complaints)
    assert "error" not in complaints.lower()


@pytest.mark.parametrize("platforms", [HOST, FOREIGN])
def test_ours_is_filtered_again_on_its_way_into_an_importer(
    containerd: ContainerdServer, real_export: Path, platforms: str
) -> None:
    """What ocitool wrote is not spooled: where a spool would lie, none can be made."""
    source = shlex.quote(str(real_export))
    with containerd.namespace() as namespace:
        codes, _, complaints = shell(
            f"{TOOL} filter {source} -p {PAIR} -o -"
            f" | {TOOL} filter - -p {platforms} --tmp-dir /proc -o -"
            f" | {ctr(containerd, namespace, 'images', 'import', '-')}"
        )
        assert codes == [0, 0, 0], complaints
        assert containerd.images(namespace) == [NAME]
        if platforms == HOST:
            ran = containerd.run_image(NAME, namespace=namespace)
            assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran
