from threading import Lock

from ocitool.api import FilterOptions, PlatformSelection, filter_archive


class Percent:
    """A Listener: `advance` is called from several threads."""

    def __init__(self) -> None:
        self.turn, self.done, self.total = Lock(), 0, 0

    def start(self, phase: str, total: int | None) -> None:
        self.done, self.total = 0, total or 0
        print(phase)

    def advance(self, count: int) -> None:
        with self.turn:
            self.done += count
            if self.total:
                print(f"{100 * self.done // self.total} %")

    def finish(self) -> None:
        print("done")


options = FilterOptions(PlatformSelection.parse("linux/arm64"))
filter_archive("bundle.tar.zst", "from-bundle.tar", options, listener=Percent())
