-- question: Which networks and programs come day after day with a few requests, each from another address?
-- grain: one row a /24 or /48, autonomous system or user agent, and calendar month, as of slow
-- reads: requests, hostile
-- source: as slow: at least 14 of 60 days, at most 20 such requests a day; here of at least three addresses, none of which
--   made half of them
-- false positives: research scanners, which say so in their user agent and can be asked to stop
-- attack: T1595.001
-- parameter since timestamp = null: months with a day at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter days int = 14: active days of the last sixty
-- parameter a_day float = 20: requests on an active day that match a signature, at most, on average
-- parameter share float = 0.3: of all requests of the network are such
-- parameter share_agent float = 0.8: the same of a user agent, which others may write too
-- parameter sources int = 3: addresses, at least
WITH places AS (
    SELECT
        client_ip,
        ip_prefix(num, 24, 48) AS prefix,
        CASE WHEN contains(client_ip, '.') THEN rtrim(client_ip, '0123456789') ELSE substr(hex(num), 1, 12) END AS net
    FROM (SELECT client_ip, min(client_ip_num) AS num FROM hostile WHERE signed > 0 GROUP BY client_ip) AS each_client
),

-- what is only missing is told of single sources, where its growth can be seen
client_days AS (
    SELECT
        hostile.client_ip,
        hostile.day,
        hostile.user_agent,
        min(places.prefix) AS prefix,
        min(places.net) AS net,
        min(hostile.asn) AS asn,
        sum(hostile.signed) AS requests,
        sum(hostile.sharp) AS sharp,
        min(hostile.first_ts) AS first_ts,
        max(hostile.last_ts) AS last_ts
    FROM hostile
    INNER JOIN places ON hostile.client_ip = places.client_ip
    WHERE hostile.signed > 0
    GROUP BY hostile.client_ip, hostile.day, hostile.user_agent
),

-- what an agent gives away of itself says little of an agent: what it asks for counts
members AS (
    SELECT 'prefix' AS subject_kind, prefix AS subject, net AS value, *
    FROM client_days
    UNION ALL
    SELECT 'asn' AS subject_kind, 'AS' || CAST(asn AS VARCHAR) AS subject, CAST(asn AS VARCHAR) AS value, *
    FROM client_days
    WHERE asn IS NOT NULL
    UNION ALL
    SELECT 'fingerprint' AS subject_kind, user_agent AS subject, user_agent AS value, *
    FROM client_days
    WHERE user_agent IS NOT NULL AND sharp > 0
),

set_days AS (
    SELECT
        subject_kind,
        subject,
        min(value) AS value,
        day,
        sum(requests) AS requests,
        sum(sharp) AS sharp,
        min(first_ts) AS first_ts,
        max(last_ts) AS last_ts
    FROM members
    GROUP BY subject_kind, subject, day
),

client_shares AS (
    SELECT subject_kind, subject, client_ip, min(net) AS net, sum(requests) AS requests
    FROM members
    GROUP BY subject_kind, subject, client_ip
),

scattered AS (
    SELECT subject_kind, subject, count(*) AS sources
    FROM client_shares
    GROUP BY subject_kind, subject
    HAVING
        count(*) >= $sources
        AND max(requests) * 2 <= sum(requests)
        -- what is of one network is told of that network
        AND (subject_kind = 'prefix' OR count(DISTINCT net) >= $sources)
),

candidates AS (
    SELECT set_days.subject_kind, set_days.subject, min(set_days.value) AS value, max(scattered.sources) AS sources
    FROM set_days
    INNER JOIN scattered ON set_days.subject_kind = scattered.subject_kind AND set_days.subject = scattered.subject
    GROUP BY set_days.subject_kind, set_days.subject
    HAVING count(*) >= $days
),

clients AS (
    SELECT
        client_ip,
        CASE WHEN contains(client_ip, '.') THEN rtrim(client_ip, '0123456789') ELSE substr(hex(num), 1, 12) END AS net
    FROM (
        SELECT client_ip, min(client_ip_num) AS num
        FROM requests
        WHERE
            client_ip IS NOT NULL
            AND (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
            AND ("date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
            AND (ts < $until OR $until IS NULL)
        GROUP BY client_ip
    ) AS each_client
),

totals AS (
    SELECT candidates.subject_kind, candidates.subject, requests."date" AS day, count(*) AS all_requests
    FROM requests
    INNER JOIN clients ON requests.client_ip = clients.client_ip
    INNER JOIN candidates ON candidates.subject_kind = 'prefix' AND clients.net = candidates.value
    WHERE
        (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
        AND (requests."date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
    GROUP BY candidates.subject_kind, candidates.subject, requests."date"
    UNION ALL
    SELECT candidates.subject_kind, candidates.subject, requests."date" AS day, count(*) AS all_requests
    FROM requests
    INNER JOIN candidates ON candidates.subject_kind = 'asn' AND 'AS' || CAST(requests.asn AS VARCHAR) = candidates.subject
    WHERE
        (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
        AND (requests."date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
    GROUP BY candidates.subject_kind, candidates.subject, requests."date"
    UNION ALL
    SELECT candidates.subject_kind, candidates.subject, requests."date" AS day, count(*) AS all_requests
    FROM requests
    INNER JOIN candidates ON candidates.subject_kind = 'fingerprint' AND requests.user_agent = candidates.subject
    WHERE
        (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
        AND (requests."date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
    GROUP BY candidates.subject_kind, candidates.subject, requests."date"
),

windowed AS (
    SELECT
        totals.subject_kind,
        totals.subject,
        totals.day,
        candidates.sources,
        set_days.last_ts,
        count(set_days.day) OVER sixty AS active_days,
        sum(totals.all_requests) OVER sixty AS all_requests,
        sum(coalesce(set_days.requests, 0)) OVER sixty AS requests,
        sum(coalesce(set_days.sharp, 0)) OVER sixty AS sharp,
        min(set_days.first_ts) OVER sixty AS first_ts
    FROM totals
    INNER JOIN candidates ON totals.subject_kind = candidates.subject_kind AND totals.subject = candidates.subject
    LEFT JOIN set_days
        ON totals.subject_kind = set_days.subject_kind
        AND totals.subject = set_days.subject
        AND totals.day = set_days.day
    WINDOW sixty AS (
        PARTITION BY totals.subject_kind, totals.subject ORDER BY totals.day
        RANGE BETWEEN INTERVAL 59 DAY PRECEDING AND CURRENT ROW
    )
),

months AS (
    SELECT
        subject_kind,
        subject,
        extract(YEAR FROM day) * 12 + extract(MONTH FROM day) AS month,
        min(day) AS day,
        min(first_ts) AS began,
        max(last_ts) AS ended,
        max(requests) AS requests,
        max(all_requests) AS all_requests,
        max(active_days) AS active_days,
        max(sharp) AS sharp,
        max(sources) AS source_count
    FROM windowed
    WHERE
        active_days >= $days
        AND requests <= $a_day * active_days
        AND requests >= CASE WHEN subject_kind = 'fingerprint' THEN $share_agent ELSE $share END * all_requests
    GROUP BY subject_kind, subject, extract(YEAR FROM day) * 12 + extract(MONTH FROM day)
    HAVING max(last_ts) IS NOT NULL
),

listed AS (
    SELECT
        members.subject_kind,
        members.subject,
        count(DISTINCT members.user_agent) AS agents,
        array_slice(array_sort(list(DISTINCT members.client_ip)), 1, 100) AS sources
    FROM members
    INNER JOIN candidates
        ON members.subject_kind = candidates.subject_kind AND members.subject = candidates.subject
    GROUP BY members.subject_kind, members.subject
),

asked_for AS (
    SELECT 'prefix' AS subject_kind, places.net AS value, hostile.path, hostile.signature
    FROM hostile
    INNER JOIN places ON hostile.client_ip = places.client_ip
    WHERE hostile.signed > 0
    UNION ALL
    SELECT 'asn' AS subject_kind, CAST(asn AS VARCHAR) AS value, path, signature
    FROM hostile
    WHERE signed > 0 AND asn IS NOT NULL
    UNION ALL
    SELECT 'fingerprint' AS subject_kind, user_agent AS value, path, signature
    FROM hostile
    WHERE sharp > 0 AND user_agent IS NOT NULL
),

asked AS (
    SELECT
        candidates.subject_kind,
        candidates.subject,
        min(asked_for.path) AS first_path,
        max(asked_for.path) AS last_path,
        count(DISTINCT asked_for.path) AS paths,
        min(asked_for.signature) AS signature
    FROM asked_for
    INNER JOIN candidates
        ON asked_for.subject_kind = candidates.subject_kind AND asked_for.value = candidates.value
    GROUP BY candidates.subject_kind, candidates.subject
)

SELECT
    months.subject_kind,
    months.subject,
    months.day,
    months.began,
    months.ended,
    CAST(months.requests AS BIGINT) AS requests,
    CASE WHEN months.sharp * 2 >= months.requests THEN 'medium' ELSE 'low' END AS severity,
    CASE WHEN months.source_count >= 10 THEN 'high' ELSE 'medium' END AS confidence,
    CAST(months.all_requests AS BIGINT) AS all_requests,
    months.active_days,
    months.requests / CAST(months.active_days AS DOUBLE) AS a_day,
    months.source_count,
    listed.sources,
    asked.paths,
    listed.agents,
    asked.signature,
    [asked.first_path, asked.last_path] AS samples
FROM months
INNER JOIN listed ON months.subject_kind = listed.subject_kind AND months.subject = listed.subject
INNER JOIN asked ON months.subject_kind = asked.subject_kind AND months.subject = asked.subject
WHERE months.ended >= $since OR $since IS NULL
ORDER BY months.source_count DESC, months.subject_kind, months.subject, months.day
