-- question: Who says in the user agent to be a crawler that others can verify?
-- grain: one row a client, UTC day and user agent
-- reads: requests
-- false positives: the name alone proves nothing, neither way: pipeline/attacks/crawlers.py looks at the address
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter names text = googlebot|bingbot: regular expression of the names, in lower case
WITH agents AS (
    SELECT user_agent
    FROM (
        SELECT user_agent
        FROM requests
        WHERE
            user_agent IS NOT NULL
            AND (ts >= $since OR $since IS NULL)
            AND ("date" >= CAST($since AS DATE) OR $since IS NULL)
            AND (ts < $until OR $until IS NULL)
        GROUP BY user_agent
    ) AS each_agent
    WHERE regexp_matches(lower(user_agent), concat($names, ''))
)

SELECT
    requests.client_ip,
    requests."date" AS day,
    requests.user_agent,
    min(requests.ts) AS began,
    max(requests.ts) AS ended,
    count(*) AS requests,
    count(CASE WHEN cardinality(requests.signatures) > 0 THEN 1 END) AS signed,
    count(CASE WHEN requests.status >= 400 THEN 1 END) AS refused,
    min(requests.peer_name) AS peer_name,
    min(split_part(requests.target, '?', 1)) AS first_path,
    max(split_part(requests.target, '?', 1)) AS last_path,
    min(requests.country) AS country,
    min(requests.asn) AS asn,
    min(requests.as_org) AS as_org,
    ip_prefix(min(requests.client_ip_num), 24, 48) AS prefix,
    ip_prefix(min(requests.client_ip_num), 24, 64) AS network
FROM requests
INNER JOIN agents ON requests.user_agent = agents.user_agent
WHERE
    requests.client_ip IS NOT NULL
    AND (requests.ts >= $since OR $since IS NULL)
    AND (requests."date" >= CAST($since AS DATE) OR $since IS NULL)
    AND (requests.ts < $until OR $until IS NULL)
GROUP BY requests.client_ip, requests."date", requests.user_agent
ORDER BY requests DESC, requests.client_ip, day, requests.user_agent
LIMIT 100000
