"""What a run is said to have cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchmarks.measure import Command, CommandFailed, Cost, Role, measure, measure_with_peers, run_once, typical
from benchmarks.measurement import Skip, rows_of
from benchmarks.processes import ServerWatch, processes_of
from benchmarks.space import mounted_memory, used

if TYPE_CHECKING:
    from pathlib import Path

MIB = 2**20


def python(text: str, **options: object) -> Command:
    return Command("python", [sys.executable, "-c", text], **options)  # type: ignore[arg-type]


def test_memory_is_the_command_s_own_and_not_that_of_who_measures() -> None:
    held = bytearray(96 * MIB)
    small = run_once(python("pass")).memory
    assert small < 64 * MIB
    assert run_once(python(f"bytearray({len(held)})")).memory > small + 64 * MIB


def test_processor_time_is_counted() -> None:
    assert run_once(python("sum(range(3_000_000))")).processor > 0


def test_a_failure_says_which_command_and_what_it_said() -> None:
    with pytest.raises(CommandFailed, match=r"python failed: lost") as failure:
        run_once(python("import sys; sys.exit('lost')"))
    assert failure.value.name == "python"


def test_what_is_not_there_is_a_failure() -> None:
    with pytest.raises(CommandFailed, match=r"no-such-program cannot be run"):
        run_once(Command("nothing", ["no-such-program"]))


def test_what_changes_how_python_starts_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    run_once(python("import sys, os; sys.exit(sys.flags.optimize or os.environ['X'] != 'y')", environment={"X": "y"}))


def test_commands_run_in_turn_and_are_checked_once() -> None:
    log: list[str] = []
    commands = [
        Command(name, ["true"], prepare=partial(log.append, name), check=partial(log.append, f"{name}!"))
        for name in "ab"
    ]
    assert set(measure(commands, runs=2)) == {"a", "b"}
    assert log == ["a", "a!", "b", "b!", "a", "b", "a", "b"]


def test_what_takes_long_runs_less_often_and_all_of_it_counts() -> None:
    log: list[str] = []
    commands = [
        Command(name, ["true"], prepare=partial(log.append, name), rounds=rounds)
        for name, rounds in (("a", None), ("slow", 2))
    ]
    assert set(measure(commands, runs=3)) == {"a", "slow"}
    assert log == ["a", "slow", "a", "slow", "a", "a"]


def test_a_peer_that_fails_is_left_out_and_the_others_stay() -> None:
    lost = replace(python("import sys; sys.exit('lost')"), name="lost", role=Role.PEER)

    def refuse() -> None:
        raise CommandFailed("late", "kept too much")

    late = Command("late", ["true"], role=Role.PEER, check=refuse)
    costs, skips = measure_with_peers([Command("a", ["true"]), lost, late], runs=1)
    assert set(costs) == {"a"}
    assert skips == (Skip("lost", "lost failed: lost"), Skip("late", "late kept too much"))
    assert [row.name for row in rows_of([Command("a", []), lost], costs)] == ["a"]
    with pytest.raises(CommandFailed, match="lost"):
        measure([lost], runs=1)
    with pytest.raises(CommandFailed, match="lost"):
        measure_with_peers([replace(lost, role=Role.TOOL)], runs=1)


def test_times_are_medians_and_what_is_held_is_the_most() -> None:
    costs = [Cost(1, 4, 10, 5), Cost(2, 5, 30, None), Cost(9, 6, 20, 7)]
    assert typical(costs) == Cost(2, 5, 30, 7)
    assert typical(costs[1:2]).disk is None


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_disk_counts_files_without_a_name_but_not_the_output(tmp_path: Path) -> None:
    with mounted_memory(tmp_path, 64 * MIB) as folder:
        output = folder / "out"
        text = (
            "import sys, tempfile, time, os\n"
            f"file = tempfile.TemporaryFile(dir={str(folder)!r})\n"
            f"file.write(bytes({8 * MIB})); file.flush(); time.sleep(0.2); file.close()\n"
            f"open({str(output)!r}, 'wb').write(bytes({2 * MIB}))\n"
        )
        cost = run_once(python(text, space=folder, output=output))
        assert cost.disk is not None
        assert 5 * MIB < cost.disk <= 8 * MIB
        assert used(folder) >= 2 * MIB
    assert not (tmp_path / "memory").exists()


def test_servers_are_found_by_their_folder_and_may_end() -> None:
    needle = f"/no/such/place/{os.getpid()}"
    with subprocess.Popen([sys.executable, "-c", "input()", needle], stdin=subprocess.PIPE) as server:
        while not processes_of(needle):  # the command line is there when the program is
            time.sleep(0.01)
        watch = ServerWatch(processes_of(needle))
        assert processes_of(needle) == (server.pid,)
        assert watch.peak_memory() > MIB
        assert watch.processor() >= 0
        server.communicate(b"\n")
    assert watch.peak_memory() == 0
    assert watch.processor() == 0
