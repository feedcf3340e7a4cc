"""
The lake: two Delta tables under one folder, and what is done to them.

    table      where they are, commits of an ingest, marks of sources
    keeper     one at a time: compact, expire and re-resolve hold this while they work
    files      a snapshot's files, each with its date, rows and bytes; replacing some of them in one commit
    log        what Delta's log remembers, and for how long
    promise    that addresses are anonymized, which a later ingest must not forget
    status     what is in it
    compact    many small files to few large ones, and the space of files that are no longer needed given back
    expire     old dates out
    reresolve  client and place worked out again by a corrected policy or a newer database
    export     rows of a period to a file

Rules:

1. What is in the lake changes by Delta commits alone, each whole or not there.
2. A commit that lost against another looks at the lake again before it is tried again, a bounded number of times.
3. A file is deleted only when it has been out of the newest snapshot for longer than any query or ingest may take.
"""

from pipeline.lake.table import PARTITIONS, REJECTS, REQUESTS, TABLES, WRITER, Lake, Turn, rejects_of, rows_of, words

__all__ = ["PARTITIONS", "REJECTS", "REQUESTS", "TABLES", "WRITER", "Lake", "Turn", "rejects_of", "rows_of", "words"]
