-- question: Which requests are of the clients of a list, such as a campaign's?
-- grain: one row a request
-- reads: requests; trace_sources (client_ip)
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT requests.*
FROM requests
INNER JOIN trace_sources ON requests.client_ip = trace_sources.client_ip
WHERE
    (requests.ts >= $since OR $since IS NULL)
    AND (requests.ts < $until OR $until IS NULL)
