-- question: How many requests came each minute: to the site, a host, a path, from a country, a network, an agent, a client?
-- makes: traffic
-- grain: one row a minute, dimension and value with at least `least` requests; of dimension site every minute with any
-- reads: requests
-- false positives: none: what is counted is not judged
-- parameter since timestamp = null: rows at this time or after, and those of the seven days before, which are the baseline
-- parameter until timestamp = null: rows before this time
-- parameter busy int = 60: requests in an hour from which on a value's minutes are counted; 0 for all
-- parameter least int = 60: requests in a minute from which on it is kept; 0 for all

-- Hours before minutes: what an hour's total shows to be quiet is not counted minute by minute. Rows add
-- up: those of new rows may be appended (with 0 for both parameters), and whoever reads them sums over (minute,
-- dimension, value). Dimensions are counted one by one, as few texts are counted by their numbers in the dictionary.
WITH busy_host AS (
    SELECT unix_micros(ts) // 3600000000 AS hour, host AS value
    FROM requests
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY hour, value
    HAVING count(*) >= $busy
),

busy_asn AS (
    SELECT unix_micros(ts) // 3600000000 AS hour, asn AS value
    FROM requests
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY hour, value
    HAVING count(*) >= $busy
),

busy_agent AS (
    SELECT unix_micros(ts) // 3600000000 AS hour, user_agent AS value
    FROM requests
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY hour, value
    HAVING count(*) >= $busy
),

busy_path AS (
    SELECT unix_micros(ts) // 3600000000 AS hour, split_part(target, '?', 1) AS value
    FROM requests
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY hour, value
    HAVING count(*) >= $busy
),

clients AS (
    SELECT
        client_ip,
        -- an IPv4 address without its last digits is its /24, as a text that is made quickly
        CASE WHEN contains(client_ip, '.') THEN rtrim(client_ip, '0123456789') ELSE substr(hex(num), 1, 12) END AS net
    FROM (
        SELECT client_ip, min(client_ip_num) AS num
        FROM requests
        WHERE
            client_ip IS NOT NULL
            AND (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
            AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
            AND (ts < $until OR $until IS NULL)
        GROUP BY client_ip
    ) AS each_client
),

client_hours AS (
    SELECT unix_micros(ts) // 3600000000 AS hour, client_ip, count(*) AS requests
    FROM requests
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY hour, client_ip
),

busy_nets AS (
    SELECT client_hours.hour, clients.net
    FROM client_hours
    INNER JOIN clients ON client_hours.client_ip = clients.client_ip
    GROUP BY client_hours.hour, clients.net
    HAVING sum(client_hours.requests) >= $busy
),

by_client AS (
    SELECT
        unix_micros(requests.ts) // 60000000 AS minute,
        busy_nets.net,
        requests.client_ip,
        grouping(requests.client_ip) AS whole_net,
        min(requests.client_ip_num) AS num,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    INNER JOIN clients ON requests.client_ip = clients.client_ip
    INNER JOIN busy_nets ON clients.net = busy_nets.net AND unix_micros(requests.ts) // 3600000000 = busy_nets.hour
    WHERE
        (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND (requests."date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
    GROUP BY GROUPING SETS ((minute, busy_nets.net), (minute, busy_nets.net, requests.client_ip))
    HAVING count(*) >= $least
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
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
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
        AND (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY minute, country
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'host' AS dimension,
        busy_host.value AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    INNER JOIN busy_host ON requests.host = busy_host.value AND unix_micros(ts) // 3600000000 = busy_host.hour
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY minute, busy_host.value
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'asn' AS dimension,
        concat('AS', busy_asn.value) AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    INNER JOIN busy_asn ON requests.asn = busy_asn.value AND unix_micros(ts) // 3600000000 = busy_asn.hour
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY minute, busy_asn.value
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'agent' AS dimension,
        busy_agent.value AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    INNER JOIN busy_agent ON requests.user_agent = busy_agent.value AND unix_micros(ts) // 3600000000 = busy_agent.hour
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY minute, busy_agent.value
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        unix_micros(ts) // 60000000 AS minute,
        'path' AS dimension,
        busy_path.value AS value,
        count(*) AS requests,
        sum(CAST(response_bytes AS DECIMAL(38, 0))) AS bytes,
        count(CASE WHEN status >= 500 THEN 1 END) AS errors
    FROM requests
    INNER JOIN busy_path ON split_part(requests.target, '?', 1) = busy_path.value AND unix_micros(ts) // 3600000000 = busy_path.hour
    WHERE
        (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY minute, busy_path.value
    HAVING count(*) >= $least
    UNION ALL
    SELECT
        minute,
        CASE WHEN whole_net = 1 THEN 'prefix' ELSE 'ip' END AS dimension,
        CASE WHEN whole_net = 1 THEN ip_prefix(num, 24, 48) ELSE client_ip END AS value,
        requests,
        bytes,
        errors
    FROM by_client
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
