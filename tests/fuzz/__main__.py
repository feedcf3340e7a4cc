"""
Fuzz one target with atheris, as long as libFuzzer's options say: `python -m tests.fuzz headers -max_total_time=60`.

A target takes any bytes and raises where a promise is broken; errors that are documented are none.
"""

import sys
from collections.abc import Callable

from tests.fuzz import forwarded, headers, lane, proxyproto

TARGETS: dict[str, Callable[[bytes], None]] = {
    "headers": headers.check,
    "forwarded": forwarded.check,
    "proxyproto": proxyproto.check,
    "lane": lane.check,
}


def main() -> None:
    import atheris  # where there is a build of it; the tests take the targets without it

    program, target, *options = sys.argv
    atheris.instrument_all()
    atheris.Setup([program, *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
