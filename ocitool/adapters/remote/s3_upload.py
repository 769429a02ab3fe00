"""An output on S3: sent in parts while it is written, there when it is published, whole and held to its checksums.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import contextlib
import io
from collections import deque
from concurrent.futures import CancelledError, Future, wait
from time import sleep
from typing import TYPE_CHECKING, Any, Final

from ocitool.adapters.held_signals import held_signals
from ocitool.adapters.remote.checksums import Checksums, confirms, contradicts, etag_of_parts, told_etag
from ocitool.adapters.remote.parts import LARGEST_PART, MEBIBYTE, PART_LIMIT, part_size, sent_at_once
from ocitool.adapters.remote.write_failures import is_absent, is_denied, is_undecided, no_bucket, was_unanswered
from ocitool.archive.new_file import exists_already
from ocitool.errors import OcitoolError, OutputError

if TYPE_CHECKING:
    from ocitool.adapters.remote.s3_object import S3Object, SentPart

PATIENCE: Final = 30.0
"""Seconds that are given to what is still under way, and to an abort, when an upload is given up."""

PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds between looks for an object whose completion got no answer."""

EQUAL_PART: Final = 64 * MEBIBYTE
"""Bytes of each part where all must be equally long and nobody knows how many there will be."""


class S3Upload:
    """An object that is sent in parts, several at once, and appears with its completion.

    What fits into one part is kept and stored with one request. Without `clobber` an object that is there is refused
    at once, and one that appears meanwhile when this one is to.
    """

    def __init__(self, target: S3Object, *, clobber: bool) -> None:
        self.name = target.name
        self.written = 0
        self._target = target
        self._conditions = {} if clobber else {"IfNoneMatch": "*"}
        self._total: int | None = None
        self._part = part_size(1, None)
        self._buffer = io.BytesIO()
        self._creating: Future[str] | None = None
        self._flying: deque[Future[SentPart]] = deque()
        self._sent: list[SentPart] = []
        self._begun = 0
        self._expected = ""
        self._answer: dict[str, Any] | None = None
        self._is_completed = False
        self._was_empty = False
        self._before = self._look(clobber=clobber)

    def begin(self, size: int | None) -> None:
        """Choose the size of the parts and, if there will be several, begin the upload; raises `OutputError`."""
        self._total = size
        if size is None and self._target.wants_equal_parts:
            self._part = EQUAL_PART
        else:
            self._part = part_size(1, size)
        if size is not None and size > self._part:
            self._upload_id()

    def write(self, data: bytes | memoryview) -> None:
        """Take in all of `data` and send the parts that are full; raises `OutputError` if one could not be sent."""
        rest = memoryview(data)
        while rest:
            room = self._part - self._buffer.tell()
            if room == 0:
                self._send()
                continue
            self.written += self._buffer.write(rest[:room])
            rest = rest[room:]

    def stage(self) -> None:
        """Wait until all parts are there, if there are several; raises `OutputError`."""
        if self._creating is None:
            return
        self._send()
        while self._flying:
            self._land()
        if sum(part.size for part in self._sent) != self.written:
            raise OutputError("parts of it got lost on the way", where=self.name)

    def keep_old(self) -> None:
        """Do nothing: what stood under the name was looked at when this was opened."""

    def publish(self) -> None:
        """Have the object appear and hold it to what was sent.

        Raises `OutputError`, and then it is not there, unless it replaced something that cannot come back.
        """
        with held_signals():
            try:
                self._answer = self._store()
                self._is_completed = True
            except Exception as error:  # noqa: BLE001 - raised again unless the object is there
                self._answer = self._found(error)
            self._target.forget()
            self._require_right(self._answer)

    def withdraw(self) -> None:
        """Remove the object, or this version of it where the bucket keeps versions.

        What it replaced stands there again in a bucket with versions only; elsewhere nothing can bring that back
        without a copy of it, and then the new object stays. So what can be taken back is published before this.
        """
        if self._answer is not None:
            self._take_back(self._answer)

    def close(self) -> None:
        """Let go; of an upload that was not published nothing stays."""
        if self._creating is not None and not self._is_completed:
            with held_signals():
                self._abort(self._creating)
        self._creating = None
        self._buffer = io.BytesIO()

    def _look(self, *, clobber: bool) -> dict[str, Any] | None:
        """Return what stands under the name, if it may be looked at; raises `OutputError` if it must not be there."""
        try:
            before = self._target.head()
            if before is None:
                self._target.call("head_bucket")
        except OcitoolError:
            raise
        except Exception as error:
            if is_denied(error):
                return None  # many may write that may not look
            if is_absent(error):
                raise no_bucket(self.name, self._target.bucket) from error
            raise self._target.failure(error) from error
        if before is not None and not clobber:
            raise exists_already(self.name)
        self._was_empty = before is None
        return before

    def _upload_id(self) -> str:
        if self._creating is None:
            with held_signals():  # an upload whose number nobody holds could not be given up
                self._creating = self._target.start_upload()
        try:
            return self._creating.result()
        except OcitoolError:
            raise
        except Exception as error:
            raise self._target.failure(error) from error

    def _send(self) -> None:
        """Send what is in the buffer as the next part, as soon as there is room for it on the way."""
        upload = self._upload_id()
        data = self._buffer.getvalue()
        self._buffer = io.BytesIO()
        if not data:
            return
        while len(self._flying) >= sent_at_once(self._part):
            self._land()
        self._begun += 1
        if self._begun > PART_LIMIT:
            raise OutputError(f"is larger than {PART_LIMIT} parts of it can be", where=self.name)
        self._flying.append(self._target.start_part(upload, self._begun, data))
        if not self._target.wants_equal_parts:
            self._part = min(LARGEST_PART, part_size(self._begun + 1, self._total))

    def _land(self) -> None:
        """Wait for the part that is under way for the longest."""
        try:
            self._sent.append(self._flying[0].result())
        except OcitoolError:
            raise
        except Exception as error:
            raise self._target.failure(error) from error
        self._flying.popleft()

    def _store(self) -> dict[str, Any]:
        if self._creating is None:
            data = self._buffer.getvalue()
            checksums = Checksums.of(data)
            self._expected = checksums.etag
            return self._target.put(data, checksums, **self._conditions)
        self._expected = etag_of_parts([part.checksums for part in self._sent])
        return self._target.call(
            "complete_multipart_upload",
            UploadId=self._upload_id(),
            MultipartUpload={"Parts": [dict(part.told) for part in self._sent]},
            MpuObjectSize=self.written,
            **self._conditions,
        )

    def _found(self, error: Exception) -> dict[str, Any]:
        """Return what the server tells of the object if it is there although its completion failed.

        A server may still be putting parts together when nobody waits for its answer any more. Raises `OutputError`
        if it is not there.
        """
        if is_undecided(error):
            for pause in (0.0, *(PAUSES if was_unanswered(error) else ())):
                sleep(pause)
                with contextlib.suppress(Exception):
                    found = self._target.head()
                    if found is not None and self._is_ours(found):
                        return found
        raise self._target.failure(error) from error

    def _is_ours(self, found: dict[str, Any]) -> bool:
        """Tell whether an object is the one that was sent, as far as the server tells."""
        if found["ContentLength"] != self.written or contradicts(found, self._expected):
            return False
        if confirms(found, self._expected):
            return True
        is_new = self._before is None or told_etag(found) != told_etag(self._before)
        return is_new and not self._conditions

    def _require_right(self, answer: dict[str, Any]) -> None:
        """Hold the object to what was sent; raises `OutputError` after taking it back if it is something else.

        What the answer to the upload itself proves needs no other: that one may fail, or come of a server which does
        not know of the object yet.
        """
        is_proven = confirms(answer, self._expected)
        try:
            found = self._target.head()
        except Exception as error:
            if is_proven:
                return
            self._take_back(answer)
            raise self._target.failure(error) from error
        if found is None and is_proven:
            return
        if found is not None and told_etag(answer) and told_etag(found) != told_etag(answer):
            raise OutputError("another object took its place as soon as it was there", where=self.name)
        if found is None:
            self._take_back(answer)
            raise OutputError("is not there although the server took it", where=self.name, remedy="run it again")
        if found["ContentLength"] != self.written or contradicts(found, self._expected):
            state = "was removed" if self._take_back(answer) else "stays there: what it replaced cannot come back"
            raise OutputError(
                f"what the server stored is not what was sent, and {state}", where=self.name, remedy="run it again"
            )

    def _take_back(self, answer: dict[str, Any]) -> bool:
        """Remove the object if nothing is lost with that; tell whether it is removed.

        Nothing stood there before, as far as that was looked at, or a version of its own can be removed alone. The
        version ``null`` is none: the one before it was replaced.
        """
        self._answer = None
        version = answer.get("VersionId")
        has_version = bool(version) and version != "null"
        if not (has_version or self._was_empty):
            return False
        try:
            self._target.call("delete_object", **({"VersionId": version} if version else {}))
        except Exception:  # noqa: BLE001 - what is told is why it was to go
            return False
        self._target.forget()
        return True

    def _abort(self, creating: Future[str]) -> None:
        """Give the upload up, with whatever of it is on the way or there."""
        for flight in self._flying:
            flight.cancel()
        # A part that arrives after the abort would stay.
        wait(self._flying, PATIENCE)
        with contextlib.suppress(Exception, CancelledError):
            upload = creating.result(PATIENCE)
            self._target.start("abort_multipart_upload", UploadId=upload).result(PATIENCE)
            if self._target.start("list_parts", UploadId=upload).result(PATIENCE):
                self._target.start("abort_multipart_upload", UploadId=upload).result(PATIENCE)
