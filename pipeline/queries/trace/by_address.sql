-- question: Which requests are of one client?
-- grain: one row a request
-- reads: requests
-- parameter address text = 192.0.2.1: the client's address, canonical
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT *
FROM requests
WHERE
    client_ip = $address
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
