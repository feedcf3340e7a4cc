-- question: How do the requests of each country develop over time?
-- grain: one row a period and country
-- reads: requests
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter every text = day: hour, day or week; weeks start on Monday
-- parameter places int = 10: the countries with the most requests; the others are summed as 'other'
WITH placed AS (
    SELECT
        date_trunc($every, ts) AS period,
        CASE
            WHEN client_ip IS NULL THEN 'unresolved'
            WHEN client_class <> 'public' THEN client_class
            ELSE coalesce(country, 'unknown')
        END AS country,
        client_ip,
        status,
        response_bytes,
        duration_us
    FROM requests
    WHERE (ts >= $since OR $since IS NULL) AND (ts < $until OR $until IS NULL)
),

ranked AS (
    SELECT
        country,
        row_number() OVER (ORDER BY count(*) DESC, country) AS place
    FROM placed
    GROUP BY country
)

SELECT
    placed.period,
    CASE WHEN ranked.place <= $places THEN placed.country ELSE 'other' END AS country,
    count(*) AS requests,
    count(DISTINCT placed.client_ip) AS clients,
    CAST(least(coalesce(sum(CAST(placed.response_bytes AS DECIMAL(38, 0))), 0), 9223372036854775807) AS BIGINT) AS bytes,
    CAST(count(CASE WHEN placed.status >= 400 THEN 1 END) AS DOUBLE) / count(*) AS error_share,
    percentile(placed.duration_us, 0.5) / 1000 AS p50_ms,
    percentile(placed.duration_us, 0.99) / 1000 AS p99_ms
FROM placed
INNER JOIN ranked ON placed.country = ranked.country
GROUP BY 1, 2
ORDER BY 1, requests DESC, 2
