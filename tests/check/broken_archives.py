"""Archives with more than one thing wrong, or wrong in more than one image: what a remedy has to cope with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.builders import Json, Layout, multi_platform, platform

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER: Final = "docker.io/library/other:1"
REF: Final = "org.opencontainers.image.ref.name"
FULL: Final = "io.containerd.image.name"


def _image(layout: Layout, text: str = "a", platform_text: str = "linux/amd64") -> Json:
    return layout.index([layout.manifest(platform_text, layers=(text,))])


def _named(*names: str | None) -> Layout:
    layout = Layout()
    for number, name in enumerate(names):
        layout.add(_image(layout, str(number)), name)
    return layout


def _annotated(key: str, *names: str, same: bool = False) -> Layout:
    layout = Layout()
    for name in names:
        layout.roots.append(_image(layout, "x" if same else name) | {"annotations": {key: name}})
    return layout


def _lacking(drop: Callable[[Layout, Json], Json], *, beside: bool = False) -> Layout:
    """Drop something of an image, and leave a whole one `beside` it if asked."""
    layout = Layout()
    manifest = layout.manifest("linux/amd64", layers=("a",))
    index = layout.index([manifest])
    layout.add(index)
    if beside:
        layout.add(_image(layout, "other"), OTHER)
    layout.drop(drop(layout, manifest))
    return layout


def _absent_index(*, beside: bool) -> Layout:
    layout = Layout()
    index = _image(layout)
    layout.add(index)
    layout.drop(index)
    if beside:
        layout.add(_image(layout, "other"), OTHER)
    return layout


def _absent_attestation() -> Layout:
    layout = Layout()
    manifest = layout.manifest()
    attestation = layout.attestation(manifest)
    layout.add(layout.index([manifest, attestation]))
    return layout.drop(attestation)


def _absent_nested_index() -> Layout:
    layout = Layout()
    nested = _image(layout, "b", "linux/arm64")
    layout.add(layout.index([layout.manifest(), nested]))
    return layout.drop(nested)


def _absent_referrer() -> Layout:
    layout = Layout()
    manifest = layout.manifest()
    layout.add(layout.index([manifest]))
    artifact = layout.artifact("s", manifest)
    layout.add(artifact, None)
    return layout.drop(artifact)


def _listed(*pairs: tuple[str, str]) -> Layout:
    """List images of the first platforms as the second ones, "" for none."""
    layout = Layout()
    children = []
    for number, (real, listed) in enumerate(pairs):
        child = layout.manifest(real, layers=(str(number),))
        child.pop("platform")
        children.append(child | ({"platform": platform(listed)} if listed else {}))
    layout.add(layout.index(children))
    return layout


def _artifact(*, beside: bool) -> Layout:
    layout = _named("docker.io/library/lab:1") if beside else Layout()
    layout.add(layout.artifact("x"), "r.io/art:1")
    return layout


def _corrupt(*, beside: bool) -> Layout:
    layout = Layout()
    manifest = layout.manifest("linux/amd64", layers=("a",))
    layout.add(layout.index([manifest]))
    digest = layout.read(manifest)["layers"][0]["digest"]
    layout.blobs[digest] = bytes(len(layout.blobs[digest]))
    if beside:
        layout.add(_image(layout, "other"), OTHER)
    return layout


def _orphan(layout: Layout) -> Layout:
    layout.files["blobs/sha256/" + "a" * 64] = b"x"
    layout.files["README"] = b"x"
    return layout


def _with_unnamed(layout: Layout) -> Layout:
    layout.add(_image(layout, "unnamed"), None)
    return layout


def _first_layer(layout: Layout, manifest: Json) -> Json:
    layer: Json = layout.read(manifest)["layers"][0]
    return layer


ARCHIVES: Final[dict[str, Callable[[], Layout]]] = {
    "two images without a name": lambda: _named(None, None),
    "one of two without a name": lambda: _named("docker.io/library/lab:1", None),
    "two of three without a name": lambda: _named("docker.io/library/lab:1", None, None),
    "two bare names": lambda: _annotated(FULL, "lab", "foo"),
    "a bare name with a blank": lambda: _annotated(FULL, "lab", "x y"),
    "a bare name alone": lambda: _annotated(FULL, "lab"),
    "a quote in a name": lambda: _annotated(FULL, "r.io/a'b:1", "r.io/$(id):1"),
    "SRC for a name": lambda: _annotated(FULL, "ocitool filter SRC", "IMAGE"),
    "dashes and equals signs": lambda: _annotated(FULL, "-lab:1", "--lab:1", "lab=x:1"),
    "a glob for a name": lambda: _annotated(FULL, "lab*:1", "lab[1]:1"),
    "control characters in a name": lambda: _annotated(FULL, "lab\x1b[31m:1"),
    "an endless name": lambda: _annotated(FULL, "lab/" + "A" * 3_000 + ":1"),
    "two tags": lambda: _annotated(REF, "1.0", "2.0"),
    "two tags of one image": lambda: _annotated(REF, "1.0", "2.0", same=True),
    "an upper case name of two": lambda: _annotated(FULL, "docker.io/library/Lab:1", "docker.io/library/x:1"),
    "a short name of two": lambda: _annotated(FULL, "lab:1", "docker.io/library/x:1"),
    "eleven bare names": lambda: _annotated(FULL, *(f"lab{number}" for number in range(11))),
    "a layer absent": lambda: _lacking(_first_layer),
    "a layer absent, and a whole image": lambda: _lacking(_first_layer, beside=True),
    "a manifest absent": lambda: _lacking(lambda _, manifest: manifest),
    "a manifest absent, and a whole image": lambda: _lacking(lambda _, manifest: manifest, beside=True),
    "an index absent": lambda: _absent_index(beside=False),
    "an index absent, and a whole image": lambda: _absent_index(beside=True),
    "an index in an index absent": _absent_nested_index,
    "an attestation absent": _absent_attestation,
    "a referrer absent": _absent_referrer,
    "a layer corrupt": lambda: _corrupt(beside=False),
    "a layer corrupt, and a whole image": lambda: _corrupt(beside=True),
    "a layer absent, and an image without a name": lambda: _with_unnamed(_lacking(_first_layer)),
    "a layer absent, and other files": lambda: _orphan(_lacking(_first_layer)),
    "a layer absent, and other files and images": lambda: _orphan(_lacking(_first_layer, beside=True)),
    "a layer corrupt, and other files": lambda: _orphan(_corrupt(beside=True)),
    "other files": lambda: _orphan(_named("docker.io/library/lab:1")),
    "no platform": lambda: _listed(("linux/amd64", ""), ("linux/arm64", "linux/arm64")),
    "no Go architecture": lambda: _listed(("linux/amd64", "linux/x86_64")),
    "no Go architecture among two": lambda: _listed(("linux/amd64", "linux/x86_64"), ("linux/arm64", "linux/arm64")),
    "no Go architecture in the config": lambda: _listed(("linux/x86_64", "linux/x86_64")),
    "another platform": lambda: _listed(("linux/amd64", "linux/arm64")),
    "two platforms swapped": lambda: _listed(("linux/amd64", "linux/arm64"), ("linux/arm64", "linux/amd64")),
    "v1 in the index": lambda: _listed(("linux/amd64", "linux/amd64/v1")),
    "v1 in the index of two": lambda: _listed(("linux/amd64", "linux/amd64/v1"), ("linux/arm64", "linux/arm64")),
    "v1 in the config": lambda: _listed(("linux/amd64/v1", "linux/amd64")),
    "v1 in the config of two": lambda: _listed(("linux/amd64/v1", "linux/amd64"), ("linux/arm64", "linux/arm64")),
    "an artifact with a name": lambda: _artifact(beside=False),
    "an artifact with a name, and an image": lambda: _artifact(beside=True),
    "nothing": Layout,
    "two platforms": lambda: multi_platform(["linux/amd64", "linux/arm64"]),
}
