-- question: Which requests are of one user, signing in or signed in?
-- grain: one row a request
-- reads: requests
-- parameter name text = alice: as it was written
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT *
FROM requests
WHERE
    "user" = $name
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
