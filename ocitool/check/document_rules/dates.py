"""Dates and times of RFC 3339, section 5.6, as Go reads them.

Go's `time.UnmarshalJSON`, by which every importer decodes a config, takes no lower-case ``t`` and ``z`` and no leap
second; the RFC only discourages the former, and no tool writes either.
"""

from __future__ import annotations

import re
from calendar import monthrange
from typing import Final

_DATE_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,80})?(?:Z|[+-](\d\d):(\d\d))", re.ASCII
)


def is_date_time(text: str) -> bool:
    """Tell whether `text` is a date and time that there is, with its offset."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second, offset_hour, offset_minute = (int(part or 0) for part in match.groups())
    return (
        1 <= month <= 12
        # Go writes the year 1 where no time is set; the calendar of Python does not know the year 0.
        and 1 <= day <= monthrange(max(year, 1), month)[1]
        and (hour <= 23 and minute <= 59 and second <= 59)
        and (offset_hour <= 23 and offset_minute <= 59)
    )
