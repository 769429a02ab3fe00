"""Causes that the pasted command, the program or its version tell apart, and remedies in the words of the program."""

from __future__ import annotations

import pytest

from ocitool.advice.explain import explain
from ocitool.advice.messages.case import World
from ocitool.advice.request import Request

from .archives import AMD64, ARM64, Image
from .explaining import explain_against
from .samples import SAMPLES, D

UNPACKER = "ctr: unable to initialize unpacker: no unpack platforms defined: invalid argument"
SPARSE = Image(AMD64, ARM64).without_platform(ARM64).pack()


def told(text: str, request: str = "") -> list[tuple[str, bool]]:
    world = World(request=Request.parse(request) if request else None)
    return [(cause.id, cause.certain) for cause in explain(text, None, world)[0].causes]


def remedies(text: str, archive: bytes | None = None) -> list[str]:
    found = explain(text, None) if archive is None else explain_against(text, archive)
    return [cause.remedy for cause in found[0].causes]


@pytest.mark.parametrize("archive", [None, SPARSE])
def test_without_the_command_all_causes_of_no_unpack_platforms_are_told(archive: bytes | None) -> None:
    found = explain(UNPACKER, None) if archive is None else explain_against(UNPACKER, archive)
    assert [(cause.id, cause.certain) for cause in found[0].causes] == [
        ("transfer-unpack", False),
        ("transfer-platform", False),
        ("transfer-snapshotter", False),
    ]


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        ("--all-platforms", "transfer-unpack"),
        ("--platform linux/s390x", "transfer-platform"),
        ("--snapshotter native", "transfer-snapshotter"),
        ("--snapshotter=native", "transfer-snapshotter"),
        ("--all-platforms --snapshotter=overlayfs", "transfer-unpack"),
    ],
)
def test_the_command_in_the_text_tells_which_it_is(flags: str, cause: str) -> None:
    assert told(f"$ ctr images import {flags} a.tar\n{UNPACKER}") == [(cause, True)]


def test_two_flags_leave_two_causes() -> None:
    assert told(f"$ ctr images import --all-platforms --snapshotter native a.tar\n{UNPACKER}") == [
        ("transfer-unpack", False),
        ("transfer-snapshotter", False),
    ]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("ctr=2.1.9", [("transfer-snapshotter", True)]),
        ("ctr=2.0.5", [("transfer-platform", False), ("transfer-snapshotter", False)]),
        ("ctr=2.0", [("transfer-unpack", False), ("transfer-platform", False), ("transfer-snapshotter", False)]),
    ],
)
def test_the_version_rules_causes_out(request_: str, expected: list[tuple[str, bool]]) -> None:
    assert told(UNPACKER, request_) == expected


def test_what_a_flag_names_is_in_the_remedy() -> None:
    (remedy,) = remedies(f"$ ctr images import --snapshotter native a.tar\n{UNPACKER}")
    assert remedy.endswith(": ctr images import --local --snapshotter native SRC")
    (remedy,) = remedies(f"$ ctr images import --platform linux/s390x a.tar\n{UNPACKER}")
    assert remedy.endswith(": ctr images import --local --platform linux/s390x SRC")
    (remedy,) = remedies(f"$ ctr images import --snapshotter ';rm a.tar\n{UNPACKER}")
    assert ";rm" not in remedy


def test_another_snapshotter_is_for_the_client_on_2_x() -> None:
    (remedy,) = remedies(SAMPLES["whiteout"][0])
    assert "on 2.x: ctr images import --local --snapshotter native SRC" in remedy
    assert "before 2.0: ctr images import --snapshotter native SRC" in remedy


@pytest.mark.parametrize("archive", [None, SPARSE])
def test_a_message_of_docker_has_remedies_of_docker(archive: bytes | None) -> None:
    for text in SAMPLES["save-lacks-content"]:
        (remedy,) = remedies(text, archive)
        assert remedy.endswith(": docker pull IMAGE && docker save -o OUT IMAGE")


def test_a_docker_platform_that_is_absent_is_pulled_by_docker() -> None:
    archive = Image(ARM64, AMD64).without_platform(AMD64).without_platform(ARM64).pack()
    (remedy, *_) = remedies(f"Error response from daemon: requested platform ({AMD64}) not found", archive)
    assert remedy.endswith(f": docker pull --platform {AMD64} IMAGE && docker save -o OUT IMAGE")


def test_ctr_exports_all_platforms_with_local_on_2_x() -> None:
    text = f"ctr: failed to get reader: content digest {D}: not found"
    (remedy,) = remedies(text)
    assert "before 2.0 without --local" in remedy
    assert remedy.endswith(
        ": ctr images pull --local --all-platforms IMAGE && ctr images export --local --all-platforms OUT IMAGE"
    )
    old = explain(text, None, World(request=Request.parse("ctr=1.7")))[0].causes[0].remedy
    assert "--local" not in old
    new = explain(text, None, World(request=Request.parse("ctr=2.1.9")))[0].causes[0].remedy
    assert "export --local" in new
    assert "before" not in new


def test_the_program_that_is_told_is_the_one_that_printed_it() -> None:
    text = f"content digest {D}: not found"
    (explanation,) = explain(text, None, World(request=Request.parse("docker=28.5.2")))
    assert explanation.program == "docker"


@pytest.mark.parametrize("archive", [Image(AMD64, ARM64).pack(), SPARSE])
def test_the_store_of_docker_is_not_judged_from_an_archive(archive: bytes) -> None:
    text = (
        "Error response from daemon: no suitable export target found: image with reference lab:1.0 was found but "
        f"does not provide the specified platform ({ARM64})"
    )
    (explanation,) = explain_against(text, archive)
    assert explanation.ruled_out == ()
    assert [cause.id for cause in explanation.causes] == ["save-platform"]
    assert explanation.causes[0].remedy.endswith(
        f": docker save -o ALL.tar IMAGE && ocitool filter ALL.tar -p {ARM64} -o OUT"
    )


def test_a_platform_that_is_not_listed_is_not_filtered_for() -> None:
    text = "Error response from daemon: requested platform (linux/s390x) not found: image might be filtered out"
    (remedy,) = remedies(text, Image(AMD64, ARM64).pack())
    assert remedy == (
        "load one of linux/amd64, linux/arm64: docker load -i SRC --platform linux/amd64; "
        "or all that it has: docker load -i SRC"
    )


CLIENTS = {
    "docker": "Loaded image: lab:1.0",
    "podman": 'podman: no image found in image index for architecture "s390x", variant "", OS "linux"',
    "skopeo": 'skopeo: no image found in image index for architecture "s390x", variant "", OS "linux"',
}


@pytest.mark.parametrize("program", sorted(CLIENTS))
@pytest.mark.parametrize("archive", [None, Image(ARM64).pack(), SPARSE])
def test_what_ctr_would_do_helps_no_other_program(program: str, archive: bytes | None) -> None:
    text = CLIENTS[program]
    found = explain(text, None) if archive is None else explain_against(text, archive, "linux/s390x")
    assert found[0].program == program
    assert [cause.remedy for cause in found[0].causes if "ctr " in cause.remedy] == []
