from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ocitool.errors import DocumentError
from ocitool.model.reference import ImageFilter, Reference, has_reference_separator, is_bare_tag

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"

DOMAINS = st.sampled_from(
    ["docker.io", "index.docker.io", "localhost", "localhost:5000", "host:1", "ghcr.io", "UPPER", "[::1]:5000"]
)
PATHS = st.lists(
    st.sampled_from(["library", "localhost", "a.b", "index.docker.io", "docker.io", HEX])
    | st.from_regex(r"[a-z0-9]{1,4}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True),
    min_size=1,
    max_size=3,
).map("/".join)
TAGS = st.just("") | st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9._-]{0,12}", fullmatch=True)
DIGESTS = st.sampled_from(["", f"@{DIGEST}"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    domain = draw(st.just("") | DOMAINS.map(lambda name: f"{name}/"))
    path = draw(PATHS)
    first, slash, _ = path.partition("/")
    assume(domain or not slash or not ("." in first and "_" in first))  # reads as a registry, and a bad one
    text = domain + path + draw(TAGS) + draw(DIGESTS)
    return f"library/{text}" if text == HEX else text


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("alpine", "docker.io/library/alpine", "alpine"),
        ("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"),
        ("library/alpine", "docker.io/library/alpine", "alpine"),
        ("docker.io/alpine", "docker.io/library/alpine", "alpine"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine", "alpine"),
        ("index.docker.io/alpine:1", "docker.io/library/alpine:1", "alpine:1"),
        ("user/x", "docker.io/user/x", "user/x"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/x", "localhost/x", "localhost/x"),
        ("localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000/x:1"),
        ("host:5000/x", "host:5000/x", "host:5000/x"),
        ("host:5000", "docker.io/library/host:5000", "host:5000"),
        ("HOST/x", "HOST/x", "HOST/x"),
        ("ghcr.io/a__b/c--d.e", "ghcr.io/a__b/c--d.e", "ghcr.io/a__b/c--d.e"),
        ("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"),
        (f"alpine@{DIGEST}", f"docker.io/library/alpine@{DIGEST}", f"alpine@{DIGEST}"),
        (f"alpine:3@{DIGEST}", f"docker.io/library/alpine:3@{DIGEST}", f"alpine:3@{DIGEST}"),
        ("docker.io/localhost/x", "docker.io/localhost/x", "docker.io/localhost/x"),
        (f"library/{HEX}", f"docker.io/library/{HEX}", f"library/{HEX}"),
    ],
)
def test_normalises(text: str, full: str, familiar: str) -> None:
    reference = Reference.parse(text)
    assert (reference.full, reference.familiar, str(reference)) == (full, familiar, full)


def test_parts() -> None:
    reference = Reference.parse(f"ghcr.io/org/lab:1.0@{DIGEST}")
    assert reference == Reference("ghcr.io", "org/lab", "1.0", DIGEST)
    assert reference.repository == "ghcr.io/org/lab"
    assert Reference.parse("lab:1").familiar_repository == "lab"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "repository"),
        ("Alpine", "lower-case"),
        ("user/Alpine:1", "lower-case"),
        (HEX, "64 hex"),
        ("alp ine", "repository"),
        ("alpine/", "repository"),
        ("/alpine", "repository"),
        ("a//b", "repository"),
        ("-a", "repository"),
        ("a._b", "repository"),
        ("a___b", "repository"),
        ("../x", "registry"),
        ("-.io/x", "registry"),
        ("host:port/x", "registry"),
        ("[::1/x", "registry"),
        ("alpine:", "tag"),
        ("alpine:.x", "tag"),
        ("alpine:a:b", "tag"),
        ("alpine:1\n", "tag"),
        (f"alpine:{'x' * 129}", "tag"),
        ("alpine@", "digest"),
        ("alpine@sha256:12", "digest"),
        (f"alpine@sha256:{HEX.upper()}", "digest"),
        (f"alpine@{DIGEST}@{DIGEST}", "digest"),
        ("x" * 256, "255 characters"),
        ("é", "repository"),
    ],
)
def test_refuses(text: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as caught:
        Reference.parse(text)
    assert len(str(caught.value)) < 300


def test_length_counts_the_registry() -> None:
    prefix = len("docker.io/library/")
    assert Reference.parse("x" * (255 - prefix)).path.endswith("x")
    with pytest.raises(DocumentError):
        Reference.parse("x" * (256 - prefix))


def test_default_tag() -> None:
    assert Reference.parse("alpine").with_default_tag().familiar == "alpine:latest"
    assert Reference.parse("alpine:1").with_default_tag().familiar == "alpine:1"
    assert Reference.parse(f"alpine@{DIGEST}").with_default_tag().tag == ""


@given(texts())
def test_full_and_familiar_mean_the_same(text: str) -> None:
    reference = Reference.parse(text)
    assert Reference.parse(reference.full) == reference
    assert Reference.parse(reference.familiar) == reference
    assert len(reference.familiar) <= len(reference.full)


@given(st.text(alphabet="abA0.:/@_-[]\n ", max_size=20))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except DocumentError:
        return
    assert Reference.parse(reference.full) == reference


@given(texts())
def test_a_name_matches_as_its_own_filter(text: str) -> None:
    reference = Reference.parse(text)
    for pattern in (text, reference.full, reference.familiar, reference.repository):
        assert ImageFilter((pattern,)).matches(text)
        assert ImageFilter((pattern,)).matches(reference.full)


@pytest.mark.parametrize(("text", "expected"), [("a/b", True), ("a:b", True), ("a@b", True), ("v1.0", False)])
def test_reference_separator(text: str, expected: bool) -> None:
    assert has_reference_separator(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0", True),
        ("_a-B.c", True),
        ("", False),
        (".a", False),
        ("a:b", False),
        ("a/b", False),
        ("a@b", False),
        ("a" * 128, True),
        ("a" * 129, False),
        ("a\n", False),
    ],
)
def test_bare_tag(text: str, expected: bool) -> None:
    assert is_bare_tag(text) is expected


LAB = "docker.io/library/lab:1.0"


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("lab", LAB, True),
        ("lab", "lab:1.0", True),
        ("lab", "docker.io/library/lab", True),
        ("lab", f"lab@{DIGEST}", True),
        ("lab", "lab2:1.0", False),
        ("lab", "docker.io/user/lab:1", False),
        ("lab", "ghcr.io/org/lab:1", False),
        ("library/lab", LAB, True),
        ("docker.io/lab", LAB, True),
        ("docker.io/library/lab", "lab:2", True),
        ("index.docker.io/library/lab:1.0", LAB, True),
        ("lab:1.0", LAB, True),
        ("lab:1.0", f"{LAB}@{DIGEST}", True),
        (f"lab@{DIGEST}", f"{LAB}@{DIGEST}", True),
        ("lab:2.0", LAB, False),
        ("lab:latest", "lab", True),
        ("lab:*", LAB, True),
        ("lab:1.?", LAB, True),
        ("lab:[12].0", LAB, True),
        ("lab:[2-9]*", LAB, False),
        ("la*", LAB, True),
        ("l?b", LAB, True),
        ("docker.io/library/*", LAB, True),
        ("docker.io/*", "user/x:1", True),
        ("docker.io/*", "ghcr.io/x:1", False),
        ("host:5000/*", "host:5000/x:1", True),
        ("host:5000/x", "host:5000/x:1", True),
        ("[::1]:5000/x", "[::1]:5000/x:1", True),
        ("*:1.0", LAB, True),
        ("*", LAB, True),
        ("*", "not a name", True),
        ("*", None, True),
        ("?*", None, False),
        ("lab", None, False),
        ("1.0", "1.0", True),
        ("Odd", "Odd:1", True),
        ("Odd:1", "Odd:1", True),
        ("Odd:2", "Odd:1", False),
        ("LAB", LAB, False),
    ],
)
def test_filter(pattern: str, name: str | None, expected: bool) -> None:
    assert ImageFilter.matches_pattern(pattern, name) is expected
    assert ImageFilter((pattern,)).matches(name) is expected
    assert ImageFilter((pattern, "nothing-else")).matches(name) is expected


def test_no_filter_takes_all() -> None:
    assert ImageFilter().matches(LAB)
    assert ImageFilter().matches(None)


def test_patterns_that_match_nothing_are_told() -> None:
    images = ImageFilter(("lab", "other", "lab:2*", "*"))
    assert images.unmatched(iter([LAB, None])) == ("other", "lab:2*")
    assert ImageFilter(("*",)).unmatched([]) == ("*",)
