"""Outputs by URL: the upload that fits the scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.adapters.remote.write_failures import write_failure
from ocitool.archive.remote import shown_url, url_scheme
from ocitool.errors import UsageError

if TYPE_CHECKING:
    from ocitool.archive.remote import Upload

_S3: Final = frozenset({"s3", "s3a"})
_READ_ONLY: Final = frozenset({"http", "https"})


def open_upload(url: str, *, clobber: bool) -> Upload:
    """Open an object to be written; it appears when it is published, whole, or not at all.

    Raises `UsageError` for a scheme that is not written to or whose library is missing, `OutputError` if the object
    cannot be written or, without `clobber`, exists.
    """
    scheme, name = url_scheme(url), shown_url(url)
    if scheme in _READ_ONLY:
        raise UsageError(
            f"{scheme}:// cannot be written to",
            where=name,
            remedy="name the storage behind it, such as s3://BUCKET/NAME.tar, or pipe -o - into curl -T - URL",
        )
    from fsspec.core import url_to_fs

    try:
        filesystem, path = url_to_fs(url)
    except ImportError as error:
        raise UsageError(
            f"{scheme}:// needs a library that is not installed", where=name, remedy=str(error)
        ) from error
    except ValueError as error:
        raise UsageError(f"nothing that is installed serves {scheme}://", where=name) from error
    except Exception as error:
        raise write_failure(error, name) from error
    if scheme in _S3:
        from ocitool.adapters.remote.s3_object import S3Object
        from ocitool.adapters.remote.s3_upload import S3Upload

        return S3Upload(S3Object(filesystem, path, name), clobber=clobber)
    from ocitool.adapters.remote.staged_upload import StagedUpload

    return StagedUpload(filesystem, path, name, clobber=clobber)
