-- question: Who came from where, and how often?
-- makes: visitors
-- grain: one row a period, client, place and user
-- reads: requests
-- false positives: two good geo databases disagree on the country for one address in twenty, on the city far more
--   often; a relay or VPN is counted where it leaves the network
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter before_since timestamp = null: the earlier period that is compared with begins here; null if none is
-- parameter before_until timestamp = null: and ends before this time; it may overlap with the later one
-- parameter every text = null: hour, day or week, of which each row is one; weeks start on Monday. Null: one for all

-- The requests are read once, and what is asked of them afterwards is asked of this: it has few rows.
WITH timed AS (
    SELECT
        CASE $every
            WHEN 'hour' THEN unix_micros(ts) // 3600000000 * 3600000000
            WHEN 'day' THEN unix_micros(ts) // 86400000000 * 86400000000
            -- 1970-01-01 was a Thursday
            WHEN 'week' THEN (unix_micros(ts) + 259200000000) // 604800000000 * 604800000000 - 259200000000
        END AS period_us,
        $before_since IS NULL OR ts >= $since AS is_now,
        $before_since IS NOT NULL AND ts >= $before_since AND ts < $before_until AS is_before,
        client_ip,
        client_class,
        anonymized,
        continent,
        country,
        region,
        city,
        asn,
        as_org,
        "user",
        status,
        CAST(response_bytes AS DECIMAL(38, 0)) AS bytes
    FROM requests
    WHERE
        ($since IS NULL OR ts >= coalesce($before_since, $since))
        AND ($until IS NULL OR ts < $until)
),

counted AS (
    SELECT
        period_us,
        client_ip,
        client_class,
        anonymized,
        continent,
        country,
        region,
        city,
        asn,
        as_org,
        "user",
        count(CASE WHEN is_now THEN 1 END) AS requests,
        sum(CASE WHEN is_now THEN bytes END) AS bytes,
        count(CASE WHEN is_now AND status >= 400 THEN 1 END) AS errors,
        count(CASE WHEN is_before THEN 1 END) AS requests_before,
        sum(CASE WHEN is_before THEN bytes END) AS bytes_before,
        count(CASE WHEN is_before AND status >= 400 THEN 1 END) AS errors_before
    FROM timed
    GROUP BY
        period_us, client_ip, client_class, anonymized, continent, country, region, city, asn, as_org, "user"
),

-- what is no place is shown as itself, never as a country: unresolved (no client was found), private, loopback, …
classed AS (
    SELECT
        *,
        CASE WHEN client_ip IS NULL THEN 'unresolved' WHEN client_class <> 'public' THEN client_class END AS no_place
    FROM counted
    WHERE requests > 0 OR requests_before > 0
)

-- unknown is a public address that the geo database lacks
SELECT
    timestamp_micros(period_us) AS period,
    client_ip,
    coalesce(no_place, continent, 'unknown') AS continent,
    coalesce(no_place, country, 'unknown') AS country,
    CASE WHEN no_place IS NULL THEN region END AS region,
    CASE WHEN no_place IS NULL THEN city END AS city,
    CASE WHEN no_place IS NULL THEN asn END AS asn,
    coalesce(no_place, CASE WHEN asn IS NULL THEN 'unknown' ELSE as_org END) AS as_org,
    CASE
        WHEN client_ip IS NULL THEN 'unresolved'
        WHEN anonymized LIKE 'pseudonym%' THEN 'unknown'
        WHEN client_ip LIKE '%:%' THEN 'IPv6'
        ELSE 'IPv4'
    END AS version,
    "user",
    requests,
    bytes,
    errors,
    requests_before,
    bytes_before,
    errors_before
FROM classed
