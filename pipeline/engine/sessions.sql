-- meaning: Requests of one client address and user agent, each less than 30 minutes after the one before
-- grain: one row a session; clients behind one address with one user agent are one client here, and requests whose client
--   is not known (client_ip is NULL) are in no session
-- column client_ip text: the client
-- column user_agent text: its user agent; NULL is one too
-- column nth bigint: which of that client's sessions it is, from 1
-- column started timestamp: ts of its first request
-- column ended timestamp: ts of its last request
-- column seconds double: from started to ended; 0 for a single request, since how long its page was read nobody knows
-- column requests bigint: requests, files that a page loads included
-- column targets bigint: distinct targets, queries included
-- column errors bigint: requests with a status of 400 or more
-- column bytes bigint: bytes of the responses
-- column first_target text: target of the first request
-- column last_target text: target of the last request
-- column client_class text: class of client_ip: public, private, …
-- column country text: country of client_ip
WITH marked AS (
    SELECT
        client_ip,
        user_agent,
        ts,
        source,
        source_offset,
        target,
        status,
        response_bytes,
        client_class,
        country,
        -- 1800 seconds, the gap that web analytics have used since the 1990s
        CASE WHEN unix_micros(ts) - unix_micros(lag(ts) OVER client) < 1800000000 THEN 0 ELSE 1 END AS begins,
        CASE WHEN unix_micros(lead(ts) OVER client) - unix_micros(ts) < 1800000000 THEN 0 ELSE 1 END AS ends
    FROM requests
    WHERE client_ip IS NOT NULL AND ts IS NOT NULL
    WINDOW client AS (PARTITION BY client_ip, user_agent ORDER BY ts, source, source_offset)
),

numbered AS (
    SELECT
        *,
        sum(begins) OVER (
            PARTITION BY client_ip, user_agent
            ORDER BY ts, source, source_offset
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS nth
    FROM marked
)

SELECT
    client_ip,
    user_agent,
    CAST(nth AS BIGINT) AS nth,
    min(ts) AS started,
    max(ts) AS ended,
    (unix_micros(max(ts)) - unix_micros(min(ts))) / 1e6 AS seconds,
    count(*) AS requests,
    count(DISTINCT target) AS targets,
    count(CASE WHEN status >= 400 THEN 1 END) AS errors,
    CAST(least(coalesce(sum(CAST(response_bytes AS DECIMAL(38, 0))), 0), 9223372036854775807) AS BIGINT) AS bytes,
    max(CASE WHEN begins = 1 THEN target END) AS first_target,
    max(CASE WHEN ends = 1 THEN target END) AS last_target,
    max(client_class) AS client_class,
    max(country) AS country
FROM numbered
GROUP BY client_ip, user_agent, nth
