"""What went wrong with an upload, in one line that shows nothing of credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ocitool.archive.new_file import exists_already
from ocitool.errors import OutputError
from ocitool.model.url import shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_CREDENTIALS: Final = (
    "check the credentials, which are taken from AWS_* in the environment or ~/.aws, and that they may write there"
)
_LATER: Final = "run it again later"
_REACHED: Final = "check the address (AWS_ENDPOINT_URL) and the network"

_SET: Final = "check what S3 is set to: AWS_ENDPOINT_URL and FSSPEC_S3"

_REFUSED: Final = frozenset({"401", "403"})
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "NotSignedUp",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_NO_BUCKET: Final = "NoSuchBucket"
_TAKEN: Final = frozenset({"PreconditionFailed", "412"})
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_TEXT_LIMIT: Final = 200
"""Characters of a library's own message that are passed on."""


def answer_of(error: BaseException) -> tuple[str, int]:
    """Return the code and the status with which S3 answered, "" and 0 if there was no answer."""
    cause = error if hasattr(error, "response") else error.__cause__
    response: Mapping[str, Any] = getattr(cause, "response", None) or {}
    if not hasattr(response, "get"):
        return "", 0
    code = str(response.get("Error", {}).get("Code", ""))
    return code, int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_denied(error: BaseException) -> bool:
    """Tell whether S3 refused for want of credentials or rights."""
    code, status = answer_of(error)
    return code in _DENIED or code in _REFUSED or status in {401, 403}


def is_absent(error: BaseException) -> bool:
    """Tell whether what was asked for is not there."""
    return answer_of(error)[1] == 404


def was_unanswered(error: BaseException) -> bool:
    """Tell whether a request failed without an answer."""
    return answer_of(error)[1] == 0


def is_undecided(error: BaseException) -> bool:
    """Tell whether a request may have been carried out although it failed.

    Its answer may have been lost, and then an earlier try of it be the reason why it was refused.
    """
    code, status = answer_of(error)
    return status == 0 or status >= 500 or code == "NoSuchUpload" or code in _TAKEN


def s3_failure(error: BaseException, name: str, bucket: str) -> OutputError:
    """Return the error for a request to S3 that failed."""
    code, status = answer_of(error)
    if code in _TAKEN:
        return exists_already(name)
    if code == _NO_BUCKET:
        return no_bucket(name, bucket)
    if status:
        told = code if code == str(status) else f"{status} {code}".strip()
        problem, remedy = f"the server refused it ({told})", ""
        if is_denied(error):
            problem, remedy = f"access is denied ({told})", _CREDENTIALS
        elif status >= 500:
            problem, remedy = f"the server failed ({told}), several times", _LATER
    else:
        kind = type(error).__name__
        problem, remedy = told_by(error), _SET
        if "Credentials" in kind:
            problem, remedy = "no credentials were found", _CREDENTIALS
        elif isinstance(error, OSError) or kind in _CONNECTION:
            problem, remedy = f"the server was not reached ({kind})", _REACHED
    return OutputError(f"cannot write: {problem}", where=name, remedy=remedy)


def no_bucket(name: str, bucket: str) -> OutputError:
    """Return the error for a bucket that is not there."""
    return OutputError(f"there is no bucket {bucket}", where=name, remedy="check its name, or make it")


_CONNECTION: Final = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "FSTimeoutError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseParserError",
        "SSLError",
        "TimeoutError",
    }
)


def write_failure(error: BaseException, name: str) -> OutputError:
    """Return the error for anything else that could not be written."""
    if isinstance(error, PermissionError):
        return OutputError("cannot write: access is denied", where=name, remedy="check the credentials")
    if isinstance(error, FileNotFoundError):
        return OutputError("cannot write: no such folder", where=name, remedy="check the name, or make it")
    if isinstance(error, FileExistsError):
        return exists_already(name)
    if isinstance(error, OSError) and error.strerror:
        return OutputError(f"cannot write: {error.strerror}", where=name)
    return OutputError(f"cannot write: {told_by(error)}", where=name)


def told_by(error: BaseException) -> str:
    """Return what an error says in one line, every URL in it without its secrets.

    An endpoint may be no URL at all and have secrets all the same: of a text with one, only what it is about is told.
    """
    said = " ".join(str(error).split())
    text = _URL.sub(lambda found: shown_url(found[0]), said)
    if "@" in text or (text != said and "..." in text):
        about, colon, _ = said.partition(":")
        text = about if colon and "@" not in about else ""
    return f"{type(error).__name__}: {text[:_TEXT_LIMIT]}" if text else type(error).__name__
