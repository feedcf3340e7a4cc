-- question: Which logins succeeded after a burst of failures?
-- grain: one row a user, network (/24 or /48) and day
-- reads: login_events
-- source: fail2ban (5 in 10 minutes), CrowdSec http-generic-bf (5); RULES: who tries slowly has an hour, and failures of
--   the account from elsewhere count where they are twice as many
-- false positives: a password forgotten and then remembered, which is low where the user has signed in from there before
-- attack: T1110
-- parameter since timestamp = null: logins at this time or after; failures before it are read all the same
-- parameter until timestamp = null: logins before this time
-- parameter guess_failures int = 5: failures from the same network before the login; twice as many from anywhere
-- parameter guess_minutes float = 60: within so many minutes
WITH days AS (  -- of a burst, one day holds its share at least
    SELECT "user"
    FROM login_events
    WHERE login = 'failure'
    GROUP BY "user", day
    HAVING count(*) >= $guess_failures / (2.0e0 + $guess_minutes / 1440)
),

tried AS (
    SELECT "user"
    FROM days
    GROUP BY "user"
),

watched AS (
    SELECT
        login_events.*,
        CASE WHEN login_events.login = 'failure' THEN 1 ELSE 0 END AS failed,
        coalesce(login_events.site, 'unknown') AS net,
        -- Spark has a constant for a frame alone, so that one is one window of time, and a billionth for rounding
        login_events.us / greatest($guess_minutes * 60000000, 1) AS windows
    FROM login_events
    INNER JOIN tried ON login_events."user" = tried."user"
),

counted AS (
    SELECT
        *,
        sum(failed) OVER (
            PARTITION BY "user", net
            ORDER BY windows
            RANGE BETWEEN 1.000000001e0 PRECEDING AND CURRENT ROW
        ) AS failures_here,
        sum(failed) OVER (
            PARTITION BY "user"
            ORDER BY windows
            RANGE BETWEEN 1.000000001e0 PRECEDING AND CURRENT ROW
        ) AS failures,
        min(CASE WHEN failed = 1 THEN ts END) OVER (
            PARTITION BY "user"
            ORDER BY windows
            RANGE BETWEEN 1.000000001e0 PRECEDING AND CURRENT ROW
        ) AS tried_ts,
        min(CASE WHEN failed = 0 THEN us END) OVER (PARTITION BY "user", net) AS here_us,
        min(CASE WHEN failed = 0 THEN us END) OVER (PARTITION BY "user", asn, country) AS near_us
    FROM watched
),

entered AS (
    SELECT
        *,
        here_us < us AS used_before,
        asn IS NOT NULL AND near_us < us AS used_near,
        row_number() OVER (PARTITION BY "user", net, day ORDER BY us, client_ip) AS choice
    FROM counted
    WHERE
        failed = 0
        AND (failures_here >= $guess_failures OR failures >= 2 * $guess_failures)
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
)

SELECT
    ts,
    day,
    "user",
    client_ip,
    net,
    country,
    region,
    city,
    asn,
    as_org,
    network,
    network_name,
    outside,
    CAST(failures_here AS BIGINT) AS failures_here,
    CAST(failures AS BIGINT) AS failures,
    tried_ts,
    used_before,
    used_near,
    user_agent
FROM entered
WHERE choice = 1
ORDER BY ts, "user"
