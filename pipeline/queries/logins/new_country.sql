-- question: Which users signed in from a country that they had not signed in from before?
-- grain: one row a user, country and day
-- reads: requests where login = 'success'
-- source: Microsoft Entra's learning period (the earlier of 14 days or 10 logins), Okta's New Country
-- false positives: travel, a VPN or mobile carrier that leaves in another country, an address whose country changed in a
--   newer database
-- attack: T1078
-- parameter since timestamp = null: findings at this time or after; the history before it is read all the same
-- parameter until timestamp = null: findings before this time
-- parameter learned_logins int = 10: a user is silent until so many logins …
-- parameter learned_days int = 14: … or so many days after the first one, whichever is earlier
WITH logins AS (
    SELECT
        "user",
        ts,
        client_ip,
        country,
        city,
        row_number() OVER (PARTITION BY "user" ORDER BY ts, source, source_offset) - 1 AS logins_before,
        min(ts) OVER (PARTITION BY "user") AS first_ts,
        row_number() OVER (PARTITION BY "user", country ORDER BY ts, source, source_offset) AS nth_here,
        lag(country) OVER (PARTITION BY "user" ORDER BY ts, source, source_offset) AS last_country,
        lag(city) OVER (PARTITION BY "user" ORDER BY ts, source, source_offset) AS last_city
    FROM requests
    WHERE login = 'success' AND "user" IS NOT NULL AND country IS NOT NULL
)

SELECT
    ts,
    "user",
    client_ip,
    country,
    city,
    last_country,
    last_city,
    logins_before,
    epoch(ts) - epoch(first_ts) AS known_seconds
FROM logins
WHERE
    nth_here = 1
    AND logins_before > 0
    AND (logins_before >= $learned_logins OR epoch(ts) - epoch(first_ts) >= $learned_days * 86400)
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
ORDER BY ts, "user"
