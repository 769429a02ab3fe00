"""Prove on every real containerd that filtered archives import as promised.

What must be in an output is worked out here from the export it came from, with Python's
own tar and JSON readers, so that the tool is not its own witness.
"""

from __future__ import annotations

import json
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import Layout

from .program import Program
from .sample import NAME, greeting, host_platform

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from .containerd import ContainerdServer

OCITOOL = Program(Path(sys.executable), ("-m", "ocitool"))
HOST = str(host_platform())
FOREIGN = "linux/arm64/v8" if host_platform().architecture != "arm64" else "linux/amd64"
PAIR = f"{HOST},{FOREIGN}"


def spelled(flags: tuple[str, ...]) -> str:
    """Return the id of a test that imports with ``flags``."""
    return " ".join(flags) or "no flags"


@dataclass(frozen=True, slots=True)
class Filtered:
    """Name an archive the tool wrote and hold what it said about it."""

    path: Path
    notes: str


class Cutter:
    """Filter archives through the command line, each source and selection once."""

    def __init__(self, folder: Path) -> None:
        """Keep the outputs in ``folder``."""
        self._folder = folder
        self._done: dict[tuple[Path, tuple[str, ...]], Filtered] = {}

    def __call__(self, source: Path, platforms: str, *options: str) -> Filtered:
        """Return ``source`` filtered to ``platforms``."""
        key = (source, (platforms, *options))
        if key not in self._done:
            target = self._folder / f"{len(self._done)}.tar"
            result = OCITOOL.run("filter", str(source), "-p", platforms, *options, "-o", str(target))
            assert result.returncode == 0, result
            self._done[key] = Filtered(target, result.stderr)
        return self._done[key]


class Contents:
    """Read an archive whole: the root that index.json lists and every blob by digest."""

    def __init__(self, archive: Path) -> None:
        """Read ``archive``, which lists one image."""
        with tarfile.open(archive) as entries:
            files = {entry.name: entries.extractfile(entry) for entry in entries if entry.isfile()}
            data = {name: file.read() for name, file in files.items() if file is not None}
        self.blobs = {
            name.removeprefix("blobs/").replace("/", ":"): content
            for name, content in data.items()
            if name.startswith("blobs/")
        }
        (self.root,) = json.loads(data["index.json"])["manifests"]

    def children(self) -> list[dict[str, Any]]:
        """Return what the nested index lists."""
        listed: list[dict[str, Any]] = json.loads(self.blobs[self.root["digest"]])["manifests"]
        return listed

    def manifest(self, platform: str) -> dict[str, Any]:
        """Return the descriptor of ``platform`` in the nested index."""
        return next(child for child in self.children() if platform_text(child) == platform)

    def image(self, platform: str) -> set[str]:
        """Return the digests of everything an image of ``platform`` is made of."""
        digest = self.manifest(platform)["digest"]
        document = json.loads(self.blobs[digest])
        return {digest, *(part["digest"] for part in (document["config"], *document["layers"]))}


def platform_text(descriptor: dict[str, Any]) -> str:
    """Return the platform of a descriptor as ``os/architecture[/variant]``."""
    fields = descriptor["platform"]
    return "/".join(filter(None, (fields["os"], fields["architecture"], fields.get("variant"))))


def attested(export: Path) -> bytes:
    """Return ``export`` with an attestation for every platform, as BuildKit lists them."""
    contents = Contents(export)
    layout = Layout(blobs=dict(contents.blobs))
    del layout.blobs[contents.root["digest"]]
    children = contents.children()
    children += [layout.attestation(child) for child in children]
    return layout.add(layout.index(children), NAME).pack()


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cutter:
    """Provide the tool, with its outputs kept for the whole run."""
    return Cutter(tmp_path_factory.mktemp("cut"))


def import_archive(server: ContainerdServer, namespace: str, archive: Path, *flags: str) -> CompletedProcess[str]:
    """Import ``archive`` as a user would."""
    return server.ctr("images", "import", *flags, str(archive), namespace=namespace)


def imported(server: ContainerdServer, namespace: str, archive: Path, *flags: str) -> None:
    """Import ``archive`` and expect success under the original name, and no other."""
    result = import_archive(server, namespace, archive, *flags)
    assert result.returncode == 0, result
    assert server.images(namespace) == [NAME]


def is_ready(server: ContainerdServer, namespace: str) -> bool:
    """Tell whether containerd calls the image complete and unpacked."""
    result = server.ctr("images", "check", f"name=={NAME}", namespace=namespace)
    return result.returncode == 0 and "complete (" in result.stdout and result.stdout.split()[-1] == "true"


def recorded_digest(server: ContainerdServer, namespace: str) -> str:
    """Return the digest the image's record points to."""
    result = server.ctr("images", "list", f"name=={NAME}", namespace=namespace)
    assert result.returncode == 0, result
    return result.stdout.splitlines()[1].split()[2]


def surviving_content(server: ContainerdServer, namespace: str) -> set[str]:
    """Collect garbage, then return the digests that the content store holds.

    Importing stores every file of an archive for a while; deleting a lease in step with
    the collector is what ends that while.
    """
    for arguments in (("create", "--id", "collect"), ("delete", "--sync", "collect")):
        result = server.ctr("leases", *arguments, namespace=namespace)
        assert result.returncode == 0, result
    return set(server.ctr("content", "list", "--quiet", namespace=namespace).stdout.split())


def assert_runs(server: ContainerdServer, namespace: str) -> None:
    """Run the image and expect the greeting of this machine's platform."""
    ran = server.run_image(NAME, namespace=namespace)
    assert (ran.returncode, ran.stdout.strip()) == (0, greeting(host_platform())), ran


@pytest.mark.parametrize("form", ["auto", "flat", "nested"])
def test_host_platform_imports_without_flags_and_runs(
    containerd: ContainerdServer, real_export: Path, cut: Cutter, form: str
) -> None:
    filtered = cut(real_export, HOST, "--index", form)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path)
        assert is_ready(containerd, namespace)
        assert recorded_digest(containerd, namespace) == Contents(filtered.path).root["digest"]
        assert_runs(containerd, namespace)


def test_local_means_this_machine(containerd: ContainerdServer, real_export: Path, cut: Cutter) -> None:
    assert cut(real_export, "local").path.read_bytes() == cut(real_export, HOST).path.read_bytes()


@pytest.mark.parametrize("platform", [HOST, FOREIGN])
def test_only_the_chosen_platform_reaches_the_content_store(
    containerd: ContainerdServer, real_export: Path, cut: Cutter, platform: str
) -> None:
    export = Contents(real_export)
    filtered = cut(real_export, platform)
    assert set(Contents(filtered.path).blobs) == export.image(platform)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path)
        assert surviving_content(containerd, namespace) == export.image(platform)


def test_foreign_platform_imports_without_flags(containerd: ContainerdServer, real_export: Path, cut: Cutter) -> None:
    filtered = cut(real_export, FOREIGN)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path)
        assert recorded_digest(containerd, namespace) == Contents(real_export).manifest(FOREIGN)["digest"]
        assert is_ready(containerd, namespace)


@pytest.mark.parametrize("flags", [(), ("--all-platforms",), ("--platform", HOST)], ids=spelled)
def test_two_platforms_import(
    containerd: ContainerdServer, real_export: Path, cut: Cutter, flags: tuple[str, ...]
) -> None:
    filtered = cut(real_export, PAIR)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, *flags)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)


def test_all_of_two_platforms_stay_in_the_content_store(
    containerd: ContainerdServer, real_export: Path, cut: Cutter
) -> None:
    export = Contents(real_export)
    filtered = cut(real_export, PAIR)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--all-platforms")
        expected = {recorded_digest(containerd, namespace), *export.image(HOST), *export.image(FOREIGN)}
        assert surviving_content(containerd, namespace) == expected


def test_foreign_one_of_two_platforms_imports_by_flag(
    containerd: ContainerdServer, real_export: Path, cut: Cutter
) -> None:
    filtered = cut(real_export, PAIR)
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--platform", FOREIGN)
        assert Contents(real_export).image(FOREIGN) <= surviving_content(containerd, namespace)


def test_sparse_export_becomes_importable(containerd: ContainerdServer, sparse_export: Path, cut: Cutter) -> None:
    absent = {child["digest"] for child in Contents(sparse_export).children() if platform_text(child) != HOST}
    filtered = cut(sparse_export, "available")
    with containerd.namespace() as namespace:
        refused = import_archive(containerd, namespace, sparse_export, "--all-platforms")
        assert refused.returncode != 0
        assert any(f"content digest {digest}: not found" in refused.stderr for digest in absent), refused.stderr
    for flags in ((), ("--all-platforms",)):
        with containerd.namespace() as namespace:
            imported(containerd, namespace, filtered.path, *flags)
            assert is_ready(containerd, namespace)
            assert_runs(containerd, namespace)


def test_sparse_export_is_the_same_image_once_filtered(
    containerd: ContainerdServer, real_export: Path, sparse_export: Path, cut: Cutter
) -> None:
    assert cut(sparse_export, "available").path.read_bytes() == cut(real_export, HOST).path.read_bytes()


def test_nested_foreign_platform_needs_the_flag(containerd: ContainerdServer, real_export: Path, cut: Cutter) -> None:
    filtered = cut(real_export, FOREIGN, "--index", "nested")
    image = Contents(real_export).image(FOREIGN)
    advised = FOREIGN.removesuffix("/v8")
    assert f"import it with --platform {advised} (" in filtered.notes
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--platform", advised)
        assert image <= surviving_content(containerd, namespace)
    with containerd.namespace() as namespace:
        plain = import_archive(containerd, namespace, filtered.path)
        if containerd.version.startswith("1."):
            assert "no match for platform in manifest" in plain.stderr
        else:
            assert plain.returncode == 0, plain
        assert not image <= surviving_content(containerd, namespace)


def test_nested_foreign_platform_is_stored_for_later(
    containerd: ContainerdServer, real_export: Path, cut: Cutter
) -> None:
    filtered = cut(real_export, FOREIGN, "--index", "nested")
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--all-platforms", "--no-unpack")
        assert Contents(real_export).image(FOREIGN) <= surviving_content(containerd, namespace)


def test_kept_index_imports_for_the_host_alone(containerd: ContainerdServer, real_export: Path, cut: Cutter) -> None:
    pair = cut(real_export, PAIR).path
    filtered = cut(pair, HOST, "--index", "keep")
    assert "its index still lists 1 manifest(s)" in filtered.notes
    assert Contents(filtered.path).root == Contents(pair).root
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)
    with containerd.namespace() as namespace:
        refused = import_archive(containerd, namespace, filtered.path, "--all-platforms")
        digest = Contents(pair).manifest(FOREIGN)["digest"]
        assert refused.returncode != 0
        assert f"content digest {digest}: not found" in refused.stderr


def test_kept_index_is_refused_for_a_related_platform(
    containerd: ContainerdServer, real_export: Path, cut: Cutter
) -> None:
    """containerd 1.5 to 1.7 also want what the processor could run, such as 386 on amd64."""
    filtered = cut(real_export, HOST, "--index", "keep")
    absent = {child["digest"] for child in Contents(real_export).children() if platform_text(child) != HOST}
    assert "ctr 1.5 to 1.7" in filtered.notes
    with containerd.namespace() as namespace:
        result = import_archive(containerd, namespace, filtered.path)
        if containerd.version.startswith("1."):
            assert result.returncode != 0
            assert any(f"content digest {digest}: not found" in result.stderr for digest in absent), result
        else:
            assert result.returncode == 0, result
            assert_runs(containerd, namespace)


@pytest.mark.parametrize("flags", [(), ("--all-platforms",)], ids=spelled)
def test_attestations_follow_their_images(
    containerd: ContainerdServer, real_export: Path, cut: Cutter, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    source = tmp_path / "attested.tar"
    source.write_bytes(attested(real_export))
    filtered = cut(source, PAIR)
    subjects = [Contents(real_export).manifest(platform)["digest"] for platform in (HOST, FOREIGN)]
    children = Contents(filtered.path).children()
    assert [child["digest"] for child in children[:2]] == subjects
    assert [child["annotations"]["vnd.docker.reference.digest"] for child in children[2:]] == subjects
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, *flags)
        assert is_ready(containerd, namespace)
        assert_runs(containerd, namespace)
        if flags:
            assert surviving_content(containerd, namespace) == set(Contents(filtered.path).blobs)


def test_attested_image_is_imported_flat(
    containerd: ContainerdServer, real_export: Path, cut: Cutter, tmp_path: Path
) -> None:
    source = tmp_path / "attested.tar"
    source.write_bytes(attested(real_export))
    filtered = cut(source, HOST)
    assert filtered.path.read_bytes() == cut(real_export, HOST).path.read_bytes()
    assert "attestation" in filtered.notes


def test_all_platforms_keep_the_digest(containerd: ContainerdServer, real_export: Path, cut: Cutter) -> None:
    filtered = cut(real_export, "all", "--index", "nested")
    assert set(Contents(filtered.path).blobs) == set(Contents(real_export).blobs)
    digests = []
    for archive in (real_export, filtered.path):
        with containerd.namespace() as namespace:
            imported(containerd, namespace, archive, "--all-platforms")
            assert is_ready(containerd, namespace)
            digests.append(recorded_digest(containerd, namespace))
            assert surviving_content(containerd, namespace) == set(Contents(real_export).blobs)
    assert digests == [Contents(real_export).root["digest"]] * 2


def test_filtered_image_is_exported_again(
    containerd: ContainerdServer, real_export: Path, cut: Cutter, tmp_path: Path
) -> None:
    """What a containerd exports of a filtered image is complete, and filters to the same bytes."""
    filtered = cut(real_export, PAIR)
    again = tmp_path / "again.tar"
    with containerd.namespace() as namespace:
        imported(containerd, namespace, filtered.path, "--all-platforms")
        exported = containerd.export(NAME, again, "--all-platforms", namespace=namespace)
        assert exported.returncode == 0, exported
    assert Contents(again).root["digest"] == Contents(filtered.path).root["digest"]
    assert cut(again, "all").path.read_bytes() == filtered.path.read_bytes()
