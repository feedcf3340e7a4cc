-- question: How many requests came each minute: to the site, a host, a path, from a country, a network, an agent, a client?
-- makes: traffic
-- grain: one row a minute, dimension and value with at least `least` requests; of dimension site every minute with any
-- reads: requests
-- false positives: none: what is counted is not judged
-- parameter week timestamp = null: rows at this time or after: seven days before a period, which are the baseline
-- parameter until timestamp = null: rows before this time
-- parameter least int = 60: requests in a minute from which on it is kept; 0 for all

-- Each dimension is counted for itself, in a pass that reads two columns: a minute of a few requests costs less to count
-- than to look up whether its hour was busy. Rows add up: those of new rows may be appended (with 0 for `least`), and
-- whoever reads them sums over (minute, dimension, value).
WITH
-- an IPv4 address without its last digits is its /24, as a text that is made quickly
networks AS (
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        CASE WHEN contains(client_ip, '.') THEN rtrim(client_ip, '0123456789') ELSE substr(hex(client_ip_num), 1, 12) END AS net,
        client_ip_num,
        response_bytes,
        status
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
),

counted AS (
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'site' AS dimension,
        '' AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'country' AS dimension,
        country AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        country IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute, country
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'host' AS dimension,
        host AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        host IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute, host
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'asn' AS dimension,
        'AS' || CAST(asn AS VARCHAR) AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        asn IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute, asn
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'agent' AS dimension,
        user_agent AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        user_agent IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute, user_agent
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'path' AS dimension,
        split_part(target, '?', 1) AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        target IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute, split_part(target, '?', 1)
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'ip' AS dimension,
        client_ip AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND (ts >= $week OR $week IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (date >= CAST($week AS DATE) OR $week IS NULL)
        AND (date <= CAST($until AS DATE) OR $until IS NULL)
    GROUP BY minute, client_ip
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        minute,
        'prefix' AS dimension,
        ip_prefix(min(client_ip_num), 24, 48) AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM networks
    GROUP BY minute, net
    HAVING count(*) >= $least
)

SELECT
    minute,
    minute // 1440 AS day_number,
    dimension,
    value,
    requests,
    bytes,
    errors
FROM counted
ORDER BY minute, dimension, value
