"""Archives of every shape that decides how an import ends, made in memory by name.

Those of the measured matrix (tests/data/import-matrix.jsonl) have its names. Layers are real ones that unpack, though
nothing in them runs. Hosts are taken to be linux/amd64.
"""

from __future__ import annotations

from . import advice_shapes_content, advice_shapes_listing, advice_shapes_matrix
from .advice_parts import SHAPES

__all__ = ["SHAPES", "advice_shapes_content", "advice_shapes_listing", "advice_shapes_matrix"]
