-- question: Which scripts did nobody get but clients that had attacked before, though others use the site?
-- grain: one row a path
-- reads: requests; trace_scripts (client_ip, path, first_ts)
-- false positives: a page of the site that hardly anybody sees
-- parameter crowd int = 20: clients that got something of the site; of fewer nobody can say what is usual
SELECT p.path
FROM (SELECT DISTINCT path FROM trace_scripts) AS p
LEFT JOIN (
    SELECT DISTINCT split_part(r.target, '?', 1) AS path
    FROM requests AS r
    INNER JOIN (SELECT DISTINCT path FROM trace_scripts) AS c ON split_part(r.target, '?', 1) = c.path
    LEFT JOIN trace_scripts AS s ON r.client_ip = s.client_ip AND c.path = s.path
    WHERE r.status BETWEEN 200 AND 299 AND s.path IS NULL
) AS o ON p.path = o.path
CROSS JOIN (
    SELECT count(*) AS clients
    FROM (SELECT DISTINCT client_ip FROM requests WHERE status BETWEEN 200 AND 299 LIMIT 1000) AS d
) AS n
WHERE o.path IS NULL AND n.clients >= $crowd
ORDER BY p.path
