-- question: Which requests may be part of an attack, and by what?
-- makes: signals
-- grain: one row a request and kind of signal
-- reads: requests, client_days, signatures_known, rules
-- false positives: signals are no findings: a missing page is one
-- parameter early timestamp = null: rows at this time or after: the hour before a period may still stand in buckets
-- parameter until timestamp = null: rows before this time

-- What is cheap to see decides which rows are looked at closely: the whole period is read once, without a sort.
WITH looked AS (
    SELECT
        ts,
        date AS day,
        client_ip,
        client_ip_num,
        client_class,
        asn,
        country,
        split_part(target, '?', 1) AS path,
        substr(target, 2 + length(split_part(target, '?', 1))) AS args,
        method,
        status,
        "user",
        login,
        protocol,
        user_agent,
        headers,
        signatures,
        source,
        source_offset
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND (ts >= $early OR $early IS NULL)
        AND (ts < $until OR $until IS NULL)
        AND (
            len(signatures) > 0
            OR status IN (400, 401, 403, 404)
            OR login IS NOT NULL
            OR concat(client_ip, ' ', date) IN (SELECT concat(client_ip, ' ', day) FROM client_days)
        )
),

kinds AS (
    SELECT id, family AS kind FROM signatures_known
    UNION
    SELECT id, kind FROM signatures_known INNER JOIN rules ON id = kind
),

matched AS (
    SELECT source, source_offset, kind, min(id) AS signature
    FROM (SELECT source, source_offset, unnest(signatures) AS signature_id FROM looked WHERE len(signatures) > 0) AS each
    INNER JOIN kinds ON id = signature_id
    GROUP BY source, source_offset, kind
),

found AS (
    SELECT looked.*, matched.kind, matched.signature, CASE WHEN args = '' THEN path ELSE args END AS item
    FROM looked
    INNER JOIN matched ON looked.source = matched.source AND looked.source_offset = matched.source_offset
    UNION ALL
    SELECT *, 'missing' AS kind, NULL AS signature, path AS item
    FROM looked
    WHERE
        status IN (400, 403, 404)
        AND NOT regexp_matches(lower(path), '\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)$')
    UNION ALL
    -- where a login rule judged the row, its word counts; elsewhere a refused POST is a failed login
    SELECT *, 'denied' AS kind, NULL AS signature, coalesce("user", path) AS item
    FROM looked
    WHERE login = 'failure' OR (login IS NULL AND method = 'POST' AND status IN (401, 403))
    UNION ALL
    SELECT *, 'page' AS kind, NULL AS signature, path AS item
    FROM looked
    WHERE
        method IN ('GET', 'HEAD')
        AND NOT regexp_matches(lower(path), '\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)$')
        AND concat(client_ip, ' ', day) IN (SELECT concat(client_ip, ' ', day) FROM client_days WHERE requests > 40)
)

SELECT
    ts,
    day,
    client_ip,
    ip_prefix(client_ip_num, 24, 48) AS prefix,
    ip_prefix(client_ip_num, 24, 64) AS network,
    client_class,
    asn,
    country,
    kind,
    item,
    signature,
    path,
    status,
    method,
    "user",
    user_agent,
    concat(coalesce(user_agent, '-'), ' | ', array_to_string(map_keys(headers), ',')) AS fingerprint,
    source,
    source_offset
FROM found
