"""How other programs are asked for one job: one platform of an archive, from archive to archive.

Each is a text for the shell, which stops at the first failure. Where a program writes folders only, tar does the
rest; where it cannot choose a platform, jq does.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_STOP: Final = "set -e"


@dataclass(frozen=True, slots=True)
class Job:
    """Keep `platform` of `source` in `output`; `folder` is empty, and for what has to be written on the way.

    `name` is the full name of the image, `tag` what the archive calls it.
    """

    source: Path
    output: Path
    folder: Path
    platform: str
    name: str
    tag: str

    @property
    def parts(self) -> tuple[str, str]:
        """Operating system and architecture."""
        system, _, architecture = self.platform.partition("/")
        return system, architecture


def skopeo(program: str, job: Job) -> str:
    """Return skopeo's copy from archive to archive; it unpacks the whole source first, into the job's folder.

    Its own choice for that is /var/tmp, whatever TMPDIR says.
    """
    return skopeo_as_it_comes(program, job, "--tmpdir", str(job.folder))


def skopeo_as_it_comes(program: str, job: Job, *options: str) -> str:
    """Return skopeo's copy with no word on where to unpack the source: it takes /var/tmp."""
    system, architecture = job.parts
    return _line(
        [program, "--insecure-policy", *options, "--override-os", system, "--override-arch", architecture],
        ["copy", "-q", f"oci-archive:{job.source}", f"oci-archive:{job.output}:{job.tag}"],
    )


def oras(program: str, job: Job) -> str:
    """Return oras's copy from an archive to a folder, and tar."""
    layout = job.folder / "layout"
    return _lines(
        _line(
            [program, "copy", "--from-oci-layout", f"{job.source}:{job.tag}", "--platform", job.platform],
            ["--to-oci-layout", f"{layout}:{job.tag}"],
        ),
        _packed(job, layout),
    )


def umoci(program: str, job: Job) -> str:
    """Return umoci's collection of what nothing refers to, after tar has unpacked all and jq has chosen."""
    return _lines(
        _line(["cd", str(job.folder)]),
        _line(["tar", "xf", str(job.source)]),
        "index=$(jq -r '.manifests[0].digest' index.json)",
        _chosen(job),
        _line([program, "gc", "--layout", "."]),
        _packed(job, job.folder),
    )


def by_hand(job: Job) -> str:
    """Return what tar and jq can do: only what is wanted is unpacked, a document at a time, and packed again.

    Nothing is verified.
    """
    source = shlex.quote(str(job.source))
    blob = "sed 's,^sha256:,blobs/sha256/,'"
    return _lines(
        _line(["cd", str(job.folder)]),
        f"tar xf {source} index.json oci-layout",
        "index=$(jq -r '.manifests[0].digest' index.json)",
        f'tar xf {source} "blobs/sha256/${{index#sha256:}}"',
        _chosen(job),
        'rm "blobs/sha256/${index#sha256:}"',
        "manifest=$(jq -r '.manifests[0].digest' index.json)",
        f'tar xf {source} "blobs/sha256/${{manifest#sha256:}}"',
        f"jq -r '.config.digest, .layers[].digest' \"blobs/sha256/${{manifest#sha256:}}\" | {blob} > wanted",
        f"tar xf {source} --files-from wanted",
        "rm wanted",
        _packed(job, job.folder),
    )


def podman(client: str, job: Job) -> str:
    """Return podman's pull of one platform into its storage, and its save; it packs layers anew."""
    return _lines(
        f"image=$({client} {_line(['pull', '-q', '--platform', job.platform, f'oci-archive:{job.source}'])})",
        f'{client} {_line(["save", "-q", "--format", "oci-archive", "-o", str(job.output)])} "$image"',
    )


def containerd(client: str, job: Job) -> str:
    """Return the import of one platform into containerd's store, and the export; the index stays as it was."""
    return _lines(
        f"{client} images import --local --no-unpack --platform {job.platform} {shlex.quote(str(job.source))}",
        f"{client} images export --local --platform {job.platform} {shlex.quote(str(job.output))} {job.name}",
    )


def docker(client: str, job: Job) -> str:
    """Return docker's load of one platform (28 or later, containerd's store), and the save."""
    return _lines(
        f"{client} load -q --platform {job.platform} -i {shlex.quote(str(job.source))}",
        f"{client} save --platform {job.platform} -o {shlex.quote(str(job.output))} {job.name}",
    )


def _chosen(job: Job) -> str:
    """Return how jq has index.json point at the manifest of the platform; `$index` is the digest of its index."""
    system, architecture = job.parts
    chooses = f'select(.platform.os == "{system}" and .platform.architecture == "{architecture}")'
    listed = f"[$all[0].manifests[] | {chooses} | .annotations = $names]"
    edits = f".manifests[0].annotations as $names | .manifests = {listed}"
    return (
        f'jq --slurpfile all "blobs/sha256/${{index#sha256:}}" {shlex.quote(edits)} index.json > new && '
        "mv new index.json"
    )


def _packed(job: Job, layout: Path) -> str:
    return _line(["tar", "cf", str(job.output), "-C", str(layout), "oci-layout", "index.json", "blobs"])


def _line(*arguments: list[str]) -> str:
    return shlex.join([argument for part in arguments for argument in part])


def _lines(*lines: str) -> str:
    return "\n".join((_STOP, *lines))
