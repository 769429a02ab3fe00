"""The verbs that a job can have; a new one is a row: the shape of its jobs, a check of options, a function."""

from __future__ import annotations

from typing import Final

from ocitool.api.jobs.deltas import check_apply, check_delta, run_apply, run_delta
from ocitool.api.jobs.options import APPLY, DELTA, FILTER, MERGE, SPLIT, VERIFY
from ocitool.api.jobs.verb import Verb
from ocitool.api.jobs.verifying import check_verify, run_verify
from ocitool.api.jobs.writing import check_filter, check_split, run_filter, run_merge, run_split

VERBS: Final = {
    "filter": Verb(FILTER, check_filter, run_filter),
    "split": Verb(SPLIT, check_split, run_split),
    "merge": Verb(MERGE, check_filter, run_merge),
    "delta": Verb(DELTA, check_delta, run_delta),
    "apply": Verb(APPLY, check_apply, run_apply),
    "verify": Verb(VERIFY, check_verify, run_verify),
}
