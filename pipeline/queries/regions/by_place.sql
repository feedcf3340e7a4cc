-- question: Where do requests come from, and how well are they served there?
-- grain: one row a place at the level asked for
-- reads: requests
-- false positives: two good geo databases disagree on the country for one address in twenty, on the city far more often;
--   a relay or VPN is counted where it leaves the network
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter level text = country: country, region or city
-- parameter places int = 50: rows at most, most requests first
WITH placed AS (
    SELECT
        -- what is no country is shown as itself: unresolved, private, loopback, …; unknown is a public address the database lacks
        CASE
            WHEN client_ip IS NULL THEN 'unresolved'
            WHEN client_class <> 'public' THEN client_class
            ELSE coalesce(country, 'unknown')
        END AS country,
        CASE WHEN $level IN ('region', 'city') THEN region END AS region,
        CASE WHEN $level = 'city' THEN city END AS city,
        client_ip,
        status,
        response_bytes,
        duration_us
    FROM requests
    WHERE (ts >= $since OR $since IS NULL) AND (ts < $until OR $until IS NULL)
)

SELECT
    country,
    region,
    city,
    count(*) AS requests,
    count(DISTINCT client_ip) AS clients,
    CAST(least(coalesce(sum(CAST(response_bytes AS DECIMAL(38, 0))), 0), 9223372036854775807) AS BIGINT) AS bytes,
    CAST(count(CASE WHEN status >= 400 THEN 1 END) AS DOUBLE) / count(*) AS error_share,
    percentile(duration_us, 0.5) / 1000 AS p50_ms,
    percentile(duration_us, 0.99) / 1000 AS p99_ms
FROM placed
GROUP BY country, region, city
ORDER BY requests DESC, country, region, city
LIMIT $places
