"""Filter, check and explain multi-platform OCI image archives."""

from __future__ import annotations

__version__ = "0.1.0"
