-- question: Which requests have one request id?
-- grain: one row a request
-- reads: requests
-- parameter id text = 0: of the request
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT *
FROM requests
WHERE
    request_id = $id
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
