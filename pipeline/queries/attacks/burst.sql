-- question: Which sources ask faster than a person or a polite crawler does?
-- grain: one row a source
-- reads: requests
-- source: CrowdSec http-crawl-non_statics (bucket of 40, one leaks each 0.5 s), with more room for pages that call APIs
-- false positives: a load test; an office or carrier behind one address; a proxy that was not resolved
-- attack: T1499.002
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter capacity int = 60: requests that may stand in the bucket
-- parameter leak_seconds float = 0.5: one request leaves the bucket in this time

-- A leaky bucket in two window functions: the level after event n is the most that any run of events up to n exceeds its
-- leak, so it is n - t/leak less its least value so far, plus one (Lindley's recursion).
WITH events AS (
    SELECT
        client_ip AS source,
        ts,
        status,
        split_part(target, '?', 1) AS path,
        row_number() OVER (PARTITION BY client_ip ORDER BY ts) - epoch(ts) / $leak_seconds AS drift
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND NOT regexp_matches(lower(split_part(coalesce(target, ''), '?', 1)), '\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)$')
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
),

levels AS (
    SELECT
        *,
        drift - min(drift) OVER (PARTITION BY source ORDER BY ts ROWS UNBOUNDED PRECEDING) + 1 AS level
    FROM events
)

SELECT
    source,
    count(*) AS requests,
    count(DISTINCT path) AS paths,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    max(level) AS level,
    CAST(count(CASE WHEN status >= 400 THEN 1 END) AS DOUBLE) / count(*) AS error_share,
    min(path) AS sample,
    max(path) AS other_sample
FROM levels
GROUP BY source
HAVING max(level) > $capacity
ORDER BY level DESC, source
