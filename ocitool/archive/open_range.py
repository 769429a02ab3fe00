"""A range of an open file: what the kernel can copy, clone or link without the bytes passing through here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


@dataclass(frozen=True, slots=True)
class OpenRange:
    """Bytes from `offset` on of an open file; `is_whole` if they are all that the file holds.

    A context manager that owns the descriptor and closes it.
    """

    descriptor: int
    offset: int
    is_whole: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
