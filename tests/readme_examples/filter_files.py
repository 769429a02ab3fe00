from ocitool.api import FilterOptions, PlatformSelection, filter_archive

options = FilterOptions(PlatformSelection.parse("linux/arm64"))
result = filter_archive("image.tar", "arm64.tar", options)
print(f"{result.size} bytes, {len(result.plan.dropped)} manifests dropped")
for old, new in result.digest_map.items():
    print(old, "is now", new)
