"""
What a log takes when it is packed: `python -m benchmarks.ingest.sizes LOG` prints bytes, and those of gzip and zstd.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import pyarrow as pa

GZIP_LEVEL, ZSTD_LEVEL = 6, 3
PIECE = 1 << 24
GZIP_WINDOW = 31  # of zlib: 15 bits, and gzip's head


def sizes(log: Path) -> dict[str, int]:
    """Return the bytes of a log as it is, by `gzip -6` and by `zstd -3`."""
    packer = zlib.compressobj(GZIP_LEVEL, wbits=GZIP_WINDOW)
    zstd = pa.Codec("zstd", compression_level=ZSTD_LEVEL)
    plain = gzip = packed = 0
    with log.open("rb") as file:
        while piece := file.read(PIECE):
            plain += len(piece)
            gzip += len(packer.compress(piece))
            packed += len(zstd.compress(piece))
    return {"plain": plain, "gzip": gzip + len(packer.flush()), "zstd": packed}


if __name__ == "__main__":
    print(json.dumps(sizes(Path(sys.argv[1]))))
