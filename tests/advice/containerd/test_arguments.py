"""Command lines, as each ctr reads them."""

from __future__ import annotations

import pytest

from ocitool.advice.containerd.arguments import read_arguments
from ocitool.advice.containerd.failure import ImportFailure
from ocitool.errors import UsageError

FLAGS = {"--platform": True, "--all-platforms": False, "--no-unpack": False, "--local": False}
ORDERS = ("flags-first", "known-flags-first", "as-typed")


@pytest.mark.parametrize("order", ORDERS)
def test_a_value_stands_behind_its_flag_or_after_an_equals_sign(order: str) -> None:
    for words in (["--platform", "linux/arm64"], ["--platform=linux/arm64"], ["-platform", "linux/arm64"]):
        assert read_arguments(words, FLAGS, order).text("--platform") == "linux/arm64"


@pytest.mark.parametrize("order", ORDERS)
def test_a_boolean_takes_a_value_after_an_equals_sign_alone(order: str) -> None:
    assert not read_arguments(["--local=false"], FLAGS, order).is_on("--local", default=True)
    assert read_arguments(["--local"], FLAGS, order).is_on("--local")
    assert read_arguments([], FLAGS, order).is_on("--local", default=True)
    with pytest.raises(ImportFailure, match="flag-not-boolean"):
        read_arguments(["--local=maybe"], FLAGS, order)


@pytest.mark.parametrize("order", ORDERS)
def test_the_last_of_several_counts(order: str) -> None:
    line = read_arguments(["--platform", "linux/386", "--no-unpack", "--platform", "linux/arm"], FLAGS, order)
    assert line.text("--platform") == "linux/arm"
    assert line.is_on("--no-unpack")


@pytest.mark.parametrize("order", ORDERS)
def test_what_the_command_does_not_know_is_refused(order: str) -> None:
    for words in (["--sync-fs"], ["--sync-fs", "--platform", "linux/arm64"]):
        with pytest.raises(ImportFailure, match="flag-unknown"):
            read_arguments(words, FLAGS, order)


def test_what_is_not_known_may_slip_behind_the_archive() -> None:
    # urfave/cli takes the archive for the value of --all-platforms, and puts both before --sync-fs.
    line = read_arguments(["--sync-fs", "--all-platforms"], FLAGS, "known-flags-first")
    assert line.is_on("--all-platforms")
    for order in ("flags-first", "as-typed"):
        with pytest.raises(ImportFailure, match="flag-unknown"):
            read_arguments(["--sync-fs", "--all-platforms"], FLAGS, order)


@pytest.mark.parametrize("order", ORDERS)
def test_the_archive_is_not_given_twice(order: str) -> None:
    with pytest.raises(UsageError):
        read_arguments(["--platform"], FLAGS, order)
    if order == "as-typed":
        with pytest.raises(UsageError):
            read_arguments(["archive.tar", "--no-unpack"], FLAGS, order)
