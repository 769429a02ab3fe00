"""Clients: found, asked, and what is said when they do not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ocitool.adapters.clients import make_client, read_check, read_snapshots
from ocitool.adapters.programs import ask, find_program
from ocitool.api.import_client import ClientOptions, Sought, StoredImage
from ocitool.errors import ImporterError
from tests.stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

LAB = "docker.io/library/lab:1.0"
OTHER = "docker.io/library/other:1.0"
DIGEST = "sha256:" + "e" * 64


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            f"application/vnd.oci.image.index.v1+json {DIGEST} complete (3/3) 464.0 B/464.0 B false",
            StoredImage(LAB, DIGEST, "complete (3/3)", is_unpacked=False),
        ),
        (
            f"application/vnd.oci.image.manifest.v1+json {DIGEST} incomplete (2/3) 1.0 KiB/2.0 KiB true",
            StoredImage(LAB, DIGEST, "incomplete (2/3)", is_unpacked=True),
        ),
        (
            f"application/vnd.oci.image.index.v1+json {DIGEST} unavailable (0/?) 0.0 B/? false",
            StoredImage(LAB, DIGEST, "unavailable (0/?)", is_unpacked=False),
        ),
        ("", None),
    ],
    ids=["complete", "incomplete", "unavailable", "no columns"],
)
def test_check(columns: str, expected: StoredImage | None) -> None:
    assert read_check(f"{LAB} {columns}", LAB) == expected


def test_snapshots_that_are_committed() -> None:
    text = f"KEY PARENT KIND\n{DIGEST}        Committed\nextract-1 {DIGEST} Active\nview {DIGEST} View\n"
    assert read_snapshots(text) == frozenset({DIGEST})


def test_check_of_another_image() -> None:
    assert read_check(f"{LAB}5 type {DIGEST} complete (3/3) 464.0 B/464.0 B false", LAB) is None


def test_ctr_is_asked_where_it_is_told(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "ctr").holds((LAB, DIGEST), blobs=(DIGEST,), snapshots=(DIGEST,))
    client = make_client("ctr", ClientOptions(str(stand_in.path), "/run/x.sock", "k8s.io", "native"))
    assert str(client.identify().version) == "1.7.24"
    store = client.look([Sought(LAB), Sought(OTHER)])
    assert store.images == (StoredImage(LAB, DIGEST, "complete (3/3)", is_unpacked=True), None)
    assert (store.blobs, store.snapshots) == (frozenset({DIGEST}), frozenset({DIGEST}))
    place = "--address /run/x.sock --namespace k8s.io"
    assert stand_in.calls == [
        f"{place} version",
        f"{place} images check --snapshotter native name=={LAB}",
        f"{place} images check --snapshotter native name=={OTHER}",
        f"{place} content ls -q",
        f"{place} snapshots --snapshotter native ls",
    ]


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        (
            'ctr: failed to dial "/x.sock": context deadline exceeded: desc = "connect: permission denied"',
            "ctr may not use /x.sock; run as root, or as who may use it; --address names another socket",
        ),
        (
            'ctr: failed to dial "/x.sock": context deadline exceeded: desc = "dial unix:///x.sock: timeout"',
            "ctr gets no answer from /x.sock; start the daemon; --address names another socket",
        ),
        (
            "ctr: cannot access socket /x.sock: stat /x.sock: no such file or directory",
            "ctr gets no answer from /x.sock; start the daemon; --address names another socket",
        ),
        (
            "first\nctr: something else",
            "ctr does not tell its version: ctr: something else; --address names another socket",
        ),
    ],
    ids=["permission", "timeout", "no socket", "anything"],
)
def test_daemon_that_does_not_answer(tmp_path: Path, complaint: str, expected: str) -> None:
    stand_in = StandIn(tmp_path / "ctr", version_code=1, complaint=complaint)
    with pytest.raises(ImporterError) as caught:
        make_client("ctr", ClientOptions(str(stand_in.path), "/x.sock")).identify()
    assert str(caught.value) == expected


@pytest.mark.parametrize("program", ["ctr", "docker", "podman", "nerdctl"])
def test_program_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImporterError, match=f"{program} is not on PATH; install "):
        make_client(program, ClientOptions())


def test_program_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(stand_in.folder))
    assert find_program("ctr") == str(stand_in.path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none", "no such file; name ctr itself"), ("plain", "is no program that can be run"), (".", "is no program")],
)
def test_path_of_no_program(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    with pytest.raises(ImporterError, match=message):
        find_program("ctr", str(tmp_path / name))


def test_program_that_never_answers(tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match="gave no answer for 0 s"):
        ask(("/bin/sh", "-c", "sleep 30"), limit=0.2)


def test_program_that_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "ctr").write_text("no program")
    (tmp_path / "ctr").chmod(0o755)
    with pytest.raises(ImporterError, match="cannot be run: "):
        ask((str(tmp_path / "ctr"), "version"))


@pytest.mark.parametrize(
    ("sought", "asked"),
    [
        (Sought(LAB, ("sha256:aa",)), [LAB]),
        (Sought("", ("sha256:aa", "sha256:bb")), ["sha256:aa", "sha256:bb"]),
        (Sought("moby-dangling@sha256:aa", ("sha256:aa",)), ["sha256:aa"]),
    ],
    ids=["name", "no name", "dangling"],
)
def test_images_of_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sought: Sought, asked: list[str]) -> None:
    """An image without a name goes by its digest, or by that of its config."""
    script = f"""#!/bin/sh
echo "$5" >> {tmp_path}/asked
[ "$5" = "{asked[-1]}" ] && printf 'ee\\tlinux/amd64\\n'
"""
    (tmp_path / "docker").write_text(script)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    store = make_client("docker", ClientOptions()).look([sought])
    assert store.images == (StoredImage(sought.name, "sha256:ee", platform="linux/amd64"),)
    assert (store.blobs, (tmp_path / "asked").read_text().split()) == (None, asked)
