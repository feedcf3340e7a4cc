-- question: Which networks, programs or countries guess passwords, probe or attack together, though none of their addresses
--   does enough to be seen?
-- grain: one row a rule, network, user agent, autonomous system or country, and UTC day
-- reads: signals
-- source: CrowdSec magento-ccs by AS and by country (ten addresses, one leaks each 30 s); here ten in ten minutes, five of a
--   /24 or /48, and five times the set's own usual ten minutes of that day
-- false positives: a campaign mail with a dead link; an office or school whose single sign-on is down
-- attack: T1110.003
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter quiet_logins int = 5: failed logins of an address in ten minutes at most: above, rules for addresses see it
-- parameter quiet_requests int = 10: the same of requests that were refused or match a signature
-- parameter sources_prefix int = 5: addresses of a /24 or /48, at least
-- parameter sources int = 10: addresses of a program or an autonomous system, in at least half as many networks
-- parameter sources_country int = 20: addresses of a country
-- parameter ratio float = 5: times the usual number of addresses in ten minutes of that day, its quiet ones included
WITH events AS (
    SELECT
        CASE
            WHEN kind IN ('denied', 'wp_denied', 'xmlrpc') THEN 'distributed_bruteforce'
            WHEN kind = 'missing' THEN 'distributed_probing'
            ELSE 'distributed_attack'
        END AS rule,
        source,
        source_offset,
        min(day) AS day,
        min(ts) AS ts,
        min(unix_micros(ts) // 600000000) AS slot,
        min(client_ip) AS client_ip,
        min(prefix) AS prefix,
        min(asn) AS asn,
        min(country) AS country,
        min(user_agent) AS user_agent,
        min("user") AS "user",
        min(path) AS path
    FROM signals
    WHERE
        client_class = 'public'
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (
            kind IN ('denied', 'wp_denied', 'xmlrpc', 'missing')
            OR (signature IS NOT NULL AND NOT starts_with(signature, 'agent-'))
        )
    GROUP BY
        CASE
            WHEN kind IN ('denied', 'wp_denied', 'xmlrpc') THEN 'distributed_bruteforce'
            WHEN kind = 'missing' THEN 'distributed_probing'
            ELSE 'distributed_attack'
        END,
        source,
        source_offset
),

busy AS (
    SELECT rule, client_ip, slot
    FROM events
    GROUP BY rule, client_ip, slot
    HAVING count(*) > max(CASE WHEN rule = 'distributed_bruteforce' THEN $quiet_logins ELSE $quiet_requests END)
),

quiet AS (
    SELECT events.*
    FROM events
    LEFT JOIN busy ON events.rule = busy.rule AND events.client_ip = busy.client_ip AND events.slot = busy.slot
    WHERE busy.client_ip IS NULL
),

-- the narrowest set first: it is told, and wider ones only if they are more than that
members AS (
    SELECT 1 AS width, 'prefix' AS subject_kind, prefix AS subject, *
    FROM quiet
    WHERE prefix IS NOT NULL
    UNION ALL
    SELECT 2 AS width, 'fingerprint' AS subject_kind, user_agent AS subject, *
    FROM quiet
    WHERE user_agent IS NOT NULL
    UNION ALL
    SELECT 3 AS width, 'asn' AS subject_kind, 'AS' || CAST(asn AS VARCHAR) AS subject, *
    FROM quiet
    WHERE asn IS NOT NULL
    UNION ALL
    SELECT 4 AS width, 'country' AS subject_kind, country AS subject, *
    FROM quiet
    WHERE country IS NOT NULL
),

slots AS (
    SELECT
        rule,
        width,
        subject,
        day,
        slot,
        count(DISTINCT client_ip) AS clients,
        count(DISTINCT prefix) AS prefixes
    FROM members
    GROUP BY rule, width, subject, day, slot
),

-- of ten minutes without any there are no rows: where those are the most of a day's 144, the usual number is none
usual AS (
    SELECT rule, width, subject, day, CASE WHEN count(*) >= 72 THEN median(clients) ELSE 0 END AS clients
    FROM slots
    GROUP BY rule, width, subject, day
),

loud AS (
    SELECT slots.rule, slots.width, slots.subject, slots.day, slots.slot
    FROM slots
    INNER JOIN usual
        ON slots.rule = usual.rule
        AND slots.width = usual.width
        AND slots.subject = usual.subject
        AND slots.day = usual.day
    WHERE
        slots.clients >= CASE slots.width WHEN 1 THEN $sources_prefix WHEN 4 THEN $sources_country ELSE $sources END
        AND (slots.width = 1 OR slots.prefixes * 2 >= CASE slots.width WHEN 4 THEN $sources_country ELSE $sources END)
        AND slots.clients >= $ratio * usual.clients
),

told AS (
    SELECT
        members.*,
        min(members.width) OVER (
            PARTITION BY members.rule, members.source, members.source_offset
        ) AS narrowest
    FROM members
    INNER JOIN loud
        ON members.rule = loud.rule
        AND members.width = loud.width
        AND members.subject = loud.subject
        AND members.slot = loud.slot
),

-- probing and attacks take more than one path: a dead link that many follow is one
found AS (
    SELECT
        rule,
        subject_kind,
        subject,
        day,
        min(ts) AS began,
        max(ts) AS ended,
        count(*) AS requests,
        count(CASE WHEN width = narrowest THEN 1 END) AS own,
        count(DISTINCT client_ip) AS source_count,
        count(DISTINCT prefix) AS networks,
        count(DISTINCT "user") AS users,
        count(DISTINCT path) AS paths,
        min(coalesce("user", path)) AS first_item,
        max(coalesce("user", path)) AS last_item,
        array_slice(array_sort(list(DISTINCT client_ip)), 1, 100) AS sources,
        min(asn) AS first_asn,
        max(asn) AS last_asn,
        min(country) AS first_country,
        max(country) AS last_country
    FROM told
    GROUP BY rule, subject_kind, subject, day
)

SELECT
    rule,
    subject_kind,
    subject,
    day,
    began,
    ended,
    requests,
    source_count,
    networks,
    users,
    paths,
    requests / CAST(source_count AS DOUBLE) AS each_source,
    sources,
    [first_item, last_item] AS samples,
    CASE WHEN first_asn = last_asn THEN first_asn END AS asn,
    CASE WHEN first_country = last_country THEN first_country END AS country
FROM found
WHERE
    own * 2 >= requests
    AND (rule = 'distributed_bruteforce' OR paths >= 5)
ORDER BY rule, day, requests DESC, subject_kind, subject
