from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# In CI the same examples every time: a red run must be a change, not luck. Timings differ, so no deadline.
settings.register_profile("ci", max_examples=60, derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "dev", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
