-- question: Which programs of the subject did nothing hostile, and who signed in with them?
-- grain: one row a client and program
-- reads: trace_judged
-- parameter most int = 1000: rows at most
SELECT
    client_ip,
    user_agent,
    header_order,
    count(*) AS requests,
    count(CASE WHEN stage <> '' THEN 1 END) AS hostile,
    count(CASE WHEN stage NOT IN ('', 'recon') THEN 1 END) AS serious,
    count(CASE WHEN stage = '' AND status BETWEEN 200 AND 399 THEN 1 END) AS good,
    count(DISTINCT CASE WHEN login = 'success' OR login IS NULL THEN "user" END) AS users
FROM trace_judged
GROUP BY client_ip, user_agent, header_order
ORDER BY requests DESC, client_ip, user_agent, header_order
LIMIT $most
