"""Rules from old names to new ones, by example."""

from __future__ import annotations

import pytest

from ocitool.errors import DocumentError, UsageError
from ocitool.model.renaming import OldName, RenameRule, Renaming
from tests.builders import sha256

LAB = "docker.io/library/lab:1.0"
APP = "ghcr.io/org/app:2"


@pytest.mark.parametrize(
    ("rule", "name", "new"),
    [
        ("lab:1.0=other:2", LAB, "docker.io/library/other:2"),
        ("docker.io/lab:1.0=other:2", LAB, "docker.io/library/other:2"),
        ("docker.io/library/lab:1.0=registry.local/lab", LAB, "registry.local/lab:latest"),
        ("lab=registry.local/lab", LAB, "registry.local/lab:1.0"),
        ("lab=registry.local/lab:x", LAB, "registry.local/lab:x"),
        ("lab=registry.local/lab", "docker.io/library/lab", "registry.local/lab:latest"),
        ("lab:latest=x:1", "docker.io/library/lab", "docker.io/library/x:1"),
        ("lab:2=x:1", LAB, None),
        ("docker.io/*=registry.local/*", LAB, "registry.local/library/lab:1.0"),
        ("docker.io/*=registry.local/*", APP, None),
        ("ghcr.io/org/*:*=registry.local/*:v*", APP, "registry.local/app:v2"),
        ("*:*=registry.local/*:v*", APP, "registry.local/ghcr.io/org/app:v2"),
        ("localhost:5000/*:*=registry.local/*:*", "localhost:5000/a/b:1", "registry.local/a/b:1"),
        ("*=registry.local/one", APP, "registry.local/one:2"),
        ("*/*=*.local/*", APP, "ghcr.io.local/org/app:2"),
        ("l?b=registry.local/lab", LAB, "registry.local/lab:1.0"),
        ("[::1]:5000/lab:1=lab:1", "[::1]:5000/lab:1", LAB.replace("1.0", "1")),
        ("[::1]:5000/lab=registry.local/lab", "[::1]:5000/lab:1", "registry.local/lab:1"),
        (f"lab@{sha256(b'')}=x:1", f"docker.io/library/lab@{sha256(b'')}", "docker.io/library/x:1"),
        ("lab=registry.local/lab", f"docker.io/library/lab@{sha256(b'')}", "registry.local/lab:latest"),
        ("lab=registry.local/lab", f"{LAB}@{sha256(b'')}", "registry.local/lab:1.0"),
        ("Evil Name=registry.local/lab", "Evil Name", "registry.local/lab:latest"),
        ("Evil Name=registry.local/lab", "Evil Name:3", "registry.local/lab:3"),
        ("evil=name=registry.local/lab", "evil=name", "registry.local/lab:latest"),
        ("lab=registry.local/lab", "evil\nname", None),
    ],
)
def test_rules(rule: str, name: str, new: str | None) -> None:
    parsed, old = RenameRule.parse(rule), OldName.parse(name)
    assert parsed.matches(old) == (new is not None)
    if new is not None:
        assert parsed.apply(old) == new


def test_a_tag_alone_is_no_repository() -> None:
    old = OldName.of_tag("1.0")
    assert RenameRule.parse("1.0=registry.local/lab").apply(old) == "registry.local/lab:1.0"
    assert RenameRule.parse("*=registry.local/lab:*").apply(old) == "registry.local/lab:1.0"
    assert not RenameRule.parse("docker.io/*=registry.local/*").matches(old)


def test_an_image_without_name_is_meant_by_its_digest_alone() -> None:
    old = OldName.of_digest(sha256(b""))
    assert RenameRule.parse(f"{sha256(b'')}=lab").apply(old) == "docker.io/library/lab:latest"
    for pattern in ("*", "*:*", "sha256:*", "lab", sha256(b"")[:-1]):
        assert not RenameRule.parse(f"{pattern}=lab").matches(old)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("lab", "not of the form OLD=NEW"),
        ("=lab", "not of the form"),
        ("lab=", "not of the form"),
        ("lab=*", r"0 \* in OLD and 1 in NEW"),
        ("*/*=registry.local/*", r"2 \* in OLD and 1 in NEW"),
        ("[*]=*", r"0 \* in OLD"),
        ("lab=Registry.local/Lab", "lower-case"),
        ("lab=registry.local/lab:a:b", "no tag"),
        (f"lab=registry.local/lab@{sha256(b'')}", "cannot have a digest"),
        ("lab=registry.local/lab@sha256:short", "hex"),
    ],
)
def test_rules_that_are_none(rule: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RenameRule.parse(rule)


@pytest.mark.parametrize(
    ("rule", "name", "message"),
    [
        ("Evil*=registry.local/*", "Evil Name", "lower-case"),
        ("*:*=registry.local/*:*", "localhost:5000/a/b:1", "no tag"),
        ("*b=registry.local/*", "b", "no repository"),
        ("lab=registry.local/lab", "La b:not a tag", None),
    ],
)
def test_what_a_star_took_may_make_no_name(rule: str, name: str, message: str | None) -> None:
    parsed, old = RenameRule.parse(rule), OldName.parse(name)
    assert parsed.matches(old) == (message is not None)
    if message is not None:
        with pytest.raises(DocumentError, match=message):
            parsed.apply(old)


def test_renaming() -> None:
    renaming = Renaming.parse(["lab", "lab:latest", "registry.local/x:1"], ["a=b", "c=d", "a=e", "a=b"])
    assert renaming.names == ("docker.io/library/lab:latest", "registry.local/x:1")
    assert [rule.new for rule in renaming.rules] == ["b", "d", "e"]
    assert renaming.patterns == ("a", "c")


@pytest.mark.parametrize("name", ["", "Lab", f"lab@{sha256(b'')}", "a b", "lab:"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        Renaming.parse([name])
