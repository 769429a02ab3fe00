"""Every bound on what is not trusted, in one place; the README lists them, and a test holds the two together.

Each is far above what real archives need and far below what would hurt.
"""

from __future__ import annotations

from typing import Final

MIB: Final = 1024 * 1024

ENTRY_LIMIT: Final = 1_000_000
"""Entries in one archive or folder; the largest bundles known hold some 50,000."""

NAME_LIMIT: Final = 4096
"""Bytes of an entry's name, or of a link's target."""

EXTENSION_LIMIT: Final = 1 * MIB
"""Bytes of one PAX header or GNU long name, as Go's archive/tar bounds them."""

EXTENSIONS_PER_ENTRY: Final = 16
"""Extension headers in a row before an entry."""

FOLDER_LIMIT: Final = 16
"""Folders below `blobs`, one for each digest algorithm; two are registered that anybody uses."""

DOCUMENT_LIMIT: Final = 20 * MIB
"""Bytes of one JSON document; containerd's own limit for what it decodes (`jsonLimit`)."""

VALUE_LIMIT: Final = 500_000
"""Values in one JSON document: twenty megabytes of `{},` would parse to half a gigabyte."""

TOTAL_VALUE_LIMIT: Final = 3_000_000
"""Values in all manifests, indexes and configs together; 5,000 images of ten layers have 800,000."""

PROBLEM_LIMIT: Final = 100
"""Problems of one rule in one document that are listed; the first hundred say enough."""

DEPTH_LIMIT: Final = 200
"""Levels of nesting in a JSON document; real ones stay below ten."""

LIST_LIMIT: Final = 20_000
"""Descriptors in one list; images, tags or layers in one of a manifest.json."""

NODE_LIMIT: Final = 500_000
"""Descriptors listed in an archive, counted as often as they are listed."""

IMAGE_LIST_LIMIT: Final = 4 * MIB
"""Bytes of a list of images (`--require`); a thousand names take a sixtieth of it."""

INDEX_DEPTH_LIMIT: Final = 8
"""Levels of indexes within indexes; more than two are not seen in practice."""

WINDOW_LIMIT: Final = 128 * MIB
"""Bytes of window a zstd frame may ask for, each that is under way; `zstd --long=27`, the most without a flag."""

MEMORY_LIMIT: Final = 256 * MIB
"""Bytes of memory that an xz stream may ask for."""

RATIO_LIMIT: Final = 1000
"""Times its size that compressed data may grow to (`--max-ratio`); zeros reach that, images do not."""

RATIO_FREE: Final = 1024 * MIB
"""Bytes of plain data below which the ratio does not matter."""

PART_LIMIT: Final = 5_000
"""Archives that one split writes; a thousand images of five platforms each are as many."""

DELTA_IMAGE_LIMIT: Final = 20
"""Images of its base that a delta names, for messages; a bundle may have thousands."""

DELTA_NAME_LIMIT: Final = 512
"""Characters of such a name; a longer one is cut."""

LAYER_ENTRY_LIMIT: Final = 2_000_000
"""Entries of one layer that `verify --deep` looks at; the largest layers known hold some 300,000."""

LAYER_WORK_RATIO: Final = 16
"""Bytes of folders' names that `verify --deep` looks at for each byte of a layer's headers, to follow its links."""

RECORD_LIMIT: Final = 16 * MIB
"""Bytes, about, that `verify --deep` keeps of the links and programs of one layer."""

RECORDS_LIMIT: Final = 128 * MIB
"""Bytes, about, of the same of all layers; what an image starts is not told where they do not suffice."""

SCRIPT_LIMIT: Final = 16 * MIB
"""Bytes of a script (`advise --script`)."""

ERROR_TEXT_LIMIT: Final = 1 * MIB
"""Bytes of the end of a pasted error message (`advise --error -`)."""

JOB_LIST_LIMIT: Final = 64 * MIB
"""Bytes of a list of jobs (`batch`)."""

JOB_LIMIT: Final = 100_000
"""Jobs of one batch."""
