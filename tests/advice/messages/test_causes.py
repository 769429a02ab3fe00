"""Causes are told apart: of two archives that differ in one thing alone, one has the cause and the other does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.explain import explain
from tests.builders import NAME, OCI_MANIFEST, Json, Layout, as_json
from tests.check.mutations_importing import (
    OTHER,
    docker_item,
    flat,
    listed_as,
    sound,
    two,
    with_artifact,
    with_docker,
)

from .archives import (
    AMD64,
    ARM64,
    COMPRESSIONS,
    I386,
    WINDOWS,
    Image,
    flat_platforms,
    foreign,
    linked_docker_layer,
    root_files,
    stale,
    with_file,
    zstd_layer,
)
from .explaining import causes, explain_against
from .samples import D

if TYPE_CHECKING:
    from collections.abc import Callable


FILTER = "ocitool filter SRC -p "


def not_found(descriptor: Json) -> str:
    return f"ctr: content digest {descriptor['digest']}: not found"


def image(*platforms: str, attested: bool = False) -> Image:
    return Image(*(platforms or (AMD64, ARM64)), attested=attested)


def encrypted() -> bytes:
    layout = Layout()
    made = layout.manifest(AMD64)
    document = layout.read(made)
    layout.drop(made)
    document["layers"][1]["mediaType"] += "+encrypted"
    remade = layout.blob(as_json(document), OCI_MANIFEST)
    return flat(layout, remade).pack()


def one_layer_less() -> bytes:
    layout = Layout()
    made = layout.manifest(AMD64)
    document = layout.read(made)
    layout.drop(made)
    document["layers"].pop()
    return flat(layout, layout.blob(as_json(document), OCI_MANIFEST)).pack()


def nested_docker(first: str) -> bytes:
    return image(WINDOWS, AMD64).with_docker(first).pack()


def _unlisted() -> bytes:
    """Make an archive that has a file of the digest that is asked for, though no image lists it."""
    layout = sound()
    layout.files["blobs/" + D.replace(":", "/")] = b"not that"
    return layout.pack()


MADE = image()
ATTESTED = image(attested=True)
ARM_LAYER = MADE.layer(ARM64)

# By name: the message, the archive that has the cause, one that does not, the cause, and how its remedy begins.
TOLD: dict[str, tuple[str, Callable[[], bytes], Callable[[], bytes], str, str]] = {
    "fallback": (
        not_found(image(AMD64, I386).manifests[I386]),
        lambda: image(AMD64, I386).without_platform(I386).pack(),
        lambda: image(AMD64, I386).pack(),
        "absent-fallback",
        f"list what is there alone: {FILTER}available",
    ),
    "absent": (
        not_found(MADE.manifests[ARM64]),
        lambda: image().without_platform(ARM64).pack(),
        lambda: image().pack(),
        "absent-platform",
        f"keep the complete platforms only: {FILTER}available",
    ),
    "attestation": (
        not_found(ATTESTED.attestations[0]),
        lambda: image(attested=True).without(*ATTESTED.attestations).pack(),
        lambda: image(attested=True).pack(),
        "absent-attestation",
        f"leave out what is not there: {FILTER}all",
    ),
    "layer": (
        not_found(ARM_LAYER),
        lambda: image().without(ARM_LAYER).pack(),
        lambda: image().pack(),
        "partial-platform",
        f"keep the complete platforms only: {FILTER}available",
    ),
    "config": (
        not_found(MADE.config(ARM64)),
        lambda: image().without(MADE.config(ARM64)).pack(),
        lambda: image().pack(),
        "partial-platform",
        f"keep the complete platforms only: {FILTER}available",
    ),
    "link": (
        not_found(ARM_LAYER),
        lambda: image().linked(ARM_LAYER),
        lambda: image().pack(),
        "link-entry",
        "pack the archive again",
    ),
    "hard link": (
        not_found(ARM_LAYER),
        lambda: image().linked(ARM_LAYER, b"1"),
        lambda: image().without(ARM_LAYER).pack(),
        "link-entry",
        "pack the archive again",
    ),
    "link in an archive of docker": (
        'no target for symlink layer from "second/layer.tar" to "../first/layer.tar"',
        linked_docker_layer,
        lambda: sound().pack(without=("index.json", "oci-layout")),
        "link-entry",
        "save the image again",
    ),
    "corrupt": (
        not_found(ARM_LAYER),
        lambda: image().damaged(ARM_LAYER).pack(),
        lambda: image().pack(),
        "corrupt-blob",
        f"keep linux/amd64 alone: {FILTER}linux/amd64",
    ),
    "foreign": (not_found({"digest": D}), MADE.pack, _unlisted, "foreign-digest", "see what"),
    "lost": (
        not_found(ARM_LAYER),
        lambda: image().pack(),
        lambda: image().without(ARM_LAYER).pack(),
        "store-lost",
        "import it again",
    ),
    "another platform": (
        f"ctr: no match for platform in manifest {D}: not found",
        lambda: image(ARM64).pack(),
        lambda: image(AMD64).pack(),
        "not-host-platform",
        f"keep linux/arm64 alone: {FILTER}linux/arm64",
    ),
    "host's platform absent": (
        f"ctr: no match for platform in manifest {D}: not found",
        lambda: image().without_platform(AMD64).pack(),
        lambda: image().pack(),
        "absent-host-platform",
        "export it again after a pull for the platform",
    ),
    "listed": (
        "ctr: image might be filtered out",
        lambda: foreign(listed=True),
        lambda: foreign(listed=False),
        "listed-platform",
        f"keep linux/arm64 alone: {FILTER}linux/arm64",
    ),
    "whole file": (
        "ctr: archive/tar: invalid tar header",
        lambda: COMPRESSIONS["gzip"](sound().pack()),
        lambda: sound().pack(),
        "whole-file-compression",
        f"write it plain: {FILTER}all -o OUT.tar",
    ),
    "zstd layers": (
        "ctr: archive/tar: invalid tar header",
        zstd_layer,
        lambda: sound().pack(),
        "zstd-layers",
        f"compress them with gzip: {FILTER}all --layers gzip",
    ),
    "encrypted": (
        "ctr: archive/tar: invalid tar header",
        encrypted,
        lambda: sound().pack(),
        "encrypted-layers",
        "export the image unencrypted",
    ),
    "root files": (
        "ctr: unrecognized image format",
        root_files,
        lambda: sound().pack(),
        "not-an-image",
        "save the image",
    ),
    "cut short": (
        "ctr: unexpected EOF",
        lambda: sound().pack()[:5000],
        lambda: sound().pack(),
        "cut-short",
        "transfer or export it again",
    ),
    "bad manifest.json": (
        'ctr: untar manifest "manifest.json": unexpected EOF',
        lambda: with_file("manifest.json", b"[{"),
        lambda: sound().pack(),
        "bad-docker-manifest",
        "delete it where index.json is there: cp SRC OUT && tar --delete",
    ),
    "stale manifest.json": (
        f"open /x/docker-import-1/blobs/sha256/{'0' * 64}: no such file or directory",
        lambda: stale("Layers"),
        lambda: sound().pack(),
        "stale-docker-manifest",
        f"write it anew: {FILTER}all",
    ),
    "no manifest.json": (
        "open /x/docker-import-1/blobs/json: no such file or directory",
        lambda: sound().pack(without=("manifest.json",)),
        lambda: sound().pack(),
        "no-docker-manifest",
        f"write it with one: {FILTER}all",
    ),
    "no index.json": (
        "ctr: missing index.json in OCI layout 1.0.0",
        lambda: sound().pack(without=("index.json",)),
        lambda: sound().pack(),
        "missing-index",
        "transfer or export it again",
    ),
    "version": (
        "ctr: unsupported OCI version 1.0.1",
        lambda: with_file("oci-layout", b'{"imageLayoutVersion":"1.0.1"}'),
        lambda: sound().pack(),
        "layout-version",
        "export it again",
    ),
    "an archive of docker": (
        "* oci-archive: loading index: open /var/tmp/oci1/index.json: no such file or directory",
        lambda: sound().pack(without=("index.json", "oci-layout")),
        lambda: sound().pack(),
        "docker-archive-only",
        f"write it as an OCI archive: {FILTER}all",
    ),
    "flat": (
        "more than one image in oci, choose an image",
        flat_platforms,
        lambda: flat_platforms((AMD64,)),
        "flat-platforms",
        f"list them in one index: {FILTER}all",
    ),
    "several": (
        "more than one image in oci, choose an image",
        lambda: two().pack(),
        lambda: sound().pack(),
        "several-images",
        f"keep one image in an archive: {FILTER}all --image {NAME}",
    ),
    "nested": (
        "OCI layout contains no image manifests for the host platform",
        lambda: image(AMD64).pack(),
        lambda: sound().pack(),
        "nested-index",
        f"keep linux/amd64 alone: {FILTER}linux/amd64",
    ),
    "push": (
        "blob unknown to registry",
        lambda: image().without_platform(ARM64).pack(),
        lambda: image().pack(),
        "sparse-push",
        f"list what is there alone: {FILTER}available",
    ),
    "layer count": (
        "ctr: mismatched image rootfs and manifest layers",
        one_layer_less,
        lambda: sound().pack(),
        "layer-count",
        "build the image again",
    ),
    "attestations": (
        "ctr: mismatched image rootfs and manifest layers",
        lambda: image(attested=True).pack(),
        lambda: image().pack(),
        "attestation-as-image",
        f"leave attestations out: {FILTER}all --attestations drop",
    ),
    "artifact": (
        f"ctr: unexpected media type a/b for {D}: not found",
        lambda: with_artifact(AMD64),
        lambda: sound().pack(),
        "artifact",
        "leave artifacts out",
    ),
    "unnamed": (
        f"ctr: No images store for {D}",
        lambda: sound(name=None, tags=()).pack(),
        lambda: sound().pack(),
        "unnamed-image",
        f"give it a full name: {FILTER}all --name REPOSITORY:TAG",
    ),
    "bare name": (
        "Error: ErrImageNeverPull",
        lambda: sound(name="lab", tags=()).pack(),
        lambda: sound().pack(),
        "bare-name",
        f"give it a full name: {FILTER}all --name",
    ),
    "windows": (
        "cannot load windows image on linux",
        lambda: nested_docker(WINDOWS),
        lambda: image(AMD64).pack(),
        "other-os",
        f"keep linux/amd64 alone: {FILTER}linux/amd64",
    ),
    "wanted": (
        "requested platform (linux/arm64) not found: image might be filtered out",
        lambda: image(AMD64).pack(),
        lambda: image().pack(),
        "wanted-platform",
        "load the one that is there: docker load -i SRC --platform linux/amd64; or all that it has: docker load",
    ),
    "had": (
        "requested platform (linux/arm64) not found: image might be filtered out",
        lambda: image().pack(),
        lambda: image(AMD64).pack(),
        "foreign-platform",
        f"keep linux/arm64 alone: {FILTER}linux/arm64",
    ),
    "variant": (
        'no image found in image index for architecture "arm64", variant "v9", OS "linux"',
        lambda: image(ARM64).pack(),
        lambda: image(AMD64).pack(),
        "platform-variant",
        "list what the configs say",
    ),
    "wrong architecture": (
        "exec /bin/sh: exec format error",
        lambda: image(ARM64).pack(),
        lambda: image(AMD64).pack(),
        "wrong-architecture",
        "export it again after a pull",
    ),
    "mislabelled": (
        "exec /bin/sh: exec format error",
        lambda: listed_as(AMD64, ARM64),
        lambda: listed_as(AMD64, AMD64),
        "wrong-architecture",
        "list what the configs say",
    ),
    "other files": (
        'ctr: unexpected name: "README"',
        lambda: with_file("README", b"hello"),
        lambda: sound().pack(without=("manifest.json",)),
        "other-files",
        f"write it again: {FILTER}all",
    ),
}


@pytest.mark.parametrize("name", list(TOLD))
def test_a_cause_is_told_where_it_is(name: str) -> None:
    text, has, has_not, cause, remedy = TOLD[name]
    told = causes(text, has())
    assert cause in told
    assert told[cause].remedy.startswith(remedy)
    assert cause not in causes(text, has_not())


def test_what_is_ruled_out_is_said() -> None:
    (explanation,) = explain_against(not_found(ARM_LAYER), image().without(ARM_LAYER).pack())
    assert "a link in the place of a blob" in explanation.ruled_out
    assert [cause.id for cause in explanation.causes] == ["partial-platform"]
    assert explanation.causes[0].certain


def test_where_nothing_fits_it_says_what_is_certain() -> None:
    (cause,) = explain_against("ctr: image might be filtered out", sound().pack())[0].causes
    assert (cause.id, cause.certain) == ("", False)
    assert "linux/amd64 is there whole" in cause.text
    assert cause.remedy == "check all of it: ocitool verify --deep SRC"


def test_386_is_no_fallback_on_another_host_or_with_all_platforms() -> None:
    made = image(AMD64, I386, ARM64)
    archive = made.without_platform(I386).pack()
    text = not_found(made.manifests[I386])
    assert set(causes(text, archive)) == {"absent-fallback"}
    assert set(causes(text, archive, "linux/arm64")) == {"absent-platform"}
    assert set(causes(f"$ ctr images import --all-platforms a.tar; {text}", archive)) == {"absent-platform"}


def test_arm_is_a_fallback_of_arm64() -> None:
    made = image(ARM64, "linux/arm/v7")
    archive = made.without_platform("linux/arm/v7").pack()
    assert set(causes(not_found(made.manifests["linux/arm/v7"]), archive, "linux/arm64")) == {"absent-fallback"}


def test_a_host_side_message_blames_no_archive() -> None:
    told = causes(f"ctr: failed to get reader: content digest {D}: not found", sound().pack())
    assert set(told) == {"export-side"}
    assert told["export-side"].certain


def test_a_damaged_blob_that_the_remedy_would_keep_is_no_remedy() -> None:
    made = image(AMD64)
    told = causes(not_found(made.layer(AMD64)), made.damaged(made.layer(AMD64)).pack())
    assert told["corrupt-blob"].remedy == "transfer or export the archive again"


def test_only_what_works_is_advised() -> None:
    made = image(AMD64)
    told = causes(not_found(made.layer(AMD64)), made.without(made.layer(AMD64)).pack())
    assert told["partial-platform"].remedy.startswith("export it again after a full pull (before 2.0")


def test_two_names_of_one_image_are_not_two_images() -> None:
    layout = Layout()
    made = layout.manifest(AMD64)
    flat(layout, made)
    flat(layout, made, OTHER)
    with_docker(layout, docker_item(layout, made, NAME))
    told = causes("more than one image in oci, choose an image", layout.pack())
    assert "one image under 2 names" in told["several-images"].text


def test_the_import_that_works_stands_after_the_filter() -> None:
    remedy = causes("ctr: image might be filtered out", foreign(listed=True))["listed-platform"].remedy
    assert remedy.startswith(
        "keep linux/arm64 alone: ocitool filter SRC -p linux/arm64 -o OUT && ctr images import OUT"
    )


NO_UNPACK = (
    "$ ctr images import --all-platforms a.tar\n"
    "ctr: unable to initialize unpacker: no unpack platforms defined: invalid argument"
)


def test_the_import_that_works_on_2_0_0_is_told() -> None:
    told = causes(NO_UNPACK, sound().pack())["transfer-unpack"]
    assert (told.certain, told.remedy.endswith(": ctr images import SRC")) == (True, True)
    remedy = causes(NO_UNPACK, sound().pack(), host="linux/s390x")["transfer-unpack"].remedy
    assert remedy.endswith(": ctr images import --local SRC")


def test_without_an_archive_the_import_is_told_in_general() -> None:
    (cause,) = explain(NO_UNPACK, None)[0].causes
    assert "--local" in cause.remedy


def test_odd_names_of_an_archive_stand_in_no_command_unquoted() -> None:
    made = Layout()
    made.add(made.manifest("linux/a;b"), "lab;reboot")
    for text in ("ctr: image might be filtered out", "Error: ErrImageNeverPull"):
        for cause in causes(text, made.pack()).values():
            command = cause.remedy.partition(": ")[2]
            assert ";" not in re.sub("'[^']*'", "", command).replace("; or ", "")


@pytest.mark.parametrize("archive", [b"", b"\0" * 10240, b"x" * 5000, sound().pack()[:700]])
def test_an_archive_that_cannot_be_read_is_a_cause_itself(archive: bytes) -> None:
    for text in ("ctr: unrecognized image format", f"ctr: content digest {D}: not found"):
        first = next(iter(explain_against(text, archive)[0].causes))
        assert first.text.startswith("the archive ")
        assert first.remedy


def test_missing_content_of_no_named_platform_is_looked_for() -> None:
    made = image()
    told = causes("image was found, but some content is missing", made.without(made.layer(AMD64)).pack())
    assert told["partial-platforms"].certain
    assert "linux/amd64 is there in part only" in told["partial-platforms"].text


def test_absent_content_of_no_named_platform_is_looked_for() -> None:
    told = causes("image was found, but some content is missing", image().without_platform(ARM64).pack())
    assert "linux/arm64 is listed, but is not in the archive" in told["wanted-platform"].text
    assert not told["wanted-platform"].certain


def test_what_was_pushed_is_pushed_again() -> None:
    remedy = causes("blob unknown to registry", image().without_platform(ARM64).pack())["sparse-push"].remedy
    assert remedy.endswith("-o OUT && skopeo copy --all oci-archive:OUT DESTINATION")


@pytest.mark.parametrize("words", ["arm64, variant v8", "arm64", 'arm64", variant "v8'])
def test_the_platform_of_podman_is_known_without_its_system(words: str) -> None:
    quote = '"' if '"' in words else ""
    text = f"no image found in manifest list for architecture {quote}{words}{quote}"
    told = causes(text, image().without_platform(ARM64).pack())
    assert "linux/arm64" in told["absent-host-platform"].text
