"""What `split` prints, writes and refuses, as its users see it."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from tests.builders import NAME, Layout, multi_platform
from tests.cli.test_schemas import check, check_error
from tests.command import ocitool
from tests.failure.splitting import MEBIBYTE, heavy_layout
from tests.folders import files_of, names_in
from tests.laws.filtering import filtered, parts_of
from tests.laws.test_folder_laws import members

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLATFORMS = {
    "linux/amd64": "image-linux-amd64.tar",
    "linux/arm64": "image-linux-arm64.tar",
    "linux/arm/v7": "image-linux-arm-v7.tar",
}


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "": bytes,
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    path.write_bytes(multi_platform().pack())
    return path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Provide two images of two platforms each, one of which they share."""
    layout = Layout()
    for name, platforms in {"one": ("linux/amd64", "linux/arm64"), "two": ("linux/amd64", "linux/s390x")}.items():
        children = [layout.manifest(platform, ("base", f"{name} {platform}")) for platform in platforms]
        layout.add(layout.index(children), f"docker.io/library/{name}:1")
    path = tmp_path / "bundle.tar"
    path.write_bytes(layout.pack())
    return path


def split(source: Path | str, folder: Path, *more: str | Path, stdin: bytes | None = None) -> list[str]:
    """Split, and return the names of the parts."""
    done = ocitool("split", source, "-d", folder, *more, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return names_in(folder)


def test_parts_and_report(archive: Path, tmp_path: Path) -> None:
    done = ocitool("split", "image.tar", "-d", "parts", folder=tmp_path)
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0].split() == ["FILE", "PLATFORM", "IMAGE", "DIGEST", "SIZE"]
    index = multi_platform().read(multi_platform().roots[0])
    digests = {child["digest"][:19] for child in index["manifests"]}
    assert [line.split()[:3] for line in lines[1:4]] == [
        [file, platform, NAME] for platform, file in PLATFORMS.items()
    ]
    assert {line.split()[3] for line in lines[1:4]} == digests
    assert lines[4:] == ["wrote 3 archives into parts: 33.0 KiB of 20.0 KiB"]
    assert done.stderr.startswith(b"note: ctr before 1.3")
    data = archive.read_bytes()
    assert {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()} == {
        file: filtered(data, [platform]) for platform, file in PLATFORMS.items()
    }


def test_what_goes_into_no_part_is_listed(archive: Path, tmp_path: Path) -> None:
    done = ocitool("split", archive, "-d", tmp_path / "parts", "-p", "!linux/arm64")
    assert names_in(tmp_path / "parts") == ["image-linux-amd64.tar", "image-linux-arm-v7.tar"]
    (line,) = [line for line in done.stdout.decode().splitlines() if line.startswith("drop")]
    assert line.split()[1] == "linux/arm64"
    assert line.endswith("platform not selected")


def test_verbose_prints_whole_digests(archive: Path, tmp_path: Path) -> None:
    text = ocitool("split", archive, "-d", tmp_path / "parts", "-v").stdout.decode()
    index = multi_platform().read(multi_platform().roots[0])
    assert all(child["digest"] in text for child in index["manifests"])


def test_quiet_prints_nothing(archive: Path, tmp_path: Path) -> None:
    done = ocitool("split", archive, "-d", tmp_path / "parts", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert names_in(tmp_path / "parts") == sorted(PLATFORMS.values())


def test_quiet_still_warns(tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(multi_platform(name=None).pack())
    done = ocitool("split", tmp_path / "image.tar", "-d", tmp_path / "parts", "-q")
    assert done.stdout == b""
    assert b"has no name: ctr 1.2 and later store nothing" in done.stderr


def test_json_report(archive: Path, tmp_path: Path) -> None:
    done = ocitool("split", "image.tar", "-d", "parts", "--format", "json", folder=tmp_path)
    report = check("split", done.stdout)
    index = multi_platform().read(multi_platform().roots[0])
    assert report["sourceSize"] == archive.stat().st_size
    assert report["outputSize"] == sum(path.stat().st_size for path in (tmp_path / "parts").iterdir())
    assert [output["file"] for output in report["outputs"]] == [f"parts/{file}" for file in PLATFORMS.values()]
    assert [output["platform"] for output in report["outputs"]] == list(PLATFORMS)
    assert [output["digest"] for output in report["outputs"]] == [child["digest"] for child in index["manifests"]]
    assert {output["image"] for output in report["outputs"]} == {NAME}
    for output in report["outputs"]:
        assert output["size"] == output["tarSize"] == (tmp_path / output["file"]).stat().st_size
    sums = "".join(f"{output['sha256']}  {output['file']}\n" for output in report["outputs"])
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict"], input=sums.encode(), cwd=tmp_path, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_json_report_of_what_is_larger_than_a_buffer(tmp_path: Path) -> None:
    """The sum is that of the whole file, of a compressed one too."""
    (tmp_path / "image.tar").write_bytes(heavy_layout(2 * MEBIBYTE + 7, ("linux/amd64", "linux/arm64")).pack())
    for form in ("none", "gzip", "zstd"):
        done = ocitool("split", tmp_path / "image.tar", "-d", tmp_path / form, "--compress", form, "--format", "json")
        report = check("split", done.stdout)
        assert len(report["outputs"]) == 2
        for output in report["outputs"]:
            data = (tmp_path / form / output["file"].rpartition("/")[2]).read_bytes()
            assert output["sha256"] == hashlib.sha256(data).hexdigest()
            assert output["size"] == len(data) > 2 * MEBIBYTE


@pytest.mark.parametrize("folder", ["parts", "no/such"])
def test_dry_run(archive: Path, tmp_path: Path, folder: str) -> None:
    done = ocitool("split", "image.tar", "-d", folder, "--dry-run", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[-1].startswith(f"would write 3 archives into {folder}: 33.0 KiB")
    done = ocitool("split", "image.tar", "-d", folder, "--dry-run", "--format", "json", folder=tmp_path)
    plan = check("plan", done.stdout)
    assert [output["name"] for output in plan["outputs"]] == list(PLATFORMS.values())
    for output in plan["outputs"]:
        assert sum(step["size"] for step in output["steps"]) == output["size"] == 11264
    assert names_in(tmp_path) == [archive.name]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (None, ["bundle-linux-amd64.tar", "bundle-linux-arm64.tar", "bundle-linux-s390x.tar"]),
        ("platform", ["bundle-linux-amd64.tar", "bundle-linux-arm64.tar", "bundle-linux-s390x.tar"]),
        ("image", ["bundle-one-1.tar", "bundle-two-1.tar"]),
        *(
            (
                spelling,
                [
                    *("bundle-one-1-linux-amd64.tar", "bundle-one-1-linux-arm64.tar"),
                    *("bundle-two-1-linux-amd64.tar", "bundle-two-1-linux-s390x.tar"),
                ],
            )
            for spelling in ("image,platform", "platform,image", "image, platform", " platform ,image")
        ),
    ],
)
def test_by(bundle: Path, tmp_path: Path, by: str | None, expected: list[str]) -> None:
    assert split(bundle, tmp_path / "parts", *([] if by is None else ["--by", by])) == expected
    listed = ocitool("inspect", tmp_path / "parts" / expected[0], "--format", "json")
    images = [image["name"] for image in json.loads(listed.stdout)["images"]]
    assert (
        images
        == [f"docker.io/library/{name}:1" for name in ("one", "two")][: 1 if by not in {None, "platform"} else 2]
    )


@pytest.mark.parametrize("by", ["Platform", "", ",", "platform,platform", "image,", "index"])
def test_by_what_there_is_not(bundle: Path, tmp_path: Path, by: str) -> None:
    done = ocitool("split", bundle, "-d", tmp_path / "parts", "--by", by)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"is none of platform, image, or image,platform" in done.stderr
    assert names_in(tmp_path) == ["bundle.tar"]


def test_max_size(bundle: Path, tmp_path: Path) -> None:
    whole = len(filtered(bundle.read_bytes(), ["all"]))
    assert split(bundle, tmp_path / "one", "--max-size", str(whole)) == ["bundle-1.tar"]
    assert split(bundle, tmp_path / "two", "--max-size", f"{whole - 1}B") == ["bundle-1.tar", "bundle-2.tar"]
    assert split(bundle, tmp_path / "more", "--max-size", "1GiB", "--by", "platform") == [
        "bundle-linux-amd64-1.tar",
        "bundle-linux-arm64-2.tar",
        "bundle-linux-s390x-3.tar",
    ]
    assert all(path.stat().st_size < whole for path in (tmp_path / "two").iterdir())


@pytest.mark.parametrize(("form", "suffix"), [("gzip", ".gz"), ("zstd:19", ".zst"), ("none", "")])
def test_compress(archive: Path, tmp_path: Path, form: str, suffix: str) -> None:
    assert split(archive, tmp_path / "parts", "--compress", form) == sorted(
        name + suffix for name in PLATFORMS.values()
    )
    expected = parts_of(archive.read_bytes())
    for name, data in expected.items():
        packed = (tmp_path / "parts" / f"{name}{suffix}").read_bytes()
        assert UNPACK[suffix](packed) == data
    report = ocitool("split", archive, "-d", tmp_path / "parts", "--compress", form, "--format", "json").stdout
    assert {output["tarSize"] for output in json.loads(report)["outputs"]} == {11264}


def test_a_suffix_in_the_template_is_what_is_written(archive: Path, tmp_path: Path) -> None:
    (name, *_) = split(archive, tmp_path / "parts", "--name-template", "{arch}.tar.gz", "-p", "linux/amd64")
    assert gzip.decompress((tmp_path / "parts" / name).read_bytes()) == filtered(
        archive.read_bytes(), ["linux/amd64"]
    )
    done = ocitool("split", archive, "-d", tmp_path / "parts", "--name-template", "{arch}.tar.xz")
    assert done.returncode == 2
    assert b"that compression is not written" in done.stderr


def test_folders_as_parts(archive: Path, tmp_path: Path) -> None:
    done = ocitool(
        *("split", archive, "-d", tmp_path / "parts", "--name-template", "{os}-{arch}{-variant}/", "--format", "json")
    )
    report = check("split", done.stdout)
    assert [output["file"] for output in report["outputs"]] == [
        f"{tmp_path}/parts/{name}/" for name in ("linux-amd64", "linux-arm64", "linux-arm-v7")
    ]
    for platform, output in zip(PLATFORMS, report["outputs"], strict=True):
        files = files_of(tmp_path / "parts" / output["file"].removesuffix("/").rpartition("/")[2])
        assert files == members(filtered(archive.read_bytes(), [platform]))[0]
        assert (output["sha256"], output["size"]) == (None, sum(map(len, files.values())))
    again = ocitool("split", archive, "-d", tmp_path / "parts", "--name-template", "{os}-{arch}{-variant}/")
    assert again.returncode == 6
    assert b"is not empty" in again.stderr
    forced = ocitool(
        "split", archive, "-d", tmp_path / "parts", "--name-template", "{os}-{arch}{-variant}/", "--force"
    )
    assert forced.returncode == 0


@pytest.mark.parametrize("packed", [True, False])
def test_a_pipe_needs_a_name(archive: Path, tmp_path: Path, *, packed: bool) -> None:
    data = archive.read_bytes()
    piped = zstandard.compress(data) if packed else data
    done = ocitool("split", "-", "-d", tmp_path / "parts", stdin=piped)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"the source has no name for {stem}; write one into --name-template" in done.stderr
    assert names_in(tmp_path) == ["image.tar"]
    template = "image-{os}-{arch}{-variant}{ext}"
    assert split("-", tmp_path / "parts", "--name-template", template, stdin=piped) == sorted(PLATFORMS.values())
    for platform, file in PLATFORMS.items():
        assert (tmp_path / "parts" / file).read_bytes() == filtered(data, [platform])


@pytest.mark.parametrize(
    "name",
    ["image.tar", "image.tar.zst", "image.TAR.GZ", "image.oci.tar", "image.tgz", "image.oci", "image", "./image.tar"],
)
def test_parts_are_named_after_the_source_without_its_suffixes(archive: Path, tmp_path: Path, name: str) -> None:
    archive.rename(tmp_path / name)
    done = ocitool("split", name, "-d", "parts", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "parts") == sorted(PLATFORMS.values())


@pytest.mark.parametrize("name", ["im\udcffage.tar", "im age\n.tar", "-image.tar", "{arch}.tar", ".tar"])
def test_sources_with_odd_names(archive: Path, tmp_path: Path, name: str) -> None:
    archive.rename(tmp_path / name)
    done = ocitool("split", f"./{name}", "-d", "parts", "-p", "linux/amd64", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"\n") == 5  # a heading, the part, two dropped, the sum
    stem = name.removesuffix(".tar") or ".tar"
    assert names_in(tmp_path / "parts") == [f"{stem}-linux-amd64.tar"]


def test_digest_map(archive: Path, tmp_path: Path) -> None:
    split(archive, tmp_path / "parts", "--digest-map", tmp_path / "map.json")
    root, index = multi_platform().roots[0], multi_platform().read(multi_platform().roots[0])
    assert json.loads((tmp_path / "map.json").read_text()) == {
        file: {root["digest"]: child["digest"]}
        for file, child in zip(PLATFORMS.values(), index["manifests"], strict=True)
    }
    for place in (tmp_path / "parts" / "map.json", tmp_path / "image.tar", "-"):
        done = ocitool("split", archive, "-d", tmp_path / "parts", "--digest-map", place)
        assert done.returncode == 2
        assert b"--digest-map" in done.stderr


@pytest.mark.parametrize("mode", ["plain", "json", "none", "auto"])
def test_progress_modes(archive: Path, tmp_path: Path, mode: str) -> None:
    done = ocitool("split", archive, "-d", tmp_path / "parts", "-q", "--progress", mode)
    assert done.returncode == 0
    assert bool(done.stderr) == (mode in {"plain", "json"})
    if mode == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["phase"] for line in lines if line["done"] == 0][:2] == ["splitting", "saving"]
        # Each byte of the source counts once, however many parts it goes into.
        plan = ocitool("split", archive, "-d", tmp_path / "parts", "--dry-run", "--format", "json")
        assert lines[0]["total"] == json.loads(plan.stdout)["bytesRead"] < 11264


def test_sums_are_a_phase_of_their_own(archive: Path, tmp_path: Path) -> None:
    done = ocitool("split", archive, "-d", tmp_path / "parts", "--format", "json", "--progress", "json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    phases = {line["phase"]: line["total"] for line in lines}
    assert list(phases) == ["splitting", "hashing", "saving"]
    assert phases["hashing"] == 3 * 11264


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["no.tar", "-d", "parts"], 3, "archive"),
        (["image.tar", "-d", "parts", "-p", "linux/s390x"], 4, "selection"),
        (["image.tar", "-d", "no/parts"], 6, "output"),
        (["image.tar", "-d", "parts", "--by", "x"], 2, "usage"),
        (["image.tar", "-d", "parts", "--max-size", "1"], 2, "usage"),
        (["image.tar"], 2, "usage"),
        (["-d", "parts"], 2, "usage"),
    ],
)
def test_errors_as_json(archive: Path, tmp_path: Path, arguments: list[str], code: int, kind: str) -> None:
    done = ocitool("split", *arguments, "--format", "json", folder=tmp_path)
    check_error(done, kind, code)
    assert names_in(tmp_path) == [archive.name]


def test_a_report_that_nobody_reads_is_no_failure(archive: Path, tmp_path: Path) -> None:
    piped = ("bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "bash")
    for form in ("text", "json"):
        done = subprocess.run(
            [*piped, *(sys.executable, "-m", "ocitool", "split", "image.tar", "-d", form, "--format", form)],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr
        assert b"Broken" not in done.stderr
        assert names_in(tmp_path / form) == sorted(PLATFORMS.values())


def test_help() -> None:
    done = ocitool("split", "-h")
    assert done.returncode == 0
    assert b"Usage: " in done.stdout
    assert b"Examples:" in done.stdout
    assert b"\x08" not in done.stdout
