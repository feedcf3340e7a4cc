-- question: Which sources signed in after many of their logins failed?
-- grain: one row a client and UTC day
-- reads: signals, requests
-- source: Wazuh 40112 (multiple authentication failures followed by a success)
-- false positives: somebody who remembers the password in the end: a few failures, of one account
-- attack: T1110, T1078
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter failures int = 5: failed logins of a day that are no wonder

-- Where no login rule says what a success is, it is an answer of 2xx or 3xx to a POST to where one was refused.
WITH failed AS (
    SELECT
        client_ip,
        day,
        min(ts) AS began,
        count(*) AS failures,
        count(DISTINCT "user") AS accounts,
        max(client_class) AS client_class,
        max(prefix) AS prefix,
        max(network) AS network,
        max(asn) AS asn,
        max(as_org) AS as_org,
        max(country) AS country,
        min(fingerprint) AS fingerprint
    FROM signals
    WHERE
        kind IN ('denied', 'wp_denied')
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY client_ip, day
    HAVING count(*) > $failures
),

places AS (
    SELECT DISTINCT signals.client_ip, signals.day, path
    FROM signals
    INNER JOIN failed ON signals.client_ip = failed.client_ip AND signals.day = failed.day
    WHERE kind IN ('denied', 'wp_denied')
),

succeeded AS (
    SELECT
        requests.client_ip,
        requests.date AS day,
        requests.ts,
        coalesce(requests."user", split_part(requests.target, '?', 1)) AS who
    FROM requests
    INNER JOIN failed ON requests.client_ip = failed.client_ip AND requests.date = failed.day
    LEFT JOIN places
        ON requests.client_ip = places.client_ip AND requests.date = places.day
        AND split_part(requests.target, '?', 1) = places.path
    WHERE
        (requests.ts >= $since OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
        AND (
            requests.login = 'success'
            OR (
                requests.login IS NULL AND requests.method = 'POST' AND places.path IS NOT NULL
                AND requests.status BETWEEN CASE WHEN ends_with(places.path, '/wp-login.php') THEN 300 ELSE 200 END AND 399
            )
        )
),

-- only failures that came before count
before AS (
    SELECT
        succeeded.client_ip,
        succeeded.day,
        succeeded.ts,
        succeeded.who,
        count(*) AS failures,
        count(CASE WHEN unix_micros(succeeded.ts) - unix_micros(signals.ts) < 600000000 THEN 1 END) AS lately,
        count(DISTINCT signals."user") AS accounts
    FROM succeeded
    INNER JOIN signals
        ON succeeded.client_ip = signals.client_ip AND succeeded.day = signals.day AND signals.ts <= succeeded.ts
        AND signals.ts > succeeded.ts - INTERVAL 1 HOUR
    WHERE signals.kind IN ('denied', 'wp_denied')
    GROUP BY succeeded.client_ip, succeeded.day, succeeded.ts, succeeded.who
    HAVING count(*) > $failures
)

SELECT
    'ip' AS subject_kind,
    before.client_ip AS subject,
    before.day,
    min(failed.began) AS began,
    max(before.ts) AS ended,
    max(before.failures) + count(*) AS requests,
    max(before.failures) AS failures,
    max(before.accounts) AS accounts,
    -- a person who has forgotten a password tries some, and looks for it in between
    CASE WHEN max(before.accounts) > 2 OR max(before.lately) > $failures THEN 'high' ELSE 'medium' END AS severity,
    min(before.who) AS example,
    max(before.who) AS other_example,
    max(failed.client_class) AS client_class,
    max(failed.prefix) AS prefix,
    max(failed.network) AS network,
    max(failed.asn) AS asn,
    max(failed.as_org) AS as_org,
    max(failed.country) AS country,
    min(failed.fingerprint) AS fingerprint
FROM before
INNER JOIN failed ON before.client_ip = failed.client_ip AND before.day = failed.day
GROUP BY before.client_ip, before.day
ORDER BY day, subject
