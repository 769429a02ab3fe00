from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import DocumentError
from ocitool.model.descriptor import Descriptor
from ocitool.model.digest import Digest
from ocitool.model.json_text import dump_json, parse_json
from ocitool.model.platform import Platform

if TYPE_CHECKING:
    from ocitool.model.json_text import JsonObject, JsonValue

DIGEST = Digest.of(b"{}")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PLAIN: JsonObject = {"mediaType": MANIFEST, "digest": str(DIGEST), "size": 2}


def test_reads_what_is_required() -> None:
    descriptor = Descriptor.from_json(PLAIN)
    assert descriptor == Descriptor(MANIFEST, DIGEST, 2)
    assert descriptor.annotations == {}
    assert not descriptor.has_urls


def test_keeps_what_it_does_not_know_and_the_order() -> None:
    value: JsonObject = {
        "x-later": {"deep": [1, None]},
        "size": 2,
        "annotations": {"b": "", "a": "1"},
        "platform": {"os": "linux", "architecture": "arm64", "variant": "v8", "x-more": True},
        "digest": str(DIGEST),
        "data": "e30=",
        "mediaType": MANIFEST,
        "artifactType": "application/x",
        "urls": ["https://example.org/blob"],
    }
    descriptor = Descriptor.from_json(value)
    assert list(descriptor.to_json().items()) == list(value.items())
    assert descriptor.platform == Platform("linux", "arm64", "v8")
    assert descriptor.annotations == {"b": "", "a": "1"}
    assert descriptor.has_urls


def test_writes_a_made_one() -> None:
    made = Descriptor(MANIFEST, DIGEST, 2, Platform("linux", "amd64"))
    assert dump_json(made.to_json()) == (
        b'{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":2,'
        b'"platform":{"architecture":"amd64","os":"linux"}}' % str(DIGEST).encode()
    )
    assert Descriptor(MANIFEST, DIGEST, 2).to_json() == PLAIN
    assert made.annotations == {}


def test_what_is_written_may_be_changed() -> None:
    descriptor = Descriptor.from_json(dict(PLAIN))
    descriptor.to_json()["size"] = 3
    assert descriptor.to_json() == PLAIN


def test_fields_do_not_count_for_equality() -> None:
    one = Descriptor.from_json(PLAIN)
    other = Descriptor.from_json(PLAIN | {"annotations": {"a": "b"}})
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    "media_type", ["a/b", "application/vnd.oci.image.layer.v1.tar+gzip", "0!#$&^_.+-/x", "a" * 127 + "/" + "b" * 127]
)
def test_media_types(media_type: str) -> None:
    assert Descriptor.from_json(PLAIN | {"mediaType": media_type}).media_type == media_type


@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_sizes(size: int) -> None:
    assert Descriptor.from_json(PLAIN | {"size": size}).size == size


@pytest.mark.parametrize("key", ["annotations", "platform", "urls"])
def test_null_is_absent(key: str) -> None:
    descriptor = Descriptor.from_json(PLAIN | {key: None})
    assert descriptor == Descriptor.from_json(PLAIN)
    assert descriptor.annotations == {}
    assert not descriptor.has_urls


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"mediaType": None}, "mediaType"),
        ({"mediaType": 1}, "mediaType"),
        ({"mediaType": ""}, "mediaType"),
        ({"mediaType": "application"}, "mediaType"),
        ({"mediaType": "application/"}, "mediaType"),
        ({"mediaType": "a/b/c"}, "mediaType"),
        ({"mediaType": ".a/b"}, "mediaType"),
        ({"mediaType": "a/b; charset=utf-8"}, "mediaType"),
        ({"mediaType": "a/b\n"}, "mediaType"),
        ({"mediaType": "é/b"}, "mediaType"),
        ({"mediaType": "a/" + "b" * 128}, "mediaType"),
        ({"digest": None}, "without a digest"),
        ({"digest": ["sha256"]}, "without a digest"),
        ({"digest": ""}, "is not a digest"),
        ({"digest": f"sha256:{'A' * 64}"}, "lower-case hex"),
        ({"digest": f"blake3:{'a' * 64}"}, "not supported"),
        ({"digest": f"sha256:../../../etc/{'a' * 52}"}, "is not a digest"),
        ({"size": None}, "valid size"),
        ({"size": -1}, "valid size"),
        ({"size": 2**63}, "valid size"),
        ({"size": 2.0}, "valid size"),
        ({"size": True}, "valid size"),
        ({"size": "2"}, "valid size"),
        ({"platform": "linux/amd64"}, "is a string, not an object"),
        ({"platform": []}, "is an array, not an object"),
        ({"platform": {"os": 1}}, "platform field os is a number"),
        ({"platform": {"os": "linux", "os.features": [1]}}, "os.features"),
        ({"annotations": []}, "annotations are an array"),
        ({"annotations": "x"}, "annotations are a string"),
        ({"annotations": {"a": None}}, "annotation 'a' is null"),
        ({"annotations": {"a": "", "b": 1}}, "annotation 'b' is a number"),
        ({"annotations": {"a": {}}}, "annotation 'a' is an object"),
    ],
)
def test_refuses(changed: JsonObject, problem: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(problem)):
        Descriptor.from_json(PLAIN | changed)


@pytest.mark.parametrize("key", ["mediaType", "digest", "size"])
def test_refuses_what_lacks_a_field(key: str) -> None:
    with pytest.raises(DocumentError, match=key):
        Descriptor.from_json({name: value for name, value in PLAIN.items() if name != key})


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "null"), ([], "an array"), ("sha256:", "a string"), (1, "a number")]
)
def test_refuses_what_is_no_object(value: JsonValue, kind: str) -> None:
    with pytest.raises(DocumentError, match=f"a descriptor is an object, not {kind}"):
        Descriptor.from_json(value)


@given(
    st.dictionaries(
        st.sampled_from(["mediaType", "digest", "size", "platform", "annotations", "urls", "data"]),
        st.none()
        | st.integers()
        | st.sampled_from([MANIFEST, str(DIGEST), "", "x"])
        | st.lists(st.text(max_size=3), max_size=2)
        | st.dictionaries(
            st.sampled_from(["os", "architecture", "os.features", "a"]), st.text(max_size=3) | st.none(), max_size=3
        ),
    )
)
def test_any_object_is_read_or_refused(changed: dict[str, JsonValue]) -> None:
    value: JsonObject = PLAIN | changed
    try:
        descriptor = Descriptor.from_json(value)
    except DocumentError:
        return
    assert parse_json(dump_json(descriptor.to_json())) == value
