-- question: Which requests may be part of an attack, and by what?
-- makes: signals
-- grain: one row a request and kind of signal
-- reads: requests, busy, signature_kinds
-- false positives: signals are no findings: a missing page is one
-- parameter early timestamp = null: rows at this time or after: the hour before a period may still stand in buckets
-- parameter until timestamp = null: rows before this time

-- What is cheap to see decides which rows are looked at closely: those with a signature, a status or a login that may
-- mean something, and all of a client's busy hours. Nothing is sorted.
WITH odd AS (
    SELECT
        ts, date, client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", login,
        user_agent, headers, signatures, source, source_offset, split_part(target, '?', 1) AS path
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND (ts >= $early OR $early IS NULL)
        AND (date >= CAST($early AS DATE) OR $early IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (
            -- that a library asks is on no rule's list, and too common to be kept
            cardinality(signatures) > 1
            OR (cardinality(signatures) = 1 AND NOT list_contains(signatures, 'agent-library'))
            OR status IN (400, 401, 403, 404, 405, 422, 429)
            OR status >= 500
            OR login = 'failure'
        )
),

-- headers take as long to read as all else: what is found by its speed has no fingerprint
fast AS (
    SELECT
        ts, date, requests.client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", user_agent,
        source, source_offset, split_part(target, '?', 1) AS path, busy.hour
    FROM requests
    INNER JOIN busy ON requests.client_ip = busy.client_ip AND unix_micros(requests.ts) // 3600000000 = busy.hour
    WHERE
        (ts >= $early OR $early IS NULL)
        AND (date >= CAST($early AS DATE) OR $early IS NULL)
        AND (ts < $until OR $until IS NULL)
),

matched AS (
    SELECT each.source, each.source_offset, signature_kinds.kind, min(signature_kinds.id) AS signature
    FROM (SELECT source, source_offset, unnest(signatures) AS id FROM odd WHERE cardinality(signatures) > 0) AS each
    INNER JOIN signature_kinds ON each.id = signature_kinds.id
    GROUP BY each.source, each.source_offset, signature_kinds.kind
),

by_status AS (
    SELECT
        odd.*,
        CASE
            -- where a login rule judged the row, its word counts; elsewhere it is a failed login where something was
            -- refused that came with a name or a password
            WHEN login = 'failure'
                OR (
                    login IS NULL AND status = 401
                    AND (method = 'POST' OR "user" IS NOT NULL OR list_contains(map_keys(headers), 'authorization'))
                )
                OR (login IS NULL AND status = 403 AND method = 'POST') THEN 'denied'
            WHEN login IS NULL AND status = 401 THEN 'unauthorised'
            WHEN status IN (400, 403, 404) AND NOT regexp_matches(
                coalesce(path, '-'),
                '(?i)\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)\z'
            ) THEN 'missing'
            WHEN status = 429 THEN 'limited'
            WHEN status IN (500, 501, 502) THEN 'broken'
        END AS kind
    FROM odd
),

by_request AS (
    SELECT
        odd.*,
        CASE
            -- WordPress answers a wrong password with the form again, a right one with a redirect
            WHEN list_contains(signatures, 'wordpress-login') AND contains(path, 'xmlrpc') THEN 'xmlrpc'
            WHEN list_contains(signatures, 'wordpress-login') AND status = 200 AND login IS NULL THEN 'wp_denied'
            WHEN method = 'POST' AND status IN (400, 404, 405, 422) AND login IS NULL THEN 'post_refused'
        END AS kind
    FROM odd
),

by_speed AS (
    SELECT
        fast.*,
        CASE
            WHEN method = 'GET' AND regexp_matches(target, '^/[A-Z]{6}\z') THEN 'random'
            WHEN regexp_matches(target, '\?[0-9]{7,12}\z') THEN 'numeric'
            WHEN method IN ('GET', 'HEAD') AND NOT regexp_matches(
                path,
                '(?i)\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)\z'
            ) THEN 'page'
        END AS kind
    FROM fast
),

-- A bucket of 30 that leaks one a second, or of 40 that leaks two, does not overflow as long as no 20 seconds have more
-- than 15 events: so many, over any time, are within what it holds and leaks.
many AS (
    SELECT DISTINCT client_ip, hour, kind
    FROM (
        SELECT client_ip, hour, kind
        FROM by_speed
        WHERE kind IS NOT NULL
        GROUP BY client_ip, hour, kind, unix_micros(ts) // 20000000
        HAVING count(*) > 15
    ) AS each
),

-- likewise five in each 80 seconds, of a bucket of 10 that leaks one in 8
masks AS (
    SELECT DISTINCT client_ip, hour
    FROM (
        SELECT client_ip, hour
        FROM fast
        GROUP BY client_ip, hour, unix_micros(ts) // 80000000
        HAVING count(DISTINCT user_agent) > 5
    ) AS each
),

found AS (
    SELECT
        ts, date, client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", user_agent, headers,
        odd.source, odd.source_offset, matched.kind, matched.signature
    FROM odd
    INNER JOIN matched ON odd.source = matched.source AND odd.source_offset = matched.source_offset
    UNION ALL
    SELECT
        ts, date, client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", user_agent, headers,
        source, source_offset, kind, NULL AS signature
    FROM by_status
    WHERE kind IS NOT NULL
    UNION ALL
    SELECT
        ts, date, client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", user_agent, headers,
        source, source_offset, kind, NULL AS signature
    FROM by_request
    WHERE kind IS NOT NULL
    UNION ALL
    SELECT
        ts, date, by_speed.client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", user_agent,
        NULL AS headers, source, source_offset, by_speed.kind, NULL AS signature
    FROM by_speed
    INNER JOIN many ON by_speed.client_ip = many.client_ip AND by_speed.hour = many.hour AND by_speed.kind = many.kind
    UNION ALL
    SELECT
        ts, date, fast.client_ip, client_ip_num, client_class, asn, as_org, country, target, method, status, "user", user_agent,
        NULL AS headers, source, source_offset, 'agents' AS kind, NULL AS signature
    FROM fast
    INNER JOIN masks ON fast.client_ip = masks.client_ip AND fast.hour = masks.hour
),

seen AS (
    SELECT client_ip, max(client_ip_num) AS num
    FROM found
    GROUP BY client_ip
),

-- a network is worked out once a client; that of IPv4 is its text without the last digits, which is quicker than numbers
clients AS (
    SELECT
        client_ip,
        concat(rtrim(client_ip, '0123456789'), '0/24') AS prefix,
        concat(rtrim(client_ip, '0123456789'), '0/24') AS network
    FROM seen
    WHERE contains(client_ip, '.')
    UNION ALL
    SELECT client_ip, ip_prefix(num, 24, 48) AS prefix, ip_prefix(num, 24, 64) AS network
    FROM seen
    WHERE NOT contains(client_ip, '.')
)

SELECT
    ts,
    date AS day,
    found.client_ip,
    clients.prefix,
    clients.network,
    client_class,
    asn,
    as_org,
    country,
    kind,
    CASE
        WHEN kind = 'denied' THEN coalesce("user", split_part(target, '?', 1))
        WHEN contains(target, '?') THEN substr(target, 2 + length(split_part(target, '?', 1)))
        ELSE target
    END AS item,
    signature,
    target,
    split_part(target, '?', 1) AS path,
    status,
    method,
    "user",
    user_agent,
    CASE WHEN headers IS NOT NULL
        THEN concat(coalesce(user_agent, '-'), ' | ', array_to_string(map_keys(headers), ',')) END AS fingerprint,
    source,
    source_offset
FROM found
LEFT JOIN clients ON found.client_ip = clients.client_ip
