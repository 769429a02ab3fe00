"""URLs on the command line: the reports, the remedies, and what cannot be one; a store in memory serves them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import multi_platform

ROOT = Path(__file__).resolve().parent.parent.parent
URL = "s3://me:secret@bucket/folder/in.tar?token=secret"
SHOWN = "s3://bucket/folder/in.tar?token=..."

UNSERVED = (
    "nothing that is installed serves gopher://; install it: pip install 'ocitool[remote]'; "
    "a file of that name is ./NAME"
)

SCRIPT = """
import importlib.metadata
import sys
from pathlib import Path

from ocitool.__main__ import main
from tests.remote_stand_in import StandInStore

store = StandInStore({sys.argv.pop(1): Path("image.tar").read_bytes()})
importlib.metadata.entry_points = store.entry_points("s3")
try:
    main()
finally:
    for url, data in list(store.objects.items())[1:]:
        Path("stored.tar").write_bytes(data)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "image.tar").write_bytes(multi_platform().pack())
    return tmp_path


def ocitool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, URL, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_filter_from_url_to_url(folder: Path) -> None:
    target = "s3://bucket/arm64.tar?token=secret"
    done = ocitool(folder, "filter", URL, "-p", "linux/arm64", "-o", target, "--digest-map", "map.json")
    assert done.returncode == 0, done.stderr
    assert "wrote s3://bucket/arm64.tar?token=...: " in done.stdout
    assert json.loads((folder / "map.json").read_text())
    local = ocitool(folder, "filter", "image.tar", "-p", "linux/arm64", "-o", "arm64.tar")
    assert local.returncode == 0
    assert (folder / "arm64.tar").read_bytes() == (folder / "stored.tar").read_bytes()


def test_split_names_parts_after_the_object(folder: Path) -> None:
    done = ocitool(folder, "split", URL, "-d", "parts", "-p", "linux/arm64")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (folder / "parts").iterdir()] == ["in-linux-arm64.tar"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("filter", URL, "-p", "all", "-o", "x.tar", "--digest-map", "https://bucket/map?secret"),
            (
                "https://bucket/map?...: --digest-map takes a file of this machine; name a local one; "
                "the report has the map too: --format json"
            ),
        ),
        (
            ("filter", "gopher://me:secret@h/x.tar", "-p", "all", "-o", "x.tar"),
            UNSERVED,
        ),
        (
            ("merge", "image.tar", "-o", "gopher://h/x.tar"),
            UNSERVED,
        ),
        (
            ("split", URL, "-d", "s3://me:secret@bucket/parts"),
            (
                "s3://bucket/parts: the parts of a split go into a folder of this machine; name a local one, "
                "or write one archive at a time with filter -o"
            ),
        ),
    ],
    ids=["digest-map", "source", "output", "parts"],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], line: str, folder: Path) -> None:
    done = ocitool(folder, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"ocitool: {line}\n")
    assert [path.name for path in folder.iterdir()] == ["image.tar"]


def test_a_map_beside_a_url_is_no_part_of_it(folder: Path) -> None:
    """Folders of the names that a URL has are other places."""
    (folder / "s3:" / "bucket").mkdir(parents=True)
    done = ocitool(
        folder, "filter", URL, "-p", "linux/arm64", "-o", "s3://bucket/map", "--digest-map", "s3:/bucket/map"
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "s3:" / "bucket" / "map").exists()


def test_reports_name_the_url(folder: Path) -> None:
    assert ocitool(folder, "inspect", URL, "--format", "json").stdout.count(SHOWN) == 1
    sarif = json.loads(ocitool(folder, "verify", URL, "--format", "sarif").stdout)
    assert SHOWN in json.dumps(sarif) or not sarif["runs"][0]["results"]
    done = ocitool(folder, "verify", URL, "-p", "linux/s390x")
    assert done.returncode == 1
    assert done.stdout.startswith(SHOWN) or SHOWN in done.stdout


def test_advice_names_the_url_for_ocitool_and_the_file_for_importers(folder: Path) -> None:
    done = ocitool(folder, "advise", URL, "--for", "ctr=2.1", "--host", "linux/amd64")
    assert done.returncode == 0, done.stderr
    assert "importers read no URLs: their commands are for a copy of it in this folder, in.tar" in done.stdout
    assert "ctr images import" in done.stdout
    assert not [line for line in done.stdout.splitlines() if "ctr images import" in line and "://" in line]
    assert f"ocitool verify --deep '{SHOWN}'" in done.stdout


def test_a_planned_import_says_what_would_be_run(folder: Path) -> None:
    done = ocitool(folder, "import", URL, "--dry-run", "--ctr-version", "2.1.0", "--host", "linux/amd64")
    assert done.returncode in {0, 2}, done.stderr
    done = ocitool(folder, "import", URL, "-p", "linux/arm64", "--dry-run", "--ctr-version", "2.1.0")
    assert f"would run: ocitool filter '{SHOWN}' -p linux/arm64" in done.stdout
