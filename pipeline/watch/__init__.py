"""
Watch: logs are followed, and what is in them is told within seconds.

    follow → ingest → lake                      as `whofrom ingest --follow`
               ↓ the rows of each commit
             memory   what may be part of an attack, of the last hour; leaky buckets over it, every few seconds
    lake   → days     dates whose rows not all questions were asked about; both questions over them, every few minutes
               ↓ alerts
             silences → journals → sinks        as `whofrom alerts`

Rules:

1. The lake is the truth. What the memory tells, it tells early; what it cannot know (a history, a slow source, a row
   that came late) is found when the lake is asked, and an alert that both find is one, by its fingerprint.
2. A date is noted before its rows are committed, and struck out when the lake was asked about it after its last row. So
   whatever instant this is killed at, the next run asks about every row that was not asked about.
3. What waits is bounded. Where looking takes longer than rows take to come, reading waits.
"""
