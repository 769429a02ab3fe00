"""The command `import` of an archive at a URL, with a program that stands in for ctr: it is fed as from a file."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.adapters.remote.reading import archive_with_layers, noise
from tests.builders import NAME, multi_platform
from tests.command import ocitool
from tests.laws.filtering import filtered
from tests.remote_servers import Fault, RangeServer
from tests.stand_in import StandIn, snapshot_of
from tests.uploads import new_bucket, s3_server

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

LAYOUT = multi_platform()
DATA = LAYOUT.pack()
HOST = "linux/amd64" if os.uname().machine == "x86_64" else "linux/arm64"


@pytest.fixture
def web() -> Iterator[RangeServer]:
    with RangeServer({"a.tar": DATA, "a.tar.gz": gzip.compress(DATA, mtime=0)}) as server:
        yield server


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """Provide a ctr that has the image afterwards, unpacked for this host."""
    children = LAYOUT.read(LAYOUT.roots[0])["manifests"]
    (own,) = [child for child in children if f"linux/{child['platform']['architecture']}" == HOST]
    found = StandIn(tmp_path / "ctr")
    return found.holds((NAME, LAYOUT.roots[0]["digest"]), blobs=LAYOUT.blobs, snapshots=[snapshot_of(LAYOUT, own)])


def run(stand_in: StandIn, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    done = ocitool("import", *arguments, "--ctr", stand_in.path)
    for secret in (b"hunter2", b"hush-hush"):
        assert secret not in done.stdout + done.stderr
    return done


def imports(stand_in: StandIn) -> list[str]:
    return [call for call in stand_in.calls if "images import" in call]


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_as_it_is(web: RangeServer, stand_in: StandIn, name: str, ranges: bool) -> None:
    web.password = "me:hunter2"  # noqa: S105 - of the test
    web.ignores_range = not ranges
    done = run(stand_in, f"{web.url(name, user='me:hunter2')}?X-Amz-Signature=hush-hush")
    assert (done.returncode, done.stdout) == (0, b"the importer says hello\n"), done.stderr
    assert stand_in.fed == DATA
    assert f"{HOST} complete, unpacked" in done.stderr.decode()


def test_filtered_on_the_fly(web: RangeServer, stand_in: StandIn) -> None:
    done = run(stand_in, web.url("a.tar"), "-p", HOST, "--format", "json")
    assert stand_in.fed == filtered(DATA, [HOST]), done.stderr
    report = json.loads(done.stdout)
    assert report["source"] == web.url("a.tar")
    assert imports(stand_in)


def test_from_s3(stand_in: StandIn) -> None:
    with s3_server() as store:
        bucket = new_bucket(store)
        store.put(bucket, "a.tar", DATA)
        done = run(stand_in, f"s3://{bucket}/a.tar", "-p", HOST)
    assert stand_in.fed == filtered(DATA, [HOST]), done.stderr


def test_only_what_is_imported_is_transferred(web: RangeServer, stand_in: StandIn) -> None:
    data, sizes = archive_with_layers(3_000_000)
    web.objects["big.tar"] = filtered(data, ["all"])
    run(stand_in, web.url("big.tar"), "-p", "linux/arm64")
    assert stand_in.fed == filtered(data, ["linux/arm64"])
    assert web.traffic.sent < sizes["linux/arm64"] * 1.01 + 64 * 1024


def test_what_cannot_be_read_is_not_begun(web: RangeServer, stand_in: StandIn) -> None:
    done = run(stand_in, web.url("absent.tar", user="me:hunter2"))
    assert done.returncode == 3
    assert done.stderr.decode().endswith(f"{web.url('absent.tar')}: no such object; check the name\n")
    assert imports(stand_in) == []


@pytest.mark.parametrize("arguments", [(), ("-p", "linux/arm64")], ids=["as it is", "filtered"])
@pytest.mark.parametrize("wrong", ["bytes", "replaced"])
def test_what_goes_wrong_on_the_way_is_visibly_cut(
    web: RangeServer, tmp_path: Path, arguments: tuple[str, ...], wrong: str
) -> None:
    stand_in = StandIn(tmp_path / "ctr")
    data, _ = archive_with_layers(3_000_000, 1, ("linux/amd64", "linux/arm64"))
    web.objects["big.tar"] = data
    if wrong == "bytes":
        place = data.index(noise(3_000_000, "linux/arm64 0")) + 2_000_000
        web.objects["big.tar"] = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    else:
        web.before = lambda number: web.replace("big.tar", data[::-1]) if number == 6 else None
    done = run(stand_in, web.url("big.tar", user="me:hunter2"), *arguments)
    assert done.returncode == (5 if wrong == "bytes" else 3), done.stderr
    fed = stand_in.fed
    assert fed is None or not fed.endswith(bytes(1024))


def test_faults_that_pass_change_nothing(web: RangeServer, stand_in: StandIn) -> None:
    web.faults.extend([Fault(status=503), None, Fault(reset_after=100)])
    assert run(stand_in, web.url("a.tar")).returncode == 0
    assert stand_in.fed == DATA
