"""What an archive says of itself never leads a part to another place, whatever it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import Layout
from tests.command import ocitool
from tests.failure.endings import refused
from tests.folders import names_in

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = "{os}{-arch}{-variant}{-os_version}"


def archive_of(path: Path, name: str = "docker.io/library/lab:1", **platform: Any) -> Path:
    """Write an archive of a usual platform and one that says of itself what it wants."""
    layout = Layout()
    child = layout.manifest("linux/amd64", config=platform)
    child["platform"] = platform
    layout.add(layout.index([child, layout.manifest("linux/arm64")]), name)
    path.write_bytes(layout.pack())
    return path


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ({"os": "../../etc", "architecture": "passwd"}, "etc-passwd"),
        ({"os": "/etc", "architecture": "../x"}, "etc-x"),
        ({"os": "linux", "architecture": "arm", "variant": "../../../x"}, "linux-arm-x"),
        ({"os": "windows", "architecture": "amd64", "os.version": "10/../../x"}, "windows-amd64-10-..-..-x"),
        ({"os": "lin\nux", "architecture": "a\0b"}, "lin-ux-a-b"),
        ({"os": "linux", "architecture": "\x1b[31mred"}, "linux-31mred"),
        ({"os": "linux", "architecture": "{digest}"}, "linux-digest"),
        ({"os": "linux", "architecture": "a\\b c"}, "linux-a-b-c"),
        ({"os": "linux", "architecture": "日本"}, "linux"),
        ({"os": ".-rf", "architecture": "..."}, "rf"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_platforms_never_become_paths(tmp_path: Path, platform: dict[str, str], name: str, slash: str) -> None:
    archive = archive_of(tmp_path / "in.tar", **platform)
    done = ocitool("split", archive, "-d", tmp_path / "in" / "parts", "--name-template", TEMPLATE + slash)
    refused(done, 6, "does not exist")
    (tmp_path / "in").mkdir()
    done = ocitool("split", archive, "-d", tmp_path / "in" / "parts", "--name-template", TEMPLATE + slash)
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "in" / "parts") == sorted([name, "linux-arm64"])
    assert names_in(tmp_path / "in") == ["parts"]
    assert names_in(tmp_path) == ["in", "in.tar"]
    assert done.stdout.count(b"\n") == 4
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\0" not in done.stdout


@pytest.mark.parametrize("platform", [{"os": "", "architecture": ""}, {"os": "..", "architecture": "."}])
def test_a_platform_without_a_name_gives_none(tmp_path: Path, platform: dict[str, str]) -> None:
    archive = archive_of(tmp_path / "in.tar", **platform)
    done = ocitool("split", archive, "-d", tmp_path / "parts", "--name-template", TEMPLATE)
    refused(done, 2, "gives ''", "cannot be the name of a file")
    assert names_in(tmp_path) == ["in.tar"]


@pytest.mark.parametrize("field", ["os", "architecture", "variant", "os.version"])
def test_a_megabyte_of_platform_gives_no_name(tmp_path: Path, field: str) -> None:
    platform = {"os": "linux", "architecture": "amd64"} | {field: "x" * 1024 * 1024}
    archive = archive_of(tmp_path / "in.tar", **platform)
    done = ocitool("split", archive, "-d", tmp_path / "parts", "--name-template", TEMPLATE)
    refused(done, 2, "cannot be the name of a file")
    assert len(done.stderr) < 1000
    assert names_in(tmp_path) == ["in.tar"]


@pytest.mark.parametrize(("name", "file"), [("../../etc/passwd", "etc-passwd"), ("/etc/shadow", "etc-shadow")])
def test_names_of_images_never_become_paths(tmp_path: Path, name: str, file: str) -> None:
    archive = archive_of(tmp_path / "in.tar", name, os="linux", architecture="amd64")
    done = ocitool("split", archive, "-d", tmp_path / "parts", "--by", "image", "--name-template", "{image}{ext}")
    assert done.returncode == 0, done.stderr
    assert names_in(tmp_path / "parts") == [f"{file}.tar"]
    assert names_in(tmp_path) == ["in.tar", "parts"]


@pytest.mark.parametrize("name", ["a\nb\0c", ".hidden", "..", "a b"])
def test_what_is_no_name_of_an_image_gives_none_to_a_part(tmp_path: Path, name: str) -> None:
    archive = archive_of(tmp_path / "in.tar", name, os="linux", architecture="amd64")
    done = ocitool("split", archive, "-d", tmp_path / "parts", "--by", "image", "--name-template", "{image}{ext}")
    refused(done, 5, "is no image name", "--name REF")
    assert names_in(tmp_path) == ["in.tar"]


def test_platforms_that_look_alike_as_names_are_told_apart(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "in.tar", os="linux", architecture="arm/64")
    done = ocitool("split", archive, "-d", tmp_path / "parts", "-p", "all", "--name-template", "{os}{ext}")
    refused(done, 2, "two parts would both be linux.tar", "linux/arm/64 of", "linux/arm64 of", "{-arch}")
    assert names_in(tmp_path) == ["in.tar"]
