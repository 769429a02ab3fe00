from ocitool.api import FilterOptions, PlatformSelection, split_archive, split_options

everything = FilterOptions(PlatformSelection.parse("all"))
result = split_archive("image.tar", "parts", everything, split_options("image.tar"), checksums=True)
for part, output in zip(result.plan.outputs, result.outputs, strict=True):
    platforms = [manifest.platform for manifest in part.kept]
    print(output.path, output.size, output.sha256, platforms)
