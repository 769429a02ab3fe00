"""What breaks between two versions is what the importers' tables say, and the line to write instead works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ocitool.advice.importers import IMPORTERS
from ocitool.advice.migrate import Migration, Script, ScriptFinding, Verdict, migrate, migration
from ocitool.advice.outcome import Ending
from ocitool.advice.scripts.commands import find_commands
from ocitool.advice.scripts.examples import examples
from ocitool.advice.scripts.setting import valued_flags
from ocitool.advice.target import Target
from ocitool.advice.version import Version
from ocitool.api import read_schema
from ocitool.cli.migrate_text import WIDTH, migration_lines
from ocitool.model.platform import Platform
from tests.advice.shapes import facts_of
from tests.builders import multi_platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocitool.advice.facts import ArchiveFacts

HOST: Final = Platform("linux", "amd64")
SCRIPTS: Final = Path(__file__).parents[1] / "data" / "scripts"


def findings(
    text: str, source: str, target: str, facts: ArchiveFacts | None = None, program: str = "ctr"
) -> tuple[ScriptFinding, ...]:
    versions = Version.parse(source), Version.parse(target)
    return migrate([Script("run.sh", text)], *versions, facts, HOST, program=program)


def finding(
    text: str, source: str, target: str, facts: ArchiveFacts | None = None, program: str = "ctr"
) -> ScriptFinding:
    (found,) = findings(text, source, target, facts, program)
    return found


def example(words: str) -> ArchiveFacts:
    return next(each.facts for each in examples(HOST) if words in each.words)


@pytest.mark.parametrize(
    ("line", "source", "target", "verdict", "replacement"),
    [
        (
            "ctr images import --all-platforms x",
            "1.7",
            "2.0",
            "breaks",
            "ctr images import --local --all-platforms x",
        ),
        ("ctr i import --all-platforms x", "1.7", "2.1.9", "changes", "ctr i import --local --all-platforms x"),
        (
            "ctr images import --platform linux/arm64 x",
            "1.7",
            "2.0.5",
            "breaks",
            "ctr images import --local --platform linux/arm64 x",
        ),
        ("ctr images import --digests x", "1.6", "2.3", "breaks", "ctr images import --local --digests x"),
        (
            "ctr images import --discard-unpacked-layers x",
            "1.7",
            "2.0.2",
            "breaks",
            "ctr images import --local --discard-unpacked-layers x",
        ),
        (
            "ctr images import x --all-platforms",
            "1.7",
            "2.2",
            "breaks",
            "ctr images import --local --all-platforms x",
        ),
        ("ctr images import --local x", "1.7", "2.3", "works", None),
        ("ctr images import --local x", "2.0", "1.6", "breaks", "ctr images import x"),
        ("ctr images import --sync-fs --label a=b x", "2.1", "1.7", "breaks", "ctr images import x"),
        ("ctr images import x", "2.1.9", "2.2", "works", None),
        ("ctr images import --no-such-flag x", "1.7", "2.0", "fails", None),
        ("ctr images import --no-such-flag val x", "1.7", "2.0", "fails", None),
        ("ctr images import --sync-fs x", "1.7", "1.7", "fails", "ctr images import x"),
        (
            "ctr images import --discard-unpacked-layers x",
            "1.6",
            "2.0.2",
            "fails",
            "ctr images import --local --discard-unpacked-layers x",
        ),
        (
            "ctr images export --oci-ref-name x --manifest sha256:aa --manifest-type b a.tar ref",
            "1.6",
            "2.1",
            "fails",
            None,
        ),
        ("ctr images import --label a=b x", "2.0", "1.7", "breaks", "ctr images import x"),
        ("ctr images export --local o a", "1.7", "2.0", "works", None),
        ("ctr images export o a", "1.7", "2.0", "changes", "ctr images export --local o a"),
        ("ctr images export o a", "2.0", "2.1", "works", None),
        (
            "ctr images export o a --platform linux/arm64",
            "1.7",
            "2.0",
            "breaks",
            "ctr images export --local --platform linux/arm64 o a",
        ),
        ("ctr images export o a --all-platforms", "1.6", "1.7", "works", None),
        ("ctr images export --skip-non-distributable o a", "1.6", "1.4", "breaks", "ctr images export o a"),
        ("ctr images export o a", "1.2", "2.0", "unknown", None),
        ("docker load -i x", "1.7", "2.0", "unknown", None),
        ("podman save a > x", "1.7", "2.0", "unknown", None),
        ("kind load docker-image lab:1.0", "1.7", "2.0", "unknown", None),
        ("kind load image-archive x", "1.7", "2.0", "breaks", None),
        ("kind load image-archive x", "1.7", "2.1", "changes", None),
        ("ctr images import --local $IMPORT_OPTIONS x", "1.7", "2.0", "unknown", None),
    ],
)
def test_verdicts(line: str, source: str, target: str, verdict: str, replacement: str | None) -> None:
    found = finding(line, source, target)
    assert (found.verdict.value, found.replacement) == (verdict, replacement), found.why
    assert found.why or verdict == "works"


@pytest.mark.parametrize(
    ("line", "source", "target", "verdict", "replacement"),
    [
        ("docker save -o x a", "20.10", "24", "works", None),
        ("docker save -o x a", "24", "25", "changes", None),
        ("docker save -o x a", "28", "29", "changes", None),
        ("docker save --platform linux/arm64 a | gzip > x", "28", "27", "breaks", None),
        ("docker image save a --platform=linux/arm64", "28", "27", "breaks", None),
        ("docker save --platform linux/arm64 a > x", "27", "26", "fails", None),
        ("ctr images import x", "28", "29", "unknown", None),
    ],
)
def test_verdicts_of_docker(line: str, source: str, target: str, verdict: str, replacement: str | None) -> None:
    found = finding(line, source, target, program="docker")
    assert (found.verdict.value, found.replacement) == (verdict, replacement), found.why


@pytest.mark.parametrize(
    ("line", "program", "source", "target"),
    [
        ("docker load -i a.tar", "docker", "20.10", "28"),
        ("docker load < a.tar", "docker", "20.10", "28"),
        ("docker image load --quiet --input=a.tar", "docker", "20.10", "28"),
        ("podman load -i a.tar", "podman", "4.3", "5.2"),
        ("podman load -q --input a.tar", "podman", "4.3", "5.2"),
        ("nerdctl load -i a.tar --all-platforms", "nerdctl", "2.0", "2.2"),
    ],
)
def test_the_archive_of_a_load_is_no_flag_to_judge(line: str, program: str, source: str, target: str) -> None:
    found = finding(line, source, target, program=program)
    assert found.verdict is Verdict.WORKS, found.why


@pytest.mark.parametrize(
    ("words", "verdict", "told", "flag"),
    [
        ("several platforms", Verdict.WORKS, "", None),
        ("host's platform alone", Verdict.WORKS, "", None),
        ("bare name", Verdict.BREAKS, "stores no image", "--local"),
        (
            "not the host's, in an index",
            Verdict.CHANGES,
            "nothing holds the layers of linux/arm64",
            "--all-platforms",
        ),
        ("not the host's, without an index", Verdict.CHANGES, "stores linux/arm64 without unpacking it", "--local"),
        ("compressed as a whole", Verdict.WORKS, "invalid tar header", None),
    ],
)
def test_an_archive_at_hand_decides(words: str, verdict: Verdict, told: str, flag: str | None) -> None:
    found = finding("ctr images import x.tar", "1.7", "2.0.2", example(words))
    assert found.verdict is verdict
    assert told in " ".join(found.why)
    assert found.replacement == (flag and f"ctr images import {flag} x.tar")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'sudo ctr -n "$NS" images import --all-platforms "$F" > log 2>&1 && rm "$F"',
            'sudo ctr -n "$NS" images import --local --all-platforms "$F" > log 2>&1 && rm "$F"',
        ),
        (
            "ssh n 'ctr i import --all-platforms a; ctr i import --all-platforms b' # all",
            "ssh n 'ctr i import --local --all-platforms a; ctr i import --local --all-platforms b' # all",
        ),
        (
            'exec.Command("ctr", "images", "import", "--all-platforms", f)',
            'exec.Command("ctr", "images", "import", "--local", "--all-platforms", f)',
        ),
        (
            "execFileSync('ctr', ['images', 'import', f, '--all-platforms'])",
            "execFileSync('ctr', ['images', 'import', '--local', '--all-platforms', f])",
        ),
        (
            '  command: ["ctr", "images", "import", "--all-platforms", "a"]',
            '  command: ["ctr", "images", "import", "--local", "--all-platforms", "a"]',
        ),
        (
            "command: [ctr, images, import, a, --all-platforms]",
            "command: [ctr, images, import, --local, --all-platforms, a]",
        ),
        (
            "args:\n  - ctr\n  - images\n  - import # now\n  - --all-platforms\n  - a",
            "  - ctr\n  - images\n  - import\n  - --local # now\n  - --all-platforms\n  - a",
        ),
        (
            'ctr images import \\\n  "$F" \\\n  --all-platforms \\\n  2> log\n',
            'ctr images import --local --all-platforms \\\n  "$F" \\\n  2> log',
        ),
        (
            "ctr images import {{ f }} --platform '{{ p }}' < /dev/null",
            "ctr images import --local --platform '{{ p }}' {{ f }} < /dev/null",
        ),
    ],
)
def test_replacements_leave_the_rest_as_it_is(line: str, expected: str) -> None:
    for found in findings(line, "1.7", "2.0"):
        assert found.replacement == expected
        assert found.text
        assert line.rstrip("\n").endswith(found.text)


def test_prose_is_not_read() -> None:
    prose, block = "docker save and load are others.\n", "~~~~ sh\nctr images import a\n~~~\n~~~~\n"
    text = f"{prose}{block}\nctr i import b\n  ```\n  ctr i import c\n"
    versions = Version.parse("1.7"), Version.parse("2.0")
    found = migrate([Script("docs/README.md", text)], *versions, None, HOST)
    assert [(each.line, each.command) for each in found] == [(3, "ctr images import a"), (9, "ctr i import c")]


def test_an_unknown_flag_is_named() -> None:
    for verb in ("import", "export"):
        found = finding(f"ctr images {verb} --my-flag val x", "1.7", "2.0")
        assert "no version that is known has --my-flag" in " ".join(found.why)


def test_what_fails_on_both_does_not_break() -> None:
    report = migration([Script("a", "ctr images import --sync-fs x")], Version(1, 7), Version(1, 7), None, HOST)
    assert not report.breaks
    assert report.count(Verdict.FAILS) == 1
    lines = migration_lines(report)
    assert lines[-1].endswith("1 fails with both")


def test_a_line_works_on_both_only_if_it_does() -> None:
    """1.6 has no --local, so that what is to be written for 2.0 is not for it."""
    found = finding(
        "ctr images import --discard-unpacked-layers x", "1.6.20", "2.0.2", facts_of(multi_platform().pack())
    )
    assert found.replacement == "ctr images import --local --discard-unpacked-layers x"
    assert not found.works_on_both


def test_another_platform_is_never_imported_instead() -> None:
    """An archive that has linux/amd64 alone of what it lists: linux/arm64 was asked for."""
    archive = example("lists platforms it does not hold")
    found = finding("ctr images import --platform linux/arm64 x", "2.1.9", "1.4.13", archive)
    assert found.replacement is None
    found = finding("ctr images import --platform linux/amd64 x", "2.1.9", "1.4.13", archive)
    assert found.replacement in {None, "ctr images import x"}


def test_a_platform_that_nobody_asked_for_does_not_break() -> None:
    """1.x keeps linux/386 on linux/amd64, as that can run it; 2.1 does not, unless nothing else is there."""
    archive = facts_of(multi_platform(("linux/amd64", "linux/386")).pack())
    found = finding("ctr images import x", "1.7", "2.1.9", archive)
    assert found.verdict is Verdict.CHANGES
    assert "linux/386" in " ".join(found.why)
    alone = facts_of(multi_platform(("linux/386",)).pack())
    assert finding("ctr images import x", "1.7", "2.1.9", alone).verdict is Verdict.BREAKS
    assert finding("ctr images import --platform linux/386 x", "1.7", "2.0", archive).verdict is Verdict.BREAKS
    assert finding("ctr images import --all-platforms x", "1.7", "2.0", archive).verdict is Verdict.BREAKS


def run(line: str, version: str, facts: ArchiveFacts) -> Any:
    """Predict what the command in a line does."""
    (command,) = find_commands(line, valued_flags(IMPORTERS))
    assert not any(flag.is_late for flag in command.flags)
    return IMPORTERS["ctr"].predict(facts, Target("ctr", Version.parse(version), HOST), command.arguments)


FLAGS: Final = (
    ["--all-platforms"],
    ["--platform", "linux/arm64"],
    ["--platform=linux/amd64"],
    ["--no-unpack"],
    ["--digests"],
    ["--skip-digest-for-named"],
    ["--local"],
    ["--local=false"],
    ["--discard-unpacked-layers"],
    ["--base-name", "docker.io/library/lab"],
)
VERSIONS: Final = ("1.3", "1.5", "1.6.20", "1.7.24", "2.0.0", "2.0.2", "2.1.9", "2.3.4")


@given(
    st.lists(st.sampled_from(FLAGS), max_size=3, unique_by=tuple),
    st.sampled_from(VERSIONS),
    st.sampled_from(VERSIONS),
    st.sampled_from(examples(HOST)),
)
def test_verdict_and_replacement_agree_with_the_importer(
    flags: Sequence[Sequence[str]], source: str, target: str, archive: Any
) -> None:
    line = " ".join(["ctr images import", *(word for flag in flags for word in flag), "x.tar"])
    found = finding(line, source, target, archive.facts)
    before, after = (run(line, version, archive.facts) for version in (source, target))
    if found.verdict is Verdict.WORKS:
        assert after.ending is not Ending.ERROR
    if before.ending is not Ending.ERROR and after.ending is Ending.ERROR:
        assert found.verdict is Verdict.BREAKS
    if before == after and after.ending is not Ending.ERROR:
        assert found.verdict is Verdict.WORKS
    if found.replacement is not None and before.ending is not Ending.ERROR:
        replaced = run(found.replacement, target, archive.facts)
        assert replaced.ending is not Ending.ERROR
        assert found.replacement != line
        if found.works_on_both:
            assert run(found.replacement, source, archive.facts).ending is not Ending.ERROR


def report(*names: str, source: str = "1.7", target: str = "2.0") -> Migration:
    scripts = [Script(f"ci/{name}", (SCRIPTS / name).read_text()) for name in names]
    return migration(scripts, Version.parse(source), Version.parse(target), None, HOST)


ALL: Final = tuple(sorted(path.name for path in SCRIPTS.iterdir()))


def test_json_meets_its_schema() -> None:
    document = json.loads(json.dumps(report(*ALL).to_json()))
    Draft202012Validator(read_schema("output/migrate")).validate(document)
    assert list(document)[:2] == ["schemaVersion", "kind"]
    assert {each["verdict"] for each in document["findings"]} == {"breaks", "changes", "works", "unknown"}
    assert document["breaks"]


def test_text_names_places_first_and_keeps_its_width() -> None:
    lines = migration_lines(report(*ALL))
    for line in lines:
        if line.startswith("ci/"):
            name, number, column, _, command = line.split(":", 4)
            text = (SCRIPTS / name.removeprefix("ci/")).read_text().splitlines()[int(number) - 1]
            assert text[int(column) - 1 :].startswith(command.split()[0])
        elif not line.startswith("    "):
            assert len(line) <= WIDTH
    assert any(line.startswith("ci/gitlab-ci.yml:19:7: breaks: $CTR images import --all-platforms") for line in lines)
    assert lines[-1].endswith("unknown")


def test_text_of_no_command() -> None:
    lines = migration_lines(migration([Script("a", "true")], Version(1, 7), Version(2), None, HOST))
    assert " ".join(lines) == "no command that imports or exports images, from ctr 1.7.0 to 2.0.0 on linux/amd64"


def test_text_is_safe_for_a_terminal() -> None:
    script = Script("a\x1b.sh", "ctr images import --all-platforms '\x1b[31m{0}'\n")
    lines = migration_lines(migration([script], Version(1, 7), Version(2), None, HOST))
    assert not any("\x1b" in line for line in lines)
