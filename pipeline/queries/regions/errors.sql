-- question: Which errors do clients get, and whom do they hit?
-- grain: one row a status of 400 and more
-- reads: requests
-- false positives: 401 is the first answer to whoever signs in with basic auth; a 404 of a crawler is its own doing
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter places int = 20: rows at most, most requests first
WITH failed AS (
    SELECT
        status,
        client_ip,
        CASE
            WHEN client_ip IS NULL THEN 'unresolved'
            WHEN client_class <> 'public' THEN client_class
            ELSE coalesce(country, 'unknown')
        END AS country,
        count(*) AS requests
    FROM requests
    WHERE
        status >= 400
        AND ($since IS NULL OR ts >= $since)
        AND ($until IS NULL OR ts < $until)
    GROUP BY 1, 2, 3
),

countries AS (
    SELECT
        status,
        country,
        sum(requests) AS requests,
        count(client_ip) AS clients,
        row_number() OVER (PARTITION BY status ORDER BY sum(requests) DESC, country) AS place
    FROM failed
    GROUP BY status, country
)

SELECT
    status,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(clients) AS BIGINT) AS clients,
    max(CASE WHEN place = 1 THEN country END) AS top_country,
    CAST(max(CASE WHEN place = 1 THEN requests END) AS DOUBLE) / sum(requests) AS top_share
FROM countries
GROUP BY status
ORDER BY requests DESC, status
LIMIT $places
