"""Damage a small archive in every place and judge what comes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ocitool.errors import ArchiveError, DocumentError, IntegrityError, SelectionError
from ocitool.plan.options import Missing
from tests.builders import Layout, multi_platform
from tests.docker_archives import CLASSIC, DIGESTS, SKOPEO, DockerArchive
from tests.laws.filtering import filtered
from tests.laws.walker import Walked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.errors import OcitoolError

DOCUMENTED: Final = (ArchiveError, DocumentError, SelectionError, IntegrityError)
UNDIGESTED: Final = ("index.json", "manifest.json", "oci-layout")


def judge(damaged: bytes, expected: bytes, platforms: Sequence[str], missing: Missing, *, exempt: bool) -> str:
    """Filter `damaged`; say what happened, raise AssertionError if it may not happen.

    With `exempt` the damage lies in text that no digest covers: the output may then differ in names and other
    such text, but what it holds must be whole and right.
    """
    try:
        output = filtered(damaged, platforms, missing=missing)
    except DOCUMENTED as error:
        return _kind(error)
    if output == expected:
        return "same"
    assert exempt, "a wrong archive, and no error"
    walked = Walked(output)
    walked.assert_right()
    whole = Walked(expected).manifests()
    # A digest that was changed in index.json names a manifest that is absent, which `--missing skip` may leave out.
    kept = walked.manifests() <= whole if missing is Missing.SKIP else walked.manifests() == whole
    assert kept, "platforms were lost without an error"
    return "exempt"


def _kind(error: OcitoolError) -> str:
    message = str(error)
    assert error.exit_code in {3, 4, 5}
    assert message
    assert "\n" not in message
    return type(error).__name__


def undigested_ranges(data: bytes) -> list[range]:
    """Return where in the tar `data` the text lies that no digest covers."""
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [
            range(member.offset_data, member.offset_data + member.size) for member in tar if member.name in UNDIGESTED
        ]


def samples() -> dict[str, tuple[bytes, list[str]]]:
    """Return archives by name: bytes and the selection to make of them."""
    nested = multi_platform(("linux/amd64", "linux/arm64"))
    blobs_first = nested.pack()
    named = _with_docker_manifest(("linux/amd64", "linux/arm64"))
    flat = Layout()
    for platform in ("linux/amd64", "linux/arm64"):
        flat.add({key: value for key, value in flat.manifest(platform).items() if key != "platform"})
    return {
        "blobs first": (blobs_first, ["linux/amd64"]),
        "manifest.json last": (named.pack(), ["linux/amd64", "linux/arm64"]),
        "ours, flat": (filtered(blobs_first, ["linux/amd64"]), ["linux/amd64"]),
        "ours, nested": (filtered(blobs_first, ["all"]), ["linux/arm64", "linux/amd64"]),
        "flat, no platforms listed": (flat.pack(), ["linux/*"]),
        **{style: (_docker_archive(style), ["linux/amd64"]) for style in (CLASSIC, DIGESTS, SKOPEO)},
    }


def _docker_archive(style: str) -> bytes:
    """Make one with two images that share a layer."""
    return DockerArchive(style).image("lab:1.0").image("lab:2.0", layers=("base", "other")).pack()


def _with_docker_manifest(platforms: Sequence[str]) -> Layout:
    """Make an archive whose own manifest.json chooses the last platform, and comes last of all entries."""
    layout = multi_platform(platforms)
    index = layout.read(layout.roots[0])
    manifest = layout.read(index["manifests"][-1])
    item = {
        "Config": f"blobs/{manifest['config']['digest'].replace(':', '/')}",
        "RepoTags": ["docker.io/library/lab:1.0"],
        "Layers": [f"blobs/{layer['digest'].replace(':', '/')}" for layer in manifest["layers"]],
    }
    layout.files["manifest.json"] = json.dumps([item]).encode()
    return layout
