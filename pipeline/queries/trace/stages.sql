-- question: Which stages of the kill chain did the subject reach, when, how often, with what?
-- grain: one row a stage that it reached
-- reads: trace_judged
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY stage, signs, path ORDER BY ts, source_offset) AS nth
    FROM trace_judged
    WHERE stage <> ''
),

sampled AS (
    SELECT
        *,
        CASE WHEN nth = 1 THEN row_number() OVER (PARTITION BY stage, nth ORDER BY ts, source_offset) END AS turn
    FROM ranked
)

SELECT
    stage,
    count(*) AS requests,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    count(DISTINCT path) AS paths,
    count(DISTINCT client_ip) AS clients,
    count(DISTINCT response_bytes) AS sizes,
    min(response_bytes) AS size,
    count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS answered,
    max(CASE WHEN turn = 1 THEN concat_ws(' ', method, target) END) AS sample_1,
    max(CASE WHEN turn = 2 THEN concat_ws(' ', method, target) END) AS sample_2,
    max(CASE WHEN turn = 3 THEN concat_ws(' ', method, target) END) AS sample_3
FROM sampled
GROUP BY stage
ORDER BY min(ts), stage
