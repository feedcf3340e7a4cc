"""
The file that spark-submit is given: `spark-submit [its options] …/pipeline/submit/whofrom.py regions --lake …`.

spark-submit puts a program's own folder in front of the modules that Python finds. That is why this stands alone:
beside it nothing has a name that the standard library has, too.
"""

import os
from contextlib import suppress

from pipeline.cli import main

OUT, ERR = 1, 2


def part_streams() -> None:
    """
    Give standard error back, which spark-submit has joined to standard output: what is said is no data.

    The process above is Spark's JVM, whose own is still what the user has; where it cannot be opened, all stays.
    """
    with suppress(OSError):
        out, err = os.fstat(OUT), os.fstat(ERR)
        if "PYSPARK_GATEWAY_PORT" in os.environ and (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino):
            file = os.open(f"/proc/{os.getppid()}/fd/{ERR}", os.O_WRONLY | os.O_APPEND)
            os.dup2(file, ERR)
            os.close(file)


if __name__ == "__main__":
    part_streams()
    main()
