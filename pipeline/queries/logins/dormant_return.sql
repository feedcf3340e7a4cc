-- question: Which accounts came back after a long time without a login?
-- grain: one row a user and day
-- reads: login_visits
-- source: Microsoft Entra calls an account inactive after 90 days or more without a sign-in
-- false positives: parental leave, sabbaticals, seasonal work; accounts whose logins another log holds
-- attack: T1078
-- parameter since timestamp = null: logins at this time or after; the history before it is read all the same
-- parameter until timestamp = null: logins before this time
-- parameter dormant_days float = 90: so long without a login
WITH returns AS (
    SELECT
        *,
        (us - before_us) / 1e6 AS seconds,
        row_number() OVER (PARTITION BY "user", day ORDER BY nth) AS choice
    FROM login_visits
    WHERE
        us - before_us >= $dormant_days * 86400000000
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
)

SELECT
    ts,
    day,
    "user",
    nth,
    before_ts AS last_ts,
    seconds,
    client_ip,
    country,
    region,
    city,
    asn,
    as_org,
    network,
    network_name,
    shared,
    placed AND has_history AND NOT country_known AS new_country,
    placed AND has_regions AND country_known AND region IS NOT NULL AND NOT region_known AS new_region,
    has_asns AND asn IS NOT NULL AND NOT asn_known AS new_asn,
    nth - 1 AS logins_before,
    first_ts,
    user_agent
FROM returns
WHERE choice = 1
ORDER BY ts, "user"
