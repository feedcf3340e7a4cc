-- question: Which clients of a network are in the lake?
-- grain: one row a client
-- reads: requests
-- parameter lowest text = 00000000000000000000ffff00000000: first address of the network, 16 bytes as hexadecimal digits
-- parameter highest text = 00000000000000000000ffffffffffff: last one
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter most int = 1000: clients at most
SELECT DISTINCT client_ip
FROM requests
WHERE
    client_ip_num BETWEEN unhex($lowest) AND unhex($highest)
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
ORDER BY client_ip
LIMIT $most
