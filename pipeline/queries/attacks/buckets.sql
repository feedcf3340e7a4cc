-- question: Whose bucket of which rule runs over?
-- grain: one row a rule, subject and UTC day
-- reads: signals, rules
-- source: CrowdSec's leaky buckets
-- false positives: those of the rules
-- attack: see the rules
-- parameter since timestamp = null: events at this time or after; those of the hour before may stand in the buckets
-- parameter until timestamp = null: events before this time

-- A day is judged by its own events and those of the hour before it, so that the answer for a day is the same whatever
-- period is asked for. `own` are those that count, the others only fill the bucket.
WITH events AS (
    SELECT
        rules.rule,
        rules.subject_kind,
        rules.capacity,
        rules.leak_seconds,
        rules.least,
        CASE rules.subject_kind
            WHEN 'ip' THEN signals.client_ip
            WHEN 'user' THEN signals."user"
            WHEN 'prefix' THEN signals.prefix
            WHEN 'asn' THEN concat('AS', signals.asn)
            WHEN 'country' THEN signals.country
        END AS subject,
        CASE rules.distinct_by
            WHEN 'item' THEN signals.item
            WHEN 'path' THEN signals.path
            WHEN 'user' THEN coalesce(signals."user", '')
            WHEN 'client' THEN signals.client_ip
            WHEN 'agent' THEN coalesce(signals.user_agent, '')
        END AS value,
        signals.*
    FROM signals
    INNER JOIN rules ON signals.kind = rules.kind
    WHERE signals.ts < $until OR $until IS NULL
),

days AS (
    SELECT *, day AS judged, ts >= $since OR $since IS NULL AS own FROM events
    UNION ALL
    SELECT *, day + 1 AS judged, false AS own FROM events WHERE epoch(ts) % 86400 >= 82800
),

-- most subjects never have enough events for a rule: they are left out before anything is sorted
enough AS (
    SELECT rule, subject, judged
    FROM days
    GROUP BY rule, subject, judged
    HAVING count(*) > min(least) AND count(CASE WHEN own THEN 1 END) > 0
),

fresh AS (
    SELECT
        days.*,
        lag(epoch(ts)) OVER (PARTITION BY days.rule, days.subject, days.judged, value ORDER BY ts) AS before
    FROM days
    INNER JOIN enough
        ON days.rule = enough.rule AND days.subject = enough.subject AND days.judged = enough.judged
),

kept AS (
    SELECT
        *,
        value IS NULL OR before IS NULL OR epoch(ts) - before >= capacity * leak_seconds AS counts
    FROM fresh
),

-- A leaky bucket in two window functions: the level after event n is the most that any run of events up to n exceeds
-- its leak, so it is n - t/leak less its least value so far, plus one (Lindley's recursion).
drifting AS (
    SELECT
        *,
        CASE WHEN counts THEN
            sum(CASE WHEN counts THEN 1 ELSE 0 END) OVER (
                PARTITION BY rule, subject, judged ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) - epoch(ts) / leak_seconds
        END AS drift
    FROM kept
),

levels AS (
    SELECT
        *,
        drift - min(drift) OVER (
            PARTITION BY rule, subject, judged ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) + 1 AS level
    FROM drifting
)

SELECT
    rule,
    subject_kind,
    subject,
    judged AS day,
    min(ts) AS began,
    max(ts) AS ended,
    count(*) AS requests,
    count(DISTINCT value) AS "values",
    count(DISTINCT path) AS paths,
    count(DISTINCT client_ip) AS clients,
    max(level) AS level,
    max(capacity) AS capacity,
    count(CASE WHEN status BETWEEN 200 AND 399 THEN 1 END) AS answered,
    min(item) AS sample,
    max(item) AS other_sample,
    min(CASE WHEN status BETWEEN 200 AND 399 THEN item END) AS answered_sample,
    list_slice(list_sort(list(DISTINCT signature) FILTER (signature IS NOT NULL)), 1, 20) AS signatures,
    CASE WHEN subject_kind = 'ip' THEN NULL ELSE list_slice(list_sort(list(DISTINCT client_ip)), 1, 100) END AS sources,
    max(client_class) AS client_class,
    max(prefix) AS prefix,
    max(network) AS network,
    max(asn) AS asn,
    max(country) AS country,
    min(fingerprint) AS fingerprint
FROM levels
WHERE own
GROUP BY rule, subject_kind, subject, judged
HAVING max(level) > min(least)
ORDER BY rule, day, subject
