"""
What all tests share: how often a property is tried, that programs can be interrupted, and that the tests themselves,
which are many objects and stay, are not gone through again and again for garbage.
"""

import atexit
import gc
import os
import signal
from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import iri

# The properties that prove the resolver run as often as `RESOLUTION_EXAMPLES` says: 10,000 in CI, more at night
EXAMPLES = int(os.environ.get("RESOLUTION_EXAMPLES", "200"))
_SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_SECONDS = 60 + EXAMPLES // 8  # some 20 times what an example takes

iri.defer()

# a shell starts what it runs in the background with Ctrl-C ignored, and so would the programs be that tests interrupt
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage among what is made here: thousands of tests, which stay."""
    gc.disable()
    found = yield
    gc.freeze()
    atexit.register(gc.unfreeze)  # at its end Python goes through all of it once, and C++ counts what was left
    gc.enable()
    return found


def proves_the_resolver(test: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a property that proves the resolver."""
    decorated: Callable[..., Any] = pytest.mark.timeout(_SECONDS)(_SETTINGS(test))
    return decorated
