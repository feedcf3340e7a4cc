-- question: How do the requests of each place develop over time?
-- grain: one row a period and place at the level asked for
-- reads: visitors
-- false positives: the first and the last period are part of one where the time asked for is
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter every text = day: hour, day or week; weeks start on Monday
-- parameter level text = country: total, continent, country, region, city, asn or version (of IP)
-- parameter places int = 10: the places with the most requests; the others are summed as 'other'
WITH placed AS (
    SELECT
        period,
        CASE WHEN $level = 'continent' THEN continent END AS continent,
        CASE WHEN $level IN ('country', 'region', 'city') THEN country END AS country,
        CASE WHEN $level IN ('region', 'city') THEN region END AS region,
        CASE WHEN $level = 'city' THEN city END AS city,
        CASE WHEN $level = 'asn' THEN asn END AS asn,
        CASE WHEN $level = 'asn' AND asn IS NULL THEN as_org END AS no_network,
        CASE WHEN $level = 'version' THEN version END AS version,
        as_org,
        client_ip,
        "user",
        requests,
        bytes,
        errors
    FROM visitors
    WHERE requests > 0
),

places AS (
    SELECT
        continent,
        country,
        region,
        city,
        asn,
        no_network,
        version,
        max(as_org) AS as_org,
        row_number() OVER (
            ORDER BY sum(requests) DESC, continent, country, region, city, asn, no_network, version
        ) AS number
    FROM placed
    GROUP BY continent, country, region, city, asn, no_network, version
),

shown AS (
    SELECT
        placed.period,
        CASE WHEN places.number <= $places THEN places.number ELSE $places + 1 END AS number,
        placed.client_ip,
        placed."user",
        placed.requests,
        placed.bytes,
        placed.errors
    FROM placed
    INNER JOIN places
        ON
            placed.continent IS NOT DISTINCT FROM places.continent
            AND placed.country IS NOT DISTINCT FROM places.country
            AND placed.region IS NOT DISTINCT FROM places.region
            AND placed.city IS NOT DISTINCT FROM places.city
            AND placed.asn IS NOT DISTINCT FROM places.asn
            AND placed.no_network IS NOT DISTINCT FROM places.no_network
            AND placed.version IS NOT DISTINCT FROM places.version
),

periods AS (
    SELECT
        period,
        number,
        CAST(sum(requests) AS BIGINT) AS requests,
        count(DISTINCT client_ip) AS clients,
        count(DISTINCT "user") AS users,
        CAST(least(coalesce(sum(bytes), 0), 9223372036854775807) AS BIGINT) AS bytes,
        CAST(sum(errors) AS BIGINT) AS errors
    FROM shown
    GROUP BY period, number
)

SELECT
    periods.period,
    CASE WHEN $level <> 'continent' THEN NULL WHEN periods.number > $places THEN 'other' ELSE places.continent END
        AS continent,
    CASE
        WHEN $level NOT IN ('country', 'region', 'city') THEN NULL
        WHEN periods.number > $places THEN 'other'
        ELSE places.country
    END AS country,
    CASE WHEN periods.number <= $places THEN places.region END AS region,
    CASE WHEN periods.number <= $places THEN places.city END AS city,
    CASE WHEN periods.number <= $places THEN places.asn END AS asn,
    CASE WHEN $level <> 'asn' THEN NULL WHEN periods.number > $places THEN 'other' ELSE places.as_org END AS as_org,
    CASE WHEN $level <> 'version' THEN NULL WHEN periods.number > $places THEN 'other' ELSE places.version END
        AS version,
    periods.requests,
    CAST(periods.requests AS DOUBLE) / sum(periods.requests) OVER (PARTITION BY periods.period) AS share,
    periods.clients,
    periods.users,
    periods.bytes,
    CAST(periods.errors AS DOUBLE) / periods.requests AS error_share
FROM periods
LEFT JOIN places ON periods.number = places.number
ORDER BY periods.period, periods.number
