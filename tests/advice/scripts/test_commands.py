"""Commands are found in realistic files, on their lines, with their flags; nothing else is."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocitool.advice.importers import IMPORTERS
from ocitool.advice.scripts.commands import ArchiveCommand, find_commands
from ocitool.advice.scripts.setting import valued_flags

SCRIPTS: Final = Path(__file__).parents[2] / "data" / "scripts"
JOINED: Final = "filepath.Join(folder, name)"
VALUED: Final = valued_flags(IMPORTERS)

FOUND: Final = {
    "Dockerfile": [
        (4, "ctr", "import", "", "/bundle.tar"),
        (5, "ctr", "import", "--snapshotter native", ""),
    ],
    "Makefile": [
        (6, "ctr", "import", "--local=true", "$(ARCHIVE)"),
        (9, "ctr", "export", "--all-platforms", "$(ARCHIVE) $(IMAGES)"),
        (10, "nerdctl", "export", "-o $(ARCHIVE)", "$(IMAGES)"),
        (11, "podman", "import", "-i $(ARCHIVE)", ""),
    ],
    "gitlab-ci.yml": [
        (11, "docker", "export", "", "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA"),
        (12, "docker", "export", "--platform linux/arm64 -o arm64.tar", "$CI_REGISTRY_IMAGE"),
        (19, "ctr", "import", "--all-platforms", "bundle.tar"),
        (22, "ctr", "import", "--digests", "/var/tmp/bundle.tar"),
        (27, "ctr", "import", "--platform linux/arm64", "/var/tmp/bundle.tar"),
    ],
    "images.service": [
        (8, "docker", "export", "-o /var/tmp/lab.tar", "lab:1.0"),
        (9, "ctr", "import", "", "/var/tmp/lab.tar"),
        (10, "ctr", "import", "", "$f"),
    ],
    "install.sh": [
        (6, "ctr", "import", "", ""),
        (15, "ctr", "import", "--no-unpack --platform $PLATFORM", "$archive"),
        (23, "ctr", "import", "", ""),
        (24, "docker", "import", "", ""),
        (25, "docker", "import", "", ""),
        (27, "nerdctl", "import", "--all-platforms", ""),
        (30, "ctr", "export", "", "fast.tar $(ctr images ls -q)"),
    ],
    "job.yaml": [
        (10, "ctr", "import", "--all-platforms", "/images/a.tar"),
        (18, "ctr", "export", "--platform linux/arm64", "/images/b.tar docker.io/library/lab:1.0"),
        (27, "ctr", "import", "--digests", "/images/c.tar"),
    ],
    "playbook.yml": [
        (5, "ctr", "import", "", "{{ archive_path }}"),
        (10, "ctr", "import", "--discard-unpacked-layers", "{{ archive_path }}"),
        (18, "ctr", "import", "--base-name {{ registry }}/lab", "{{ archive_path }}"),
    ],
    "workflow.yml": [
        (9, "ctr", "import", "--all-platforms", "${{ inputs.archive }}"),
        (10, "ctr", "export", "--platform linux/amd64", "- $IMAGE"),
        (11, "docker", "import", "--input ./dist/image.tar", ""),
        (14, "kind", "import", "--name ${{ matrix.cluster }}", "dist/image.tar"),
        (15, "kind", "import", "", ""),
    ],
}


def find(text: str) -> tuple[ArchiveCommand, ...]:
    return find_commands(text, VALUED)


def described(command: ArchiveCommand) -> tuple[int, str, str, str, str]:
    operands = " ".join(word.text for word in command.operands)
    flags = " ".join(argument for flag in command.flags for argument in flag.arguments)
    return command.line, command.program, command.verb.value, flags, operands


def test_the_corpus_is_whole() -> None:
    assert sorted(path.name for path in SCRIPTS.iterdir()) == sorted(FOUND)


@pytest.mark.parametrize("name", sorted(FOUND))
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_commands_of_a_file(name: str, ends: str) -> None:
    text = (SCRIPTS / name).read_text().replace("\n", ends)
    assert [described(command) for command in find(text)] == FOUND[name]


@pytest.mark.parametrize("name", sorted(FOUND))
def test_places_are_those_of_the_words(name: str) -> None:
    """Each operand and flag can be cut out of the text where it is said to be."""
    text = (SCRIPTS / name).read_text()
    for command in find(text):
        assert command.line == text.count("\n", 0, command.start) + 1
        assert command.verb_word.text in text[command.verb_word.start : command.verb_word.end]
        for word in (*command.operands, *(word for flag in command.flags for word in flag.words)):
            assert text[word.start : word.end].strip("\"'").replace('\\"', '"') == word.text
            assert command.start <= word.gap <= word.start < word.end <= command.end


@pytest.mark.parametrize(
    "line",
    [
        "# ctr images import x.tar",
        "true # ctr images import x.tar",
        "; ctr images import x.tar",
        "// docker load -i x.tar",
        "echo 'ctr images import x.tar'",
        "@echo docker save a",
        "printf 'docker load -i %s' x",
        "grep -q 'ctr images import' log | wc -l",
        "docker loadbalancer create",
        "curl https://example.org/docker/load",
        "ctr images ls; import x.tar",
        "ctr images pull import",
        "docker import rootfs.tar lab:1.0",
        "docker export box > rootfs.tar",
        "kind create cluster --name load",
        "my-ctr images import x",
        "name: docker load the image",
        "  - name: ctr images import x.tar",
        "Description=ctr images import of all",
        "ctr run import",
        "ctr",
        "docker image",
        '["echo", "import"]',
        ": ctr images import x.tar",
        ": 'ctr images import x.tar'",
        "printf 'docker load -i %s' x > load.log",
        "echo 'ctr images import x.tar' >&2",
        "(docker, save and load, are others)",
        '("load", ["ctr"])',
    ],
)
def test_false_friends(line: str) -> None:
    assert find(line) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/opt/bin/ctr -a x i import a", ("ctr", "import", "", "a")),
        ("CTR=1 ctr --debug image import -all-platforms=true a", ("ctr", "import", "--all-platforms=true", "a")),
        ("ctr -n k8s.io images import a --platform linux/arm64", ("ctr", "import", "--platform linux/arm64", "a")),
        ("ctr images import -", ("ctr", "import", "", "-")),
        ("ctr images import -- -a", ("ctr", "import", "", "-a")),
        ("ctr images import <(zcat a.gz)", ("ctr", "import", "", "<(zcat a.gz)")),
        ("x=`ctr images export - a | wc -c`", ("ctr", "export", "", "- a")),
        ("$CTR_COMMAND images import a", ("ctr", "import", "", "a")),
        ('"${DOCKER:-docker}" load; ${DOCKER} load -qi a', ("docker", "import", "-i a", "")),
        ("docker -H tcp://x:1 --tls image save -oa.tar lab", ("docker", "export", "-o=a.tar", "lab")),
        ("docker exec node ctr -n=k8s.io images import - < a", ("ctr", "import", "", "-")),
        ("docker save a 2>&1 >x |& ssh b docker2", ("docker", "export", "", "a")),
        ("run_on_node 'sh -c \"ctr images import a\"'", ("ctr", "import", "", "a")),
        ("echo 'ctr images import a' | sudo bash -e", ("ctr", "import", "", "a")),
        ('subprocess.run(["ctr", "images", "import", path])', ("ctr", "import", "", "path")),
        ("command: [ctr, images, import, a]", ("ctr", "import", "", "a")),
        ('{"cmd": "ctr images import \\"$F\\""}', ("ctr", "import", "", '"$F"')),
        ("sh 'docker load -i a'  // Jenkins", ("docker", "import", "-i a", "")),
        ("don't: ctr images import a", ("ctr", "import", "", "a")),
        ("if ! ctr images import a; then", ("ctr", "import", "", "a")),
        ("k3s ctr images import a&", ("ctr", "import", "", "a")),
        ("runcmd: [[ctr, images, import, a]]", ("ctr", "import", "", "a")),
        ("$(which ctr) images import a", ("ctr", "import", "", "a")),
        ('"$(command -v docker)" load -i a', ("docker", "import", "-i a", "")),
        ("sudo `which ctr` i import a", ("ctr", "import", "", "a")),
        ("/usr/local/bin/ctr-1.7 images import a", ("ctr", "import", "", "a")),
        ("docker-28.5.2 load < a", ("docker", "import", "", "")),
        ('exec.Command("ctr", "-n", ns, "images", "import", f)', ("ctr", "import", "", "f")),
        ('exec.CommandContext(ctx, "ctr", "images", "import", "--local", f)', ("ctr", "import", "--local", "f")),
        ('execFileSync("ctr", [ "images","import", f ])', ("ctr", "import", "", "f")),
        ("spawn('docker', ['load', '-i', file], {})", ("docker", "import", "-i file", "")),
        ("printf 'ctr images import %s' a > run.sh", ("ctr", "import", "", "%s")),
        ("echo 'ctr images import a' >> /opt/run.sh", ("ctr", "import", "", "a")),
        ('exec.Command("ctr", "images", "import", filepath.Join(folder, name))', ("ctr", "import", "", JOINED)),
        ("echo 'docker load -i a' | tr a b | cat | ssh node sh", ("docker", "import", "-i a", "")),
        ("echo 'docker load -i a' | sudo tee -a /opt/load.bash", ("docker", "import", "-i a", "")),
    ],
)
def test_ways_to_write_a_command(line: str, expected: tuple[str, str, str, str]) -> None:
    assert [described(command)[1:] for command in find(line)][-1:] == [expected]


def test_variables_that_may_hold_flags_are_told() -> None:
    (command,) = find("ctr images import $IMPORT_FLAGS $ARCHIVE")
    assert command.unread == ("$IMPORT_FLAGS",)
    assert [word.text for word in command.operands] == ["$ARCHIVE"]


def test_flags_behind_operands_are_late() -> None:
    (command,) = find("ctr images export --local out.tar lab --platform linux/arm64")
    assert [(flag.name, flag.is_late) for flag in command.flags] == [("--local", False), ("--platform", True)]


PIECES: Final = (
    *"'\"`$\\;|&<>(){}[]#\n \t,:-=",
    *("$(", "${", "{{", "}}", "${{", "<(", "\\\n", "\r\n", "<<EOF\n", "  - ", "command:\n", "args: [", ">-\n"),
    *(
        "ctr",
        "docker",
        "images",
        "import",
        "load",
        "export",
        "--all-platforms",
        "--platform",
        "$X",
        "é",
        "\x00",
        "\ud800",
    ),
)


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(PIECES)).map("".join), st.lists(st.sampled_from(PIECES)).map(" ".join)
    )
)
def test_any_text_is_read(text: str) -> None:
    for command in find(text):
        assert 0 <= command.start < command.end <= len(text)
        assert 1 <= command.line <= text.count("\n") + 1


@pytest.mark.parametrize("seed", range(20))
def test_noise_around_a_command_is_read(seed: int) -> None:
    """A line of its own is found whatever stands before it, unless that goes on."""
    generator = random.Random(seed)
    noise = "".join(generator.choices(PIECES, k=300)).replace("\\\n", "") + "\n\n"
    found = find(f"{noise}top:\nctr images import here.tar\n")
    assert "here.tar" in {word.text for command in found for word in command.operands}


HOSTILE: Final = (
    "docker load\n",
    "docker load -i $(",
    "(",
    '["ctr",',
    '["ctr","load"],',
    "'",
    '"$(',
    "`",
    "{{",
    "${",
    "docker load -i \"'",
    "- ctr import\n",
    "command:\n  - ctr\n",
    "args:\n- load\n",
    "\\\n",
    "x: >\n  load\n",
    'ssh "load \'load \\"',
    "load | ",
    "- ",
    "[ ",
    '("ctr",',
    '("load",["ctr",',
    '("(",',
    "(a,",
    "('load', ['",
    "`which ctr` load ",
    "echo load | ",
)


def seconds(text: str) -> float:
    start = time.process_time()
    find(text)
    return time.process_time() - start


@pytest.mark.parametrize("one_line", [False, True], ids=["lines", "one-line"])
@pytest.mark.parametrize("unit", HOSTILE, ids=range(len(HOSTILE)))
def test_time_is_linear(unit: str, one_line: bool) -> None:
    """Eight times the text takes eight times as long, with room for noise; sixty-four times would be quadratic."""
    unit = unit.replace("\n", " ") if one_line else unit
    short, long = ("docker load " + unit * (size // len(unit)) for size in (12_500, 100_000))
    assert seconds(long) < 24 * min(seconds(short) for _ in range(2)) + 1


def test_a_megabyte_is_read_in_a_time_that_nobody_minds() -> None:
    """Half a second where it was written; the bound is for what grows with more than the text."""
    text = "\n".join((SCRIPTS / name).read_text() for name in FOUND)
    text *= 1_000_000 // len(text)
    assert seconds(text) < 10
