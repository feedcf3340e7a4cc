-- question: Which scripts did a client of the subject get only after it had begun to attack?
-- grain: one row a client and path
-- reads: trace_judged
-- parameter most int = 200: rows at most
SELECT
    j.client_ip,
    j.path,
    min(j.ts) AS first_ts
FROM trace_judged AS j
INNER JOIN (
    SELECT
        client_ip,
        min(ts) AS attack_ts
    FROM trace_judged
    WHERE stage IN ('exploit', 'success', 'guessing')
    GROUP BY client_ip
) AS a ON j.client_ip = a.client_ip
WHERE
    j.status BETWEEN 200 AND 299
    AND regexp_matches(lower(j.path), '[.](php[0-9]?|phtml|phar|jspx?|aspx?|ashx|asmx|cfm|cgi|pl|py|sh)$')
GROUP BY j.client_ip, j.path
HAVING min(j.ts) > min(a.attack_ts)
ORDER BY first_ts, j.client_ip, j.path
LIMIT $most
