"""Messages as programs print them and people paste them, by their id in the catalogue."""
# ruff: noqa: E501 - each stands as it is printed, in one line

from __future__ import annotations

from typing import Final

D: Final = "sha256:" + "0123456789abcdef" * 4
E: Final = "sha256:" + "fedcba9876543210" * 4
_HEX: Final = D[7:]

SAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "platform-incomplete": (
        f"requested platform (linux/arm64) found, but some content is missing: NotFound: content digest {D}: not found",
        "$ docker load -i a.tar --platform linux/arm64\nrequested platform(s) ([linux/arm64]) found, but some content is missing",
    ),
    "platform-not-found": (
        "requested platform (linux/arm64) not found: image might be filtered out",
        "Error response from daemon: requested platform(s) ([linux/arm/v7]) not found",
    ),
    "platform-not-provided": (
        "image lab:1.0 was loaded, but doesn't provide the requested platform (linux/arm64)",
        "Loaded image: lab:1.0\nimage lab:1.0 was loaded, but doesn't provide the requested platform (linux/s390x)",
    ),
    "save-platform": (
        (
            "Error response from daemon: no suitable export target found: image with reference lab:1.0 was found but does "
            "not provide the specified platform (linux/arm64)"
        ),
        (
            "no suitable export target found: image with reference docker.io/library/busybox:latest was found but does not "
            "provide the specified platform (linux/amd64)"
        ),
    ),
    "export-lacks-content": (
        f"ctr: failed to get reader: content digest {D}: not found",
        f'time="2024-05-01T10:00:00Z" level=fatal msg="export failed: content digest {D}: not found"',
    ),
    "save-lacks-content": (
        f"Error response from daemon: unable to create manifests file: NotFound: content digest {D}: not found",
        f"unable to create manifests file: error reading config: content digest {D}: not found",
    ),
    "extract-failed": (
        f"ctr: failed to extract layer {D}: mount callback failed on /tmp/containerd-mount1: something",
        f'ctr: apply layer error for "docker.io/library/lab:1.0": failed to extract layer {D}: something',
        (
            f"ctr: failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip {D}) to overlayfs as "
            f'"extract-594994609-L9lw {E}": something'
        ),
    ),
    "content-not-found": (
        f"ctr: content digest {D}: not found",
        f"ctr: rpc error: code = NotFound desc = content digest {D}: not found",
        (
            f'ERROR: failed to load image: command "docker exec --privileged -i kind-control-plane ctr --namespace=k8s.io '
            f'images import --all-platforms --digests --snapshotter=overlayfs -" failed with error: exit status 1\n'
            f"Command Output: ctr: content digest {D}: not found"
        ),
        (
            f'time="2024-05-01T10:00:00Z" level=error msg="Error encountered while importing '
            f'/var/lib/rancher/k3s/agent/images/a.tar: failed to import images: content digest {D}: not found"'
        ),
    ),
    "no-match": (
        f"ctr: no match for platform in manifest {D}: not found",
        f'time="2024-05-01T10:00:00Z" level=fatal msg="no match for platform in manifest {D}: not found"',
    ),
    "manifest-not-found": (
        f"ctr: manifest {D}: not found",
        f"unpacking lab...ctr: manifest {D}: not found: not found",
    ),
    "filtered-out": (
        "ctr: image might be filtered out",
        (
            'time="2024-05-01T10:00:00Z" level=fatal msg="image might be filtered out (Hint: set --platform=PLATFORM or '
            '--all-platforms)"'
        ),
    ),
    "no-unpack-platforms": (
        "ctr: unable to initialize unpacker: no unpack platforms defined: invalid argument",
        (
            'ERROR: failed to load image: command "docker exec ... ctr images import --all-platforms -" failed with error: '
            "exit status 1\nCommand Output: ctr: unable to initialize unpacker: no unpack platforms defined"
        ),
    ),
    "flag-unknown": (
        "Incorrect Usage: flag provided but not defined: -local\n\nNAME:\n   ctr images import",
        "unknown flag: --platform\nSee 'docker load --help'.",
    ),
    "bad-docker-manifest": (
        'ctr: untar manifest "manifest.json": unexpected EOF',
        'level=error msg="untar manifest \\"manifest.json\\": invalid character \'x\' looking for beginning of value"',
    ),
    "docker-layers-count": (
        "invalid manifest, layers length mismatch: expected 3, got 2",
        "Error response from daemon: invalid manifest, layers length mismatch: expected 1, got 0",
    ),
    "rootfs-mismatch": (
        "ctr: mismatched image rootfs and manifest layers",
        "ctr: number of layers and diffIDs don't match: 2 != 1",
        'level=fatal msg="mismatched image rootfs and manifest layers"',
    ),
    "wrong-diff-id": (
        f'ctr: wrong diff id calculated on extraction "{D}"',
        f'* oci-archive: writing blob: layer 0 (blob "{D}"/""/"{E}") does not match config\'s DiffID "{E}"',
        f'invalid diffID for layer 0: expected "{D}", got "{E}"',
    ),
    "digest-mismatch": (
        f"ctr: unexpected commit digest {D}, expected {E}: failed precondition",
        f'level=fatal msg="writing blob: happened during read: Digest did not match, expected {D}, got {E}"',
        f'level=fatal msg="reading config blob {D}: Download config.json digest {E} does not match expected {D}"',
    ),
    "damaged-compression": ("Error processing tar file(gzip: invalid checksum): ", "ctr: gzip: invalid header"),
    "zstd-window": (
        'level=error msg="k3s: failed to import a.tar.zst: window size exceeded"',
        "rke2[12]: zstd: window size exceeded",
    ),
    "invalid-tar-header": (
        "ctr: archive/tar: invalid tar header",
        "Error processing tar file(exit status 1): archive/tar: invalid tar header",
        '* oci-archive: creating temp directory: untarring file "/var/tmp/x": archive/tar: invalid tar header',
    ),
    "invalid-tar-archive": (
        'level=error msg="Unable to import /var/lib/rancher/k3s/agent/images/a.tar: invalid tar archive format"',
        "rke2: invalid tar archive format",
    ),
    "docker-exporter-list": (
        "ERROR: docker exporter does not currently support exporting manifest lists",
        "#12 ERROR: docker exporter does not currently support exporting manifest lists\n------",
    ),
    "missing-index": ("ctr: missing index.json in OCI layout 1.0.0", "ctr: no index.json found"),
    "layout-version": ("ctr: unsupported OCI version 1.0.1", 'level=error msg="unsupported OCI version 2.0.0"'),
    "unrecognized-format": (
        "ctr: unrecognized image format",
        "Error response from daemon: unrecognized image format",
    ),
    "docker-config-missing": (
        f'ctr: image config "blobs/sha256/{_HEX}" not found',
        'level=error msg="image config \\"abc.json\\" not found"',
    ),
    "docker-layer-missing": (
        f'ctr: failed to resolve layers: layer "blobs/sha256/{_HEX}" not found',
        'level=error msg="failed to resolve layers: layer \\"abc/layer.tar\\" not found"',
    ),
    "docker-layer-link": (
        'ctr: no target for symlink layer from "a/layer.tar" to "../b/layer.tar"',
        "failed to resolve layers: no target for symlink layer",
    ),
    "docker-layers-missing": (
        (
            'level=fatal msg="determining manifest MIME type for docker-archive:a.tar: Some layer tarfiles are missing in '
            'the tarball"'
        ),
        f'* docker-archive: loading tar component "blobs/sha256/{_HEX}": file does not exist',
    ),
    "several-images": (
        'level=fatal msg="initializing source oci-archive:a.tar:: more than one image in oci, choose an image"',
        "FATA[0000] Error initializing source oci-archive:a.tar:: more than one image in oci, choose an image",
    ),
    "no-descriptor": (
        'level=fatal msg="no descriptor found for reference \\"3.20\\""',
        "Error: no descriptor found for reference 1.0",
    ),
    "no-image-for-platform": (
        (
            'level=fatal msg="choosing an image from manifest list oci-archive:a.tar:: no image found in image index for '
            'architecture \\"arm64\\", variant \\"v8\\", OS \\"linux\\""'
        ),
        'Error: choosing image instance: no image found in manifest list for architecture amd64, variant "", OS linux',
    ),
    "no-image-for-platform-short": (
        "Error: no image found in manifest list for architecture",
        'skopeo: no image found in image index for architecture "" of this host',
    ),
    "legacy-docker": (
        "open /var/lib/docker/tmp/docker-import-123/blobs/json: no such file or directory",
        "open /var/lib/docker/tmp/docker-import-99/repositories: no such file or directory",
    ),
    "legacy-rootfs": (
        "open /var/lib/docker/tmp/docker-import-970689518/bin/json: no such file or directory",
        "Error response from daemon: open /x/etc/json: no such file or directory",
    ),
    "no-docker-manifest": (
        "invalid archive: does not contain a manifest.json",
        "Error response from daemon: invalid archive: does not contain a manifest.json",
    ),
    "docker-file-missing": (
        f"open /var/lib/docker/tmp/docker-import-71/blobs/sha256/{_HEX}: no such file or directory",
        "open /var/lib/docker/tmp/docker-import-71/abc/layer.tar: no such file or directory",
    ),
    "blob-file-missing": (
        f'level=fatal msg="reading blob {D}: open /var/tmp/oci1/blobs/sha256/{_HEX}: no such file or directory"',
        f"* oci-archive: parsing image configuration: open /var/tmp/o/blobs/sha256/{_HEX}: no such file or directory",
    ),
    "tar-layout-missing": (
        (
            'level=fatal msg="initializing source oci-archive:a.tar:: open /var/tmp/oci1/index.json: no such file or '
            'directory"'
        ),
        "* oci-archive: loading index: open /var/tmp/oci1/index.json: no such file or directory",
    ),
    "trivy-tar": (
        "FATAL image scan error: unable to open a.tar as a Docker image: file manifest.json not found in tar",
        "trivy: unable to open a.tar as an OCI Image: stat a.tar/index.json: not a directory",
    ),
    "nested-index": (
        f"FATAL unexpected media type for {D}: application/vnd.oci.image.index.v1+json",
        "FATAL: OCI layout contains no image manifests for the host platform",
        "error: nested image index not supported",
    ),
    "blob-unknown": (
        "error parsing HTTP 404 response body: blob unknown to registry",
        '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]}',
    ),
    "pinned-digest": (
        'level=fatal msg="Digest of source image\'s manifest would not match destination reference"',
        "Error: copying: Digest of source image's manifest would not match destination reference",
    ),
    "unexpected-eof": (
        "ctr: unexpected EOF",
        f'ctr: failed to ingest "blobs/sha256/{_HEX}": short read: expected 553 bytes but got 188: unexpected EOF',
    ),
    "whiteout": (
        'ctr: failed to extract layer: failed to convert whiteout file "a/.wh.b": operation not supported: unknown',
        'level=error msg="failed to convert whiteout file \\"x/.wh.y\\": operation not permitted"',
    ),
    "other-os": (
        "cannot load windows image on linux",
        "Error response from daemon: cannot load linux image on windows",
    ),
    "platform-warning": (
        (
            "WARNING: The requested image's platform (linux/arm64) does not match the detected host platform "
            "(linux/amd64/v3) and no specific platform was requested"
        ),
        "docker: requested image's platform (linux/386) does not match the detected host platform (linux/amd64)",
    ),
    "exec-format": (
        "exec /bin/sh: exec format error",
        'level=error msg="standard_init_linux.go:228: exec user process caused: exec format error"',
    ),
    "image-pull": (
        "web-0   0/1   ErrImageNeverPull   0   12s",
        'Warning  Failed  kubelet  Error: ImagePullBackOff\nBack-off pulling image "lab:1.0"',
        'Container image "lab:1.0" is not present with pull policy of Never',
    ),
    "already-exists": (
        'ctr: image "docker.io/library/lab:1.0": already exists',
        'level=error msg="k3s: failed to retag image lab:1.0: already exists"',
    ),
    "no-images-store": (
        f"ctr: No images store for {D}",
        f'level=info msg="No images store for {D}"',
    ),
    "type-mismatch": (
        "ctr: invalid manifest: expected manifest but found index",
        "expected index but found manifest",
        "schema 1 not supported: not found",
    ),
    "artifact-unpack": (
        f"ctr: unexpected media type application/vnd.example.sbom for {D}: not found",
        f'level=fatal msg="unexpected media type application/vnd.cncf.helm.config.v1+json for {D}: not found"',
    ),
    "old-ctr-names": ("ctr: duplicated index.json", 'ctr: unexpected name: "manifest.json"'),
    "null-docker-manifest": (
        "invalid manifest, manifest cannot be null (but can be [])",
        "Error response from daemon: manifest cannot be null",
    ),
    "bad-json": (
        "invalid character '|' after object key:value pair",
        (
            'level=fatal msg="initializing source docker-archive:a.tar: decoding tar manifest.json: unexpected end of JSON '
            'input"'
        ),
    ),
    "bad-layer-entries": (
        f"ctr: failed to extract layer {D}: mount callback failed on /tmp/m: invalid whiteout name: .wh.: invalid",
        "openat etc/passwd: not a directory",
        'invalid whiteout entry "etc/.wh."',
    ),
    "snapshotter": (
        'ctr: failed to prepare extraction snapshot "extract-1": missing parent',
        "ctr: snapshotter not loaded: zfs: invalid argument",
        "ctr: write /var/lib/containerd/x: no space left on device",
    ),
    "no-daemon": (
        'ctr: cannot access containerd socket "/run/containerd/containerd.sock": no such file or directory',
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    ),
    "no-such-image": ("Error response from daemon: reference does not exist", "Error: No such image: lab:1.0"),
    "registry-unreachable": (
        'ctr: failed to do request: Head "http://localhost:1/v2/x/blobs/x": dial tcp 127.0.0.1:1: connect: refused',
        'FATA[0000] failed to do request: Get "https://r/v2/": x509: certificate signed by unknown authority',
    ),
    "payload": (
        (
            "Error: payload does not match any of the supported image formats:\n * oci: open a.tar/index.json: not a "
            "directory"
        ),
        "Error: payload does not match any of the supported image formats (oci, oci-archive, dir, docker-archive)",
    ),
    "loaded": ("Loaded image: lab:1.0", f"Loaded image ID: {D}"),
}
