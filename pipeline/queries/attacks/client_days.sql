-- question: Which clients ask often enough in a day to be looked at request by request?
-- makes: client_days
-- grain: one row a client and UTC day with more than ten requests
-- reads: requests
-- false positives: none: what is asked for is not judged
-- parameter early timestamp = null: rows at this time or after: the hour before a period may still stand in buckets
-- parameter until timestamp = null: rows before this time
SELECT
    client_ip,
    date AS day,
    count(*) AS requests,
    count(CASE WHEN status >= 400 THEN 1 END) AS errors,
    approx_count_distinct(user_agent) AS agents,
    min(ts) AS first_ts,
    max(ts) AS last_ts
FROM requests
WHERE
    client_ip IS NOT NULL
    AND (ts >= $early OR $early IS NULL)
    AND (ts < $until OR $until IS NULL)
GROUP BY client_ip, date
HAVING count(*) > 10
