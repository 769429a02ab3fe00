"""Deltas, and what somebody might make of them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, Final

from ocitool.model.delta import DeltaList
from tests.builders import Layout, as_json, multi_platform, sha256
from tests.laws.filtering import delta_of

if TYPE_CHECKING:
    from collections.abc import Callable

OLD: Final = multi_platform()
NEW: Final = multi_platform(own="rebuilt {}".format)
OTHER: Final = multi_platform(name="docker.io/library/other:1", own="other {}".format)
EMPTY: Final = Layout()


def delta() -> bytes:
    """Return the delta of `NEW` to `OLD`."""
    return delta_of(OLD.pack(), NEW.pack())


def repacked(change: Callable[[dict[str, bytes]], object], data: bytes | None = None) -> bytes:
    """Return a delta whose files were changed, by name and in their order."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data or delta())) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                files[member.name] = file.read()
    change(files)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def relisted(change: Callable[[dict[str, Any]], object], *, signed: bool = True) -> bytes:
    """Return a delta whose list was changed; with `signed` it has the digest of what it says then."""

    def edit(files: dict[str, bytes]) -> None:
        value = json.loads(files["delta.json"])
        change(value)
        if signed:
            value["digest"] = str(unchecked(value).digest)
        files["delta.json"] = as_json(value)

    return repacked(edit)


def resigned(change: Callable[[dict[str, bytes], dict[str, Any]], object], data: bytes | None = None) -> bytes:
    """Return a delta whose files and list were changed, with the sizes and digests of what they are then."""

    def edit(files: dict[str, bytes]) -> None:
        value = json.loads(files["delta.json"])
        change(files, value)
        for file in value["files"]:
            file |= {"size": len(files[file["name"]]), "digest": sha256(files[file["name"]])}
        value["digest"] = str(unchecked(value).digest)
        files["delta.json"] = as_json(value)

    return repacked(edit, data)


def unchecked(value: dict[str, Any]) -> DeltaList:
    """Read a list whose digest may be another."""
    from ocitool.model import delta as module

    parsed = {key: [module._file(item) for item in value[key]] for key in ("files",)}
    blobs = tuple(module._blob(item) for item in value["blobs"])
    return DeltaList(tuple(parsed["files"]), blobs, has_contents=value["hasContents"], documents=value["documents"])
