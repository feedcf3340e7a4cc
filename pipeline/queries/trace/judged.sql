-- question: How far did each request of the subject get: its stage of the kill chain, its path, its program?
-- makes: trace_judged
-- grain: one row a request
-- reads: trace_rows; trace_signed (source, source_offset, signs) of rows that were not judged at ingest;
--   trace_meanings (signs, stage, lands) of each list of signatures; trace_fresh (path) of scripts that only this subject asked for
-- source: RULES 2.2 and 2.4: http-probing, http-generic-bf, Wazuh 31106; share of refusals as of low-and-slow sources
-- false positives: a site that answers everything with 200; a user who forgot the password; a crawler after a move
-- parameter probed_paths int = 10: refused paths of one client beyond which they are probing
-- parameter probed_share float = 0.3: or refused requests of all of a client, where there are three such paths or more
-- parameter guessed_logins int = 5: failed logins of one client beyond which they are guessing
WITH signed AS (
    SELECT
        r.*,
        split_part(r.target, '?', 1) AS path,
        coalesce(nullif(array_to_string(r.signatures, ','), ''), s.signs, '') AS signs,
        -- few headers are those that the log's format has, in its order
        CASE WHEN cardinality(r.headers) >= 4 THEN array_to_string(map_keys(r.headers), ',') END AS header_order
    FROM trace_rows AS r
    LEFT JOIN trace_signed AS s ON r.source = s.source AND r.source_offset = s.source_offset
),

attempted AS (
    SELECT
        o.*,
        m.stage AS attempt,
        coalesce(m.lands, FALSE) AS lands,
        CASE
            WHEN
                o.status IN (400, 403, 404)
                AND NOT regexp_matches(lower(o.path), '[.](bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)$')
                THEN o.path
        END AS missing,
        CASE
            WHEN f.path IS NOT NULL AND o.status BETWEEN 200 AND 299 AND (o.method <> 'GET' OR contains(o.target, '?')) THEN 1
            ELSE 0
        END AS fresh
    FROM signed AS o
    LEFT JOIN trace_meanings AS m ON o.signs = m.signs
    LEFT JOIN trace_fresh AS f ON o.path = f.path
),

clients AS (
    SELECT
        client_ip,
        count(*) AS requests,
        count(missing) AS missing,
        count(DISTINCT missing) AS missing_paths,
        min(CASE WHEN missing IS NOT NULL THEN ts END) AS missing_ts,
        count(CASE WHEN login = 'failure' THEN 1 END) AS denied,
        min(CASE WHEN login = 'failure' THEN ts END) AS denied_ts,
        min(CASE WHEN attempt IS NOT NULL THEN ts END) AS attempt_ts
    FROM attempted
    GROUP BY client_ip
),

known AS (
    SELECT
        client_ip,
        missing_paths > $probed_paths OR (missing_paths >= 3 AND CAST(missing AS DOUBLE) / requests >= $probed_share) AS probes,
        denied > $guessed_logins AS guesses,
        least(
            coalesce(attempt_ts, TIMESTAMPTZ '9999-01-01 00:00:00+00'),
            CASE WHEN missing_paths > $probed_paths OR (missing_paths >= 3 AND CAST(missing AS DOUBLE) / requests >= $probed_share) THEN missing_ts ELSE TIMESTAMPTZ '9999-01-01 00:00:00+00' END,
            CASE WHEN denied > $guessed_logins THEN denied_ts ELSE TIMESTAMPTZ '9999-01-01 00:00:00+00' END
        ) AS hostile_ts
    FROM clients
)

SELECT
    a.ts,
    a."date",
    a.source,
    a.source_offset,
    a.client_ip,
    a.method,
    a.target,
    a.path,
    regexp_extract(a.path, '^/+[.]?[^/._%?0-9-]*', 0) AS head,
    a.host,
    a.status,
    a.response_bytes,
    a.user_agent,
    a.header_order,
    a."user",
    a.login,
    a.signs,
    a.request_id,
    nullif(concat_ws(', ', a.country, a.region, a.city), '') AS place,
    CASE WHEN a.asn IS NOT NULL THEN concat_ws(' ', concat('AS', CAST(a.asn AS VARCHAR)), a.as_org) END AS network,
    CASE
        WHEN a.fresh = 1 AND a.ts >= k.hostile_ts THEN 'webshell'
        WHEN a.attempt = 'webshell' THEN CASE WHEN a.status BETWEEN 200 AND 299 THEN 'webshell' ELSE 'recon' END
        WHEN a.lands AND a.status BETWEEN 200 AND 299 THEN 'success'
        WHEN a.login = 'success' AND a.ts > k.hostile_ts THEN 'login'
        WHEN a.login = 'failure' AND k.guesses THEN 'guessing'
        WHEN a.attempt IS NOT NULL THEN a.attempt
        WHEN a.missing IS NOT NULL AND k.probes THEN 'recon'
        ELSE ''
    END AS stage
FROM attempted AS a
LEFT JOIN known AS k ON a.client_ip = k.client_ip
