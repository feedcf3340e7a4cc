-- question: Which requests come from an autonomous system?
-- grain: one row a request
-- reads: requests
-- parameter asn int = 64496: its number
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT *
FROM requests
WHERE
    asn = $asn
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
