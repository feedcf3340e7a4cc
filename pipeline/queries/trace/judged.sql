-- question: How far did each request of the subject get: its stage of the kill chain, its path, its program?
-- makes: trace_judged
-- grain: one row a request
-- reads: trace_rows; trace_signed (source, source_offset, signs) of rows that were not judged at ingest;
--   trace_meanings (signs, stage, lands) of each list of signatures; trace_fresh (path) of scripts that only attackers got
-- source: RULES 2.2 and 2.4: http-probing, fail2ban's five failures in ten minutes, Wazuh 31106; share of refusals as of
--   low-and-slow sources
-- false positives: a site that answers everything with 200; a user who forgot the password; a crawler after a move
-- parameter probed_paths int = 10: refused paths of one program in ten minutes beyond which they are probing
-- parameter probed_share float = 0.3: if that many of its requests are refused; or of all of a client's, from three paths on
-- parameter guessed_logins int = 5: failed logins of one client in ten minutes beyond which they are guessing
WITH signed AS (
    SELECT
        r.*,
        split_part(r.target, '?', 1) AS path,
        unix_micros(r.ts) // 600000000 AS slot,
        coalesce(r.user_agent, '') AS program,
        coalesce(nullif(array_to_string(r.signatures, ','), ''), s.signs, '') AS signs,
        -- few headers are those that the log's format has, in its order
        CASE WHEN cardinality(r.headers) >= 4 THEN array_to_string(map_keys(r.headers), ',') END AS header_order
    FROM trace_rows AS r
    LEFT JOIN trace_signed AS s ON r.source = s.source AND r.source_offset = s.source_offset
),

named AS (
    SELECT
        *,
        regexp_matches(lower(path), '[.](bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)$') AS static
    FROM signed
),

attempted AS (
    SELECT
        o.*,
        coalesce(o.client_ip, '') AS client,
        coalesce(m.stage, '') AS attempt,
        coalesce(m.lands, FALSE) AS lands,
        CASE WHEN o.status IN (400, 403, 404) AND NOT o.static THEN o.path END AS missing,
        CASE
            WHEN f.path IS NOT NULL AND o.status BETWEEN 200 AND 299 AND (o.method <> 'GET' OR contains(o.target, '?')) THEN 1
            ELSE 0
        END AS fresh
    FROM named AS o
    LEFT JOIN trace_meanings AS m ON o.signs = m.signs
    LEFT JOIN trace_fresh AS f ON o.path = f.path
),

probing_programs AS (
    SELECT
        client,
        program,
        slot
    FROM attempted
    GROUP BY client, program, slot
    HAVING count(DISTINCT missing) > $probed_paths AND count(missing) >= $probed_share * count(*)
),

probing_clients AS (
    SELECT client
    FROM attempted
    GROUP BY client
    HAVING count(DISTINCT missing) >= 3 AND count(missing) >= $probed_share * count(*)
),

guessing AS (
    SELECT
        client,
        slot
    FROM attempted
    WHERE login = 'failure'
    GROUP BY client, slot
    HAVING count(*) > $guessed_logins
),

flagged AS (
    SELECT
        a.*,
        CASE
            WHEN a.login = 'failure' AND g.client IS NOT NULL THEN 'guessing'
            WHEN a.attempt <> '' THEN a.attempt
            WHEN a.missing IS NOT NULL AND (p.client IS NOT NULL OR c.client IS NOT NULL) THEN 'recon'
            ELSE ''
        END AS first_stage,
        CASE
            WHEN a.login = 'failure' AND g.client IS NOT NULL THEN 1
            WHEN a.attempt IN ('exploit', 'enumeration', 'webshell') THEN 1
            WHEN a.missing IS NOT NULL AND (p.client IS NOT NULL OR c.client IS NOT NULL) THEN 1
            ELSE 0
        END AS attack
    FROM attempted AS a
    LEFT JOIN probing_programs AS p ON a.client = p.client AND a.program = p.program AND a.slot = p.slot
    LEFT JOIN probing_clients AS c ON a.client = c.client
    LEFT JOIN guessing AS g ON a.client = g.client AND a.slot = g.slot
),

attacking_clients AS (
    SELECT
        client,
        -- one that has more ordinary requests than others is shared: what one of its programs does is not of all
        CASE WHEN 2 * sum(attack) >= count(*) THEN min(CASE WHEN attack = 1 THEN ts END) END AS attack_ts
    FROM flagged
    GROUP BY client
),

attacking_programs AS (
    SELECT
        client,
        program,
        min(CASE WHEN attack = 1 THEN ts END) AS attack_ts,
        -- what else such a program does not find, it has looked for
        CASE WHEN 20 * sum(attack) >= count(*) THEN 1 ELSE 0 END AS hostile
    FROM flagged
    GROUP BY client, program
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
        WHEN a.fresh = 1 AND a.ts >= coalesce(k.attack_ts, p.attack_ts) THEN 'webshell'
        WHEN a.attempt = 'webshell' THEN CASE WHEN a.status BETWEEN 200 AND 299 THEN 'webshell' ELSE 'recon' END
        -- a picture is sent whatever stands behind its name
        WHEN a.lands AND a.status BETWEEN 200 AND 299 AND (a.attempt = 'enumeration' OR NOT a.static) THEN 'success'
        WHEN a.login = 'success' AND (a.ts > k.attack_ts OR a.ts > p.attack_ts) THEN 'login'
        WHEN a.first_stage = '' AND a.missing IS NOT NULL AND p.hostile = 1 AND p.attack_ts IS NOT NULL THEN 'recon'
        ELSE a.first_stage
    END AS stage
FROM flagged AS a
LEFT JOIN attacking_clients AS k ON a.client = k.client
LEFT JOIN attacking_programs AS p ON a.client = p.client AND a.program = p.program
