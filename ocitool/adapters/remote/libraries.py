"""Which libraries serve which schemes, for a message that names what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocitool.errors import UsageError

if TYPE_CHECKING:
    from ocitool.adapters.remote.address import Address

_OURS: Final = "'ocitool[remote]'"
_PACKAGES: Final = {
    **dict.fromkeys(("http", "https", "s3", "s3a"), _OURS),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "smb": "smbprotocol",
}


def lacking(address: Address, error: ImportError) -> UsageError:
    """Return the error for a scheme whose library is not installed."""
    missing = error.name or getattr(error.__cause__, "name", None) or "fsspec"
    package = _OURS if missing == "fsspec" else _PACKAGES.get(address.scheme, missing)
    return UsageError(
        f"{address.scheme}:// needs a library that is not installed ({missing})",
        where=address.shown,
        remedy=f"install it: pip install {package}; a file of that name is ./NAME",
    )


def not_served(address: Address) -> UsageError:
    """Return the error for a scheme that nobody knows."""
    return UsageError(
        f"nothing that is installed serves {address.scheme}://",
        where=address.shown,
        remedy="fetch the file first, then name the file; a file of that name is ./NAME",
    )
