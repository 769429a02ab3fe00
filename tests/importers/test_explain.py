"""Messages that real engines print are explained with the right cause, and what is advised then works there."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from ocitool.api.explaining import explain_error
from tests.advice.messages.archives import (
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
    two_names,
    with_file,
    zstd_layer,
)
from tests.builders import NAME
from tests.check.mutations_importing import sound
from tests.check.mutations_layers import MUTATIONS

from .availability import give_up, require
from .broken_documents import BROKEN
from .conftest import CONTAINERD_STORE
from .engines import labels
from .program import Program
from .registry import Registry
from .sample import greeting, host_platform
from .test_filtered_archives import OCITOOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from ocitool.advice.explain import Explanation

    from .containerd import ContainerdServer
    from .docker import DockerServer
    from .engines import Engines
    from .podman import Podman

SHORT: Final = "lab:1.0"
_REMEDY: Final = re.compile(r"[^:]*: (?P<command>.*?)(?:; or [^:]*: (?P<other>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Provoked:
    """An archive that makes an import fail, with the message and the cause to be told.

    `by` are the labels of engines with the arguments that provoke it there. `again` are the arguments afterwards,
    None for the same. `mends` tells whether what is advised makes another archive.
    """

    name: str
    archive: Callable[[], bytes]
    message: str
    cause: str
    by: dict[str, tuple[str, ...]]
    again: tuple[str, ...] | None = None
    mends: bool = True


def _everywhere(*arguments: str, local: bool = False) -> dict[str, tuple[str, ...]]:
    """Return arguments for each containerd; `local` where version 2 fails only if the client does the work."""
    return {
        label: ("--local", *arguments) if local and label == "containerd-2" else arguments
        for label in labels("containerd")
    }


def _deep(rule: str) -> Callable[[], bytes]:
    return MUTATIONS[rule].breaks


IN_CONTAINERD: Final = (
    Provoked(
        "fallback",
        lambda: Image(AMD64, I386).without_platform(I386).pack(),
        "content-not-found",
        "absent-fallback",
        _everywhere(local=True),
    ),
    Provoked(
        "absent",
        lambda: Image(AMD64, ARM64).without_platform(ARM64).pack(),
        "content-not-found",
        "absent-platform",
        _everywhere("--all-platforms"),
    ),
    Provoked(
        "attestation",
        lambda: (image := Image(AMD64, ARM64, attested=True)).without(*image.attestations).pack(),
        "content-not-found",
        "absent-attestation",
        _everywhere("--all-platforms"),
    ),
    Provoked(
        "partial",
        lambda: (image := Image(AMD64, ARM64)).without(image.layer(AMD64)).pack(),
        "content-not-found",
        "partial-platform",
        _everywhere(),
    ),
    Provoked(
        "corrupt layer",
        lambda: (image := Image(AMD64, ARM64)).damaged(image.layer(AMD64)).pack(),
        "content-not-found",
        "corrupt-blob",
        _everywhere(),
    ),
    Provoked(
        "link",
        lambda: (image := Image(AMD64)).linked(image.layer(AMD64)),
        "content-not-found",
        "link-entry",
        _everywhere(),
        mends=False,
    ),
    *(
        Provoked(
            f"whole file in {name}",
            lambda compress=compress: compress(sound().pack()),  # type: ignore[misc]
            "invalid-tar-header",
            "whole-file-compression",
            _everywhere(local=True),
        )
        for name, compress in COMPRESSIONS.items()
    ),
    Provoked(
        "listed with its platform", lambda: foreign(listed=True), "filtered-out", "listed-platform", _everywhere()
    ),
    Provoked(
        "another platform",
        lambda: Image(ARM64).pack(),
        "no-match",
        "not-host-platform",
        _everywhere(local=True) | {"containerd-2": ("--local", "--all-platforms")},
    ),
    Provoked(
        "bad manifest.json",
        lambda: with_file("manifest.json", b'[{"Config":'),
        "bad-docker-manifest",
        "bad-docker-manifest",
        _everywhere(),
    ),
    Provoked(
        "stale manifest.json",
        lambda: stale("Layers", without=("index.json", "oci-layout")),
        "docker-layer-missing",
        "stale-docker-manifest",
        _everywhere(),
        mends=False,
    ),
    Provoked(
        "stale manifest.json, config",
        lambda: stale("Config", without=("index.json", "oci-layout")),
        "docker-config-missing",
        "stale-docker-manifest",
        _everywhere(),
        mends=False,
    ),
    Provoked(
        "no index.json",
        lambda: sound().pack(without=("index.json",)),
        "missing-index",
        "missing-index",
        _everywhere(),
        mends=False,
    ),
    Provoked(
        "another version",
        lambda: with_file("oci-layout", b'{"imageLayoutVersion":"1.0.1"}'),
        "layout-version",
        "layout-version",
        _everywhere(),
        mends=False,
    ),
    Provoked("root files", root_files, "unrecognized-format", "not-an-image", _everywhere(), mends=False),
    Provoked(
        "a folder too deep",
        lambda: sound().pack(prefix="image/"),
        "unrecognized-format",
        "not-an-image",
        _everywhere(),
        mends=False,
    ),
    Provoked("cut short", lambda: sound().pack()[:5000], "unexpected-eof", "cut-short", _everywhere(), mends=False),
    Provoked("text", lambda: b"echo hello\n" * 99, "invalid-tar-header", "not-an-image", _everywhere(), mends=False),
    Provoked("diff_id", _deep("C8"), "wrong-diff-id", "layer-bytes", _everywhere(), mends=False),
    Provoked("cut layer", _deep("Y1"), "unexpected-eof", "layer-bytes", _everywhere(), mends=False),
    Provoked("odd layer", _deep("Y5"), "bad-layer-entries", "layer-entries", _everywhere(), mends=False),
    Provoked("layer count", BROKEN["C9"], "rootfs-mismatch", "layer-count", _everywhere(), mends=False),
    Provoked("another type", BROKEN["M4"], "type-mismatch", "document-type", _everywhere(), mends=False),
    Provoked(
        "a link to nothing",
        linked_docker_layer,
        "docker-layer-link",
        "link-entry",
        _everywhere(),
        mends=False,
    ),
    Provoked(
        "a flag of later",
        lambda: sound().pack(),
        "flag-unknown",
        "flag-unknown",
        {"containerd-1.6": ("--local",)},
        mends=False,
    ),
)

_CLASSIC: Final = tuple(labels("docker"))


def _docker(*arguments: str, by: tuple[str, ...] = _CLASSIC) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(by, arguments)


IN_DOCKER: Final = (
    Provoked(
        "no manifest.json",
        lambda: sound().pack(without=("manifest.json",)),
        "legacy-docker",
        "no-docker-manifest",
        _docker(),
    ),
    Provoked(
        "stale manifest.json", lambda: stale("Layers"), "docker-file-missing", "stale-docker-manifest", _docker()
    ),
    Provoked(
        "partial",
        lambda: (image := Image(AMD64, ARM64).with_docker(AMD64)).without(image.layer(AMD64)).pack(),
        "docker-file-missing",
        "partial-platform",
        _docker(),
    ),
    Provoked("zstd", zstd_layer, "unexpected-eof", "zstd-layers", _docker(by=("docker-20.10",))),
    Provoked("windows", lambda: Image(WINDOWS, AMD64).with_docker(WINDOWS).pack(), "other-os", "other-os", _docker()),
    Provoked("layer count", BROKEN["C9"], "docker-layers-count", "layer-count", _docker(), mends=False),
    Provoked(
        "corrupt config",
        lambda: (image := Image(AMD64).with_docker(AMD64)).damaged(image.config(AMD64)).pack(),
        "bad-json",
        "corrupt-document",
        _docker(),
        mends=False,
    ),
    Provoked(
        "corrupt layer",
        lambda: (image := Image(AMD64).with_docker(AMD64)).damaged(image.layer(AMD64)).pack(),
        "damaged-compression",
        "layer-bytes",
        _docker(by=("docker-20.10",)),
        mends=False,
    ),
    Provoked("root files", root_files, "legacy-rootfs", "root-files", _docker(), mends=False),
    Provoked("diff_id", _deep("C8"), "wrong-diff-id", "layer-bytes", _docker(), mends=False),
    Provoked(
        "a flag of later",
        lambda: Image(AMD64, ARM64).with_docker(AMD64).pack(),
        "flag-unknown",
        "flag-unknown",
        _docker("--platform", AMD64, by=("docker-20.10",)),
        (),
    ),
    Provoked(
        "platform in part",
        lambda: Image(AMD64, ARM64).without_platform(ARM64).pack(),
        "platform-incomplete",
        "wanted-platform",
        _docker("--platform", ARM64, by=(CONTAINERD_STORE,)),
        (),
    ),
    Provoked(
        "platform not listed",
        lambda: foreign(listed=True),
        "platform-not-found",
        "wanted-platform",
        _docker("--platform", AMD64, by=(CONTAINERD_STORE,)),
        mends=False,
    ),
    Provoked(
        "platform not provided",
        lambda: Image(ARM64).pack(),
        "platform-not-provided",
        "wanted-platform",
        _docker("--platform", AMD64, by=(CONTAINERD_STORE,)),
        mends=False,
    ),
    Provoked(
        "cut short",
        lambda: sound().pack()[:5000],
        "unexpected-eof",
        "cut-short",
        _docker(by=(*_CLASSIC, CONTAINERD_STORE)),
        mends=False,
    ),
)

IN_PODMAN: Final = (
    Provoked("flat", flat_platforms, "several-images", "flat-platforms", dict.fromkeys(["podman-4.3"], ())),
    Provoked("two names", two_names, "several-images", "several-images", dict.fromkeys(["podman-4.3"], ())),
    Provoked(
        "another platform",
        lambda: Image(ARM64).pack(),
        "no-image-for-platform",
        "not-host-platform",
        dict.fromkeys(labels("podman"), ()),
    ),
    Provoked(
        "partial",
        lambda: (image := Image(AMD64, ARM64)).without(image.layer(AMD64)).pack(),
        "blob-file-missing",
        "partial-platform",
        dict.fromkeys(labels("podman"), ()),
    ),
    Provoked("root files", root_files, "payload", "not-an-image", dict.fromkeys(labels("podman"), ()), mends=False),
)

IN_SKOPEO: Final = (
    Provoked("flat", flat_platforms, "several-images", "flat-platforms", dict.fromkeys(labels("skopeo"), ())),
    Provoked("two names", two_names, "several-images", "several-images", dict.fromkeys(labels("skopeo"), ())),
    Provoked(
        "another platform",
        lambda: Image(ARM64).pack(),
        "no-image-for-platform",
        "not-host-platform",
        dict.fromkeys(labels("skopeo"), ()),
    ),
    Provoked(
        "absent",
        lambda: Image(AMD64, ARM64).without_platform(ARM64).pack(),
        "blob-file-missing",
        "absent-platform",
        dict.fromkeys(labels("skopeo"), ("--all",)),
    ),
    Provoked(
        "corrupt config",
        lambda: (image := Image(AMD64, ARM64)).damaged(image.layer(AMD64)).pack(),
        "digest-mismatch",
        "corrupt-blob",
        dict.fromkeys(labels("skopeo"), ()),
    ),
    Provoked(
        "an archive of docker",
        lambda: sound().pack(without=("index.json", "oci-layout")),
        "tar-layout-missing",
        "docker-archive-only",
        dict.fromkeys(labels("skopeo"), ()),
    ),
)


def _cases(provoked: tuple[Provoked, ...]) -> list[object]:
    return [
        pytest.param(label, each, id=f"{each.name}-{label}")
        # One engine after the other, as each is a server that runs.
        for label in dict.fromkeys(label for each in provoked for label in each.by)
        for each in provoked
        if label in each.by
    ]


def explained(result: CompletedProcess[str], archive: Path | None, provoked: Provoked) -> Explanation:
    """Return the explanation of what an engine printed, and hold it to what was provoked."""
    printed = result.stdout + result.stderr
    found = {explanation.message: explanation for explanation in explain_error(printed, archive)}
    assert provoked.message in found, printed
    explanation = found[provoked.message]
    if provoked.message != "payload":
        assert provoked.cause in {cause.id for cause in explanation.causes}, explanation
    return explanation


def mend(explanation: Explanation, cause: str, archive: Path, folder: Path) -> tuple[Path, str]:
    """Run the command of a remedy; return what it wrote, and the other command that is advised."""
    remedy = next(each.remedy for each in explanation.causes if each.id == cause)
    match = _REMEDY.fullmatch(remedy)
    assert match is not None, remedy
    target = folder / "mended.tar"
    for step in match["command"].split(" && "):
        program, *words = (
            word.replace("OUT.tar", "OUT").replace("OUT", str(target)).replace("SRC", str(archive))
            for word in shlex.split(step)
        )
        if program not in {"ocitool", "cp", "tar"}:
            break  # the import, which each test does in its own way
        ran = (OCITOOL if program == "ocitool" else Program(_which(program))).run(*words)
        assert ran.returncode == 0, ran
    assert target.exists(), remedy
    return target, match["other"] or ""


def loads(explanation: Explanation, archive: Path) -> list[list[str]]:
    """Return the arguments of docker in remedies that load the archive as it is."""
    remedies = " ; ".join(cause.remedy for cause in explanation.causes)
    found = re.findall(r": docker (load -i SRC[^;]*)", remedies)
    return [shlex.split(command.replace("SRC", str(archive))) for command in found]


def _which(name: str) -> Path:
    found = shutil.which(name)
    assert found is not None
    return Path(found)


def written(provoked: Provoked, folder: Path) -> Path:
    """Write the archive; all of them are made for a host of one platform."""
    if host_platform().architecture != "amd64":
        give_up("the archives are made for a host of linux/amd64")
    archive = folder / "image.tar"
    archive.write_bytes(provoked.archive())
    return archive


@pytest.mark.parametrize(("containerd", "provoked"), _cases(IN_CONTAINERD), indirect=["containerd"])
def test_what_containerd_says(containerd: ContainerdServer, provoked: Provoked, tmp_path: Path) -> None:
    archive = written(provoked, tmp_path)
    arguments = provoked.by[containerd.label]
    with containerd.namespace() as namespace:
        result = containerd.ctr("images", "import", *arguments, str(archive), namespace=namespace)
    assert result.returncode != 0, result
    explanation = explained(result, archive, provoked)
    if not provoked.mends:
        return
    mended, other = mend(explanation, provoked.cause, archive, tmp_path)
    commands = [("images", "import", *arguments, str(mended))]
    if other:
        program, *words = shlex.split(other)
        assert program == "ctr"
        commands.append(tuple(word.replace("SRC", str(archive)) for word in words))
    for command in commands:
        with containerd.namespace() as namespace:
            result = containerd.ctr(*command, namespace=namespace)
            assert result.returncode == 0, result
            assert containerd.images(namespace) == [NAME]


@pytest.mark.parametrize(("docker_server", "provoked"), _cases(IN_DOCKER), indirect=["docker_server"])
def test_what_docker_says(docker_server: DockerServer, provoked: Provoked, tmp_path: Path) -> None:
    archive = written(provoked, tmp_path)
    label = CONTAINERD_STORE if docker_server.containerd_store else docker_server.label
    docker_server.clear()
    result = docker_server.docker("load", *provoked.by[label], "--input", str(archive))
    explanation = explained(result, archive, provoked)
    for command in loads(explanation, archive):
        docker_server.clear()
        result = docker_server.docker(*command)
        assert (result.returncode, docker_server.images()) == (0, [SHORT]), result
    if not provoked.mends:
        return
    mended, _ = mend(explanation, provoked.cause, archive, tmp_path)
    docker_server.clear()
    again = provoked.by[label] if provoked.again is None else provoked.again
    result = docker_server.docker("load", *again, "--input", str(mended))
    assert (result.returncode, docker_server.images()) == (0, [SHORT]), result


@pytest.mark.parametrize(("podman", "provoked"), _cases(IN_PODMAN), indirect=["podman"])
def test_what_podman_says(podman: Podman, provoked: Provoked, tmp_path: Path) -> None:
    archive = written(provoked, tmp_path)
    result = podman.run("load", "--input", str(archive))
    assert result.returncode != 0, result
    explanation = explained(result, archive, provoked)
    if not provoked.mends:
        return
    mended, _ = mend(explanation, provoked.cause, archive, tmp_path)
    podman.clear()
    result = podman.run("load", "--input", str(mended))
    assert (result.returncode, podman.images()) == (0, [NAME]), result


@pytest.mark.parametrize(("skopeo", "provoked"), _cases(IN_SKOPEO), indirect=["skopeo"])
def test_what_skopeo_says(
    skopeo: Program, provoked: Provoked, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    archive = written(provoked, tmp_path)
    arguments = provoked.by[request.node.callspec.params["skopeo"]]
    result = skopeo.run("copy", *arguments, f"oci-archive:{archive}", f"oci:{tmp_path}/before:1.0")
    assert result.returncode != 0, result
    mended, _ = mend(explained(result, archive, provoked), provoked.cause, archive, tmp_path)
    result = skopeo.run("copy", *arguments, f"oci-archive:{mended}", f"oci:{tmp_path}/after:1.0")
    assert result.returncode == 0, result


def test_what_an_export_of_containerd_says(containerd: ContainerdServer, tmp_path: Path) -> None:
    provoked = Provoked(
        "", lambda: (i := Image(AMD64)).without(i.layer(AMD64)).pack(), "export-lacks-content", "", {}
    )
    archive = written(provoked, tmp_path)
    with containerd.namespace() as namespace:
        containerd.ctr("images", "import", "--no-unpack", str(archive), namespace=namespace)
        result = containerd.ctr("images", "export", str(tmp_path / "out.tar"), NAME, namespace=namespace)
    (cause,) = explain_error(result.stderr, None)[0].causes
    assert (cause.id, cause.certain) == ("export-side", True), result


@pytest.mark.parametrize("containerd", ["containerd-2"], indirect=True)
def test_a_snapshotter_that_the_daemon_does_not_import_with(containerd: ContainerdServer, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(sound().pack())
    command = ("images", "import", "--snapshotter", "native", str(archive))
    with containerd.namespace() as namespace:
        result = containerd.ctr(*command, namespace=namespace)
        assert result.returncode != 0, result
        printed = shlex.join(("ctr", *command)) + "\n" + result.stdout + result.stderr
        explanation = explain_error(printed, archive)[0]
        (cause,) = explanation.causes
        assert (explanation.message, cause.id) == ("no-unpack-platforms", "transfer-snapshotter"), result
        words = shlex.split(cause.remedy.rpartition(": ctr ")[2].replace("SRC", str(archive)))
        result = containerd.ctr(*words, namespace=namespace)
        assert result.returncode == 0, result
        for verb in ("pull", "export"):
            assert "--local" in containerd.ctr("images", verb, "--help", namespace=namespace).stdout


@pytest.mark.parametrize("docker_server", [CONTAINERD_STORE], indirect=True)
def test_what_a_save_of_docker_says(dockerd: DockerServer, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(sound().pack())
    dockerd.docker("load", "--input", str(archive))
    result = dockerd.docker("save", "--platform", ARM64, "-o", str(tmp_path / "out.tar"), NAME)
    explanation = explain_error(result.stderr, archive)[0]
    assert (explanation.message, explanation.causes[0].id) == ("save-platform", "save-platform"), result


def test_a_digest_that_one_platform_cannot_have(skopeo: Program, engines: Engines, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(sound().pack())
    with Registry(require(engines, "crane-sid")) as registry:
        target = f"docker://{registry.address}/lab@sha256:{'0' * 64}"
        result = skopeo.run("copy", "--dest-tls-verify=false", f"oci-archive:{archive}", target)
    assert [each.message for each in explain_error(result.stderr, archive)] == ["pinned-digest"], result


def test_a_program_for_another_processor(containerd: ContainerdServer, sample_archive: Path, tmp_path: Path) -> None:
    foreign_only = tmp_path / "foreign.tar"
    assert OCITOOL.run("filter", str(sample_archive), "-p", ARM64, "-o", str(foreign_only)).returncode == 0
    with containerd.namespace() as namespace:
        assert containerd.ctr("images", "import", str(foreign_only), namespace=namespace).returncode == 0
        ran = containerd.run_image(NAME, namespace=namespace, platform=ARM64)
    if ran.returncode == 0:
        give_up("this kernel runs programs for arm64")
    provoked = Provoked("", bytes, "exec-format", "wrong-architecture", {})
    mended, _ = mend(explained(ran, sample_archive, provoked), "wrong-architecture", sample_archive, tmp_path)
    with containerd.namespace() as namespace:
        assert containerd.ctr("images", "import", str(mended), namespace=namespace).returncode == 0
        ran = containerd.run_image(NAME, namespace=namespace)
    assert greeting(host_platform()) in ran.stdout, ran
