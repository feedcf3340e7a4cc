-- question: For whom did the address speak: the requests whose peer it was, by client and where that was read?
-- grain: one row, none where it was never a peer
-- reads: requests
-- parameter address text = 192.0.2.1: canonical
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
SELECT
    count(*) AS requests,
    count(CASE WHEN client_ip <> $address THEN 1 END) AS for_others,
    count(CASE WHEN client_ip IS NULL THEN 1 END) AS unresolved,
    count(DISTINCT client_ip) AS clients,
    min(ts) AS first_ts,
    max(ts) AS last_ts
FROM requests
WHERE
    peer_ip = $address
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
HAVING count(*) > 0
