"""
Show or write what the examples of a query find: `python -m tests.pipeline.queries [--write|--spark] NAME[/CASE] …`.

NAME is a query (`attacks/probing`) or a use case (`attacks`); `all` is every one.
"""

from __future__ import annotations

import argparse
import sys

from pipeline.engine import SPARK, Choice
from tests.pipeline.queries.cases import EXPECTED, Case, approximately, cases, written

MASTER = "local[1]"


def main() -> None:
    """Show what is found, or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.pipeline.queries", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--write", action="store_true", help=f"write {EXPECTED}; look at it before it stays")
    parser.add_argument("--spark", action="store_true", help="run on Spark, too, and tell where it differs")
    options = parser.parse_args()
    chosen = [
        case for case in cases() if any(name == "all" or f"{case}/".startswith(f"{name}/") for name in options.names)
    ]
    if options.spark:
        sys.exit(int(sum(_differs(case) for case in chosen) > 0))
    for case in chosen:
        text = written(case.found(case.rows))
        print(f"{case}\n{text}")
        if options.write:
            (case.folder / EXPECTED).write_text(text, encoding="utf-8")


def _differs(case: Case) -> bool:
    """Tell whether Spark finds something else than the example says."""
    try:
        found = case.found(case.rows, Choice(SPARK, MASTER))
    except Exception as error:  # whatever Spark raises: the next case is another
        found, fault = [], f"{type(error).__name__}: {str(error).splitlines()[0]}"
    else:
        fault = "" if found == approximately(case.expected) else f"{written(case.expected)}-- Spark:\n{written(found)}"
    print(f"{case}: {fault or 'as expected'}", flush=True)
    return bool(fault)


if __name__ == "__main__":
    main()
