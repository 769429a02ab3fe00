"""A delta is whatever somebody sent: what its list may say, and what must be there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from ocitool.errors import (
    DocumentError,
    IntegrityError,
    NotAnArchive,
    OcitoolError,
    TruncatedArchive,
    UnsafeEntry,
    UnsupportedArchive,
)
from tests.builders import Layout, as_json, sha256
from tests.deltas import EMPTY, NEW, OLD, OTHER, delta, relisted, repacked
from tests.laws.filtering import applied, delta_of, filtered, graph_of

if TYPE_CHECKING:
    from collections.abc import Callable

ZEROS: Final = "sha256:" + "0" * 64


def first(value: dict[str, Any], *, in_base: bool) -> dict[str, Any]:
    found: dict[str, Any] = next(blob for blob in value["blobs"] if blob.get("base", False) is in_base)
    return found


def carried(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.startswith("blobs/"))


def refused(data: bytes, error: type[OcitoolError], *words: str) -> None:
    with pytest.raises(error) as caught:
        applied(OLD.pack(), data)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_the_whole_is_made_of_a_delta_that_was_packed_by_another() -> None:
    assert applied(OLD.pack(), repacked(len)) == filtered(NEW.pack(), ["all"])
    assert applied(OLD.pack(), relisted(lambda value: value.update(future=1))) == filtered(NEW.pack(), ["all"])


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        (lambda value: value.update(schemaVersion=2), UnsupportedArchive, "version 2"),
        (lambda value: value.update(schemaVersion=True), UnsupportedArchive, "version True"),
        (lambda value: value.update(kind="filter"), DocumentError, "not the list of a delta"),
        (lambda value: value.update(files=value["files"][1:]), DocumentError, "files are not"),
        (lambda value: value["files"].reverse(), DocumentError, "files are not"),
        (lambda value: value["files"][0].update(name="../../etc/passwd"), DocumentError, "files are not"),
        (lambda value: value["files"][1].update(size=21 * 1024 * 1024), DocumentError, "more than"),
        (lambda value: value["blobs"].append(value["blobs"][0]), DocumentError, "twice"),
        (lambda value: value.update(documents=len(value["blobs"]) + 1), DocumentError, "more documents than blobs"),
        (lambda value: value.update(documents=-1), DocumentError, "documents"),
        (lambda value: value["blobs"][0].update(digest="sha256:../../x"), DocumentError, "not a digest"),
        (lambda value: value["blobs"][0].update(digest="sha256:" + "A" * 64), DocumentError, "hex"),
        (lambda value: value["blobs"][0].update(digest="md5:" + "0" * 32), DocumentError, "not supported"),
        (lambda value: value["blobs"][0].update(size=-1), DocumentError, "size"),
        (lambda value: value["blobs"][0].update(size=2**63), DocumentError, "size"),
        (lambda value: value["blobs"][0].update(size=True), DocumentError, "size"),
        (lambda value: value["blobs"][0].update(size=1.5), DocumentError, "size"),
        (lambda value: value["blobs"][0].update(base=1), DocumentError, "boolean"),
        (lambda value: value.update(blobs={}), DocumentError, "array"),
        (lambda value: value.update(blobs=[[]]), DocumentError, "object"),
        (lambda value: value.pop("blobs"), DocumentError, "array"),
        (lambda value: value.pop("base"), DocumentError, "object"),
        (lambda value: value["base"].update(imageCount=-1), DocumentError, "imageCount"),
        (lambda value: value["base"].update(images=value["base"]["images"] * 21), DocumentError, "21 images"),
        (lambda value: value["base"]["images"][0].update(name="x" * 513), DocumentError, "512"),
        (lambda value: value["base"]["images"][0].update(digests=["x"]), DocumentError, "digest"),
        (lambda value: value["base"]["images"][0].update(digests="x"), DocumentError, "array"),
        (lambda value: value["base"]["images"][0].update(digests=[ZEROS] * 21), DocumentError, "21 digests"),
        (lambda value: value.update(digest=7), DocumentError, "digest"),
        (lambda value: value.update(digest=ZEROS), IntegrityError, "does not have the digest"),
        (lambda value: value["blobs"].reverse(), IntegrityError, "does not have the digest"),
        (lambda value: value["blobs"].pop(), IntegrityError, "does not have the digest"),
    ],
)
def test_a_list_that_is_none_is_refused(
    change: Callable[[dict[str, Any]], object], error: type[OcitoolError], word: str
) -> None:
    refused(relisted(change, signed=False), error, "delta.json", word)


@pytest.mark.parametrize("raw", [b"", b"?", b"[]", b'{"a":1,"a":1}', b'{"a":NaN}', b"[" * 300 + b"]" * 300])
def test_strict_json_alone_is_a_list(raw: bytes) -> None:
    refused(repacked(lambda files: files.update({"delta.json": raw})), DocumentError, "delta.json")


def test_a_list_of_twenty_megabytes_is_not_read() -> None:
    long = b'{"schemaVersion":1,"kind":"delta","x":"' + b"x" * 20 * 1024 * 1024 + b'"}'
    refused(repacked(lambda files: files.update({"delta.json": long})), DocumentError, "delta.json", "more than")


@pytest.mark.parametrize("name", ["oci-layout", "index.json", "manifest.json"])
@pytest.mark.parametrize("raw", [None, b"{}", b" "])
def test_files_are_what_the_list_says(name: str, raw: bytes | None) -> None:
    def change(files: dict[str, bytes]) -> None:
        old = files.pop(name)
        if raw is not None:
            files[name] = raw if raw == b"{}" else old + raw

    refused(repacked(change), IntegrityError, name)


def test_a_file_of_the_same_length_and_another_digest_is_refused() -> None:
    data = repacked(lambda files: files.update({"index.json": files["index.json"].replace(b"lab", b"bal")}))
    refused(data, IntegrityError, "index.json", "is not what delta.json lists")


def test_blobs_that_are_listed_are_there() -> None:
    refused(repacked(lambda files: files.pop(carried(files))), IntegrityError, "lacks sha256:")
    refused(repacked(lambda files: files.update({carried(files): b"longer or shorter"})), IntegrityError, "bytes")

    def spoil(files: dict[str, bytes]) -> None:
        name = carried(files)
        files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]

    refused(repacked(spoil), IntegrityError, "a blob of the delta is corrupt")


def test_sizes_of_the_list_are_those_of_blobs() -> None:
    refused(relisted(lambda value: first(value, in_base=False).update(size=7)), IntegrityError, "lists 7")
    refused(relisted(lambda value: first(value, in_base=True).update(size=7)), IntegrityError, "lacks 1 of the")


def test_what_the_index_lists_is_in_the_list() -> None:
    def change(files: dict[str, bytes]) -> None:
        index = json.loads(files["index.json"])
        index["manifests"][0]["digest"] = ZEROS
        files["index.json"] = as_json(index)
        value = json.loads(files["delta.json"])
        value["files"][1] |= {"size": len(files["index.json"]), "digest": sha256(files["index.json"])}
        files["delta.json"] = as_json(value)

    data = repacked(change)
    resigned = relisted_bytes(data)
    refused(resigned, IntegrityError, "index.json", "not among the blobs")


def relisted_bytes(data: bytes) -> bytes:
    from tests.deltas import unchecked

    def sign(files: dict[str, bytes]) -> None:
        value = json.loads(files["delta.json"])
        value["digest"] = str(unchecked(value).digest)
        files["delta.json"] = as_json(value)

    return repacked(sign, data)


def test_a_blob_twice_with_other_bytes_is_unsafe() -> None:
    import io
    import tarfile

    buffer = io.BytesIO(delta())
    with tarfile.open(fileobj=buffer, mode="a", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("index.json")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"{}"))
    with pytest.raises(OcitoolError) as caught:
        applied(OLD.pack(), buffer.getvalue())
    assert isinstance(caught.value, UnsafeEntry | DocumentError)


def test_a_name_that_leaves_the_archive_is_unsafe() -> None:
    refused(repacked(lambda files: files.update({"../x": b""})), UnsafeEntry)


def test_an_archive_is_no_delta() -> None:
    refused(NEW.pack(), NotAnArchive, "is not a delta", "ocitool apply OLD D -o NEW")
    refused(NEW.pack()[:5120], TruncatedArchive, "cut short")


def test_any_base_that_has_what_is_needed_is_as_good() -> None:
    assert applied(OTHER.pack(), delta()) == filtered(NEW.pack(), ["all"])


def test_what_the_base_has_and_is_corrupt_is_carried() -> None:
    spoilt = Layout(dict(OLD.blobs), OLD.roots)
    manifest = OLD.read(OLD.roots[0])["manifests"][0]["digest"]
    spoilt.blobs[manifest] = OLD.blobs[manifest].replace(b"schemaVersion", b"schemaversion")
    data = delta_of(spoilt.pack(), OLD.pack())
    assert applied(spoilt.pack(), data) == filtered(OLD.pack(), ["all"])


def test_a_delta_is_no_base() -> None:
    with pytest.raises(UnsupportedArchive, match=r"this is a delta.*apply OLD D -o NEW"):
        applied(delta(), delta())
    with pytest.raises(UnsupportedArchive, match="this is a delta"):
        delta_of(delta(), NEW.pack())
    with pytest.raises(UnsupportedArchive, match="this is a delta"):
        delta_of(OLD.pack(), delta())
    with pytest.raises(UnsupportedArchive, match="this is a delta"):
        filtered(delta(), ["all"])


def test_a_delta_that_holds_everything_is_one_all_the_same() -> None:
    data = delta_of(EMPTY.pack(), NEW.pack())
    with pytest.raises(UnsupportedArchive, match="this is a delta"):
        filtered(data, ["all"])
    assert graph_of(data).is_delta


@pytest.mark.parametrize("raw", [b"{}", b"just a file", b'{"schemaVersion":1,"kind":"other"}', b""])
def test_another_file_of_that_name_makes_no_delta(raw: bytes) -> None:
    data = Layout(OLD.blobs, OLD.roots, {"delta.json": raw}).pack()
    assert not graph_of(data).is_delta
    assert filtered(data, ["all"]) == filtered(OLD.pack(), ["all"])


def test_a_later_version_is_a_delta() -> None:
    data = relisted(lambda value: value.update(schemaVersion=17), signed=False)
    assert graph_of(data).is_delta


def test_the_wrong_base_hears_what_it_lacks_and_what_the_right_one_was() -> None:
    data = delta()
    with pytest.raises(IntegrityError) as caught:
        applied(EMPTY.pack(), data)
    root = OLD.roots[0]["digest"]
    layer = next(blob for blob in json.loads(_list(data))["blobs"] if blob.get("base"))
    assert str(caught.value) == (
        f"test.tar: lacks 1 of the 1 blobs that d.tar takes from its base ({layer['size']} bytes), "
        f"first {layer['digest']}; the delta was made against docker.io/library/lab:1.0 ({root}): apply it to that"
    )


def _list(data: bytes) -> bytes:
    from tests.laws.walker import Walked

    return Walked(data).files["delta.json"]
