"""What is attached to images, in the documents that real tools write: attestations, signatures, SBOMs.

Each shape takes image manifests that a `Layout` holds and lists one image over them, with everything attached to it.
The fields are those of BuildKit (docs/attestations/attestation-storage.md, exporter/containerimage/writer.go), cosign
(specs/SIGNATURE_SPEC.md, ATTESTATION_SPEC.md, SBOM_SPEC.md, BUNDLE_SPEC.md, pkg/oci/layout/write.go), the Notary
Project (specs/signature-specification.md) and `oras attach`. No signature is valid; nothing that imports looks.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.builders import NAME, OCI_CONFIG, OCI_MANIFEST, Json, Layout, as_json, platform, sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CREATED: Final = "2024-01-01T00:00:00Z"
EMPTY: Final = "application/vnd.oci.empty.v1+json"
IN_TOTO: Final = "application/vnd.in-toto+json"
BUILDKIT_ATTESTATION: Final = "application/vnd.docker.attestation.manifest.v1+json"
SIMPLE_SIGNING: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
DSSE: Final = "application/vnd.dsse.envelope.v1+json"
SIGSTORE_BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
NOTATION_SIGNATURE: Final = "application/vnd.cncf.notary.signature"
SPDX: Final = "application/spdx+json"

SPDX_PREDICATE: Final = "https://spdx.dev/Document"
PROVENANCE_PREDICATE: Final = "https://slsa.dev/provenance/v0.2"
COSIGN_SIGN_PREDICATE: Final = "https://sigstore.dev/cosign/sign/v1"

BUILDX, BUILDX_ARTIFACTS, COSIGN_TAGS, COSIGN_SAVE, SIGSTORE, REFERRERS_TAG, NOTATION = SHAPES = (
    "buildx",
    "buildx with artifacts",
    "cosign tags",
    "cosign save",
    "sigstore bundles",
    "referrers tag",
    "notation and SBOM",
)


def attach(shape: str, layout: Layout, images: Sequence[Json], name: str = NAME) -> Layout:
    """List one image over `images` under `name`, with what `shape` attaches to it."""
    return _SHAPES[shape](layout, images, name)


def small(shape: str, platforms: Sequence[str] = ("linux/amd64", "linux/arm64", "linux/arm/v7")) -> Layout:
    """Make a small image of several platforms with what `shape` attaches to it."""
    layout = Layout()
    return attach(shape, layout, [layout.manifest(text, ("base", f"own {text}")) for text in platforms])


def provenance(layout: Layout, subject: Json, *, artifact: bool = False) -> Json:
    """Add the attestation manifest that BuildKit writes for an image of its index.

    With `artifact` it is the newer form (`oci-artifact=true`): an artifact with a subject and no config to speak of.
    """
    layers = [
        layout.blob(
            as_json(_statement(subject, predicate)), IN_TOTO, annotations={"in-toto.io/predicate-type": predicate}
        )
        for predicate in (SPDX_PREDICATE, PROVENANCE_PREDICATE)
    ]
    document: Json = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    if artifact:
        document |= {
            "artifactType": BUILDKIT_ATTESTATION,
            "config": _empty(layout),
            "layers": layers,
            "subject": _plain(subject),
        }
    else:
        config = {
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        }
        document |= {"config": layout.blob(as_json(config), OCI_CONFIG), "layers": layers}
    return layout.blob(
        as_json(document),
        OCI_MANIFEST,
        annotations={
            "vnd.docker.reference.digest": subject["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        },
        platform=platform("unknown/unknown"),
    )


def cosign_signature(layout: Layout, subject: Json) -> Json:
    """Add what cosign before version 3 stores under the tag ``sha256-….sig``."""
    claim = {
        "critical": {
            "identity": {"docker-reference": NAME.rpartition(":")[0]},
            "image": {"docker-manifest-digest": subject["digest"]},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    return _cosign(
        layout, as_json(claim), SIMPLE_SIGNING, {"dev.cosignproject.cosign/signature": _signature(subject)}
    )


def cosign_attestation(layout: Layout, subject: Json) -> Json:
    """Add what cosign stores under the tag ``sha256-….att``."""
    annotations = {"dev.cosignproject.cosign/signature": "", "predicateType": PROVENANCE_PREDICATE}
    return _cosign(layout, as_json(_envelope(subject, PROVENANCE_PREDICATE)), DSSE, annotations)


def cosign_sbom(layout: Layout, subject: Json) -> Json:
    """Add what ``cosign attach sbom`` stores under the tag ``sha256-….sbom``."""
    return _cosign(layout, as_json(_sbom(subject)), "text/spdx+json", {})


def sigstore_bundle(layout: Layout, subject: Json) -> Json:
    """Add the referrer that cosign 3 writes as a signature of `subject`."""
    bundle = as_json(
        {
            "mediaType": SIGSTORE_BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": "lab"}, "tlogEntries": []},
            "dsseEnvelope": _envelope(subject, COSIGN_SIGN_PREDICATE),
        }
    )
    return _referrer(
        layout,
        subject,
        {"artifactType": SIGSTORE_BUNDLE, "config": _empty(layout), "layers": [layout.blob(bundle, SIGSTORE_BUNDLE)]},
        {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": COSIGN_SIGN_PREDICATE,
            "org.opencontainers.image.created": CREATED,
        },
    )


def notation_signature(layout: Layout, subject: Json) -> Json:
    """Add the referrer that ``notation sign`` writes; its type is that of its config."""
    envelope = as_json({"payload": _signature(subject), "protected": "", "header": {}, "signature": ""})
    return _referrer(
        layout,
        subject,
        {
            "config": layout.blob(b"{}", NOTATION_SIGNATURE),
            "layers": [layout.blob(envelope, "application/jose+json")],
        },
        {
            "io.cncf.notary.x509chain.thumbprint#S256": f'["{"ab" * 32}"]',
            "org.opencontainers.image.created": CREATED,
        },
    )


def spdx(layout: Layout, subject: Json) -> Json:
    """Add the referrer that ``oras attach --artifact-type application/spdx+json`` writes."""
    title = {"org.opencontainers.image.title": "sbom.spdx.json"}
    layer = layout.blob(as_json(_sbom(subject)), SPDX, annotations=title)
    return _referrer(
        layout,
        subject,
        {"artifactType": SPDX, "config": _empty(layout) | {"data": "e30="}, "layers": [layer]},
        {"org.opencontainers.image.created": CREATED},
    )


def _buildx(layout: Layout, images: Sequence[Json], name: str) -> Layout:
    return _list_attested(layout, images, name, artifact=False)


def _buildx_artifacts(layout: Layout, images: Sequence[Json], name: str) -> Layout:
    return _list_attested(layout, images, name, artifact=True)


def _list_attested(layout: Layout, images: Sequence[Json], name: str, *, artifact: bool) -> Layout:
    """List the images first and their attestations behind, as BuildKit does; buildx dates what index.json lists."""
    attestations = [provenance(layout, image, artifact=artifact) for image in images]
    index = layout.index([*images, *attestations], annotations={"org.opencontainers.image.vendor": "lab"})
    return layout.add(index, name, **{"org.opencontainers.image.created": CREATED})


def _cosign_tags(layout: Layout, images: Sequence[Json], name: str) -> Layout:
    """List the tags beside the image, each with both names, as an export of all of a repository's tags has them."""
    index = layout.index(images)
    layout.add(index, name)
    repository = name.rpartition(":")[0]
    for subject in (index, *images):
        tag = subject["digest"].replace(":", "-")
        layout.add(cosign_signature(layout, subject), f"{repository}:{tag}.sig")
        layout.add(cosign_attestation(layout, subject), f"{repository}:{tag}.att")
        layout.add(cosign_sbom(layout, subject), f"{repository}:{tag}.sbom")
    return layout


def _cosign_save(layout: Layout, images: Sequence[Json], _name: str) -> Layout:
    """List kinds and no names; of the images within an index cosign saves no signatures."""
    index = layout.index(images)
    kind = "dev.cosignproject.cosign/"
    layout.add(index, None, kind=f"{kind}imageIndex")
    layout.add(cosign_signature(layout, index), None, kind=f"{kind}sigs")
    return layout.add(cosign_attestation(layout, index), None, kind=f"{kind}atts")


def _sigstore(layout: Layout, images: Sequence[Json], name: str) -> Layout:
    index = layout.index(images)
    layout.add(index, name)
    for subject in (index, *images):
        layout.roots.append(sigstore_bundle(layout, subject))
    return layout


def _referrers_tag(layout: Layout, images: Sequence[Json], name: str) -> Layout:
    """List per subject an index of its referrers under the tag ``sha256-…``, for registries without referrers."""
    index = layout.index(images)
    layout.add(index, name)
    repository = name.rpartition(":")[0]
    for subject in (index, *images):
        listed = layout.index([sigstore_bundle(layout, subject)])
        layout.add(listed, f"{repository}:{subject['digest'].replace(':', '-')}")
    return layout


def _notation(layout: Layout, images: Sequence[Json], name: str) -> Layout:
    """List an SBOM and signatures of each image, and of the SBOM itself: a chain."""
    index = layout.index(images)
    layout.add(index, name)
    layout.roots.append(notation_signature(layout, index))
    for image in images:
        sbom = spdx(layout, image)
        layout.roots += [notation_signature(layout, image), sbom, notation_signature(layout, sbom)]
    return layout


_SHAPES: Final[dict[str, Callable[[Layout, Sequence[Json], str], Layout]]] = {
    BUILDX: _buildx,
    BUILDX_ARTIFACTS: _buildx_artifacts,
    COSIGN_TAGS: _cosign_tags,
    COSIGN_SAVE: _cosign_save,
    SIGSTORE: _sigstore,
    REFERRERS_TAG: _referrers_tag,
    NOTATION: _notation,
}


def _plain(descriptor: Json) -> Json:
    """Return what a subject says of a manifest: never its platform or annotations."""
    return {key: descriptor[key] for key in ("mediaType", "digest", "size")}


def _empty(layout: Layout) -> Json:
    return layout.blob(b"{}", EMPTY)


def _referrer(layout: Layout, subject: Json, content: Json, annotations: Json) -> Json:
    """Add a manifest with a subject; its descriptor says the type and annotations, as a list of referrers does."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        **content,
        "subject": _plain(subject),
        "annotations": annotations,
    }
    kind = content.get("artifactType", content["config"]["mediaType"])
    return layout.blob(as_json(document), OCI_MANIFEST, annotations=annotations, artifactType=kind)


def _cosign(layout: Layout, payload: bytes, media_type: str, annotations: Json) -> Json:
    """Add an image of one layer that is no tar, with the config that go-containerregistry begins from."""
    layer = layout.blob(payload, media_type, **({"annotations": annotations} if annotations else {}))
    never = "0001-01-01T00:00:00Z"
    config = {
        "architecture": "",
        "created": never,
        "history": [{"created": never}],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        "config": {},
    }
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.blob(as_json(config), OCI_CONFIG),
        "layers": [layer],
    }
    return layout.blob(as_json(document), OCI_MANIFEST)


def _statement(subject: Json, predicate_type: str) -> Json:
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate_type,
        "subject": [{"name": "_", "digest": {"sha256": subject["digest"].removeprefix("sha256:")}}],
        "predicate": {},
    }


def _envelope(subject: Json, predicate_type: str) -> Json:
    return {
        "payload": base64.b64encode(as_json(_statement(subject, predicate_type))).decode(),
        "payloadType": IN_TOTO,
        "signatures": [{"sig": _signature(subject)}],
    }


def _sbom(subject: Json) -> Json:
    return {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": subject["digest"], "packages": []}


def _signature(subject: Json) -> str:
    """Return something that looks like a signature and differs for every subject."""
    return base64.b64encode(sha256(subject["digest"].encode()).encode()).decode()
