import io
from pathlib import Path

from ocitool.api import Compression, FilterOptions, PlatformSelection, WriteOptions, filter_archive

source = io.BytesIO(Path("image.tar").read_bytes())  # or a response, a member of a zip, a pipe
output = io.BytesIO()
options = FilterOptions(PlatformSelection.parse(["linux/amd64", "linux/arm64"]))
filter_archive(source, output, options, write_options=WriteOptions(compression=Compression.parse("zstd")))
print(len(output.getvalue()), "bytes of", len(source.getvalue()))
