"""
Write or show what the examples of a query find: `python -m tests.pipeline.queries [--write] NAME[/CASE] …`.

NAME is a query (`attacks/probing`) or a use case (`attacks`); `all` is every one.
"""

from __future__ import annotations

import argparse

from tests.pipeline.queries.cases import EXPECTED, cases, written


def main() -> None:
    """Show what is found, or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.pipeline.queries", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--write", action="store_true", help=f"write {EXPECTED}; look at it before it stays")
    options = parser.parse_args()
    for case in cases():
        if any(name == "all" or f"{case}/".startswith(f"{name}/") for name in options.names):
            text = written(case.found(case.rows))
            print(f"{case}\n{text}")
            if options.write:
                (case.folder / EXPECTED).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
