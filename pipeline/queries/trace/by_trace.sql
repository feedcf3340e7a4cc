-- question: Which requests are of one trace, by its id?
-- grain: one row a request
-- reads: requests
-- parameter id text = 0: of the trace (W3C Trace Context), 32 hexadecimal digits
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT *
FROM requests
WHERE
    trace_id = $id
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
