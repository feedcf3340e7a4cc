-- question: What has grown and what has fallen since the period before?
-- grain: one row a place at the level asked for
-- reads: visitors
-- false positives: requests of one busy client are no trend: look at the clients beside them. Where the lake begins
--   within the earlier period, all seems to grow
-- parameter since timestamp = null: the period begins here
-- parameter until timestamp = null: and ends before this time
-- parameter before_since timestamp = null: the earlier period begins here
-- parameter before_until timestamp = null: and ends before this time
-- parameter level text = country: total (one row), continent, country, region, city, asn or version (of IP)
-- parameter places int = 50: rows at most, what has changed most first
-- parameter least int = 10: requests in one of the two periods; below, a place is 'few' and no trend is told
-- parameter deviations float = 3.0: a change that is smaller than this many standard deviations of a count (its root)
--   is 'steady': chance alone makes such
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
        requests,
        bytes,
        errors,
        requests_before,
        bytes_before,
        errors_before
    FROM visitors
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
        CASE WHEN $level = 'asn' THEN max(as_org) END AS as_org,
        CAST(sum(requests) AS BIGINT) AS requests,
        CAST(sum(requests_before) AS BIGINT) AS requests_before,
        count(DISTINCT CASE WHEN requests > 0 THEN client_ip END) AS clients,
        count(DISTINCT CASE WHEN requests_before > 0 THEN client_ip END) AS clients_before,
        CAST(least(coalesce(sum(bytes), 0), 9223372036854775807) AS BIGINT) AS bytes,
        CAST(least(coalesce(sum(bytes_before), 0), 9223372036854775807) AS BIGINT) AS bytes_before,
        CAST(sum(errors) AS DOUBLE) / nullif(sum(requests), 0) AS error_share,
        CAST(sum(errors_before) AS DOUBLE) / nullif(sum(requests_before), 0) AS error_share_before
    FROM placed
    GROUP BY continent, country, region, city, asn, no_network, version
),

compared AS (
    SELECT
        *,
        requests - requests_before AS difference,
        CAST(requests - requests_before AS DOUBLE) / nullif(requests_before, 0) AS growth,
        CAST(requests AS DOUBLE) / nullif(sum(requests) OVER (), 0) AS share,
        CAST(requests_before AS DOUBLE) / nullif(sum(requests_before) OVER (), 0) AS share_before,
        CASE
            WHEN greatest(requests, requests_before) < $least THEN 'few'
            WHEN
                abs(requests - requests_before) < $deviations * sqrt(CAST(requests + requests_before AS DOUBLE))
                THEN 'steady'
            WHEN requests_before = 0 THEN 'new'
            WHEN requests = 0 THEN 'gone'
            WHEN requests > requests_before THEN 'grew'
            ELSE 'fell'
        END AS trend
    FROM places
)

SELECT
    continent,
    country,
    region,
    city,
    asn,
    as_org,
    version,
    trend,
    requests,
    requests_before,
    difference,
    growth,
    share,
    share_before,
    clients,
    clients_before,
    bytes,
    bytes_before,
    error_share,
    error_share_before
FROM compared
ORDER BY
    CASE trend WHEN 'few' THEN 2 WHEN 'steady' THEN 1 ELSE 0 END,
    abs(difference) DESC,
    requests DESC,
    continent, country, region, city, asn, no_network, version
LIMIT $places
