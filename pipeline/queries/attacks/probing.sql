-- question: Which sources try one path after another that does not exist or is forbidden?
-- grain: one row a source
-- reads: requests
-- source: CrowdSec http-probing (bucket of 10 distinct paths, one leaks each 10 s; 400, 403, 404; not static files)
-- false positives: a crawler after a site moved; a monitoring tool with old addresses
-- attack: T1595.003
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter capacity int = 10: paths that may stand in the bucket
-- parameter leak_seconds float = 10: one path leaves the bucket in this time
WITH misses AS (
    SELECT
        client_ip AS source,
        ts,
        split_part(target, '?', 1) AS path,
        -- a path counts once an hour: the bucket holds distinct paths
        row_number() OVER (PARTITION BY client_ip, split_part(target, '?', 1), date_trunc('hour', ts) ORDER BY ts) AS nth
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND status IN (400, 403, 404)
        AND target IS NOT NULL
        AND NOT regexp_matches(lower(split_part(target, '?', 1)), '\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)$')
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
),

events AS (
    SELECT
        source,
        ts,
        path,
        row_number() OVER (PARTITION BY source ORDER BY ts) - epoch(ts) / $leak_seconds AS drift
    FROM misses
    WHERE nth = 1
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
    1.0 AS error_share,
    min(path) AS sample,
    max(path) AS other_sample
FROM levels
GROUP BY source
HAVING max(level) > $capacity
ORDER BY level DESC, source
