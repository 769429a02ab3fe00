from ocitool.api import FilterOptions, OcitoolError, PlatformSelection, filter_archive
from ocitool.errors import SelectionError

for wanted in ("linux/riscv64", "arm46"):
    try:
        filter_archive("image.tar", "out.tar", FilterOptions(PlatformSelection.parse(wanted)))
    except SelectionError as error:
        print("not in there:", error.message)
    except OcitoolError as error:
        print(error.code, error.exit_code, error.where, error.message, error.remedy)
