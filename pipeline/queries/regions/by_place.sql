-- question: Where do requests come from?
-- grain: one row a place at the level asked for
-- reads: visitors
-- false positives: two good geo databases disagree on the country for one address in twenty, on the city far more
--   often; a relay or VPN is counted where it leaves the network. Users are those that the log names: basic auth, or a
--   login rule
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter level text = country: total (one row), continent, country, region, city, asn or version (of IP)
-- parameter places int = 50: rows at most, most requests first
WITH placed AS (
    SELECT
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
        CAST(sum(requests) AS BIGINT) AS requests,
        count(DISTINCT client_ip) AS clients,
        count(DISTINCT "user") AS users,
        CAST(least(coalesce(sum(bytes), 0), 9223372036854775807) AS BIGINT) AS bytes,
        CAST(sum(errors) AS BIGINT) AS errors
    FROM placed
    GROUP BY continent, country, region, city, asn, no_network, version
),

numbered AS (
    SELECT
        *,
        row_number() OVER (
            ORDER BY requests DESC, continent, country, region, city, asn, no_network, version
        ) AS number,
        sum(requests) OVER () AS total
    FROM places
)

SELECT
    continent,
    country,
    region,
    city,
    asn,
    CASE WHEN $level = 'asn' THEN as_org END AS as_org,
    version,
    requests,
    CAST(requests AS DOUBLE) / total AS share,
    clients,
    users,
    bytes,
    CAST(errors AS DOUBLE) / requests AS error_share
FROM numbered
WHERE number <= $places
ORDER BY number
