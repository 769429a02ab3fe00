from __future__ import annotations

import gzip
import tarfile

import pytest

from tests.archive.codec.test_decompress import COMPRESSORS
from tests.builders import as_json
from tests.check.mutations_importing import blob_name, entries_of, first_layer, linked, packed, sound, with_files
from tests.check.verified import findings, fired
from tests.docker_archives import CLASSIC, DockerArchive


def test_other_files_are_counted_together() -> None:
    (found,) = findings(with_files(sound(), {f"notes/{number}": b"12345" for number in range(3)}))
    assert (found.rule, found.place.entry) == ("T6", "notes/0")
    assert "3 files, such as 'notes/0', are no part of the images: 15 bytes" in found.message


def test_what_docker_keeps_beside_its_layers_is_no_other_file() -> None:
    archive = DockerArchive(CLASSIC).image("docker.io/library/lab:1.0")
    assert fired(archive.pack()) == {"L16"}
    archive.files["notes"] = b"x"
    assert fired(archive.pack()) == {"T6", "L16"}


def test_a_file_that_is_called_as_docker_calls_its_own_but_lies_elsewhere() -> None:
    assert fired(with_files(sound(), {"notes/json": b"{}"})) == {"T6"}


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_compressed_file_is_told_from_its_layers(name: str) -> None:
    (found,) = findings(COMPRESSORS[name](sound().pack()))
    assert found.rule == ("T7" if name in {"gzip", "zstd"} else "T8")
    assert f"compressed with {name}" in found.message


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_is_no_file_in_the_place_of_one(kind: bytes) -> None:
    name = blob_name(first_layer(sound()))
    entries = [(info, data) for info, data in entries_of(sound()) if info.name != name]
    other = tarfile.TarInfo(name)
    other.type, other.linkname = kind, "elsewhere"
    (found,) = findings(packed([*entries, (other, b"")]))
    assert (found.rule, found.place.entry) == ("T1", name)


@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
def test_a_link_in_the_place_of_a_document_is_not_a_missing_one(name: str) -> None:
    entries = [(info, data) for info, data in entries_of(sound()) if info.name not in {name, "manifest.json"}]
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
    found = fired(packed([*entries, (link, b"")]))
    assert found - {"I9"} == {"T1"}


def test_a_link_in_the_place_of_manifest_json() -> None:
    assert fired(linked("manifest.json")) == {"T1"}


def test_two_documents_of_one_name() -> None:
    entries = entries_of(sound())
    again = tarfile.TarInfo("index.json")
    data = as_json({"schemaVersion": 2, "manifests": []})
    again.size = len(data)
    found = findings(packed([*entries, (again, data)]))
    assert ("T3", "index.json") in [(each.rule, each.where) for each in found]


def test_the_end_of_a_compressed_file_counts_too() -> None:
    assert fired(gzip.compress(packed(entries_of(sound()), end=False))) == {"T5", "T7"}
