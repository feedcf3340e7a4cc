"""
Examples of each query: `<use>/<name>/<case>/`, rows in, parameters, rows out.

rows.jsonl       rows of the lake: the columns that matter, others are null. `ts` is ISO 8601. The order of lines is
                 their order in the log (`source_offset`). Beside columns a row may have:
                   "times": 61, "every": 0.5   the row so often, so many seconds apart; {n} in a text counts from 0
                   "miss": "why"               a near miss, which is not to be found
NAME.jsonl       rows of a relation NAME that the query reads beside, such as a table of rules; types follow from values
parameters.json  values of parameters; others take their defaults
expected.jsonl   rows out, in order; numbers with a fraction are compared as such, times are ISO 8601

Relations that are made by a query of their own (`-- makes: NAME`) and named in `reads` are made first.
`python -m tests.pipeline.queries --write NAME` writes expected.jsonl with what is found: look at it before it stays.
"""
