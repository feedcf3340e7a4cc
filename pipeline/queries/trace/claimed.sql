-- question: In whose requests was an address named in X-Forwarded-For or Forwarded, without being the client?
-- grain: one row a client and peer
-- reads: requests
-- parameter address text = 192.0.2.1: canonical
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter most int = 20: rows at most
SELECT
    client_ip,
    peer_ip,
    count(*) AS requests,
    min(ts) AS first_ts,
    max(ts) AS last_ts
FROM requests
WHERE
    (
        contains(array_to_string(headers['x-forwarded-for'], ','), $address)
        OR contains(array_to_string(headers['forwarded'], ','), $address)
    )
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
GROUP BY client_ip, peer_ip
ORDER BY requests DESC, client_ip, peer_ip
LIMIT $most
