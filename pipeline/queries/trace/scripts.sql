-- question: Which scripts were answered with 2xx after the subject had begun to attack, and are no page that it attacked?
-- grain: one row a path
-- reads: trace_judged
-- parameter most int = 200: paths at most
SELECT
    path,
    min(ts) AS first_ts
FROM trace_judged
WHERE
    status BETWEEN 200 AND 299
    AND regexp_matches(lower(path), '[.](php[0-9]?|phtml|phar|jspx?|aspx?|ashx|asmx|cfm|cgi|pl|py|sh)$')
GROUP BY path
HAVING min(ts) > (SELECT min(ts) FROM trace_judged WHERE stage IN ('exploit', 'success', 'enumeration', 'guessing'))
ORDER BY first_ts, path
LIMIT $most
