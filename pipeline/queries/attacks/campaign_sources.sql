-- question: Which sources asked for what attacks ask for, and what makes each recognisable: its paths, programs, days?
-- grain: one row a source
-- reads: hostile
-- false positives: none by itself: what ties sources together is judged by pipeline/attacks/campaigns.py
-- parameter paths int = 5: distinct paths that were refused, from which on a source without a signature counts
-- parameter most int = 20000: sources, the ones with the most signatures

-- lists are made of those alone that are kept
WITH chosen AS (
    SELECT client_ip
    FROM (
        SELECT client_ip, sum(sharp) AS sharp, sum(signed) AS signed, sum(requests) AS requests, count(DISTINCT path) AS paths
        FROM hostile
        GROUP BY client_ip
    ) AS each
    WHERE signed > 0 OR paths >= $paths
    ORDER BY sharp DESC, signed DESC, requests DESC, client_ip
    LIMIT $most
),

each_source AS (
    SELECT
        hostile.client_ip,
        min(client_ip_num) AS client_ip_num,
        min(asn) AS asn,
        min(country) AS country,
        min(day) AS first_day,
        min(first_ts) AS began,
        max(last_ts) AS ended,
        CAST(sum(requests) AS BIGINT) AS requests,
        CAST(sum(signed) AS BIGINT) AS signed,
        CAST(sum(sharp) AS BIGINT) AS sharp,
        CAST(sum(missing) AS BIGINT) AS missing,
        min(signature) AS signature,
        CASE WHEN count(path) > 0 THEN array_slice(array_sort(list(DISTINCT path) FILTER (path IS NOT NULL)), 1, 200) END AS paths,
        CASE WHEN count(user_agent) > 0 THEN array_slice(array_sort(list(DISTINCT user_agent) FILTER (user_agent IS NOT NULL)), 1, 20) END
            AS agents,
        array_slice(array_sort(list(DISTINCT day)), 1, 400) AS days
    FROM hostile
    INNER JOIN chosen ON hostile.client_ip = chosen.client_ip
    GROUP BY hostile.client_ip
)

SELECT
    client_ip,
    ip_prefix(client_ip_num, 24, 48) AS prefix,
    ip_prefix(client_ip_num, 20, 40) AS neighbourhood,
    asn,
    country,
    first_day,
    began,
    ended,
    requests,
    signed,
    sharp,
    missing,
    signature,
    paths,
    agents,
    days
FROM each_source
ORDER BY sharp DESC, signed DESC, requests DESC, client_ip
