-- question: Which clients, hosts, statuses, programs, places and users has the subject, since when and until when?
-- grain: one row a dimension and value, the most frequent of each
-- reads: trace_judged
-- parameter most int = 20: values of a dimension at most
WITH found AS (
    SELECT 'client' AS dimension, client_ip AS value, '' AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'host' AS dimension, host AS value, '' AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'status' AS dimension, CAST(status AS VARCHAR) AS value, '' AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'method' AS dimension, method AS value, '' AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'program' AS dimension, user_agent AS value, coalesce(header_order, '') AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'user' AS dimension, "user" AS value, coalesce(login, 'signed in') AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'place' AS dimension, place AS value, '' AS detail, ts, stage FROM trace_judged
    UNION ALL
    SELECT 'network' AS dimension, network AS value, '' AS detail, ts, stage FROM trace_judged
),

counted AS (
    SELECT
        dimension,
        value,
        detail,
        count(*) AS requests,
        count(CASE WHEN stage <> '' THEN 1 END) AS hostile,
        min(ts) AS first_ts,
        max(ts) AS last_ts
    FROM found
    WHERE value IS NOT NULL
    GROUP BY dimension, value, detail
),

ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY dimension ORDER BY requests DESC, value, detail) AS place,
        count(*) OVER (PARTITION BY dimension) AS distinct_values
    FROM counted
)

SELECT
    dimension,
    value,
    detail,
    requests,
    hostile,
    first_ts,
    last_ts,
    distinct_values
FROM ranked
WHERE place <= $most
ORDER BY dimension, requests DESC, value, detail
