"""URLs: what is shown of them, the files that they mean, and what a copy is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.errors import UsageError
from ocitool.model.url import copy_name, path_of_url, shown_url, url_scheme


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a@b:c.tar", "s3://bucket/a@b:c.tar"),
        ("s3://key:secret@bucket/x.tar", "s3://bucket/x.tar"),
        ("sftp://me:p?a#s@host:22/x.tar", "sftp://host:22/x.tar"),
        ("sftp://me:pa/ss@host/x.tar", "sftp://..."),
        (
            "https://host/x.tar?X-Amz-Signature=secret&versionId=3#secret",
            "https://host/x.tar?X-Amz-Signature=...&versionId=3",
        ),
        ("https://host/x.tar?secret", "https://host/x.tar?..."),
        ("https://secret@[::1]:80/x.tar", "https://[::1]:80/x.tar"),
        (
            "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/ap/x",
            "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/ap/x",
        ),
        ("memory:///x.tar", "memory:///x.tar"),
        ("./s3://key:secret@bucket/x", "./s3://key:secret@bucket/x"),
        ("/a/b?c", "/a/b?c"),
        (" https://me:secret@host/x", "https://host/x"),
        ("\n\tsftp://me:secret@host/x", "sftp://host/x"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(st.text(alphabet="ab:@/?#&=%", max_size=20), st.sampled_from(["s3", "https", "sftp"]))
def test_a_password_is_never_shown(rest: str, scheme: str) -> None:
    assert "Secret" not in shown_url(f"{scheme}://user:Secret@host/{rest}")


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("file:///a/b.tar", "/a/b.tar"),
        ("file://localhost/a/b%20c.tar", "/a/b c.tar"),
        ("FILE:///a", "/a"),
        (" file:///a", "/a"),
        (" s3://bucket/x", "s3://bucket/x"),
        (" a", " a"),
        ("a/b%20c.tar", "a/b%20c.tar"),
        ("s3://bucket/x", "s3://bucket/x"),
    ],
)
def test_files_by_url(place: str, path: str) -> None:
    assert path_of_url(place) == path


def test_files_of_other_machines() -> None:
    with pytest.raises(UsageError, match="another machine"):
        path_of_url("file://host/x")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("s3://bucket/a/b.tar", "b.tar"),
        ("https://host/b.tar?token=x", "b.tar"),
        ("https://host", "image.tar"),
        ("https://host/", "image.tar"),
        ("a/b.tar", "a/b.tar"),
    ],
)
def test_copies(place: str, name: str) -> None:
    assert copy_name(place) == name


@pytest.mark.parametrize(
    ("place", "scheme"),
    [("S3://b/x", "s3"), ("./s3://b/x", ""), ("x", ""), (" s3://b/x", "s3"), (" x", ""), (Path("s3://b"), "")],
)
def test_schemes(place: object, scheme: str) -> None:
    assert url_scheme(place) == scheme
