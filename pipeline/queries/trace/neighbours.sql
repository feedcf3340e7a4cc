-- question: Who else is in the network: what did each client of it do, and who signed in?
-- grain: one row a client of the network and list of signatures that requests of it matched
-- reads: requests
-- parameter lowest text = 00000000000000000000ffff00000000: first address of the network, 16 bytes as hexadecimal digits
-- parameter highest text = 00000000000000000000ffffffffffff: last one
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter most int = 5000: rows at most
SELECT
    client_ip,
    coalesce(array_to_string(signatures, ','), '') AS signs,
    count(*) AS requests,
    count(CASE WHEN status BETWEEN 200 AND 399 THEN 1 END) AS answered,
    count(CASE WHEN status IN (400, 403, 404) THEN 1 END) AS refused,
    count(DISTINCT CASE WHEN status IN (400, 403, 404) THEN split_part(target, '?', 1) END) AS refused_paths,
    count(CASE WHEN login = 'failure' THEN 1 END) AS denied,
    count(DISTINCT CASE WHEN login = 'success' OR login IS NULL THEN "user" END) AS users
FROM requests
WHERE
    client_ip_num BETWEEN unhex($lowest) AND unhex($highest)
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
GROUP BY client_ip, coalesce(array_to_string(signatures, ','), '')
ORDER BY requests DESC, client_ip, signs
LIMIT $most
