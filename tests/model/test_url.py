from __future__ import annotations

from pathlib import Path

import pytest

from ocitool.model.url import shown_url, url_file_name, url_scheme


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
        ("s3://bucket", ""),
        ("https://h/", ""),
        ("https://h?x=/y.tar", ""),
    ],
)
def test_file_name(url: str, name: str) -> None:
    assert url_file_name(url) == name
