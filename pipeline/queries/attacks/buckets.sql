-- question: Whose bucket of which rule runs over?
-- grain: one row a rule, subject and UTC day
-- reads: signals, rules
-- source: CrowdSec's leaky buckets
-- false positives: those of the rules
-- attack: see the rules
-- parameter since timestamp = null: events at this time or after; those of the hour before may stand in the buckets
-- parameter until timestamp = null: events before this time

-- A day is judged by its own events and those of the hour before it, so that the answer for a day is the same whatever
-- period is asked for. `own` are those that count, the others only fill the bucket. Times are whole microseconds, so that
-- one that comes just when another leaks is judged alike everywhere.
WITH events AS (
    SELECT
        rules.rule,
        rules.subject_kind,
        rules.capacity,
        rules.leak_micros,
        rules.least,
        CASE rules.subject_kind
            WHEN 'ip' THEN signals.client_ip
            WHEN 'user' THEN signals."user"
            WHEN 'prefix' THEN signals.prefix
            WHEN 'asn' THEN 'AS' || CAST(signals.asn AS VARCHAR)
            WHEN 'country' THEN signals.country
        END AS subject,
        CASE rules.distinct_by
            WHEN 'request' THEN signals.source || ' ' || CAST(signals.source_offset AS VARCHAR)
            WHEN 'item' THEN signals.item
            WHEN 'path' THEN signals.path
            WHEN 'target' THEN signals.target
            WHEN 'user' THEN coalesce(signals."user", '')
            WHEN 'client' THEN signals.client_ip
            WHEN 'agent' THEN coalesce(signals.user_agent, '')
        END AS value,
        CASE
            WHEN signals.kind = 'denied' THEN signals.item
            WHEN rules.distinct_by = 'agent' THEN signals.user_agent
            WHEN rules.distinct_by = 'path' THEN signals.path
            -- a target of ordinary characters is not what such a signature saw
            WHEN signals.kind IN ('sqli', 'xss', 'log4shell', 'rce_sure', 'rce_unsure', 'ssrf-internal', 'nosql', 'ldap')
                AND NOT regexp_matches(signals.target, '[^A-Za-z0-9/._~?=&,:@+-]') THEN signals.target || ' (in a header)'
            ELSE signals.target
        END AS example,
        unix_micros(signals.ts) AS micros,
        signals.ts >= $since OR $since IS NULL AS recent,
        signals.*
    FROM signals
    INNER JOIN rules ON signals.kind = rules.kind
    WHERE
        (signals.ts < $until OR $until IS NULL)
        AND (NOT rules.refused OR signals.status >= 400)
),

days AS (
    SELECT *, day AS judged, recent AS own FROM events
    UNION ALL
    SELECT *, day + 1 AS judged, false AS own FROM events WHERE micros % 86400000000 >= 82800000000
),

-- Most subjects never have enough events: they are left out before anything is sorted. A bucket does not run over as
-- long as no time in which half of it leaks has more events than half of what it holds.
enough AS (
    SELECT DISTINCT rule, subject, judged
    FROM (
        SELECT rule, subject, judged
        FROM days
        GROUP BY rule, subject, judged, micros // greatest(capacity * leak_micros // 2, 1)
        HAVING count(*) > max(least) / 2.0e0
    ) AS each
),

fresh AS (
    SELECT
        days.*,
        lag(micros) OVER (PARTITION BY days.rule, days.subject, days.judged, value ORDER BY micros) AS before
    FROM days
    INNER JOIN enough
        ON days.rule = enough.rule AND days.subject = enough.subject AND days.judged = enough.judged
),

-- a value that may still stand in the bucket is no new event
counted AS (
    SELECT
        *,
        CASE WHEN value IS NULL OR before IS NULL OR micros - before >= capacity * leak_micros THEN 1 END AS counts
    FROM fresh
),

-- A leaky bucket in two window functions: the level after event n is the most that any run of events up to n exceeds
-- its leak, so it is n - t/leak less its least value so far, plus one (Lindley's recursion); here times the leak.
-- Events of one microsecond stand in the order in which they were counted, whatever that was: by their drift.
drifting AS (
    SELECT
        *,
        CASE WHEN counts = 1 THEN
            leak_micros * count(counts) OVER (
                PARTITION BY rule, subject, judged ORDER BY micros ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) - micros
        END AS drift
    FROM counted
),

levels AS (
    SELECT
        *,
        drift - min(drift) OVER (
            PARTITION BY rule, subject, judged ORDER BY micros, drift ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) + leak_micros AS filled
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
    max(filled) > max(capacity * leak_micros) AS over,
    floor(100 * max(filled) / max(CAST(leak_micros AS DOUBLE)) + 0.5e0) / 100 AS level,
    max(capacity) AS capacity,
    count(CASE WHEN status BETWEEN 200 AND 399 THEN 1 END) AS answered,
    min(user_agent) AS agent,
    max(user_agent) AS other_agent,
    min(example) AS example,
    max(example) AS other_example,
    min(CASE WHEN status BETWEEN 200 AND 399 THEN example END) AS answered_example,
    CASE WHEN count(signature) > 0 THEN array_slice(array_sort(list(DISTINCT signature) FILTER (signature IS NOT NULL)), 1, 20) END
        AS signatures,
    array_slice(array_sort(list(DISTINCT client_ip)), 1, 100) AS sources,
    max(client_class) AS client_class,
    max(prefix) AS prefix,
    max(network) AS network,
    max(asn) AS asn,
    max(as_org) AS as_org,
    max(country) AS country,
    min(fingerprint) AS fingerprint
FROM levels
WHERE own
GROUP BY rule, subject_kind, subject, judged
HAVING max(filled) > max(least * leak_micros)
ORDER BY rule, day, subject
