-- question: Which of the loud values do the requests of a flood have, minute by minute?
-- grain: one row a minute and combination of loud values
-- reads: requests, loud (dimension, value: from floods)
-- false positives: none: it tells which of several loud values are one and the same
-- parameter began timestamp = null: rows at this time or after
-- parameter ended timestamp = null: rows before this time
WITH clients AS (
    SELECT client_ip, ip_prefix(num, 24, 48) AS prefix
    FROM (
        SELECT client_ip, min(client_ip_num) AS num
        FROM requests
        WHERE
            client_ip IS NOT NULL
            AND (ts >= $began OR $began IS NULL)
            AND (ts < $ended OR $ended IS NULL)
            AND ("date" >= CAST($began AS DATE) OR $began IS NULL)
            AND ("date" <= CAST($ended AS DATE) OR $ended IS NULL)
        GROUP BY client_ip
    ) AS each_client
)

SELECT
    unix_micros(requests.ts) // 60000000 AS minute,
    ips.value AS ip,
    prefixes.value AS prefix,
    asns.value AS asn,
    countries.value AS country,
    agents.value AS agent,
    paths.value AS path,
    hosts.value AS host,
    count(*) AS requests
FROM requests
LEFT JOIN clients ON requests.client_ip = clients.client_ip
LEFT JOIN loud AS ips ON ips.dimension = 'ip' AND requests.client_ip = ips.value
LEFT JOIN loud AS prefixes ON prefixes.dimension = 'prefix' AND clients.prefix = prefixes.value
LEFT JOIN loud AS asns ON asns.dimension = 'asn' AND 'AS' || CAST(requests.asn AS VARCHAR) = asns.value
LEFT JOIN loud AS countries ON countries.dimension = 'country' AND requests.country = countries.value
LEFT JOIN loud AS agents ON agents.dimension = 'agent' AND requests.user_agent = agents.value
LEFT JOIN loud AS paths ON paths.dimension = 'path' AND split_part(requests.target, '?', 1) = paths.value
LEFT JOIN loud AS hosts ON hosts.dimension = 'host' AND requests.host = hosts.value
WHERE
    (requests.ts >= $began OR $began IS NULL)
    AND (requests.ts < $ended OR $ended IS NULL)
    AND (requests."date" >= CAST($began AS DATE) OR $began IS NULL)
    AND (requests."date" <= CAST($ended AS DATE) OR $ended IS NULL)
GROUP BY
    minute, ips.value, prefixes.value, asns.value, countries.value, agents.value, paths.value, hosts.value
ORDER BY
    minute, requests DESC, ips.value, prefixes.value, asns.value, countries.value, agents.value, paths.value, hosts.value
