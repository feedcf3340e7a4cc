-- question: Which clients asked on which days for what an attack asks for, or for what there is not?
-- makes: hostile
-- grain: one row a client, UTC day, path and user agent, of requests that match a signature beyond mere information, or that
--   were refused or not found
-- reads: requests, signatures_known
-- false positives: rows are no findings: a missing page is one
-- parameter since timestamp = null: rows at this time or after, and those of the 211 days before: a month and 180 days
-- parameter until timestamp = null: rows before this time
WITH named AS (
    SELECT array_to_string(signatures, ' ') AS matched
    FROM requests
    WHERE
        cardinality(signatures) > 0
        AND (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY matched
),

-- few combinations of signatures occur: what each means is looked up once. Agents alone are weaker than what is asked for, and
-- those of scanners alone count
combinations AS (
    SELECT
        each.matched,
        max(CASE WHEN signatures_known.family <> 'agent' AND signatures_known.severity IN ('high', 'medium') THEN 1 ELSE 0 END)
            AS sharp,
        min(signatures_known.id) AS signature
    FROM (SELECT matched, unnest(string_split(matched, ' ')) AS id FROM named) AS each
    INNER JOIN signatures_known ON each.id = signatures_known.id
    WHERE
        signatures_known.severity <> 'info'
        AND (signatures_known.family <> 'agent' OR signatures_known.confidence = 'high')
    GROUP BY each.matched
)

SELECT
    requests.client_ip,
    requests."date" AS day,
    substr(split_part(requests.target, '?', 1), 1, 200) AS path,
    requests.user_agent,
    min(requests.client_ip_num) AS client_ip_num,
    min(requests.asn) AS asn,
    min(requests.country) AS country,
    min(combinations.signature) AS signature,
    count(*) AS requests,
    count(combinations.matched) AS signed,
    count(CASE WHEN combinations.sharp = 1 THEN 1 END) AS sharp,
    count(CASE WHEN requests.status IN (400, 403, 404, 405, 410) THEN 1 END) AS missing,
    min(requests.ts) AS first_ts,
    max(requests.ts) AS last_ts
FROM requests
LEFT JOIN combinations
    ON CASE WHEN cardinality(requests.signatures) > 0 THEN array_to_string(requests.signatures, ' ') END = combinations.matched
WHERE
    requests.client_ip IS NOT NULL
    AND (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
    AND (requests."date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
    AND (requests.ts < $until OR $until IS NULL)
    -- said twice: what needs no join is asked before it
    AND (cardinality(requests.signatures) > 0 OR requests.status IN (400, 403, 404, 405, 410))
    AND (combinations.matched IS NOT NULL OR requests.status IN (400, 403, 404, 405, 410))
GROUP BY requests.client_ip, requests."date", path, requests.user_agent
