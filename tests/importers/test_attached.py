"""Prove what importers make of filtered images that have attestations, signatures and SBOMs attached.

What is expected of an output is worked out from the source it came from, with Python's own tar and JSON readers.
Where an importer refuses what is attached, its words are held here, for the notes that ocitool prints are about them.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.attached import (
    BUILDX,
    BUILDX_ARTIFACTS,
    COSIGN_SAVE,
    COSIGN_TAGS,
    NOTATION,
    REFERRERS_TAG,
    SHAPES,
    SIGSTORE,
)

from .attached_archives import ATTACHED_PLATFORMS, Archive, AttachedArchives, platform_of
from .sample import NAME
from .test_filtered_archives import (
    HOST,
    PAIR,
    Cutter,
    assert_runs,
    import_archive,
    imported,
    is_ready,
    surviving_content,
)
from .test_filtered_elsewhere import FAMILIAR_NAME, copied_digest

if TYPE_CHECKING:
    from pathlib import Path

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .oras import Oras
    from .podman import Podman
    from .program import Program

FULL_NAME = "io.containerd.image.name"
TAG = "org.opencontainers.image.ref.name"
NAMED = [shape for shape in SHAPES if shape != COSIGN_SAVE]
BESIDE = [COSIGN_TAGS, SIGSTORE, REFERRERS_TAG, NOTATION]
"""What is listed in index.json beside the image, not within its index."""

ONE, ONE_NESTED, TWO, ALL, KEPT = (
    (HOST,),
    (HOST, "--index", "nested"),
    (PAIR,),
    ("all",),
    (HOST, "--index", "keep"),
)
SELECTIONS = {"one": ONE, "one nested": ONE_NESTED, "two": TWO, "all": ALL, "kept index": KEPT}
REFUSALS = {
    (COSIGN_TAGS, "1.6"): (
        "failed to get stream processor for application/vnd.dev.cosign.simplesigning.v1+json: "
        "no processor for media-type: unknown"
    ),
    (COSIGN_TAGS, "1.7"): "mismatched image rootfs and manifest layers",
    (REFERRERS_TAG, "1.6"): "no match for platform in manifest sha256:",
    (REFERRERS_TAG, "1.7"): "no match for platform in manifest sha256:",
}
"""What containerd 1 says to something with a name that is no image: it unpacks all that has a name."""

selections = pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)


@pytest.fixture(scope="session")
def attached(sample_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> AttachedArchives:
    """Provide an archive of each shape."""
    return AttachedArchives(sample_archive, tmp_path_factory.mktemp("attached"))


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    """Provide the tool, with its outputs kept for the whole run."""
    return Cutter(tmp_path_factory.mktemp("cut"))


def unpacked(archive: Path, folder: Path) -> Path:
    """Return the new ``folder`` with the files of ``archive``."""
    with tarfile.open(archive) as entries:
        entries.extractall(folder, filter="data")
    return folder


@selections
@pytest.mark.parametrize("shape", NAMED)
def test_the_image_imports_without_flags_and_runs(
    containerd: ContainerdServer, attached: AttachedArchives, cut: Cutter, shape: str, selection: tuple[str, ...]
) -> None:
    filtered = Archive(cut(attached(shape), *selection).path)
    assert NAME in filtered.names(FULL_NAME)
    refusal = REFUSALS.get((shape, containerd.version[:3])) if len(filtered.roots) > 1 else None
    with containerd.namespace() as namespace:
        result = import_archive(containerd, namespace, filtered.path)
        if refusal is None:
            assert result.returncode == 0, result
        else:
            assert result.returncode != 0, result
            assert refusal in result.stderr
        assert sorted(containerd.images(namespace)) == filtered.names(FULL_NAME)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


@pytest.mark.parametrize("shape", [COSIGN_TAGS, REFERRERS_TAG])
def test_what_has_a_name_and_is_no_image_is_stored_without_unpacking(
    containerd: ContainerdServer, attached: AttachedArchives, cut: Cutter, shape: str
) -> None:
    filtered = Archive(cut(attached(shape), *TWO).path)
    with containerd.namespace() as namespace:
        result = import_archive(containerd, namespace, filtered.path, "--no-unpack")
        assert result.returncode == 0, result
        assert sorted(containerd.images(namespace)) == filtered.names(FULL_NAME)
        assert_runs(containerd, namespace)


@pytest.mark.parametrize("shape", [SIGSTORE, NOTATION])
def test_containerd_forgets_referrers_without_a_name(
    containerd: ContainerdServer, attached: AttachedArchives, cut: Cutter, shape: str
) -> None:
    filtered = Archive(cut(attached(shape), *TWO).path)
    image, *referrers = (root["digest"] for root in filtered.roots)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--all-platforms")
        assert referrers
        assert surviving_content(containerd, namespace) == filtered.reached(image)


def test_what_cosign_saves_has_no_name_until_it_is_given_one(
    containerd: ContainerdServer, attached: AttachedArchives, cut: Cutter
) -> None:
    filtered = cut(attached(COSIGN_SAVE), *ONE)
    assert "has no name" in filtered.notes
    (root,) = Archive(filtered.path).roots
    repository = NAME.rpartition(":")[0]
    with containerd.namespace() as namespace:
        result = import_archive(containerd, namespace, filtered.path)
        assert result.returncode == 0, result
        assert containerd.images(namespace) == []
    with containerd.namespace() as namespace:
        given = ("--digests", "--base-name", repository)
        result = import_archive(containerd, namespace, filtered.path, *given)
        assert result.returncode == 0, result
        assert containerd.images(namespace) == [f"{repository}@{root['digest']}"]


@selections
@pytest.mark.parametrize("shape", NAMED)
def test_skopeo_reads_the_image(
    skopeo: Program, attached: AttachedArchives, cut: Cutter, tmp_path: Path, shape: str, selection: tuple[str, ...]
) -> None:
    filtered = Archive(cut(attached(shape), *selection).path)
    (image,) = [root["digest"] for root in filtered.roots if root.get("annotations", {}).get(FULL_NAME) == NAME]
    plain = skopeo.run("inspect", "--raw", f"oci-archive:{filtered.path}")
    if len(filtered.roots) > 1:
        assert "more than one image in oci, choose an image" in plain.stderr
    else:
        assert plain.stdout.encode() == filtered.blobs[image], plain
    tagged = skopeo.run("inspect", "--raw", f"oci-archive:{filtered.path}:1.0")
    assert tagged.stdout.encode() == filtered.blobs[image], tagged
    flags = () if selection == KEPT else ("--all",)
    layout = tmp_path / "layout"
    copied = skopeo.run("copy", *flags, f"oci-archive:{filtered.path}:1.0", f"oci:{layout}:1.0")
    assert copied.returncode == 0, copied
    if flags:
        assert copied_digest(layout) == image


def test_skopeo_copies_cosign_tags_by_their_names(
    skopeo: Program, attached: AttachedArchives, cut: Cutter, tmp_path: Path
) -> None:
    filtered = Archive(cut(attached(COSIGN_TAGS), *ONE_NESTED).path)
    tags = {root["annotations"][TAG]: root["digest"] for root in filtered.roots[1:]}
    assert sorted(tag.rpartition(".")[2] for tag in tags) == ["att", "sbom", "sig"]
    for place, (tag, digest) in enumerate(tags.items()):
        layout = tmp_path / str(place)
        copied = skopeo.run("copy", f"oci-archive:{filtered.path}:{tag}", f"oci:{layout}:{tag}")
        assert copied.returncode == 0, copied
        assert copied_digest(layout) == digest


def test_skopeo_reads_what_has_no_name_by_its_place_in_a_folder(
    skopeo: Program, attached: AttachedArchives, cut: Cutter, tmp_path: Path
) -> None:
    """Newer versions only, and no version from an archive."""
    filtered = Archive(cut(attached(NOTATION), *ONE_NESTED).path)
    folder = unpacked(filtered.path, tmp_path / "layout")
    refused = skopeo.run("inspect", "--raw", f"oci-archive:{filtered.path}:@1")
    assert "Invalid image @1" in refused.stderr
    for place, root in enumerate(filtered.roots):
        read = skopeo.run("inspect", "--raw", f"oci:{folder}:@{place}")
        if skopeo_is_old(skopeo):
            assert f"Invalid image @{place}" in read.stderr
        else:
            assert read.stdout.encode() == filtered.blobs[root["digest"]], read


def skopeo_is_old(skopeo: Program) -> bool:
    """Tell whether this skopeo is of the 1.9 line."""
    return "version 1.9." in skopeo.run("--version").stdout


@pytest.mark.parametrize("shape", NAMED)
def test_umoci_lists_the_tags_and_unpacks_one_platform(
    umoci: Program, attached: AttachedArchives, cut: Cutter, tmp_path: Path, shape: str
) -> None:
    for number, selection in enumerate((ONE, TWO)):
        filtered = Archive(cut(attached(shape), *selection).path)
        folder = unpacked(filtered.path, tmp_path / f"layout{number}")
        listed = umoci.run("ls", "--layout", str(folder))
        assert sorted(listed.stdout.split()) == filtered.names(TAG), listed
        bundle = tmp_path / f"bundle{number}"
        result = umoci.run("unpack", "--rootless", "--image", f"{folder}:1.0", str(bundle))
        if selection == ONE:
            assert result.returncode == 0, result
            assert (bundle / "rootfs" / "bin" / "busybox").is_file()
        else:
            assert "tag is ambiguous: 1.0" in result.stderr


@selections
@pytest.mark.parametrize("shape", NAMED)
def test_oras_discovers_exactly_the_referrers_of_what_was_kept(
    oras: Oras, attached: AttachedArchives, cut: Cutter, shape: str, selection: tuple[str, ...]
) -> None:
    """oras reads the archive as it is; in the flat form there is nothing but the image."""
    source = Archive(attached(shape))
    filtered = Archive(cut(source.path, *selection).path)
    assert sorted(oras.tags(filtered.path)) == filtered.names(TAG)
    asked: dict[str, tuple[str, ...]] = {}
    for root in filtered.roots:
        reference = f"@{root['digest']}"
        assert oras.manifest(filtered.path, reference) == filtered.blobs[root["digest"]]
        asked[root["digest"]] = (reference,)
    for child in filtered.document(filtered.roots[0]["digest"]).get("manifests", ()):
        if child["digest"] in filtered.blobs and platform_of(child) in ATTACHED_PLATFORMS:
            asked[child["digest"]] = (":1.0", "--platform", platform_of(child))
    found = 0
    for digest, (reference, *flags) in asked.items():
        expected = set() if selection == ONE else source.referrers(digest)
        assert oras.referrers(filtered.path, reference, *flags) == expected, digest
        found += len(expected)
    assert bool(found) == (selection != ONE and shape not in {BUILDX, COSIGN_TAGS})


def test_oras_finds_what_only_an_index_lists_by_platform_alone(
    oras: Oras, attached: AttachedArchives, cut: Cutter
) -> None:
    filtered = Archive(cut(attached(SIGSTORE), *TWO).path)
    for child in filtered.document(filtered.roots[0]["digest"])["manifests"]:
        refused = oras.discover(filtered.path, f"@{child['digest']}")
        assert (
            f"{child['digest']} {child['size']} [] map[] [] <nil> }} is not a manifest: unsupported" in refused.stderr
        )
        by_platform = oras.referrers(filtered.path, ":1.0", "--platform", platform_of(child))
        assert by_platform == filtered.referrers(child["digest"]) != set()


@pytest.mark.parametrize("shape", [BUILDX, BUILDX_ARTIFACTS, SIGSTORE, NOTATION])
def test_oras_copies_the_image_with_its_referrers(
    oras: Oras, attached: AttachedArchives, cut: Cutter, tmp_path: Path, shape: str
) -> None:
    """oras 1.2 loses its way where only what an index lists has referrers, not the index itself."""
    for number, selection in enumerate((TWO, ALL)):
        filtered = Archive(cut(attached(shape), *selection).path)
        root = filtered.roots[0]["digest"]
        target = tmp_path / str(number)
        copied = oras.copy(filtered.path, f"@{root}", target)
        referred = any(filtered.referrers(digest) for digest in filtered.manifests)
        if oras.engine.version.startswith("1.2.") and referred and not filtered.referrers(root):
            assert "application/vnd.oci.image.index.v1+json: not found" in copied.stderr
            continue
        assert copied.returncode == 0, copied
        blobs = {f"sha256:{path.name}" for path in (target / "blobs" / "sha256").iterdir()}
        assert blobs == set(filtered.blobs)


@pytest.mark.parametrize("shape", [BUILDX_ARTIFACTS, *BESIDE])
def test_podman_loads_the_image_by_manifest_json(
    podman: Podman, attached: AttachedArchives, cut: Cutter, shape: str
) -> None:
    loaded = podman.run("load", "--input", str(cut(attached(shape), *TWO).path))
    assert loaded.returncode == 0, loaded
    assert podman.images() == [NAME]


@pytest.mark.parametrize("shape", [BUILDX_ARTIFACTS, *BESIDE])
def test_docker_loads_the_image(dockerd: DockerServer, attached: AttachedArchives, cut: Cutter, shape: str) -> None:
    """Its containerd store makes an image of everything that has a name, as containerd does."""
    filtered = Archive(cut(attached(shape), *TWO).path)
    loaded = dockerd.docker("load", "--input", str(filtered.path))
    assert loaded.returncode == 0, loaded
    familiar = [name.removeprefix("docker.io/library/") for name in filtered.names(FULL_NAME)]
    assert sorted(dockerd.images()) == (familiar if dockerd.containerd_store else [FAMILIAR_NAME])
