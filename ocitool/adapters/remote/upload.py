"""Outputs by URL: the upload that fits the scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.adapters.remote.address import Address
from ocitool.adapters.remote.libraries import lacking, not_served
from ocitool.adapters.remote.write_failures import write_failure
from ocitool.errors import OcitoolError, UsageError
from ocitool.model.url import require_no_version

if TYPE_CHECKING:
    from ocitool.archive.remote import Upload

_S3: Final = frozenset({"s3", "s3a"})
_READ_ONLY: Final = frozenset({"http", "https"})


def open_upload(url: str, *, clobber: bool) -> Upload:
    """Open an object to be written; it appears when it is published, whole, or not at all.

    Raises `UsageError` for a scheme that is not written to or whose library is missing, `OutputError` if the object
    cannot be written or, without `clobber`, exists.
    """
    address = Address.parse(url)
    require_no_version(url)
    scheme, name = address.scheme, address.shown
    if scheme in _READ_ONLY:
        raise UsageError(
            f"{scheme}:// cannot be written to",
            where=name,
            remedy="name the storage behind it, such as s3://BUCKET/NAME.tar, or pipe -o - into curl -T - URL",
        )
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import get_filesystem_class

        get_filesystem_class(scheme)
    except ImportError as error:
        raise lacking(address, error) from None
    except ValueError:
        raise not_served(address) from None
    try:
        if scheme in _S3:
            return _open_s3(address, clobber=clobber)
        filesystem, path = url_to_fs(address.url)
    except OcitoolError:
        raise  # interrupted
    except Exception as error:
        raise write_failure(error, name) from error
    from ocitool.adapters.remote.staged_upload import StagedUpload

    return StagedUpload(filesystem, path, name, clobber=clobber)


def _open_s3(address: Address, *, clobber: bool) -> Upload:
    from ocitool.adapters.remote.s3_client import open_client
    from ocitool.adapters.remote.s3_object import S3Object
    from ocitool.adapters.remote.s3_upload import S3Upload

    return S3Upload(S3Object(open_client(address), address), clobber=clobber)
