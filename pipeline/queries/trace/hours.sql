-- question: How did the subject's requests develop over time, by stage?
-- grain: one row a slot of time and stage
-- reads: trace_judged
-- parameter slot float = 3600: seconds
-- parameter first float = 0: when the first slot begins, seconds since 1970
SELECT
    CAST(floor((unix_micros(ts) / 1e6 - $first) / $slot) AS BIGINT) AS slot,
    stage,
    count(*) AS requests
FROM trace_judged
GROUP BY slot, stage
ORDER BY slot, stage
