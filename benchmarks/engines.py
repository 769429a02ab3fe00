"""Where the peers come from: Debian's packages, brought and unpacked by the harness of the tests."""

from __future__ import annotations

import functools

from benchmarks.measurement import NotPossible
from tests.importers.engines import Engine, Engines, provision


@functools.cache
def _all() -> Engines:
    return provision()


def newest(product: str) -> Engine:
    """Return the newest engine of a product; raises `NotPossible` with the reason if there is none."""
    engines = _all()
    found = engines.available(product)
    if found:
        return found[-1]
    reasons = [str(getattr(each, "reason", "")) for label, each in engines.found.items() if label.startswith(product)]
    raise NotPossible(reasons[-1] if reasons else f"no {product} here")
