from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import DocumentError
from ocitool.model.digest import HEX_LENGTH, Digest, digest_of_blob_name, is_well_formed

HEX = "0123456789abcdef" * 4
LONG_HEX = HEX * 2

DIGESTS = st.sampled_from(sorted(HEX_LENGTH.items())).flatmap(
    lambda item: st.builds(
        Digest,
        st.just(item[0]),
        st.text(alphabet="0123456789abcdef", min_size=item[1], max_size=item[1]),
    )
)


@pytest.mark.parametrize(("text", "algorithm"), [(f"sha256:{HEX}", "sha256"), (f"sha512:{LONG_HEX}", "sha512")])
def test_parses(text: str, algorithm: str) -> None:
    digest = Digest.parse(text)
    assert digest.algorithm == algorithm
    assert str(digest) == text
    assert digest.blob_name == f"blobs/{algorithm}/{digest.hex}"
    assert digest.short == "0123456789ab"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a digest"),
        ("sha256", "is not a digest"),
        ("sha256:", "is not a digest"),
        (f":{HEX}", "is not a digest"),
        (HEX, "is not a digest"),
        (f"sha256:{HEX}\n", "is not a digest"),
        (f" sha256:{HEX}", "is not a digest"),
        (f"sha256::{HEX}", "is not a digest"),
        (f"sha256:{HEX[:-1]}/", "is not a digest"),
        (f"sha256:../../{HEX[6:]}", "is not a digest"),
        (f"SHA256:{HEX}", "is not a digest"),
        (f"sha256++b64:{HEX}", "is not a digest"),
        (f"sha256:{HEX[:-1]}\N{ARABIC-INDIC DIGIT ONE}", "is not a digest"),
        (f"sha256:{HEX[:-1]}", "has 64 lower-case hex characters"),
        (f"sha256:{HEX}0", "has 64 lower-case hex characters"),
        (f"sha256:{HEX.upper()}", "has 64 lower-case hex characters"),
        (f"sha256:{HEX[:-1]}g", "has 64 lower-case hex characters"),
        (f"sha256:{LONG_HEX}", "has 64 lower-case hex characters"),
        (f"sha512:{HEX}", "has 128 lower-case hex characters"),
        (f"sha512:{LONG_HEX.upper()}", "has 128 lower-case hex characters"),
        (f"blake3:{HEX}", "'blake3' is not supported"),
        (f"md5:{HEX[:32]}", "'md5' is not supported"),
        ("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "is not supported"),
    ],
)
def test_refuses(text: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(problem)):
        Digest.parse(text)


@pytest.mark.parametrize("text", ["x" * 100_000, "sha256:" + "0" * 100_000, "a" * 100_000 + ":0"])
def test_the_message_about_a_long_text_is_short(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        Digest.parse(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"sha256:{HEX}", True),
        (f"blake3:{HEX}", True),
        ("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", True),
        ("a.b_c-d+e:=", True),
        ("sha256:short", True),
        ("+sha256:0", False),
        ("sha256-:0", False),
        ("a+-b:0", False),
        ("sha256:a/b", False),
        ("sha256:a:b", False),
        ("sha256:0\n", False),
        ("Sha256:0", False),
    ],
)
def test_grammar(text: str, expected: bool) -> None:
    assert is_well_formed(text) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"blobs/sha256/{HEX}", f"sha256:{HEX}"),
        (f"blobs/sha512/{LONG_HEX}", f"sha512:{LONG_HEX}"),
        (f"blobs/sha256/{HEX.upper()}", None),
        (f"blobs/sha256/{HEX[:-1]}", None),
        (f"blobs/sha256/{HEX[:-1]}\n", None),
        (f"blobs/sha256/{LONG_HEX}", None),
        (f"blobs/blake3/{HEX}", None),
        (f"Blobs/sha256/{HEX}", None),
        (f"x/blobs/sha256/{HEX}", None),
        (f"blobs/sha256/{HEX}/", None),
        (f"./blobs/sha256/{HEX}", None),
        ("blobs/sha256", None),
        ("blobs//", None),
        ("index.json", None),
        ("", None),
    ],
)
def test_names_of_blobs(name: str, expected: str | None) -> None:
    digest = digest_of_blob_name(name)
    assert (None if digest is None else str(digest)) == expected


@pytest.mark.parametrize("algorithm", sorted(HEX_LENGTH))
def test_computes(algorithm: str) -> None:
    expected = hashlib.new(algorithm, b"content").hexdigest()
    digest = Digest.of(b"content", algorithm)
    assert digest == Digest(algorithm, expected) == Digest.parse(f"{algorithm}:{expected}")
    hasher = digest.hasher()
    hasher.update(b"con")
    hasher.update(memoryview(b"tent"))
    assert hasher.hexdigest() == expected


def test_sha256_is_the_default() -> None:
    assert str(Digest.of(b"{}")) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(DIGESTS)
def test_text_and_blob_name_give_the_digest_back(digest: Digest) -> None:
    assert Digest.parse(str(digest)) == digest
    assert digest_of_blob_name(digest.blob_name) == digest


@given(st.text(max_size=20) | st.from_regex(r"[a-z0-9+.]{1,8}:[A-Za-z0-9=_-]{1,8}", fullmatch=True))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        Digest.parse(text)
