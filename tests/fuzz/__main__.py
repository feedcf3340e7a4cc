"""
Fuzz one target with atheris, as long as libFuzzer's options say: `python -m tests.fuzz headers -max_total_time=60`.

A target takes any bytes and raises where a promise is broken; errors that are documented are none.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from types import FunctionType

from tests.fuzz import forwarded, headers, lane, proxyproto

TARGETS: dict[str, Callable[[bytes], None]] = {
    "headers": headers.check,
    "forwarded": forwarded.check,
    "proxyproto": proxyproto.check,
    "lane": lane.check,
}
# Packages whose branches lead the search: what is tested, and what reads bytes beside it. All that is loaded is twelve
# times as much (pytest, hypothesis, asyncio …), and takes half a minute to instrument.
WATCHED = ("echo", "tests", "ipaddress", "json", "yarl")


def watched() -> Iterator[FunctionType]:
    """Yield the functions of WATCHED that are loaded."""
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and (thing.__module__ or "").partition(".")[0] in WATCHED:
            yield thing


def main() -> None:
    import atheris  # where there is a build of it; the tests take the targets without it

    program, target, *options = sys.argv
    for function in watched():
        atheris.instrument_func(function)
    atheris.Setup([program, *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
