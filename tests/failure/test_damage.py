"""Every truncation and every flipped byte: a documented error or the identical result, never a wrong archive.

Exempt is exactly text that no digest covers: flips within the data of index.json, manifest.json and oci-layout
that still parse. There the names, annotations and the choice of manifest.json may change, for nobody can tell;
the manifests of the output must be those of the undamaged one, closed, with every digest and size
right; with `--missing skip` one that such a flip made absent may be left out.
"""

from __future__ import annotations

import pytest

from ocitool.plan.options import Missing
from tests.builders import OCI_LAYER, Layout, as_json
from tests.failure.damage import judge, samples, undigested_ranges
from tests.laws.filtering import filtered

SAMPLES = samples()
NAMES = sorted(SAMPLES)
MASKS = (0x01, 0x80)


@pytest.mark.parametrize("name", NAMES)
def test_every_sampled_truncation(name: str) -> None:
    data, _ = SAMPLES[name]
    step = 37
    near = {position + offset for position in range(0, len(data), 512) for offset in (-1, 0, 1)}
    _truncate(name, sorted(near | set(range(0, len(data), step))))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_truncation(name: str) -> None:
    _truncate(name, range(len(SAMPLES[name][0])))


def _truncate(name: str, positions: range | list[int]) -> None:
    data, platforms = SAMPLES[name]
    expected = filtered(data, platforms)
    wrong = []
    for position in positions:
        if not 0 <= position < len(data):
            continue
        for missing in Missing:
            try:
                judge(data[:position], expected, platforms, missing, exempt=False)
            except AssertionError as error:
                wrong.append((position, missing.value, str(error).splitlines()[0]))
    assert not wrong, f"{len(wrong)} of {len(data)} cuts, such as {wrong[:5]}"


@pytest.mark.parametrize("name", NAMES)
def test_every_sampled_flip(name: str) -> None:
    data, _ = SAMPLES[name]
    undigested = [position for text in undigested_ranges(data) for position in text]
    _flip(name, sorted({*range(0, len(data), 29), *undigested[::5]}))


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_flip(name: str) -> None:
    _flip(name, range(len(SAMPLES[name][0])))


def _flip(name: str, positions: range | list[int]) -> None:
    data, platforms = SAMPLES[name]
    expected = filtered(data, platforms)
    exempt = {position for text in undigested_ranges(data) for position in text}
    wrong = []
    for position in positions:
        for mask in MASKS:
            damaged = bytearray(data)
            damaged[position] ^= mask
            for missing in Missing:
                try:
                    judge(bytes(damaged), expected, platforms, missing, exempt=position in exempt)
                except AssertionError as error:
                    wrong.append((position, mask, missing.value, str(error).splitlines()[0]))
    assert not wrong, f"{len(wrong)} flips, such as {wrong[:5]}"


def test_a_cut_that_takes_an_external_layer_away_is_seen() -> None:
    """A layer that may be absent was here: without the end of the archive nobody can tell, so it is refused."""
    layout = Layout()
    layer, diff_id = layout.layer("foreign")
    layer["mediaType"] = OCI_LAYER.replace("layer", "layer.nondistributable")
    config = layout.blob(
        as_json({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}),
        "application/vnd.oci.image.config.v1+json",
    )
    manifest = {"schemaVersion": 2, "config": config, "layers": [layer]}
    layout.add(layout.blob(as_json(manifest), "application/vnd.oci.image.manifest.v1+json"))
    last = f"blobs/{layer['digest'].replace(':', '/')}"
    data = layout.pack(order=lambda name: name == last)
    expected = filtered(data, ["linux/amd64"])
    cut = len(data.rstrip(b"\0")) - layer["size"]
    cut -= cut % 512 + 512
    for position in range(cut, len(data), 512):
        judge(data[:position], expected, ["linux/amd64"], Missing.ERROR, exempt=False)


@pytest.mark.parametrize("part", ["manifest", "config"])
@pytest.mark.parametrize("missing", list(Missing))
@pytest.mark.parametrize("wanted", [["linux/*"], ["linux/amd64", "linux/arm64"], ["available"]])
def test_damage_of_a_platform_nobody_lists_is_never_a_smaller_archive(
    part: str, missing: Missing, wanted: list[str]
) -> None:
    """A flat descriptor without `platform` has its config's; where that cannot be read it might be the wanted."""
    layout = Layout()
    for platform in ("linux/amd64", "linux/arm64"):
        layout.add({key: value for key, value in layout.manifest(platform).items() if key != "platform"})
    victim = layout.roots[1] if part == "manifest" else layout.read(layout.roots[1])["config"]
    expected = filtered(layout.pack(), wanted)
    layout.blobs[victim["digest"]] = layout.blobs[victim["digest"]].replace(b"2", b"3", 1).replace(b"arm64", b"arm65")
    assert judge(layout.pack(), expected, wanted, missing, exempt=False) == "IntegrityError"
