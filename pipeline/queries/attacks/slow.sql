-- question: Which sources come day after day with a few requests, to stay below what counts requests?
-- grain: one row a source and calendar month; its day is the first in that month by which the days before suffice
-- reads: requests, hostile
-- source: measured on a honeypot: at least 30 days with at most ten requests a day are 1 % of its sources. Here such of 180
--   days, or 14 of 60 with at most 20 a day, and a share of what attacks ask for
-- false positives: a research scanner; a feed reader whose feeds went away (it has few paths, and no new ones)
-- attack: T1595
-- parameter since timestamp = null: months with a day at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter days int = 14: active days of the last sixty
-- parameter a_day float = 20: requests on an active day of these, at most, on average
-- parameter long_days int = 30: active days of the last 180, with half of a_day
-- parameter share float = 0.3: of its requests match a signature, or are refused
-- parameter paths int = 5: paths that are refused, where no signature matched; they must grow in number

-- Days before requests: only who asked for something odd on several days is counted at all.
WITH hostile_days AS (
    SELECT
        client_ip,
        day,
        sum(signed) AS signed,
        sum(sharp) AS sharp,
        sum(missing) AS missing
    FROM hostile
    GROUP BY client_ip, day
),

candidates AS (
    SELECT client_ip
    FROM hostile_days
    GROUP BY client_ip
    HAVING count(*) * 2 >= $days
),

-- a monitoring check asks for the same path forever: what is new counts
first_asked AS (
    SELECT hostile.client_ip, hostile.path, min(hostile.day) AS day
    FROM hostile
    INNER JOIN candidates ON hostile.client_ip = candidates.client_ip
    WHERE hostile.missing > 0
    GROUP BY hostile.client_ip, hostile.path
),

grown AS (
    SELECT client_ip, day, count(*) AS new_paths
    FROM first_asked
    GROUP BY client_ip, day
),

totals AS (
    SELECT
        requests.client_ip,
        requests."date" AS day,
        count(*) AS requests,
        min(requests.ts) AS first_ts,
        max(requests.ts) AS last_ts,
        min(requests.country) AS country,
        min(requests.asn) AS asn,
        min(requests.client_ip_num) AS num,
        count(CASE WHEN requests.status BETWEEN 200 AND 399 THEN 1 END) AS answered
    FROM requests
    INNER JOIN candidates ON requests.client_ip = candidates.client_ip
    WHERE
        (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 211 DAY OR $since IS NULL)
        AND (requests."date" >= CAST($since AS DATE) - 211 OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
    GROUP BY requests.client_ip, requests."date"
),

windowed AS (
    SELECT
        totals.client_ip,
        totals.day,
        totals.last_ts,
        totals.country,
        totals.asn,
        totals.num,
        count(*) OVER sixty AS active_days,
        sum(totals.requests) OVER sixty AS requests,
        sum(coalesce(hostile_days.signed, 0)) OVER sixty AS signed,
        sum(coalesce(hostile_days.sharp, 0)) OVER sixty AS sharp,
        sum(coalesce(hostile_days.missing, 0)) OVER sixty AS missing,
        sum(coalesce(grown.new_paths, 0)) OVER sixty AS new_paths,
        count(grown.new_paths) OVER sixty AS growing_days,
        sum(totals.answered) OVER sixty AS answered,
        min(totals.first_ts) OVER sixty AS first_ts,
        count(*) OVER half_year AS long_active_days,
        sum(totals.requests) OVER half_year AS long_requests,
        sum(coalesce(hostile_days.signed, 0)) OVER half_year AS long_signed,
        sum(coalesce(hostile_days.sharp, 0)) OVER half_year AS long_sharp,
        sum(coalesce(hostile_days.missing, 0)) OVER half_year AS long_missing,
        sum(coalesce(grown.new_paths, 0)) OVER half_year AS long_new_paths,
        count(grown.new_paths) OVER half_year AS long_growing_days,
        sum(totals.answered) OVER half_year AS long_answered,
        min(totals.first_ts) OVER half_year AS long_first_ts
    FROM totals
    LEFT JOIN hostile_days ON totals.client_ip = hostile_days.client_ip AND totals.day = hostile_days.day
    LEFT JOIN grown ON totals.client_ip = grown.client_ip AND totals.day = grown.day
    WINDOW sixty AS (
        PARTITION BY totals.client_ip ORDER BY totals.day
        RANGE BETWEEN INTERVAL 59 DAY PRECEDING AND CURRENT ROW
    ), half_year AS (
        PARTITION BY totals.client_ip ORDER BY totals.day
        RANGE BETWEEN INTERVAL 179 DAY PRECEDING AND CURRENT ROW
    )
),

spans AS (
    SELECT client_ip, day, last_ts, country, asn, num, 60 AS of_days, active_days, requests, signed, sharp, missing, new_paths, growing_days, answered, first_ts
    FROM windowed
    WHERE active_days >= $days AND requests <= $a_day * active_days
    UNION ALL
    SELECT client_ip, day, last_ts, country, asn, num, 180 AS of_days, long_active_days, long_requests, long_signed, long_sharp, long_missing, long_new_paths, long_growing_days, long_answered, long_first_ts
    FROM windowed
    WHERE long_active_days >= $long_days AND long_requests * 2 <= $a_day * long_active_days
),

slow_days AS (
    SELECT *, extract(YEAR FROM day) * 12 + extract(MONTH FROM day) AS month
    FROM spans
    WHERE
        signed >= $share * requests
        OR (missing >= $share * requests AND new_paths >= $paths AND growing_days >= 3)
),

months AS (
    SELECT
        client_ip,
        month,
        min(day) AS day,
        min(first_ts) AS began,
        max(last_ts) AS ended,
        max(requests) AS requests,
        max(active_days) AS active_days,
        max(of_days) AS of_days,
        max(signed) AS signed,
        max(sharp) AS sharp,
        max(missing) AS missing,
        max(answered) AS answered,
        min(country) AS country,
        min(asn) AS asn,
        min(num) AS num
    FROM slow_days
    GROUP BY client_ip, month
),

samples AS (
    SELECT
        months.client_ip,
        months.month,
        count(DISTINCT hostile.path) AS paths,
        min(hostile.path) AS first_path,
        max(hostile.path) AS last_path,
        min(hostile.signature) AS signature,
        min(hostile.user_agent) AS agent
    FROM months
    INNER JOIN hostile ON months.client_ip = hostile.client_ip
    GROUP BY months.client_ip, months.month
)

SELECT
    'ip' AS subject_kind,
    months.client_ip AS subject,
    months.day,
    months.began,
    months.ended,
    CAST(months.requests AS BIGINT) AS requests,
    CASE WHEN months.sharp >= $share * months.requests THEN 'medium' ELSE 'low' END AS severity,
    CASE WHEN months.active_days >= 2 * $days THEN 'high' ELSE 'medium' END AS confidence,
    months.active_days,
    months.of_days,
    months.requests / CAST(months.active_days AS DOUBLE) AS a_day,
    CAST(months.signed AS BIGINT) AS signed,
    CAST(months.missing AS BIGINT) AS missing,
    CAST(months.answered AS BIGINT) AS answered,
    samples.paths,
    samples.signature,
    samples.agent AS fingerprint,
    [samples.first_path, samples.last_path] AS samples,
    months.country,
    months.asn,
    ip_prefix(months.num, 24, 48) AS prefix,
    ip_prefix(months.num, 24, 64) AS network
FROM months
INNER JOIN samples ON months.client_ip = samples.client_ip AND months.month = samples.month
WHERE months.ended >= $since OR $since IS NULL
ORDER BY months.active_days DESC, subject, months.day
