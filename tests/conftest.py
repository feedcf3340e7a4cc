"""How many examples a property is tried on."""

import os

from hypothesis import HealthCheck, settings

# The properties that prove the resolver run as often as `RESOLUTION_EXAMPLES` says: 10,000 in CI, more at night
RESOLUTION = settings(
    max_examples=int(os.environ.get("RESOLUTION_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
