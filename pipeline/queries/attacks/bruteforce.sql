-- question: Which sources try password after password?
-- grain: one row a source
-- reads: requests
-- source: CrowdSec http-generic-bf, http-bf-401, http-bf-403 (bucket of 5, one leaks each 10 s); fail2ban (5 in 10 min)
-- false positives: a client with an old password that tries again and again; an office behind one address
-- attack: T1110
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter capacity int = 5: failures that may stand in the bucket
-- parameter leak_seconds float = 10: one failure leaves the bucket in this time
WITH failures AS (
    SELECT
        client_ip AS source,
        ts,
        "user",
        split_part(target, '?', 1) AS path,
        row_number() OVER (PARTITION BY client_ip ORDER BY ts) - epoch(ts) / $leak_seconds AS drift
    FROM requests
    WHERE
        client_ip IS NOT NULL
        -- where a login rule judged the row, its word counts; elsewhere a refused POST is a failed login
        AND (login = 'failure' OR (login IS NULL AND method = 'POST' AND status IN (401, 403)))
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
),

levels AS (
    SELECT
        *,
        drift - min(drift) OVER (PARTITION BY source ORDER BY ts ROWS UNBOUNDED PRECEDING) + 1 AS level
    FROM failures
)

SELECT
    source,
    count(*) AS requests,
    count(DISTINCT path) AS paths,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    max(level) AS level,
    1.0 AS error_share,
    min(coalesce("user", path)) AS sample,
    max(coalesce("user", path)) AS other_sample
FROM levels
GROUP BY source
HAVING max(level) > $capacity
ORDER BY level DESC, source
