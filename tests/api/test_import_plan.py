"""What an import runs and feeds, planned without running anything."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import zstandard

from ocitool.advice.containerd.ctr import Ctr
from ocitool.advice.outcome import Ending, Evidence
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.api.advising import open_facts
from ocitool.api.import_client import ClientOptions
from ocitool.api.import_plan import ImportOptions, ImportPlan, plan_import
from ocitool.api.piped_importer import piped, spell
from ocitool.errors import ArchiveError, ImportRefused, IntegrityError, SelectionError
from ocitool.model.platform import Platform
from tests.api.simple_importer import SimpleImporter
from tests.builders import NAME, OCI, OCI_CONFIG, OCI_MANIFEST, Layout, as_json, multi_platform

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target("ctr", Version(1, 7, 24), Platform("linux", "amd64"), Version(1, 7, 24))
IMPORTER = SimpleImporter()
PLAIN = ("ctr", "images", "import", "-")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def planned(
    folder: Path,
    layout: Layout | bytes,
    options: ImportOptions | None = None,
    *,
    is_folder: bool = False,
    importer: SimpleImporter = IMPORTER,
) -> ImportPlan:
    path = folder / "image.tar"
    path.write_bytes(layout if isinstance(layout, bytes) else layout.pack())
    with open_facts(path) as opened:
        return plan_import(opened, options or ImportOptions(), importer, TARGET, is_folder=is_folder)


def zstd_layout() -> Layout:
    layout = Layout()
    layer, diff_id = layout.layer("content")
    data = zstandard.compress(gzip.decompress(layout.blobs.pop(layer["digest"])))
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(as_json(config), OCI_CONFIG),
        "layers": [layout.blob(data, OCI + "layer.v1.tar+zstd")],
    }
    return layout.add(layout.blob(as_json(document), OCI_MANIFEST))


def test_what_works_goes_as_it_is(folder: Path) -> None:
    plan = planned(folder, multi_platform())
    assert (plan.words, plan.rewrite, plan.reason, plan.compression) == (PLAIN, None, "", "")
    assert (plan.outcome.ending, plan.outcome.names, plan.evidence) == (Ending.OK, (NAME,), Evidence.MEASURED)
    assert [platform.display for platform in plan.wanted] == ["linux/amd64"]


def test_what_is_compressed_is_decompressed_on_the_way(folder: Path) -> None:
    plan = planned(folder, gzip.compress(multi_platform().pack()))
    assert (plan.words, plan.rewrite, plan.compression) == (PLAIN, None, "gzip")
    assert plan.outcome.ending is Ending.OK


def test_a_platform_is_filtered(folder: Path) -> None:
    plan = planned(folder, multi_platform(), ImportOptions(("linux/arm64",)))
    assert plan.rewrite is not None
    assert plan.rewrite.typed("image.tar") == "ocitool filter image.tar -p linux/arm64 -o -"
    assert plan.reason == "--platform asks for it"
    assert [platform.display for platform in plan.wanted] == ["linux/arm64"]
    (recorded,) = plan.outcome.images
    assert recorded.ready == ("linux/arm64",)


def test_options_are_those_of_a_filter(folder: Path) -> None:
    layout = multi_platform()
    layout.add(layout.manifest("linux/amd64", ("other",)), "docker.io/library/other:2")
    options = ImportOptions(("linux/amd64", "linux/arm64"), ("lab",), "registry.local/lab:2")
    plan = planned(folder, layout, options)
    assert plan.rewrite is not None
    assert plan.rewrite.typed("-") == (
        "ocitool filter - -p linux/amd64,linux/arm64 --image lab --name registry.local/lab:2 -o -"
    )
    assert plan.outcome.names == ("registry.local/lab:2",)
    assert plan.words == ("ctr", "images", "import", "--all", "-")


def test_image_alone_keeps_every_platform_that_is_there(folder: Path) -> None:
    layout = multi_platform()
    layout.drop(layout.read(layout.roots[0])["manifests"][2])
    plan = planned(folder, layout, ImportOptions(images=("lab",)))
    assert plan.rewrite is not None
    assert plan.rewrite.platforms == ("available",)
    assert plan.reason == "--image asks for it"


def test_a_folder_is_written_as_an_archive(folder: Path) -> None:
    plan = planned(folder, multi_platform(), is_folder=True)
    assert plan.rewrite is not None
    assert (plan.rewrite.platforms, plan.reason) == (("available",), "a folder is no archive")


def test_what_helps_is_done_on_the_way(folder: Path) -> None:
    layout = multi_platform(("linux/arm64", "linux/arm/v7"))
    layout.drop(layout.read(layout.roots[0])["manifests"][1])
    plan = planned(folder, layout)
    assert plan.rewrite is not None
    assert plan.rewrite.typed("SRC") == "ocitool filter SRC -p linux/arm64 -o -"
    assert plan.reason == "ship only what is wanted; as it is: no match for platform"
    assert plan.outcome.images[0].ready == ("linux/arm64",)


def test_layers_are_packed_anew_where_that_helps(folder: Path) -> None:
    plan = planned(folder, zstd_layout())
    assert plan.rewrite is not None
    assert "--layers gzip" in plan.rewrite.command
    assert plan.outcome.ending is Ending.OK


def test_what_helps_keeps_to_what_was_asked(folder: Path) -> None:
    layout = zstd_layout()
    layout.add(layout.manifest("linux/amd64", ("other",)), "docker.io/library/other:2")
    plan = planned(folder, layout, ImportOptions(("linux/*",), ("lab",)))
    assert plan.rewrite is not None
    assert "-p 'linux/*' --image lab" in plan.rewrite.command
    assert "--layers gzip" in plan.rewrite.command
    assert plan.outcome.names == (NAME,)


def test_an_image_without_a_name_is_refused_with_the_remedy(folder: Path) -> None:
    with pytest.raises(ImportRefused) as caught:
        planned(folder, multi_platform(name=None))
    assert caught.value.exit_code == 1
    assert caught.value.message == ("ctr 1.7.24 does not import linux/amd64 of this: nothing is stored")
    assert caught.value.remedy == "give it a name: --name REPOSITORY:TAG"


def test_a_name_that_is_given_is_taken(folder: Path) -> None:
    plan = planned(folder, multi_platform(name=None), ImportOptions(name="registry.local/lab:1"))
    assert plan.outcome.names == ("registry.local/lab:1",)
    assert plan.reason == "--name asks for it"


def test_other_names_are_a_warning(folder: Path) -> None:
    plan = planned(folder, multi_platform(), importer=replace(IMPORTER, prefix="localhost/"))
    assert plan.rewrite is None
    (warning,) = plan.warnings
    assert warning.startswith(f"it is stored as localhost/{NAME}, ")


def test_nothing_that_works_is_refused(folder: Path) -> None:
    layout = multi_platform(("linux/arm64",))
    layout.drop(layout.read(layout.roots[0])["manifests"][0])
    with pytest.raises(ImportRefused, match="no match for platform") as caught:
        planned(folder, layout)
    assert "ocitool advise" in caught.value.remedy


@pytest.mark.parametrize(
    ("platform", "error"), [("linux/s390x", SelectionError), ("linux/arm/v7", SelectionError)], ids=["none", "absent"]
)
def test_a_platform_that_is_not_there(folder: Path, platform: str, error: type[Exception]) -> None:
    layout = multi_platform()
    layout.drop(layout.read(layout.roots[0])["manifests"][2])
    with pytest.raises(error):
        planned(folder, layout, ImportOptions((platform,)))


def test_a_platform_that_is_partly_there(folder: Path) -> None:
    layout = multi_platform()
    layout.drop(layout.read(layout.read(layout.roots[0])["manifests"][1])["layers"][1])
    with pytest.raises(IntegrityError):
        planned(folder, layout, ImportOptions(("linux/arm64",)))


def test_an_archive_that_nobody_can_trust_is_not_handed_on(folder: Path) -> None:
    path = folder / "twice.tar"
    path.write_bytes(multi_platform().pack())
    with tarfile.open(path, "a") as tar:
        entry = tarfile.TarInfo("index.json")
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"{}"))
    with pytest.raises(ArchiveError, match=r"index\.json"):
        planned(folder, path.read_bytes())


@pytest.mark.parametrize(
    ("importer", "words"),
    [
        (
            "ctr",
            "/opt/ctr --address /x --namespace k8s.io images import --platform linux/arm64 --snapshotter native -",
        ),
        (
            "nerdctl",
            "/opt/ctr --address /x --namespace k8s.io --snapshotter native images import --platform linux/arm64 -",
        ),
    ],
)
def test_client_options_stand_where_the_client_takes_them(importer: str, words: str) -> None:
    client = ClientOptions("/opt/ctr", "/x", "k8s.io", "native")
    target = replace(TARGET, importer=importer)
    assert " ".join(spell(piped(IMPORTER, target, client), ("--platform", "linux/arm64"), target, client)) == words


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("1.7.24", "images import --snapshotter native -"),
        ("2.1.9", "images import --local --snapshotter native -"),
    ],
)
def test_snapshotter_is_part_of_what_is_chosen_among(folder: Path, version: str, words: str) -> None:
    """A daemon of 2.x does not unpack into a snapshotter that it is not set up for."""
    path = folder / "image.tar"
    path.write_bytes(multi_platform().pack())
    target = Target("ctr", Version.parse(version), Platform("linux", "amd64"))
    with open_facts(path) as opened:
        plan = plan_import(opened, ImportOptions(client=ClientOptions(snapshotter="native")), Ctr(), target)
    assert " ".join(plan.words) == f"ctr {words}"
    assert [image.ready for image in plan.outcome.images] == [("linux/amd64",)]
