"""Do something in a process of its own: what is measured starts with the peak memory of its parent."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")


def apart(function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """Return what a function returns in another process, which is ended if this one is interrupted meanwhile."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        try:
            return maker.submit(function, *arguments, **named).result()
        except BaseException:
            for process in active_children():
                process.terminate()
            raise
