"""What the graph reader refuses is an error of `verify` as well, of the document that it names."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ocitool.archive.reader import scan_archive
from ocitool.check.catalogue import RULES
from ocitool.check.checked import CheckedArchive
from ocitool.check.content import blobs_to_hash
from ocitool.check.documents import document_problems
from ocitool.check.rule import Profile, Severity
from ocitool.engine.unpack import read_blobs
from ocitool.errors import DocumentError
from ocitool.graph.build import build_graph, unlisted_graph
from tests.check.sample import Sample
from tests.check.verified import findings
from tests.docker_archives import DockerArchive
from tests.sources import BytesSource

DOCUMENTS: Final = ("config", "manifest", "artifact", "extra", "index", "top", "layout")
KEYS: Final = st.sampled_from(
    (
        *("mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform", "schemaVersion"),
        *(
            "config",
            "layers",
            "manifests",
            "subject",
            "fsLayers",
            "os",
            "os.features",
            "variant",
            "rootfs",
            "diff_ids",
        ),
        *(
            "Size",
            "OS",
            "MANIFESTS",
            "Config",
            "rootFS",
            "Type",
            "x",
            "image\N{LATIN SMALL LETTER LONG S}",
            "created",
        ),
    )
)
VALUES: Final = st.recursive(
    st.sampled_from(
        [
            None,
            True,
            0,
            1,
            2,
            2.0,
            2.5,
            -1,
            2**63,
            1e300,
            "",
            "x",
            "a/b",
            "a/b\n",
            "e30=",
            "\ud800",
            "linux",
            "sha256:0",
        ]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
BYTES: Final = st.sampled_from(
    [
        lambda raw: raw + b"x",
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b'"', b'"\xff', 1),
        lambda raw: raw[:-1] + b',"x":1,"x":2}' if raw[-1:] == b"}" else raw,
        lambda raw: raw[:-1] + b',"x":1e999}' if raw[-1:] == b"}" else raw,
        lambda raw: raw[:-1] + b',"x":NaN}' if raw[-1:] == b"}" else raw,
        lambda raw: raw[:-1] + b',"x":' + b"[" * 201 + b"]" * 201 + b"}" if raw[-1:] == b"}" else raw,
        lambda raw: raw[: len(raw) // 2],
        lambda _: b"",
        lambda _: b"[]",
    ]
)


def places_in(value: Any) -> list[tuple[Any, Any]]:
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, Any]] = []
    for key, inner in keys:
        found += [(value, key), *places_in(inner)]
    return found


def mutate(value: Any, data: st.DataObject) -> None:
    """Change, remove, add or respell one key of a document."""
    places = places_in(value)
    if not places:
        return
    container, key = data.draw(st.sampled_from(places))
    match data.draw(st.sampled_from(["change", "remove", "add", "respell"])):
        case "remove":
            del container[key]
        case "add" if isinstance(container, dict):
            container[data.draw(KEYS)] = data.draw(VALUES)
        case "respell" if isinstance(container, dict):
            container[key.swapcase()] = container[key]
        case _:
            container[key] = data.draw(VALUES)


def unexplained(data: bytes) -> list[str]:
    """Return the faults of the graph that no error of a document explains, at the entry that they name."""
    source = BytesSource(data)
    scan = scan_archive(source)
    try:
        graph = build_graph(scan, source)
    except DocumentError as error:
        graph = unlisted_graph(scan, source, error)
    archive = CheckedArchive(source, scan, graph, read_blobs(blobs_to_hash(graph), source).actual)
    errors = {
        problem.place.entry
        for problem in document_problems(archive)
        if RULES[problem.rule].severity(Profile.IMPORT) is Severity.ERROR
    }
    return [str(fault) for fault in graph.faults if fault.where not in errors]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_what_the_graph_refuses_is_an_error_there(data: st.DataObject) -> None:
    sample = Sample()
    for name in data.draw(st.lists(st.sampled_from(DOCUMENTS), min_size=1, max_size=3)):
        if data.draw(st.integers(0, 4)):
            mutate(sample.documents[name], data)
        else:
            sample.rewrite(name, data.draw(BYTES))
    # A manifest listed as something else is found by the graph alone, in a blob that is no document.
    assert not [text for text in unexplained(sample.pack()) if "is an image manifest or index listed as" not in text]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_the_reader_of_a_docker_archive_refuses_is_an_error_there(data: st.DataObject) -> None:
    archive = DockerArchive().image("lab:1.0")
    value = archive.items
    mutate(value, data)
    archive.files["manifest.json"] = json.dumps(value).encode()
    assert not unexplained(archive.pack())


@example("layout")
@given(st.sampled_from(DOCUMENTS))
def test_a_fault_is_an_error_of_the_report(name: str) -> None:
    data = Sample().rewrite(name, lambda raw: raw + b"x").pack()
    assert any(finding.severity is Severity.ERROR for finding in findings(data, Profile.IMPORT))
