-- question: Which requests show best what the subject did in each stage?
-- grain: one row a request, a few a stage: of different signatures and paths, of answers the largest first
-- reads: trace_judged
-- parameter most int = 4: requests of a stage at most
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY stage, signs, CASE WHEN stage = 'webshell' THEN target ELSE path END ORDER BY ts, source, source_offset) AS nth
    FROM trace_judged
    WHERE stage <> ''
),

spread AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY stage, signs ORDER BY ts, source, source_offset) AS of_signs
    FROM ranked
    WHERE nth = 1
),

chosen AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY stage
            ORDER BY CASE WHEN stage = 'success' THEN response_bytes END DESC, of_signs, ts, source, source_offset
        ) AS turn
    FROM spread
)

SELECT
    stage,
    ts,
    client_ip,
    method,
    target,
    status,
    response_bytes,
    signs
FROM chosen
WHERE turn <= $most
ORDER BY stage, turn
