from __future__ import annotations

from pathlib import Path

import pytest

from ocitool.errors import UsageError
from ocitool.model.url import (
    object_of_url,
    require_no_version,
    shown_url,
    split_s3_version,
    url_file_name,
    url_scheme,
)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("s3://bucket/x.tar", "s3"),
        ("HTTPS://host/x.tar", "https"),
        ("git+ssh://host/x", "git+ssh"),
        ("./s3://bucket/x.tar", ""),
        ("/s3://x", ""),
        ("s3:/x", ""),
        ("3s://x", ""),
        ("-", ""),
        ("", ""),
        (Path("s3://x"), ""),
        (b"s3://x", ""),
    ],
)
def test_scheme(text: object, scheme: str) -> None:
    assert url_scheme(text) == scheme


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/folder/x.tar", "s3://bucket/folder/x.tar"),
        ("s3://bucket/x.tar?versionId=1", "s3://bucket/x.tar?versionId=1"),
        ("https://h/x.tar?X-Amz-Signature=secret", "https://h/x.tar?X-Amz-Signature=..."),
        ("https://h/x.tar?versionId=1&sig=secret", "https://h/x.tar?versionId=1&sig=..."),
        ("https://me:secret@h:8443/x.tar", "https://h:8443/x.tar"),
        ("sftp://me@h/x@y.tar", "sftp://h/x@y.tar"),
        ("s3://bucket/a@b:c.tar", "s3://bucket/a@b:c.tar"),
        ("https://h/x.tar?", "https://h/x.tar"),
        ("https://me:secret@h?secret", "https://h?..."),
        ("s3://me:secret@bucket/a#b.tar", "s3://bucket/a#b.tar"),
        ("s3a://bucket/a?b#c.tar", "s3a://bucket/a?b#c.tar"),
        ("S3://bucket/a?b.tar?versionId=1", "S3://bucket/a?b.tar?versionId=1"),
        ("s3://bucket/a#b.tar?token=secret", "s3://bucket/a#b.tar?token=..."),
        ("s3://bucket/x.tar?token=secret?versionId=1", "s3://bucket/x.tar?token=...&versionId=1"),
        ("https://h/a?b#secret", "https://h/a?..."),
    ],
)
def test_what_is_secret_is_not_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://bucket/folder/x.tar?versionId=1", "x.tar"),
        ("https://h/a/x%20y.tar#part", "x y.tar"),
        ("https://h/a%2F..%2Fx.tar", "x.tar"),
        ("https://h/get/?file=/x.tar", "get"),
        ("s3://bucket/x%20y#1.tar", "x%20y#1.tar"),
        ("s3://bucket/a?b#c.tar", "a?b#c.tar"),
        ("s3://bucket/a?b.tar?versionId=1", "a?b.tar"),
        ("s3://bucket/a.tar?token=secret", "a.tar"),
        ("s3://bucket", ""),
        ("https://h/", ""),
        ("https://h?x=/y.tar", ""),
    ],
)
def test_file_name(url: str, name: str) -> None:
    assert url_file_name(url) == name


@pytest.mark.parametrize(
    ("url", "split"),
    [
        ("s3://b/k.tar?versionId=V.1", ("s3://b/k.tar", "V.1")),
        ("S3A://b/a#b?c.tar?versionId=1", ("S3A://b/a#b?c.tar", "1")),
        ("s3://b/k?versionId=1/x.tar", ("s3://b/k?versionId=1/x.tar", "")),
        ("s3://b/k.tar?versionId=", ("s3://b/k.tar?versionId=", "")),
        ("https://h/k.tar?versionId=1", ("https://h/k.tar?versionId=1", "")),
    ],
)
def test_versions_of_s3(url: str, split: tuple[str, str]) -> None:
    assert split_s3_version(url) == split


@pytest.mark.parametrize("end", ["?versionId=1", "?versionId=", "?VERSIONID=1", "?versionId=1&x=2"])
def test_a_version_cannot_be_written(end: str) -> None:
    require_no_version("s3://b/k.tar")
    with pytest.raises(UsageError, match="a version of an object cannot be written"):
        require_no_version(f"s3://b/k.tar{end}")


def test_other_spellings_are_the_same_object() -> None:
    assert object_of_url("S3A://b/K.tar") == object_of_url("s3://b/K.tar") == "s3://b/K.tar"
    assert object_of_url("gcs://b/k") == object_of_url("GS://b/k")
    assert object_of_url("s3://b/k") != object_of_url("s3://b/K")
