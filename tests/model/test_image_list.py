from __future__ import annotations

import pytest

from ocitool.errors import UsageError
from ocitool.model.image_list import parse_image_list
from ocitool.model.limits import IMAGE_LIST_LIMIT, LIST_LIMIT

K3S = b"""\
docker.io/rancher/klipper-helm:v0.9.3-build20241008
docker.io/rancher/klipper-lb:v0.4.9
docker.io/rancher/local-path-provisioner:v0.0.30
docker.io/rancher/mirrored-coredns-coredns:1.12.0
docker.io/rancher/mirrored-library-busybox:1.36.1
docker.io/rancher/mirrored-library-traefik:2.11.18
docker.io/rancher/mirrored-metrics-server:v0.7.2
docker.io/rancher/mirrored-pause:3.6
"""


def names(data: bytes) -> list[str]:
    return [reference.full for reference in parse_image_list(data, "images.txt")]


def test_the_list_of_k3s_works_as_it_is() -> None:
    assert names(K3S) == K3S.decode().split()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"alpine:3", ["docker.io/library/alpine:3"]),
        (b"alpine", ["docker.io/library/alpine:latest"]),
        (b"\n\n  alpine:3  \n\t\n", ["docker.io/library/alpine:3"]),
        (
            b"# all\nalpine:3 # the base\n#alpine:4\nb:1\t# c\n",
            ["docker.io/library/alpine:3", "docker.io/library/b:1"],
        ),
        (b"alpine:3\r\nb:1\r\n", ["docker.io/library/alpine:3", "docker.io/library/b:1"]),
        (b"\xef\xbb\xbfalpine:3\n", ["docker.io/library/alpine:3"]),
        (b"\xef\xbb\xbf# a comment\nalpine:3", ["docker.io/library/alpine:3"]),
        (b"alpine:3\ndocker.io/library/alpine:3\nlibrary/alpine:3\n", ["docker.io/library/alpine:3"]),
        (b"localhost:5000/a@sha256:" + b"0" * 64, ["localhost:5000/a@sha256:" + "0" * 64]),
    ],
)
def test_lists(data: bytes, expected: list[str]) -> None:
    assert names(data) == expected


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        (b"", "images.txt", "names no image"),
        (b"# nothing\n\n", "images.txt", "names no image"),
        (b"alpine:3\nb:1 c:1\n", "images.txt:2", "'b:1 c:1' is more than one word"),
        (b"alpine:*\n", "images.txt:1", "is a pattern"),
        (b"a\n\n# x\nghcr.io/Upper/x:1", "images.txt:4", "a repository is lower-case"),
        (b"alpine#3", "images.txt:1", "is no image name"),
        (b"alpine:3\nx@sha256:12", "images.txt:2", "digest"),
        (b"docker://alpine:3", "images.txt:1", "is no image name"),
        ("alpine:3\n".encode("utf-16"), "images.txt", "not UTF-8"),
        (b"alpine:3\x00", "images.txt:1", "is no image name"),
        (b"a" * 500, "images.txt:1", "more than 255 characters"),
        (b"a" * (IMAGE_LIST_LIMIT + 1), "images.txt", "more than 4194304 bytes"),
        (b"".join(b"a:%d\n" % number for number in range(LIST_LIMIT + 1)), "images.txt", "more than 20000 images"),
    ],
    ids=range(13),
)
def test_bad_lists_say_where(data: bytes, where: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_image_list(data, "images.txt")
    assert caught.value.where == where
    assert message in caught.value.message
    assert caught.value.remedy
