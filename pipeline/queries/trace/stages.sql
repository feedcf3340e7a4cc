-- question: Which stages of the kill chain did the subject reach, when, how often?
-- grain: one row a stage that it reached
-- reads: trace_judged
SELECT
    stage,
    count(*) AS requests,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    count(DISTINCT path) AS paths,
    count(DISTINCT client_ip) AS clients,
    count(DISTINCT response_bytes) AS sizes,
    min(response_bytes) AS size,
    count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS answered
FROM trace_judged
WHERE stage <> ''
GROUP BY stage
ORDER BY first_ts, stage
