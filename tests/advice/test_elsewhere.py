"""What docker, podman, skopeo, kind, k3s, k0s and nerdctl do, by example and as laws."""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

import pytest

from ocitool.advice.choice import Quality, choose, default_wanted
from ocitool.advice.docker_items import ListState, list_state
from ocitool.advice.facts import ArchiveFacts
from ocitool.advice.importers import IMPORTERS, find_importer
from ocitool.advice.outcome import Ending
from ocitool.advice.skopeo import STORAGE
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.archive.reader import scan_source
from ocitool.errors import DocumentError, UsageError
from ocitool.graph.build import build_graph, unlisted_graph
from ocitool.model.platform import Platform
from tests.builders import DOCKER_MANIFEST, NAME, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Layout, as_json, platform
from tests.importers.load_shapes import SHAPES, nested
from tests.sources import BytesSource

if TYPE_CHECKING:
    from ocitool.advice.outcome import Outcome

HOST = Platform("linux", "amd64")
FOREIGN = Platform("linux", "arm64")
ELSEWHERE = sorted(set(IMPORTERS) - {"ctr"})
PLAIN = [name for name in SHAPES if not name.startswith("outer-") and " in " not in name]


def facts(shape: str, name: str = "in-memory.tar") -> ArchiveFacts:
    return _read(SHAPES[shape](), name)


def facts_of(layout: Layout) -> ArchiveFacts:
    return _read(layout.pack())


def _read(data: bytes, name: str = "in-memory.tar") -> ArchiveFacts:
    source = BytesSource(data, name)
    scan = scan_source(source)
    try:
        return ArchiveFacts(build_graph(scan, source))
    except DocumentError as error:
        return ArchiveFacts(unlisted_graph(scan, source, error))


def target(importer: str, version: str, daemon: str = "") -> Target:
    return Target(importer, Version.parse(version), HOST, Version.parse(daemon) if daemon else None)


def predicted(shape: str, importer: str, version: str, *arguments: str, daemon: str = "") -> Outcome:
    return find_importer(importer).predict(facts(shape), target(importer, version, daemon), arguments)


@pytest.mark.parametrize(
    ("importer", "version", "shape", "ending", "failure"),
    [
        ("docker", "20.10.24", "nested-multi", Ending.ERROR, "no-docker-manifest"),
        ("docker", "20.10.24", "nested-multi docker", Ending.OK, ""),
        ("docker", "20.10.24", "zstd-layers docker", Ending.ERROR, "layer-not-unpacked"),
        ("docker", "23", "zstd-layers docker", Ending.OK, ""),
        ("docker", "20.10.24", "flat-host docker null", Ending.NOTHING, ""),
        ("docker", "23.0", "flat-host docker null", Ending.ERROR, "null-docker-manifest"),
        ("docker", "28.5.2", "flat-host docker null", Ending.ERROR, "null-docker-manifest"),
        ("docker", "28.5.2", "nested-foreign docker empty", Ending.NOTHING, ""),
        ("docker", "28.5.2", "windows docker", Ending.ERROR, "wrong-os"),
        ("docker-containerd", "24", "missing-platforms", Ending.ERROR, "content-not-found"),
        ("docker-containerd", "28.5.2", "missing-platforms", Ending.OK, ""),
        ("docker-containerd", "29", "nested-multi", Ending.OK, ""),
        ("podman", "4.3.1", "nested-foreign docker", Ending.OK, ""),
        ("podman", "4.3.1", "nested-foreign", Ending.ERROR, "no-platform"),
        ("podman", "4.3.1", "two-names", Ending.ERROR, "several-images"),
        ("podman", "4.3.1", "fewer-diff-ids", Ending.OK, ""),
        ("podman", "5.3", "fewer-diff-ids", Ending.OK, ""),
        ("podman", "5.8.6", "fewer-diff-ids", Ending.ERROR, "layers-mismatch"),
        ("skopeo", "1.22", "nested-host", Ending.OK, ""),
        ("skopeo", "1.22", "several", Ending.ERROR, "several-images"),
        ("kind", "0.20", "missing-platforms", Ending.ERROR, "content-not-found"),
        ("kind", "0.20", "nested-foreign", Ending.ERROR, "no-match"),
        ("kind", "0.20", "flat-foreign", Ending.OK, ""),
        ("k3s", "1.29.5", "missing-platforms", Ending.ERROR, "content-not-found"),
        ("k3s", "1.29.6", "missing-platforms", Ending.OK, ""),
        ("k3s", "1.30.1", "missing-platforms", Ending.ERROR, "content-not-found"),
        ("k3s", "1.31", "missing-platforms", Ending.OK, ""),
        ("k0s", "1.24.2", "missing-386", Ending.ERROR, "content-not-found"),
        ("k0s", "1.30.1", "missing-386", Ending.OK, ""),
        ("k0s", "1.30.2", "missing-386", Ending.OK, ""),
        ("nerdctl", "2.0", "missing-platforms", Ending.OK, ""),
        ("nerdctl", "2.0", "flat-foreign listed", Ending.ERROR, "filtered-out"),
        ("nerdctl", "2.3", "nested-multi", Ending.OK, ""),
    ],
)
def test_what_each_does(importer: str, version: str, shape: str, ending: Ending, failure: str) -> None:
    outcome = predicted(shape, importer, version)
    assert (outcome.ending, outcome.failure) == (ending, failure)


@pytest.mark.parametrize(
    ("importer", "version", "shape", "names"),
    [
        ("docker", "28.5.2", "nested-multi docker familiar", {NAME}),
        ("docker-containerd", "28.5.2", "bare-tag", {"1.0"}),
        ("docker-containerd", "28.5.2", "familiar-name", {"lab:1.0"}),
        ("podman", "4.3.1", "nested-foreign docker familiar", {"localhost/lab:1.0"}),
        ("podman", "4.3.1", "bare-tag", {"localhost/1.0:latest"}),
        ("podman", "4.3.1", "full-reference", {NAME}),
        ("podman", "4.3.1", "unnamed", {""}),
    ],
)
def test_the_names_that_are_recorded(importer: str, version: str, shape: str, names: set[str]) -> None:
    assert set(predicted(shape, importer, version).names) == names


def test_nerdctl_is_quiet_from_2_on() -> None:
    assert predicted("nested-multi", "nerdctl", "1.7", "--quiet").failure == "flag-unknown"
    assert predicted("nested-multi", "nerdctl", "2.0", "--quiet").ending is Ending.OK


def test_the_node_of_kind_decides() -> None:
    assert predicted("nested-multi", "kind", "0.27", daemon="2.0.0").failure == "no-unpack-platforms"
    assert predicted("nested-multi", "kind", "0.27", daemon="2.0.2").ending is Ending.OK


def test_a_foreign_platform_needs_the_right_command() -> None:
    foreign = predicted("nested-foreign", "podman", "5.8.6", "pull", "--arch", "arm64", "oci-archive:SRC")
    assert foreign.images[0].ready == ("linux/arm64",)
    words = find_importer("podman").words(("pull", "--arch", "arm64", "oci-archive:SRC:1.0"), "a.tar")
    assert words == ("podman", "pull", "--arch", "arm64", "oci-archive:a.tar:1.0")
    found = choose(facts("nested-foreign"), find_importer("skopeo"), target("skopeo", "1.22"), [FOREIGN])
    assert found.best is not None
    assert found.best.quality is Quality.WORKS
    assert found.best.arguments == ("--override-arch", "arm64", "oci-archive:SRC", f"containers-storage:{NAME}")


def test_one_platform_is_taken_by_older_clients() -> None:
    several = ("--platform", "linux/amd64,linux/arm64")
    assert predicted("nested-multi", "docker-containerd", "28.5.2", *several).failure == "platform-invalid"
    assert predicted("nested-multi", "docker-containerd", "29.0", *several).ending is Ending.OK
    assert predicted("nested-multi docker", "docker", "28.5.2", *several).failure == "platform-invalid"
    assert predicted("nested-multi docker", "docker", "29.0", *several).ending is Ending.OK
    assert predicted("nested-multi", "docker-containerd", "27.5", *several).failure == "flag-unknown"
    assert predicted(
        "partial-foreign docker", "docker-containerd", "28.5.2", "--platform", "linux/arm64"
    ).message == ("image lab:1.0 was loaded, but doesn't provide the requested platform (linux/arm64)")


@pytest.mark.parametrize(
    ("name", "compression", "ending"),
    [
        ("images.tar", "", Ending.OK),
        ("IMAGES.TAR", "", Ending.OK),
        ("images.tar.gz", "gzip", Ending.OK),
        ("images.tzst", "zstd", Ending.OK),
        ("images.tar", "gzip", Ending.ERROR),
        ("images.tar.gz", "", Ending.ERROR),
        ("images.oci", "", Ending.NOTHING),
        ("the output", "", Ending.OK),
    ],
)
def test_k3s_goes_by_the_suffix(name: str, compression: str, ending: Ending) -> None:
    found = ArchiveFacts(facts("nested-multi", name).graph, compression)
    assert find_importer("k3s").predict(found, target("k3s", "1.31"), ()).ending is ending


def test_k0s_reads_plain_tar_alone() -> None:
    found = ArchiveFacts(facts("nested-multi").graph, "gzip")
    assert find_importer("k0s").predict(found, target("k0s", "1.30.3"), ()).failure == "invalid-tar-header"
    assert find_importer("k0s").predict(facts("nested-multi"), target("k0s", "1.30.3"), ()).ending is Ending.OK


def test_a_corrupt_layer_is_found_where_layers_are_unpacked() -> None:
    plain = facts("nested-multi docker")
    node = next(node for node in plain.graph.images[0].manifests() if node.platform == HOST)
    corrupt = ArchiveFacts(plain.graph, corrupt=frozenset({node.layers[1].digest}))
    for importer, version in (("docker", "28.5.2"), ("podman", "5.8.6"), ("skopeo", "1.22.0")):
        outcome = find_importer(importer).predict(corrupt, target(importer, version), ())
        assert outcome.failure == "corrupt-layer"
    silent = find_importer("docker-containerd").predict(corrupt, target("docker-containerd", "28.5.2"), ())
    assert silent.ending is not Ending.ERROR
    assert HOST.display in silent.images[0].lost


def test_what_manifest_json_is_is_told_apart() -> None:
    assert list_state(facts("flat-host").graph) is ListState.ABSENT
    assert list_state(facts("flat-host docker null").graph) is ListState.NULL
    assert list_state(facts("flat-host docker not JSON").graph) is ListState.UNREADABLE
    assert list_state(facts("flat-host docker").graph) is ListState.LIST


@pytest.mark.parametrize("importer", ELSEWHERE)
@pytest.mark.parametrize("shape", PLAIN)
def test_every_shape_ends_in_every_version_and_an_error_has_words(shape: str, importer: str) -> None:
    found, table = facts(shape), find_importer(importer).table
    for version in {table.oldest, *table.measured, *table.turning_points()}:
        where = Target(importer, version, HOST)
        for arguments in find_importer(importer).candidates(found, where, [HOST]):
            outcome = find_importer(importer).predict(found, where, arguments)
            assert (outcome.ending is Ending.ERROR) == bool(outcome.failure)
            assert bool(outcome.failure) == bool(outcome.message)
            assert not outcome.images or outcome.ending is not Ending.NOTHING
            assert outcome.reasons or outcome.ending is not Ending.ERROR
            assert find_importer(importer).words(arguments, "a.tar")


@pytest.mark.parametrize("version", ["4.3.1", "5.8.6"])
def test_podman_takes_no_path_with_a_colon(version: str) -> None:
    found, where = facts("nested-host docker of a bad tag", "2024:05/a.tar"), target("podman", version)
    outcome = find_importer("podman").predict(found, where, ())
    assert outcome.failure == "path-colon"
    assert "path … contains a colon" in outcome.message
    assert outcome.reasons == ("its path has a colon, which ends a path here: rename it",)
    pulled = find_importer("podman").predict(found, where, ("pull", "oci-archive:SRC"))
    assert pulled.failure == "path-cut"
    assert choose(found, find_importer("podman"), where, [HOST]).best is None


@pytest.mark.parametrize("shape", ["nested-host", "docker-archive of skopeo"])
def test_skopeo_takes_no_path_with_a_colon(shape: str) -> None:
    found, where = facts(shape, "a:b.tar"), target("skopeo", "1.22.0")
    assert find_importer("skopeo").predict(found, where, ()).message == "creating temp directory: …"
    docker = find_importer("skopeo").predict(found, where, ("docker-archive:SRC",))
    assert docker.failure == "docker-path-cut"
    assert choose(found, find_importer("skopeo"), where, [HOST]).best is None


@pytest.mark.parametrize("tag", ["UPPER:1.0", "a b", "x" * 300, "lab:", "/", "é"])
def test_a_name_from_the_archive_is_no_usage_error(tag: str) -> None:
    found = facts_of(nested(["linux/amd64"], tags=[tag]))
    for importer in ELSEWHERE:
        table = find_importer(importer).table
        for version in {table.oldest, *table.measured}:
            choice = choose(found, find_importer(importer), Target(importer, version, HOST), [HOST])
            assert choice.plain.outcome.ending
    where = target("skopeo", "1.22.0")
    outcome = find_importer("skopeo").predict(found, where, ("docker-archive:SRC", f"{STORAGE}:{tag}"))
    assert outcome.message == f"Invalid destination name {STORAGE}:{tag}: …"
    outcome = find_importer("skopeo").predict(found, where, (f"docker-archive:SRC:{tag}", f"{STORAGE}:{NAME}"))
    assert outcome.message == f"Invalid source name docker-archive:…:{tag}: …"
    best = choose(found, find_importer("skopeo"), where, [HOST]).best
    assert best is not None
    assert best.arguments[-1] == f"{STORAGE}:{NAME}"


@pytest.mark.parametrize("importer", sorted(IMPORTERS))
@pytest.mark.parametrize("text", ["linux/*", "linux/a b", "-x/arm64", "linux/a,b", "linux/arm64/v8/more"])
def test_a_platform_that_no_flag_can_name_is_not_wanted(text: str, importer: str) -> None:
    system, architecture = text.split("/", 1)
    layout = Layout()
    odd = {"os": system, "architecture": architecture}
    layout.add(layout.index([layout.manifest("linux/arm64", config=odd) | {"platform": odd}]))
    found = facts_of(layout)
    wanted = default_wanted(found, HOST)
    assert wanted == (HOST,)
    table = find_importer(importer).table
    choice = choose(found, find_importer(importer), Target(importer, table.oldest, HOST), wanted)
    assert choice.plain.outcome.ending


@pytest.mark.parametrize("importer", ELSEWHERE)
def test_the_first_candidate_is_none_at_all(importer: str) -> None:
    table = find_importer(importer).table
    where = Target(importer, table.oldest, HOST)
    assert find_importer(importer).candidates(facts("nested-multi"), where, [HOST])[0] == ()


@pytest.mark.parametrize("importer", ELSEWHERE)
def test_an_archive_is_no_argument(importer: str) -> None:
    with pytest.raises(UsageError):
        predicted("nested-multi", importer, "99", "other.tar")


@pytest.mark.parametrize("version", ["4.3.1", "5.8.6"])
@pytest.mark.parametrize(
    ("data", "failure", "words"),
    [
        (b"[]", "bad-index", "loading index: …"),
        (b"{", "bad-index", "loading index: …"),
        (b"", "bad-index", "loading index: …"),
        (b'{"schemaVersion":2,"manifests":{}}', "bad-index", "loading index: …"),
        (b'{"schemaVersion":2}', "several-images", "more than one image in oci"),
        (b'{"schemaVersion":2,"manifests":null}', "several-images", "more than one image in oci"),
    ],
)
def test_podman_cannot_read_index_json(data: bytes, failure: str, words: str, version: str) -> None:
    layout = nested(["linux/amd64"])
    layout.files["index.json"] = data
    outcome = find_importer("podman").predict(facts_of(layout), target("podman", version), ())
    assert outcome.failure == failure
    assert words in outcome.message
    assert "……" not in outcome.message


def test_go_takes_no_byte_order_mark() -> None:
    layout = nested(["linux/amd64"])
    layout.files["index.json"] = b"\xef\xbb\xbf" + layout.entries()["index.json"]
    for importer, version in (("podman", "5.8.6"), ("skopeo", "1.22.0")):
        outcome = find_importer(importer).predict(facts_of(layout), target(importer, version), ())
        assert outcome.failure == "bad-index"


def test_docker_goes_by_manifest_json_whatever_index_json_is() -> None:
    assert predicted("nested-host index not JSON", "docker", "28.5.2").names == (NAME,)


@pytest.mark.parametrize("importer", ["ctr", "docker-containerd", "kind", "nerdctl"])
def test_no_importer_is_made_to_speak_in_our_words(importer: str) -> None:
    found, table = facts("nested-host index not JSON"), find_importer(importer).table
    for version in {table.oldest, *table.measured, *table.turning_points()}:
        outcome = find_importer(importer).predict(found, Target(importer, version, HOST), ())
        assert outcome.ending is not Ending.ERROR or "not JSON" not in outcome.message


def _of_digest(algorithm: str) -> Layout:
    layout = Layout()
    manifest = layout.manifest("linux/amd64")
    data = layout.blobs.pop(manifest["digest"])
    digest = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
    layout.blobs[digest] = data
    return layout.add(layout.index([manifest | {"digest": digest}]))


def _of_document(listed: str, *, nest: bool = False, **fields: object) -> Layout:
    layout = Layout()
    document = layout.read(layout.manifest("linux/amd64")) | fields
    manifest = layout.blob(as_json(document), listed)
    return layout.add(layout.index([manifest | {"platform": platform("linux/amd64")}]) if nest else manifest)


def _of_config(data: bytes) -> Layout:
    layout = Layout()
    return layout.add(
        layout.blob(
            as_json(layout.read(layout.manifest("linux/amd64")) | {"config": layout.blob(data, OCI_CONFIG)}),
            OCI_MANIFEST,
        )
    )


@pytest.mark.parametrize(("importer", "version"), [("podman", "4.3.1"), ("podman", "5.8.6"), ("skopeo", "1.22.0")])
@pytest.mark.parametrize(
    ("layout", "failure"),
    [
        (_of_digest("sha256"), ""),
        (_of_digest("sha512"), "manifest-digest"),
        (_of_document(OCI_MANIFEST), ""),
        (_of_document(OCI_MANIFEST, manifests=[]), "ambiguous-manifest"),
        (_of_document(OCI_MANIFEST, nest=True, manifests=[]), "ambiguous-manifest"),
        (_of_document(OCI_INDEX, mediaType=OCI_INDEX, manifests=[]), "ambiguous-manifest"),
        (_of_document(DOCKER_MANIFEST), "other-type"),
        (_of_document(DOCKER_MANIFEST, nest=True), ""),
        (_of_config(b"{}"), ""),
        (_of_config(b'{"os":"linux","architecture":"amd64"}'), ""),
        (_of_config(b'{"OS":"linux"}'), ""),
        (_of_config(b'{"os":5}'), "bad-config"),
        (_of_config(b"{nope"), "bad-config"),
    ],
    ids=range(13),
)
def test_what_the_copying_library_reads(layout: Layout, failure: str, importer: str, version: str) -> None:
    data = layout.pack(tar_format=tarfile.GNU_FORMAT)
    assert find_importer(importer).predict(_read(data), target(importer, version), ()).failure == failure


def test_podman_keeps_no_tag_beside_a_digest() -> None:
    layout = nested(["linux/amd64"])
    digest = layout.roots[0]["digest"]
    layout.roots[0]["annotations"] = {"io.containerd.image.name": f"{NAME}@{digest}"}
    choice = choose(facts_of(layout), find_importer("podman"), target("podman", "5.8.6"), [HOST])
    assert choice.plain.quality is Quality.MISNAMES
    assert choice.plain.outcome.names == (f"docker.io/library/lab@{digest}",)
    layout.roots[0]["annotations"] = {"io.containerd.image.name": f"{NAME}@sha256:{'a' * 64}"}
    outcome = find_importer("podman").predict(facts_of(layout), target("podman", "5.8.6"), ())
    assert outcome.failure == "digest-mismatch"


def test_docker_keeps_an_image_whose_name_it_refuses() -> None:
    outcome = predicted("nested-host docker of a bad tag", "docker", "28.5.2")
    assert (outcome.failure, outcome.names) == ("bad-name", ("",))
