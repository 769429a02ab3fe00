"""Commands that are told for an archive at a URL: ours take it as it was typed, importers take a copy."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
import zstandard
from s3fs import S3FileSystem

from tests.builders import multi_platform
from tests.command import ocitool_here
from tests.deltas import NEW, OLD
from tests.laws.filtering import delta_of
from tests.remote_servers import RangeServer
from tests.uploads import new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = (b"me:secret", b"hush-hush")


@pytest.fixture(scope="module")
def server() -> Iterator[RangeServer]:
    data = multi_platform().pack()
    with RangeServer({"a/in.tar": data, "a/in.tar.zst": zstandard.compress(data)}) as server:
        yield server


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with s3_server() as server:
        bucket = new_bucket(server)
        server.put(bucket, "a/in.tar", multi_platform().pack())
        yield f"s3://{bucket}/a/in.tar"


def test_advice_is_for_a_copy(at: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = ocitool_here(capfdbinary, "advise", at, "--for", "ctr=2.1", "--for", "docker=28.1")
    lines = [" ".join(line.split()) for line in done.stdout.decode().splitlines()]
    told = "importers read no URLs: their commands are for a copy of it in this folder, in.tar; "
    assert f"{told}ocitool import fetches it by itself" in lines
    assert "works ctr images import in.tar" in lines
    assert f"first ocitool filter {at} -p linux/amd64 -o in-linux-amd64.tar" in lines
    assert "then docker load -i in-linux-amd64.tar" in lines


def test_advice_as_json(at: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    report = json.loads(ocitool_here(capfdbinary, "advise", at, "--for", "ctr=2.1", "--format", "json").stdout)
    assert report["source"] == at
    assert report["importers"][0]["versions"][0]["best"]["command"] == "ctr images import in.tar"


def test_an_import_as_it_is(at: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = ocitool_here(capfdbinary, "import", at, "--dry-run", "--ctr-version", "2.1")
    assert f"would run: aws s3 cp {at} - | ctr images import -\n".encode() in done.stdout


@pytest.mark.parametrize("end", ["#b.tar", "?b.tar"])
def test_an_import_of_a_key_that_reads_like_a_url(end: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with s3_server() as server:
        bucket = new_bucket(server)
        server.put(bucket, f"a{end}", multi_platform().pack())
        url = f"s3://{bucket}/a{end}"
        done = ocitool_here(capfdbinary, "import", url, "--dry-run", "--ctr-version", "2.1")
        report = json.loads(ocitool_here(capfdbinary, "inspect", url, "--format", "json").stdout)
    assert f"would run: aws s3 cp {shlex.quote(url)} - | ctr images import -\n".encode() in done.stdout
    assert report["source"] == url


def test_an_import_of_a_version(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """`aws s3 cp` knows none."""
    with s3_server() as server:
        bucket = new_bucket(server)
        S3FileSystem().call_s3("put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        server.put(bucket, "a.tar", multi_platform().pack())
        version = S3FileSystem().call_s3("head_object", Bucket=bucket, Key="a.tar")["VersionId"]
        url = f"s3://{bucket}/a.tar?versionId={version}"
        done = ocitool_here(capfdbinary, "import", url, "--dry-run", "--ctr-version", "2.1")
    assert f"would run: ocitool filter '{url}' -p all -o - | ctr images import -\n".encode() in done.stdout


def test_a_filtered_import(at: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = ocitool_here(capfdbinary, "import", at, "-p", "linux/arm64", "--dry-run", "--ctr-version", "2.1")
    assert f"would run: ocitool filter {at} -p linux/arm64 -o - | ctr images import -\n".encode() in done.stdout


@pytest.mark.parametrize(("name", "unpacked"), [("in.tar", ""), ("in.tar.zst", "zstd -dc | ")])
def test_commands_show_no_secrets(
    server: RangeServer, name: str, unpacked: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    url = server.url(f"a/{name}", user="me:secret") + "?X-Amz-Signature=hush-hush"
    shown = server.url(f"a/{name}") + "?X-Amz-Signature=..."
    done = ocitool_here(capfdbinary, "import", url, "--dry-run", "--ctr-version", "2.1")
    assert f"would run: curl -fsSL '{shown}' | {unpacked}ctr images import -\n".encode() in done.stdout
    for command in ("advise", "inspect", "verify"):
        told = ocitool_here(capfdbinary, command, url)
        assert shown.encode() in told.stdout + told.stderr
        assert not any(secret in text for secret in SECRETS for text in (told.stdout, told.stderr, done.stdout))


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--profile", "strict"),
        ("verify", "--format", "json"),
        ("verify", "--format", "sarif"),
        ("verify", "--format", "junit"),
        ("inspect", "--format", "tree"),
        ("advise", "--format", "json"),
        ("advise", "--error", "content digest sha256:aa: not found"),
        ("filter", "-p", "all", "--dry-run", "-o", "x.tar", "--format", "json"),
        ("filter", "-p", "windows/amd64", "-o", "x.tar"),
        ("merge", "--dry-run", "-o", "x.tar"),
        ("import", "--dry-run", "--ctr-version", "2.1", "--format", "json"),
        ("split", "--dry-run", "-d", "parts"),
    ],
    ids=" ".join,
)
def test_reports_show_no_secrets(
    server: RangeServer, arguments: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    url = server.url("a/in.tar", user="me:secret") + "?X-Amz-Signature=hush-hush"
    told = ocitool_here(capfdbinary, arguments[0], url, *arguments[1:])
    assert told.stdout + told.stderr
    assert not any(secret in text for secret in SECRETS for text in (told.stdout, told.stderr))


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", ["diff", "delta", "apply"])
def test_reports_on_two_archives_show_no_secrets(
    server: RangeServer, command: str, form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    server.objects["d.tar"] = delta_of(OLD.pack(), NEW.pack())
    old, new = server.url("a/in.tar", user="me:secret"), server.url("d.tar", user="me:secret")
    if command != "apply":
        new = server.url("a/in.tar.zst", user="me:secret")
    options: tuple[str, ...] = () if command == "diff" else ("-o", "s3://me:secret@bucket/x.tar", "--dry-run")
    options += ("--format", form)
    told = ocitool_here(capfdbinary, command, f"{old}?t=hush-hush", f"{new}?t=hush-hush", *options)
    assert told.returncode == 0, told.stderr
    assert told.stdout
    assert not any(secret in text for secret in SECRETS for text in (told.stdout, told.stderr))
    refused = ocitool_here(capfdbinary, command, f"{old}?t=hush-hush", f"{new}-absent?t=hush-hush", *options)
    assert refused.returncode == 3
    assert not any(secret in text for secret in SECRETS for text in (refused.stdout, refused.stderr))


def test_locations_in_sarif(server: RangeServer, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    report = json.loads(
        ocitool_here(capfdbinary, "verify", server.url("a/in.tar", user="me:secret"), "--format", "sarif").stdout
    )
    assert report["runs"][0]["artifacts"][0]["location"]["uri"] == server.url("a/in.tar")


def test_parts_have_the_name_of_the_object(server: RangeServer, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = ocitool_here(capfdbinary, "split", server.url("a/in.tar") + "?token=x", "--dry-run", "-d", "parts")
    assert b"in-linux-arm64.tar " in done.stdout
    assert b"token" not in done.stdout
