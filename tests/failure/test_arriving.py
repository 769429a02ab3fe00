"""What ends badly while it arrives through a pipe and is not spooled."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.arriving import depth_first, documents_first, filter_arriving, filter_file, same_report
from tests.builders import OCI_LAYER, Layout, as_json, multi_platform
from tests.disks import mounted
from tests.failure.endings import CODES, assert_old, old_file
from tests.importers.availability import give_up
from tests.laws.filtering import filtered, options_of

if TYPE_CHECKING:
    from pathlib import Path

    from ocitool.plan.options import FilterOptions
    from tests.builders import Json

from ocitool.plan.options import IndexForm, Missing

COMMAND = [sys.executable, "-m", "ocitool", "filter"]
LARGE = 6 * 1024 * 1024
PLATFORMS = ("linux/amd64", "linux/arm64")


def strict(*platforms: str) -> FilterOptions:
    return options_of(list(platforms), missing=Missing.ERROR)


@pytest.fixture(scope="module")
def ours() -> bytes:
    return filtered(multi_platform().pack(), ["all"])


def _large_manifest(layout: Layout, platform: str, *contents: bytes) -> Json:
    child = layout.manifest(platform, ())
    document = layout.read(child)
    config = layout.read(document["config"])
    layout.drop(child, document["config"])
    config["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64] * len(contents)
    document["config"] = layout.blob(as_json(config), document["config"]["mediaType"])
    document["layers"] = [layout.blob(content, OCI_LAYER) for content in contents]
    return layout.blob(as_json(document), child["mediaType"], platform=child["platform"])


def _large(*, swapped: bool = False) -> bytes:
    """Make an archive in regctl's order with layers of 6 MiB; `swapped` has those of the first come in disorder."""
    layout = Layout()
    first = _large_manifest(layout, "linux/amd64", b"\x1f" * LARGE, b"\x8b" * LARGE)
    second = _large_manifest(layout, "linux/arm64", b"\x1f" * LARGE, b"\x2b" * LARGE)
    layout.add(layout.index([first, second]))
    order = depth_first(layout)
    two = [f"blobs/{layer['digest'].replace(':', '/')}" for layer in layout.read(first)["layers"]]
    other = {two[0]: two[1], two[1]: two[0]} if swapped else {}
    return layout.pack(order=lambda name: order(other.get(name, name)))


@pytest.fixture(scope="module")
def large() -> bytes:
    return _large()


def test_cut_anywhere_it_ends_as_a_file_does(ours: bytes) -> None:
    options = strict("linux/amd64")
    for length in (*range(0, len(ours), 512), *range(300, len(ours), 1024)):
        expected, arrived = filter_file(ours[:length], options), filter_arriving(ours[:length], options)
        assert arrived.exit_code == expected.exit_code, length
        assert arrived.outputs == expected.outputs
        if expected.error is not None and arrived.error is not None and arrived.planned_at is not None:
            assert type(arrived.error) is type(expected.error)
            assert arrived.error.message == expected.error.message


@pytest.mark.parametrize("ordered", [False, True])
def test_a_corrupt_layer(large: bytes, tmp_path: Path, *, ordered: bool) -> None:
    damaged = bytearray(large)
    damaged[large.index(b"\x8b" * 4096) + LARGE // 2] ^= 1
    more = [] if ordered else ["-o", str(tmp_path / "out.tar")]
    arrived = _run(bytes(damaged), "linux/amd64", *more, ordered=ordered)
    assert arrived.returncode == 5
    assert b"layer 2 of 2 of linux/amd64" in arrived.stderr
    assert b"is corrupt" in arrived.stderr
    if ordered:
        assert b"\x8b" in arrived.stdout
        assert len(arrived.stdout) < 2 * LARGE


def test_a_corrupt_layer_that_nobody_wants(large: bytes, tmp_path: Path) -> None:
    damaged = bytearray(large)
    damaged[large.index(b"\x2b" * 4096) + LARGE // 2] ^= 1
    arrived = _run(bytes(damaged), "linux/amd64", ordered=True)
    assert arrived.returncode == 0
    assert arrived.stdout == _run(large, "linux/amd64", ordered=True).stdout


def test_a_layer_that_never_comes(ours: bytes) -> None:
    layout = multi_platform()
    wanted = layout.read(layout.read(layout.roots[0])["manifests"][0])
    layout.drop(wanted["layers"][1])
    data = layout.pack(order=depth_first(layout))
    options = strict("linux/amd64")
    expected, arrived = filter_file(data, options), filter_arriving(data, options)
    assert arrived.planned_at is not None
    assert expected.error is not None
    assert arrived.error is not None
    assert (arrived.exit_code, arrived.error.message) == (5, expected.error.message)
    assert not arrived.outputs


def test_another_platform_under_a_wrong_name_is_not_taken_for_absent() -> None:
    """Its config, which says what it is, comes when the archive has been planned without it."""
    layout = Layout()
    first = layout.manifest("linux/amd64")
    second = layout.manifest("linux/arm64", config={"architecture": "amd64", "variant": "v9"})
    layout.add(layout.index([first, second]))
    data = layout.pack(order=depth_first(layout))
    options = options_of(["linux/amd64/*"], missing=Missing.ERROR, fix_platforms=True)
    expected, arrived = filter_file(data, options), filter_arriving(data, options)
    assert expected.exit_code == 0
    assert arrived.is_refusal
    assert arrived.exit_code == 3
    assert not arrived.outputs


@pytest.mark.parametrize("kind", ["attestation", "referrer"])
def test_a_follower_that_is_not_whole_is_left_out_as_it_is_of_a_file(kind: str) -> None:
    layout = Layout()
    image = layout.manifest("linux/amd64")
    children = [image]
    if kind == "referrer":
        follower = layout.artifact("of an image", image)
        layout.add(follower, None)
    else:
        follower = layout.attestation(image)
        children.append(follower)
    layout.add(layout.index(children))
    layout.drop(layout.read(follower)["layers"][0])
    options = options_of(["linux/amd64"], missing=Missing.ERROR, index=IndexForm.NESTED)
    for order in (documents_first(layout), depth_first(layout)):
        data = layout.pack(order=order)
        expected, arrived = filter_file(data, options), filter_arriving(data, options)
        assert (expected.exit_code, arrived.exit_code) == (0, 0)
        assert arrived.outputs == expected.outputs
        assert same_report(arrived, expected)


def test_our_own_output_with_attestations_needs_no_spool(tmp_path: Path) -> None:
    layout = Layout()
    children = [_large_manifest(layout, name, b"\x1f" * LARGE, name.encode() * 100_000) for name in PLATFORMS]
    layout.add(layout.index([*children, *map(layout.attestation, children)]))
    (tmp_path / "in.tar").write_bytes(layout.pack())
    ours = tmp_path / "ours.tar"
    subprocess.run([*COMMAND, tmp_path / "in.tar", "-q", "-p", "all", "-o", ours], check=True)
    words = ["linux/amd64", "--index", "nested", "--tmp-dir", "/proc"]
    done = _run(ours.read_bytes(), *words, ordered=True)
    assert done.returncode == 0, done.stderr
    assert b"vnd.in-toto" in done.stdout


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_a_repeat_of_what_has_passed_is_taken_if_it_is_what_it_is_called(
    ours: bytes, *, wanted: bool, same: bool, verify: bool
) -> None:
    layout = multi_platform()
    image = layout.read(layout.roots[0])["manifests"][0 if wanted else 1]
    layer = layout.read(image)["layers"][1]
    content = layout.blobs[layer["digest"]]
    data = _with_entry(ours, f"blobs/{layer['digest'].replace(':', '/')}", content if same else content[:-1] + b"!")
    options = strict("linux/amd64")
    arrived = filter_arriving(data, options, verify=verify)
    assert arrived.planned_at is not None
    if same:
        assert arrived.exit_code == 0
        assert arrived.outputs == filter_file(data, options).outputs
    else:
        assert arrived.exit_code == 3
        assert arrived.is_refusal == (not (wanted and verify))


@pytest.mark.parametrize("good", [True, False])
def test_a_repeat_does_not_mend_what_was_corrupt(ours: bytes, *, good: bool) -> None:
    layout = multi_platform()
    layer = layout.read(layout.read(layout.roots[0])["manifests"][0])["layers"][1]
    content = layout.blobs[layer["digest"]]
    spoiled = content[:-1] + b"!"
    data = ours.replace(content, spoiled)
    assert data != ours
    data = _with_entry(data, f"blobs/{layer['digest'].replace(':', '/')}", content if good else spoiled)
    assert filter_arriving(data, strict("linux/amd64")).exit_code == 5


def test_of_a_compressed_file_another_remedy_is_told(ours: bytes, tmp_path: Path) -> None:
    """To give it as a file is what was done."""
    import zstandard

    layout = multi_platform()
    layer = layout.read(layout.read(layout.roots[0])["manifests"][1])["layers"][1]
    name = f"blobs/{layer['digest'].replace(':', '/')}"
    large = layout.blobs[layer["digest"]] + bytes(LARGE)
    data = _with_entry(_with_entry(_large(), name, large), name, large)
    packed = tmp_path / "in.tar.zst"
    packed.write_bytes(zstandard.compress(data))
    words = ["-p", "linux/amd64", "-o", str(tmp_path / "out.tar")]
    done = subprocess.run([*COMMAND, packed, *words], check=False, capture_output=True)
    assert done.returncode == 3
    assert b"decompress it into a file first" in done.stderr
    assert b"give it as a file" in _run(data, "linux/amd64", "-o", str(tmp_path / "out.tar")).stderr


def test_documents_that_come_first_need_no_room_for_the_rest(tmp_path: Path) -> None:
    """The whole size, which a compressed file declares, is asked for only while nothing says what is in it."""
    import zstandard

    layout = Layout()
    made = [_large_manifest(layout, name, b"\x1f" * 4 * LARGE) for name in PLATFORMS]
    noise = random.Random(5).randbytes(3 * 1024 * 1024).hex()
    layout.add(layout.index(made, annotations={"noise": noise}))
    packed = tmp_path / "in.tar.zst"
    packed.write_bytes(zstandard.compress(layout.pack(order=depth_first(layout))))
    with mounted(tmp_path, "ext4", 2 * LARGE, give_up) as small:
        words = ["-q", "-p", "linux/amd64", "-o", str(tmp_path / "out.tar"), "--tmp-dir", str(small)]
        done = subprocess.run([*COMMAND, packed, *words], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.tar").stat().st_size > 4 * LARGE


def test_a_config_may_come_before_its_manifest() -> None:
    """Nothing says yet that it is one; it is small."""
    layout = multi_platform(PLATFORMS)
    index = layout.read(layout.roots[0])
    wanted, other = index["manifests"]
    last = [other["digest"], layout.read(other)["config"]["digest"], layout.read(wanted)["layers"][0]["digest"]][::-1]
    places = {f"blobs/{digest.replace(':', '/')}": place for place, digest in enumerate(last, start=1)}
    first = depth_first(layout)
    data = layout.pack(order=lambda name: (places.get(name, 0), first(name)))
    options = strict("linux/amd64")
    expected, arrived = filter_file(data, options), filter_arriving(data, options)
    assert arrived.planned_at is not None
    assert arrived.planned_at < data.index(layout.blobs[layout.read(other)["config"]["digest"]])
    assert arrived.exit_code == 0, arrived.error
    assert arrived.outputs == expected.outputs


def test_json_that_nobody_wants_is_not_stored(tmp_path: Path) -> None:
    layout = Layout()
    first = _large_manifest(layout, "linux/amd64", b"\x1f" * 100_000)
    second = _large_manifest(layout, "linux/arm64", b"{" + b" " * LARGE + b"}")
    layout.add(layout.index([first, second]))
    done = _run(layout.pack(order=depth_first(layout)), "linux/amd64", "--tmp-dir", "/proc", ordered=True)
    assert done.returncode == 0, done.stderr


def test_what_is_needed_comes_without_a_spool(large: bytes, ours: bytes, tmp_path: Path) -> None:
    """A place where no spool can be made is not noticed until one is needed."""
    nowhere = ["--tmp-dir", "/proc"]
    done = _run(large, "linux/amd64", *nowhere, ordered=True)
    assert done.returncode == 0, done.stderr
    again = _run(done.stdout, "linux/amd64", *nowhere, ordered=True)
    assert again.stdout == done.stdout
    second = _run(large, "linux/arm64", *nowhere, ordered=True)
    assert second.returncode == 6
    assert b"cannot spool here" in second.stderr
    folder = tmp_path / "parts"
    words = ["split", "-", "-p", "linux/amd64", "-d", str(folder), "--name-template=one.tar"]
    split = subprocess.run(
        [sys.executable, "-m", "ocitool", *words, *nowhere],
        input=large,
        check=False,
        capture_output=True,
    )
    assert split.returncode == 0, split.stderr
    assert (folder / "one.tar").read_bytes() == done.stdout


def test_what_comes_before_its_turn_is_set_aside(large: bytes, tmp_path: Path) -> None:
    swapped = _large(swapped=True)
    assert swapped != large
    expected = _run(large, "linux/amd64", ordered=True).stdout
    assert _run(swapped, "linux/amd64", ordered=True).stdout == expected
    refused = _run(swapped, "linux/amd64", "--tmp-dir", "/proc", ordered=True)
    assert refused.returncode == 6
    assert b"cannot spool here" in refused.stderr
    into_file = _run(swapped, "linux/amd64", "--tmp-dir", "/proc", "-o", str(tmp_path / "out.tar"))
    assert into_file.returncode == 0, into_file.stderr
    assert (tmp_path / "out.tar").read_bytes() == expected


def test_compressed_it_is_not_spooled_either(large: bytes, tmp_path: Path) -> None:
    import zstandard

    packed = tmp_path / "in.tar.zst"
    packed.write_bytes(zstandard.compress(large))
    expected = _run(large, "linux/amd64", ordered=True).stdout
    done = subprocess.run(
        [*COMMAND, packed, "-p", "linux/amd64", "-o", "-", "--tmp-dir", "/proc"], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected
    packed.write_bytes(packed.read_bytes()[:-10])
    done = subprocess.run([*COMMAND, packed, "-p", "linux/amd64", "-o", "-"], check=False, capture_output=True)
    assert done.returncode == 3
    assert b"cut short" in done.stderr
    assert len(done.stdout) < len(expected)


@pytest.mark.parametrize("after", [0, 3 * LARGE])
def test_the_producer_ends_as_it_likes(large: bytes, tmp_path: Path, after: int) -> None:
    """Zeros after the end, as tapes have them, are read, too."""
    process = subprocess.Popen(
        [*COMMAND, "-", "-q", "-p", "linux/amd64", "-o", tmp_path / "out.tar"], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(large + bytes(after))
    process.stdin.close()
    assert process.wait() == 0


def test_data_after_the_end(large: bytes, tmp_path: Path) -> None:
    done = _run(large + bytes(LARGE) + b"more", "linux/amd64", "-o", str(tmp_path / "out.tar"))
    assert done.returncode == 3
    assert b"data after the end" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_reader_that_goes_away(large: bytes) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "-", "-p", "linux/amd64", "-o", "-"],
        input=large,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 6
    assert done.stderr == b""


@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_while_a_layer_arrives(large: bytes, tmp_path: Path, number: int, code: int) -> None:
    old = old_file(tmp_path / "old.tar")
    process = subprocess.Popen([*COMMAND, "-", "-q", "-p", "linux/amd64", "-o", old], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(large[: LARGE + LARGE // 2])
    process.stdin.flush()
    process.send_signal(number)
    try:
        assert process.wait(20) == code
    finally:
        process.kill()
        process.stdin.close()
    assert_old(old)


def _with_entry(data: bytes, name: str, content: bytes) -> bytes:
    buffer = io.BytesIO(data)
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _run(data: bytes, platform: str, *more: str, ordered: bool = False) -> subprocess.CompletedProcess[bytes]:
    output = ["-o", "-"] if ordered else []
    return subprocess.run(
        [*COMMAND, "-", "-q", "-p", platform, *output, *more],
        input=data,
        capture_output=True,
        check=False,
        timeout=60,
    )
