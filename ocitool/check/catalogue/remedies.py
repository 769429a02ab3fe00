"""What to do, where it is the same for many rules."""

from __future__ import annotations

from typing import Final

EXPORT_AGAIN: Final = "the tool that made the archive wrote it wrong: export it again with another"
TRANSFER_AGAIN: Final = "transfer or export the archive again"
BUILD_AGAIN: Final = "build the image again with a current builder"
REWRITE: Final = "write it again: ocitool filter SRC -p all -o OUT"
NAME_IT: Final = "give it its full name: ocitool filter SRC -p all --name REPOSITORY:TAG -o OUT"
_PULL_ALL: Final = "ctr images pull --all-platforms IMAGE && ctr images export --all-platforms MORE.tar IMAGE"
EXPORT_ALL: Final = f"export all of it: {_PULL_ALL}"
ADD_IMAGE: Final = f"add it: {_PULL_ALL} && ocitool merge SRC MORE.tar -o OUT"
