-- question: Which signatures did the requests of each stage match?
-- grain: one row a stage and list of signatures
-- reads: trace_judged
-- parameter most int = 500: lists at most
SELECT
    stage,
    signs,
    count(*) AS requests
FROM trace_judged
WHERE stage <> '' AND signs <> ''
GROUP BY stage, signs
ORDER BY requests DESC, stage, signs
LIMIT $most
