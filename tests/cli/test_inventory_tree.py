from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from ocitool.archive.reader import scan_archive
from ocitool.cli.followers import CHAIN_LIMIT
from ocitool.cli.inventory_tree import ASCII, BOXES, IMAGE_LIMIT, ORPHAN_LIMIT, choose_lines, tree_lines
from ocitool.graph.build import build_graph
from ocitool.graph.inventory import take_inventory
from tests.builders import Json, Layout, multi_platform
from tests.sources import BytesSource
from tests.strategies import Archive, archives

if TYPE_CHECKING:
    from pathlib import Path


def tree_of(data: bytes, *, verbose: bool = False) -> list[str]:
    source = BytesSource(data, "image.tar")
    inventory = take_inventory(build_graph(scan_archive(source), source))
    return tree_lines(inventory, verbose=verbose, drawing=ASCII)


def parents_of(lines: list[str]) -> dict[str, str]:
    """Return the text that each line hangs on, by its own text."""
    path: list[str] = []
    parents: dict[str, str] = {}
    for line in lines[1:]:
        text = line.lstrip("|` -")
        depth = (len(line) - len(text)) // 4
        path[depth - 1 :] = [text]
        parents[text] = path[-2] if depth > 1 else lines[0]
    return parents


def short(descriptor: Json) -> str:
    return str(descriptor["digest"])[:19]


def test_the_whole_tree_of_a_small_archive() -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64")
    attestation = layout.attestation(child)
    index = layout.index([child, attestation])
    layout.add(index)
    config, (base, own) = layout.read(child)["config"], layout.read(child)["layers"]
    said, (statement,) = layout.read(attestation)["config"], layout.read(attestation)["layers"]
    size = child["size"] + config["size"] + base["size"] + own["size"]
    rest = attestation["size"] + said["size"] + statement["size"]
    assert tree_of(layout.pack()) == [
        f"image.tar  oci-layout, {len(layout.pack()) / 1024:.1f} KiB",
        "`-- docker.io/library/lab:1.0",
        f"    `-- index {short(index)}  {index['size']} B",
        f"        `-- linux/amd64  {short(child)}  {size} B, {size} B unique",
        f"            |-- config {short(config)}  {config['size']} B",
        f"            |-- layer  {short(base)}  {base['size']} B gzip",
        f"            |-- layer  {short(own)}  {own['size']} B gzip",
        f"            `-- attestation  {short(attestation)}  {rest} B",
        f"                |-- config {short(said)}  {said['size']} B",
        f"                `-- layer  {short(statement)}  {statement['size']} B",
    ]


def test_states_are_marked() -> None:
    layout = multi_platform(("linux/amd64", "linux/arm64", "linux/386", "linux/s390x"))
    first, second, third, fourth = layout.read(layout.roots[0])["manifests"]
    layout.drop(first)
    lost, config = layout.read(second)["layers"][1], layout.read(third)["config"]
    layout.drop(lost, config)
    layout.blobs[layout.read(fourth)["layers"][1]["digest"]] += b"!"
    lines = tree_of(layout.pack())
    marked = {line.lstrip("|` -").split("  ")[0]: line for line in lines if "linux/" in line}
    assert marked["linux/amd64"].endswith(f"{short(first)}  [absent]")
    assert marked["linux/arm64"].endswith("[partial 3/4]")
    assert "[corrupt] layer" in marked["linux/s390x"]
    assert sum(line.endswith("[absent]") for line in lines) == 3
    (line,) = [line for line in lines if short(config) in line]
    assert line.endswith(f"{config['size']} B  [absent]")
    assert sum("gzip, shared by 3" in line for line in lines) == 3


def test_an_absent_index_is_marked() -> None:
    layout = multi_platform()
    layout.drop(layout.roots[0])
    (line,) = [line for line in tree_of(layout.pack()) if "-- index" in line]
    assert line.endswith("[absent]")


def test_referrers_beside_the_images_hang_on_what_they_speak_of() -> None:
    layout = multi_platform()
    children = layout.read(layout.roots[0])["manifests"]
    sbom = layout.artifact("sbom", children[1])
    signature = layout.artifact("signature", sbom)
    seal = layout.artifact("seal of all", layout.roots[0])
    stray = layout.artifact("stray", {"mediaType": "x/y", "digest": f"sha256:{'0' * 64}", "size": 1})
    for found in (signature, sbom, seal):
        layout.add(found, None)
    layout.add(stray, "docker.io/library/stray:1")
    parents = parents_of(tree_of(layout.pack()))
    on = {text.split("  ")[1]: parent for text, parent in parents.items() if text.startswith("artifact")}
    assert short(children[1]) in on[short(sbom)]
    assert short(sbom) in on[short(signature)]
    assert short(layout.roots[0]) in on[short(seal)]
    assert on[short(stray)] == "docker.io/library/stray:1"


def test_a_referrer_beside_the_images_is_shown_in_one_place() -> None:
    layout = multi_platform()
    layout.add(layout.roots[0], "docker.io/library/again:1")
    sbom = layout.artifact("sbom", layout.read(layout.roots[0])["manifests"][0])
    layout.add(sbom, None)
    lines = tree_of(layout.pack())
    assert sum("linux/amd64" in line for line in lines) == 2
    assert sum(short(sbom) in line for line in lines) == 1


def _chain(layout: Layout, length: int) -> list[Json]:
    links = [layout.read(layout.roots[0])["manifests"][0]]
    for number in range(length):
        links.append(layout.artifact(f"link {number}", links[-1]))
        layout.add(links[-1], None)
    return links


def test_long_chains_are_cut_and_nothing_is_lost() -> None:
    layout = multi_platform()
    links = _chain(layout, CHAIN_LIMIT + 2)
    lines = tree_of(layout.pack())
    for link in links:
        assert sum(short(link) in line for line in lines) == 1
    tops = [line for line in lines if line.startswith(("|-- ", "`-- "))]
    assert len(tops) == 3


def test_what_is_listed_often_has_its_followers_once_an_image() -> None:
    layout = Layout()
    child = layout.manifest("linux/amd64")
    index = layout.index([child, child, layout.attestation(child)])
    layout.add(index).add(index, "docker.io/library/again:1")
    lines = tree_of(layout.pack())
    assert sum("linux/amd64" in line for line in lines) == 4
    assert sum("-- attestation" in line for line in lines) == 2


def test_lists_are_limited_and_say_so() -> None:
    layout = Layout()
    for number in range(IMAGE_LIMIT + 3):
        layout.add(layout.manifest("linux/amd64", (f"{number}",)), f"docker.io/library/app{number}:1")
    for number in range(ORPHAN_LIMIT + 2):
        layout.blob(f"orphan {number}".encode(), "text/plain")
    lines = tree_of(layout.pack())
    assert "|-- and 3 more images (-v shows all)" in lines
    assert "    `-- and 2 more blobs (-v shows all)" in lines
    whole = tree_of(layout.pack(), verbose=True)
    assert not any("-v shows" in line for line in whole)
    assert sum("-- docker.io/library/app" in line for line in whole) == IMAGE_LIMIT + 3
    assert any(next(iter(layout.blobs)) in line for line in whole)


def test_names_are_made_printable() -> None:
    lines = tree_of(multi_platform(name="evil\x1b[2J\nname:1").pack())
    assert all(line.isprintable() for line in lines)


@given(archives())
def test_every_manifest_that_is_listed_is_in_the_tree(archive: Archive) -> None:
    lines = tree_of(archive.data, verbose=True)
    source = BytesSource(archive.data)
    graph = build_graph(scan_archive(source), source)
    text = "\n".join(lines)
    for image in graph.images:
        for node in image.manifests():
            assert f"  {node.descriptor.digest}" in text
            for layer in node.layers:
                assert f"layer  {layer.digest}" in text
        for index in image.indexes():
            assert f"index {index.descriptor.digest}" in text
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("encoding", "drawing"),
    [("utf-8", BOXES), ("cp437", BOXES), ("ascii", ASCII), ("latin-1", ASCII), ("no such", ASCII)],
)
def test_lines_are_drawn_as_the_encoding_allows(encoding: str, drawing: object) -> None:
    assert choose_lines(encoding) is drawing


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_command_draws_for_its_standard_output(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "image.tar").write_bytes(multi_platform().pack())
    result = subprocess.run(
        [sys.executable, "-m", "ocitool", "inspect", "image.tar", "--format", "tree"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert ("└── docker.io" in result.stdout.decode(encoding)) == (encoding == "utf-8")
    assert b"\\u2514" not in result.stdout
    assert b"linux/arm64" in result.stdout


def test_referrers_of_each_other_are_shown_where_they_are_listed() -> None:
    """Digests cannot form a circle, but annotations can say so."""
    layout = Layout()
    subject = "vnd.docker.reference.digest"
    one, two = layout.artifact("one"), layout.artifact("two")
    one["annotations"] = {subject: two["digest"]}
    two["annotations"] = {subject: one["digest"]}
    layout.add(layout.index([layout.manifest("linux/amd64"), one, two]))
    layout.add(one, None).add(two, None)
    lines = tree_of(layout.pack())
    for found in (one, two):
        assert sum(f"artifact  {short(found)}" in line for line in lines) == 2
