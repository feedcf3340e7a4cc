-- question: How long do the requests of some places take?
-- grain: one row a period and place
-- reads: requests, shown
-- false positives: a time is what the server measured: a client on a slow line takes its time, too. Percentiles are
--   right to half a percent, and exact where there are few times
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter every text = null: hour, day or week, of which each row is one; null: one for all
-- parameter level text = country: the level of the places: total, continent, country, region, city, asn or version
-- parameter others int = 0: 1 to have a row, without a number, for the places that are not shown

-- `shown` has the places: number, continent, country, region, city, asn, as_org, version, as by_place tells them.
WITH placed AS (
    SELECT
        CASE $every
            WHEN 'hour' THEN unix_micros(ts) // 3600000000 * 3600000000
            WHEN 'day' THEN unix_micros(ts) // 86400000000 * 86400000000
            WHEN 'week' THEN (unix_micros(ts) + 259200000000) // 604800000000 * 604800000000 - 259200000000
        END AS period_us,
        CASE
            WHEN $level IN ('total', 'version') THEN NULL
            WHEN client_ip IS NULL THEN 'unresolved'
            WHEN client_class <> 'public' THEN client_class
        END AS no_place,
        continent,
        country,
        region,
        city,
        asn,
        CASE
            WHEN $level <> 'version' THEN NULL
            WHEN client_ip IS NULL THEN 'unresolved'
            WHEN anonymized LIKE 'pseudonym%' THEN 'unknown'
            WHEN client_ip LIKE '%:%' THEN 'IPv6'
            ELSE 'IPv4'
        END AS version,
        -- in steps of half a percent, so that no list of all times is needed
        CAST(floor(ln(greatest(duration_us, 1)) * 200) AS INTEGER) AS step,
        duration_us
    FROM requests
    WHERE
        ($since IS NULL OR ts >= $since)
        AND ($until IS NULL OR ts < $until)
        AND duration_us IS NOT NULL
),

steps AS (
    SELECT
        placed.period_us,
        shown.number,
        placed.step,
        count(*) AS requests,
        avg(placed.duration_us) AS duration_us
    FROM placed
    LEFT JOIN shown
        ON
            CASE WHEN $level = 'continent' THEN coalesce(placed.no_place, placed.continent, 'unknown') END
            IS NOT DISTINCT FROM shown.continent
            AND CASE
                WHEN $level IN ('country', 'region', 'city') THEN coalesce(placed.no_place, placed.country, 'unknown')
            END
            IS NOT DISTINCT FROM shown.country
            AND CASE WHEN $level IN ('region', 'city') AND placed.no_place IS NULL THEN placed.region END
            IS NOT DISTINCT FROM shown.region
            AND CASE WHEN $level = 'city' AND placed.no_place IS NULL THEN placed.city END
            IS NOT DISTINCT FROM shown.city
            AND CASE WHEN $level = 'asn' AND placed.no_place IS NULL THEN placed.asn END
            IS NOT DISTINCT FROM shown.asn
            AND CASE
                WHEN $level = 'asn' AND (placed.no_place IS NOT NULL OR placed.asn IS NULL)
                    THEN coalesce(placed.no_place, 'unknown')
            END
            IS NOT DISTINCT FROM CASE WHEN shown.asn IS NULL THEN shown.as_org END
            AND placed.version IS NOT DISTINCT FROM shown.version
    WHERE shown.number IS NOT NULL OR $others = 1
    GROUP BY placed.period_us, shown.number, placed.step
),

ranked AS (
    SELECT
        period_us,
        number,
        duration_us,
        sum(requests) OVER (PARTITION BY period_us, number ORDER BY step) AS below,
        sum(requests) OVER (PARTITION BY period_us, number) AS total
    FROM steps
)

SELECT
    timestamp_micros(period_us) AS period,
    number,
    CAST(max(total) AS BIGINT) AS timed,
    min(CASE WHEN below >= total * 0.5 THEN duration_us END) / 1000 AS p50_ms,
    min(CASE WHEN below >= total * 0.95 THEN duration_us END) / 1000 AS p95_ms,
    min(CASE WHEN below >= total * 0.99 THEN duration_us END) / 1000 AS p99_ms
FROM ranked
GROUP BY period_us, number
ORDER BY period_us, number
