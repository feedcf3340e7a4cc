"""Kill whofrom at random instants, and see that nothing is lost and nothing twice: `python -m tests.pipeline.kills`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.pipeline.kills.shapes import SHAPES, Failure, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pipeline.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="in all, spread over the shapes")
    parser.add_argument("--shape", action="append", metavar="TEXT", help="shapes that hold this text alone; repeatable")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(1 << 30), help="of the instants; they are not exact"
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work, and to leave what failed; a temporary one if not said"
    )
    options = parser.parse_args()
    names = [name for name in SHAPES if any(text in name for text in options.shape or [""])]
    folder = options.folder or Path(tempfile.mkdtemp(prefix="kills-"))
    print(f"seed {options.seed}, in {folder}", flush=True)
    total = failed = 0
    for number, name in enumerate(names):
        share = -(-(options.kills - total) // (len(names) - number))
        begun = time.monotonic()
        try:
            done, verdict = run(name, folder, max(1, share), options.seed + number), "every line once"
        except Failure as failure:
            done, verdict = share, f"FAILED: {failure}"
            failed += 1
        total += done
        print(f"{name:32} {done:4} kills {time.monotonic() - begun:5.0f} s  {verdict}", flush=True)
    print(f"{total} kills, {failed} shapes failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
