-- question: Who is the subject: since when, how much, how often?
-- grain: one row, none where the subject has no requests
-- reads: trace_judged
SELECT
    count(*) AS requests,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    count(DISTINCT "date") AS active_days,
    count(DISTINCT client_ip) AS clients,
    count(DISTINCT path) AS paths,
    count(DISTINCT host) AS hosts,
    count(DISTINCT user_agent) AS user_agents,
    count(DISTINCT "user") AS users,
    count(CASE WHEN stage <> '' THEN 1 END) AS hostile,
    count(CASE WHEN status >= 400 THEN 1 END) AS errors,
    CAST(least(coalesce(sum(CAST(response_bytes AS DECIMAL(38, 0))), 0), 9223372036854775807) AS BIGINT) AS response_bytes
FROM trace_judged
HAVING count(*) > 0
