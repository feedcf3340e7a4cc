-- question: Which scripts of the subject had nobody else asked for, before it did?
-- grain: one row a path
-- reads: requests; trace_scripts (path, first_ts); trace_rows
-- false positives: a new page of the site that the subject happens to see first
SELECT s.path
FROM trace_scripts AS s
LEFT JOIN (
    SELECT
        split_part(r.target, '?', 1) AS path,
        min(r.ts) AS first_ts
    FROM requests AS r
    INNER JOIN trace_scripts AS c ON split_part(r.target, '?', 1) = c.path
    WHERE r.status BETWEEN 200 AND 299
    GROUP BY split_part(r.target, '?', 1)
) AS o ON s.path = o.path
WHERE o.first_ts IS NULL OR o.first_ts >= s.first_ts
ORDER BY s.path
