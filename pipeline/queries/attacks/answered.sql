-- question: Whose attacks were answered as if there were something there?
-- grain: one row a rule, client and UTC day
-- reads: signals, signature_kinds
-- source: Wazuh 31106 (an attack returned 200)
-- false positives: a site that answers 200 to everything: then most names of files and shells are, whoever asks, and the
--   severity is low
-- attack: T1190, T1505.003
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time

-- Redirects are no answers: most lead to a login or to the front page.
WITH events AS (
    SELECT
        CASE
            WHEN kind = 'backdoor' THEN 'webshell_answered'
            WHEN kind IN ('sensitive', 'wordpress_config') THEN 'exposed'
            ELSE 'answered'
        END AS rule,
        CASE WHEN status BETWEEN 200 AND 299 THEN 1 END AS answered,
        signals.*
    FROM signals
    WHERE
        (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND kind IN (
            'backdoor', 'sensitive', 'wordpress_config', 'sqli', 'xss', 'traversal', 'rce', 'log4shell', 'known_hole', 'nosql', 'ldap',
            'rfi', 'prototype', 'deserialization', 'xxe', 'ssrf', 'crlf'
        )
        -- pages that tell of a server, lists of users and installers are often meant to be read
        -- nor is it a success that a page's own file is given, where the attack was in a header
        AND (
            kind IN ('backdoor', 'sensitive', 'wordpress_config', 'known_hole')
            OR (
                regexp_matches(target, '[^A-Za-z0-9/._~?=&,:@+-]')
                AND NOT regexp_matches(path, '(?i)\.(bmp|css|eot|gif|ico|jpe?g|js|map|otf|png|svg|ttf|webp|woff2?)\z')
            )
        )
        AND coalesce(signature, '') NOT IN ('sensitive-status', 'sensitive-user-list', 'sensitive-install', 'ssrf-internal')
),

-- what the site does with such names, of whoever asks: one that answers half of them answers anything
site AS (
    SELECT
        day,
        rule,
        count(DISTINCT CASE WHEN answered = 1 THEN path END) AS paths_answered,
        count(DISTINCT CASE WHEN answered IS NULL THEN path END) AS paths_refused
    FROM events
    GROUP BY day, rule
),

-- days on which the site did say no to something
honest AS (
    SELECT day, count(DISTINCT path) AS missing
    FROM signals
    WHERE kind = 'missing'
    GROUP BY day
),

found AS (
    SELECT
        events.rule,
        'ip' AS subject_kind,
        client_ip AS subject,
        events.day,
        min(ts) AS began,
        max(ts) AS ended,
        count(*) AS requests,
        count(DISTINCT path) AS "values",
        min(target) AS example,
        max(target) AS other_example,
        array_slice(array_sort(list(DISTINCT signature) FILTER (signature IS NOT NULL)), 1, 20) AS signatures,
        max(site.paths_answered) AS paths_answered,
        max(site.paths_refused) AS paths_refused,
        coalesce(max(honest.missing), 0) AS missing,
        max(client_class) AS client_class,
        max(prefix) AS prefix,
        max(network) AS network,
        max(asn) AS asn,
        max(as_org) AS as_org,
        max(country) AS country,
        min(fingerprint) AS fingerprint
    FROM events
    INNER JOIN site ON events.day = site.day AND events.rule = site.rule
    LEFT JOIN honest ON events.day = honest.day
    WHERE answered = 1
    GROUP BY events.rule, client_ip, events.day
)

SELECT
    *,
    CASE
        WHEN rule = 'answered' THEN NULL
        WHEN paths_answered >= paths_refused AND paths_answered > 2 THEN 'low'
        WHEN missing = 0 THEN 'low'
        WHEN paths_refused = 0 THEN 'medium'
    END AS severity,
    CASE
        WHEN rule <> 'answered' AND paths_answered >= paths_refused AND paths_answered > 2
            THEN 'the site answered ' || CAST(paths_answered AS VARCHAR) || ' of ' || CAST(paths_answered + paths_refused AS VARCHAR)
                || ' such names: it may answer anything'
        WHEN rule <> 'answered' AND missing = 0 THEN 'nothing was answered 404 on that day: the site may answer anything'
    END AS note
FROM found
ORDER BY rule, day, subject
