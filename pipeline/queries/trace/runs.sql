-- question: What did the subject do one after the other, like requests of a short time taken together?
-- grain: one row a slot of time, client, stage, method, status and beginning of the path
-- reads: trace_judged
-- parameter slot float = 60: seconds
SELECT
    client_ip,
    stage,
    method,
    status,
    head,
    count(*) AS requests,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    count(DISTINCT path) AS paths,
    min(path) AS lowest_path,
    max(path) AS highest_path,
    min(CASE WHEN login = 'success' THEN "user" END) AS signed_in
FROM trace_judged
GROUP BY floor(unix_micros(ts) / 1e6 / $slot), client_ip, stage, method, status, head
ORDER BY first_ts, last_ts, client_ip, stage, method, status, head
