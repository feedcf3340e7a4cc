"""
Run rows of input → answer through everything that claims to know the answer: `python -m tests.vectors FILE.jsonl…`

One truth table, many runners. A runner takes rows and answers each with the parts of `expect` that it knows, or with
Skip and the reason. A row passes if every runner that answers it agrees, and is skipped if none does.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.vectors.report import outcomes, report
from tests.vectors.rows import BadFileError, read_rows


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print("usage: python -m tests.vectors FILE.jsonl…", file=sys.stderr)
        return 2
    try:
        rows = [row for argument in arguments for row in read_rows(Path(argument))]
    except BadFileError as error:
        print(error, file=sys.stderr)
        return 2
    results = list(outcomes(rows))
    for line in report(results):
        print(line)
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
