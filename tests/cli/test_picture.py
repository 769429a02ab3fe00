"""`inspect --plot`: what is drawn, and how the file comes to be."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocitool.cli.chart import Bar, Chart, Group, Segment
from ocitool.cli.picture import draw_chart
from tests.builders import multi_platform
from tests.command import ocitool

if TYPE_CHECKING:
    from pathlib import Path

OLD = b"what stood here before"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "image.tar"
    path.write_bytes(multi_platform(attested=True).pack())
    return path


def chart(*bars: Bar, name: str = "name", title: str = "image.tar") -> Chart:
    segments = [segment for bar in bars for segment in bar.segments]
    width = max((segment.start + segment.size for segment in segments), default=0)
    return Chart(title, "subtitle", (Group(name, bars),), ("one", "two"), "", width)


def bar(*segments: Segment, label: str = "linux/amd64", mark: str = "") -> Bar:
    return Bar(label, segments, "1.0 MiB", "1 B", mark)


def pixels(drawn: Chart) -> Image.Image:
    return Image.open(io.BytesIO(draw_chart(drawn, "png"))).convert("RGB")


def share(image: Image.Image, colour: str) -> int:
    """Count the pixels of a colour."""
    wanted = tuple(bytes.fromhex(colour.removeprefix("#")))
    return sum(count for count, found in image.getcolors(1 << 24) or () if found == wanted)


def test_areas_are_as_the_bytes() -> None:
    drawn = chart(bar(Segment(0, 300 << 20, 0, present=True), Segment(300 << 20, 100 << 20, 1, present=True)))
    image = pixels(drawn)
    first, second = share(image, "#4477AA"), share(image, "#EE8866")
    assert 2.8 < first / second < 3.2


def test_what_is_absent_is_not_filled() -> None:
    there = pixels(chart(bar(Segment(0, 1 << 20, 0, present=True))))
    absent = pixels(chart(bar(Segment(0, 1 << 20, 0, present=False))))
    assert share(absent, "#4477AA") < share(there, "#4477AA") / 3


def test_slivers_do_not_grow() -> None:
    """Thousands of layers too small to see leave the bar as long as their bytes are."""
    slivers = tuple(Segment(number, 1, None, present=True) for number in range(5000))
    whole = (Segment(0, 5000, None, present=True),)
    image, other = pixels(chart(bar(*slivers))), pixels(chart(bar(*whole)))
    assert share(image, "#D3D9E0") == pytest.approx(share(other, "#D3D9E0"), rel=0.01)


def test_pages_grow_with_their_rows_and_draw_the_scale_twice_when_long() -> None:
    rows = [bar(Segment(0, 5 << 20, 0, present=True)) for _ in range(60)]
    assert pixels(chart(*rows)).height > 5 * pixels(chart(*rows[:6])).height
    assert pixels(chart(*rows)).width == pixels(chart(*rows[:6])).width


@pytest.mark.parametrize("form", ["svg", "png"])
@pytest.mark.parametrize("width", [0, 1, 9, 1023, 1024, 10**6, 10**9, 10**13, 2**62])
def test_any_width_can_be_drawn_and_gives_the_same_bytes(form: str, width: int) -> None:
    drawn = chart(bar(Segment(0, width, None, present=True)), bar(Segment(0, width, 0, present=False), mark="absent"))
    assert draw_chart(drawn, form) == draw_chart(drawn, form)


@pytest.mark.parametrize("rows", [0, 1, 60])
def test_nothing_can_be_drawn(rows: int) -> None:
    assert pixels(chart(*[bar(mark="absent")] * rows)).width > 1000
    assert pixels(Chart("empty.tar", "", (), (), "", 0)).width > 1000


@pytest.mark.parametrize(
    "name", ["$\\frac{1}{2}$", "$", "$x^{$", "100 % & <b>", "\\u4f8b 例え", "\U0001f600", "a" * 900]
)
def test_names_are_words_and_no_formulas(name: str) -> None:
    """A formula would fail or be set as one; a letter that the font lacks would be warned of, which is an error."""
    drawn = draw_chart(chart(bar(label=name), name=name, title=name), "svg")
    assert ET.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - our own
    plain = draw_chart(chart(bar(label=name), name="other", title=name), "svg")
    assert drawn != plain


@settings(max_examples=15)
@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40))
def test_any_printable_name_can_be_drawn(name: str) -> None:
    ET.fromstring(draw_chart(chart(bar(label=name), name=name), "svg"))  # noqa: S314 - our own


@pytest.mark.parametrize(("name", "start"), [("x.svg", b"<?xml"), ("x.PNG", b"\x89PNG")])
def test_the_command_draws_and_reports(archive: Path, tmp_path: Path, name: str, start: bytes) -> None:
    result = ocitool("inspect", archive, "--plot", tmp_path / name)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"linux/arm64" in result.stdout
    data = (tmp_path / name).read_bytes()
    assert data.startswith(start)
    assert ocitool("inspect", archive, "-q", "--plot", tmp_path / name).stdout == b""
    assert (tmp_path / name).read_bytes() == data


def test_svg_has_no_date(archive: Path, tmp_path: Path) -> None:
    ocitool("inspect", archive, "-q", "--plot", tmp_path / "x.svg")
    assert b"dc:date" not in (tmp_path / "x.svg").read_bytes()


def test_settings_of_the_user_do_not_matter(archive: Path, tmp_path: Path) -> None:
    """Neither a backend, nor a style, nor a home that cannot be written: not for the picture, not for a warning."""
    (tmp_path / "matplotlibrc").write_text("no.such: 1\nsavefig.facecolor: red\ntext.usetex: True\nsavefig.dpi: 20\n")
    expected, other = tmp_path / "a.png", tmp_path / "b.png"
    assert ocitool("inspect", archive, "-q", "--plot", expected).returncode == 0
    result = subprocess.run(
        [sys.executable, "-m", "ocitool", "inspect", archive, "-q", "--plot", other],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "nonsense", "MPLCONFIGDIR": "/proc/none", "MATPLOTLIBRC": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert other.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.svg.gz"])
def test_another_suffix_is_a_usage_error(archive: Path, tmp_path: Path, name: str) -> None:
    result = ocitool("inspect", archive, "--plot", tmp_path / name)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b".svg or .png" in result.stderr
    assert not (tmp_path / name).exists()


def test_the_source_is_not_drawn_over(archive: Path) -> None:
    source = archive.rename(archive.with_name("image.svg"))
    before = source.read_bytes()
    result = ocitool("inspect", source, "--plot", source.parent / "." / "image.svg")
    assert result.returncode == 2
    assert b"the source itself" in result.stderr
    assert source.read_bytes() == before


def test_a_missing_extra_says_how_to_get_it(archive: Path, tmp_path: Path) -> None:
    script = "import sys; sys.modules['matplotlib'] = None; from ocitool.cli.app import run; run()"
    result = subprocess.run(
        [sys.executable, "-c", script, "inspect", archive, "--plot", tmp_path / "x.svg"],
        capture_output=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"pip install 'ocitool[plot]'" in result.stderr
    assert result.stderr.count(b"\n") == 1
    assert not (tmp_path / "x.svg").exists()


@pytest.mark.parametrize("name", ["none/x.svg", "folder.svg"])
def test_a_place_that_cannot_be_written_is_exit_6(archive: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.svg").mkdir()
    result = ocitool("inspect", archive, "--plot", tmp_path / name)
    assert (result.returncode, result.stdout) == (6, b"")
    assert not (tmp_path / "none").exists()


def test_a_source_that_cannot_be_read_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "x.svg").write_bytes(OLD)
    (tmp_path / "bad.tar").write_bytes(b"no tar")
    assert ocitool("inspect", tmp_path / "bad.tar", "--plot", tmp_path / "x.svg").returncode == 3
    assert (tmp_path / "x.svg").read_bytes() == OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tar", "x.svg"]


def test_a_report_that_cannot_be_printed_leaves_no_picture(archive: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m ocitool inspect {archive} --plot {tmp_path}/x.svg > /dev/full"
    assert subprocess.run(["bash", "-c", command], capture_output=True, check=False).returncode == 6
    assert not (tmp_path / "x.svg").exists()


def test_json_and_a_picture_at_once(archive: Path, tmp_path: Path) -> None:
    result = ocitool("inspect", archive, "--format", "json", "--plot", tmp_path / "x.svg")
    assert result.stdout.startswith(b"{")
    assert (tmp_path / "x.svg").exists()
    failed = ocitool("inspect", archive, "--format", "json", "--plot", tmp_path / "x.gif")
    assert b'"code": "usage"' in failed.stderr
