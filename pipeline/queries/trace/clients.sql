-- question: Which clients has the subject, how much of each is hostile, and who else is behind it?
-- grain: one row a client, the most hostile first
-- reads: trace_judged
-- parameter stray_share float = 0.05: of a program's requests may look hostile: a crawler follows links of attackers, too
-- parameter most int = 1000: clients at most
WITH programs AS (
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
    WHERE client_ip IS NOT NULL
    GROUP BY client_ip, user_agent, header_order
),

judged AS (
    SELECT
        *,
        CASE WHEN hostile <= $stray_share * requests THEN good ELSE 0 END AS clean_good,
        CASE WHEN hostile <= $stray_share * requests THEN users ELSE 0 END AS clean_users
    FROM programs
)

SELECT
    client_ip,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(hostile) AS BIGINT) AS hostile,
    CAST(sum(serious) AS BIGINT) AS serious,
    CAST(sum(clean_good) AS BIGINT) AS good,
    CAST(sum(clean_users) AS BIGINT) AS users,
    count(*) AS programs
FROM judged
GROUP BY client_ip
ORDER BY hostile DESC, requests DESC, client_ip
LIMIT $most
