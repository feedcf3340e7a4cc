-- question: Which sources ask for the same path at even intervals, as what polls a web shell or carries data out does?
-- grain: one row a source and week (from Monday, UTC); its day is that of the tenth request for a path in the week
-- reads: requests
-- source: RITA's scores of beacons (Bowley skewness and median deviation of intervals and of sizes, duration, hours), its
--   levels 0.5, 0.7 and 0.9; at least ten requests, ten seconds to a day apart
-- false positives: monitoring and uptime services; feed readers; apps that poll an API. Who says so in the user agent, and
--   feeds, are left out; what is not asked with POST, is no script and matches no signature is information
-- attack: T1071.001
-- parameter since timestamp = null: weeks with a request at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter samples int = 10: requests of the path in the week, at least
-- parameter score float = 0.7: from which on it is told
-- parameter most int = 2000: sources looked at request by request, the most even ones

-- Hours before requests: who asks in bursts, or only now and then, is no beacon, and is not looked at one by one.
WITH hours AS (
    SELECT
        client_ip,
        -- 1970-01-01 was a Thursday
        (unix_micros(ts) // 86400000000 + 3) // 7 AS week,
        unix_micros(ts) // 3600000000 AS hour,
        count(*) AS requests
    FROM requests
    WHERE
        client_class = 'public'
        AND (ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND ("date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY client_ip, week, hour
),

-- `spread` is the square of the deviation over the mean, of whole numbers: the same however they are added up
evened AS (
    SELECT
        client_ip,
        week,
        sum(requests) AS requests,
        max(requests) AS most,
        count(*) AS hours,
        max(hour) - min(hour) + 1 AS span,
        count(*) * sum(CASE WHEN requests <= 400 THEN requests * requests END) / (sum(requests) * 1e0 * sum(requests)) - 1 AS spread
    FROM hours
    GROUP BY client_ip, week
),

candidates AS (
    SELECT client_ip, week
    FROM evened
    WHERE
        requests >= $samples
        AND most <= 400
        AND ((hours >= 6 AND hours >= 0.8e0 * span AND spread <= 0.25e0) OR (hours >= $samples AND most <= 2))
    ORDER BY spread, hours DESC, client_ip, week
    LIMIT $most
),

asked AS (
    SELECT
        candidates.client_ip,
        candidates.week,
        split_part(requests.target, '?', 1) AS path,
        requests.ts,
        unix_micros(requests.ts) AS micros,
        requests."date" AS day,
        requests.method,
        requests.status,
        requests.response_bytes,
        requests.user_agent,
        requests.country,
        requests.asn,
        requests.client_ip_num,
        requests.source,
        requests.source_offset,
        -- what an agent alone gives away is no sign of what was asked for
        cardinality(requests.signatures) > 0
        AND regexp_matches(array_to_string(requests.signatures, ' '), '(^| )([b-z]|a[a-fh-z])') AS signed
    FROM requests
    INNER JOIN candidates
        ON requests.client_ip = candidates.client_ip
        AND (unix_micros(requests.ts) // 86400000000 + 3) // 7 = candidates.week
    WHERE
        (requests.ts >= CAST($since AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY OR $since IS NULL)
        AND (requests."date" >= CAST($since AS DATE) - 7 OR $since IS NULL)
        AND (requests.ts < $until OR $until IS NULL)
),

spaced AS (
    SELECT
        *,
        micros - lag(micros) OVER (PARTITION BY client_ip, week, path ORDER BY ts, source, source_offset) AS gap,
        row_number() OVER (PARTITION BY client_ip, week, path ORDER BY ts, source, source_offset) AS nth
    FROM asked
),

middles AS (
    SELECT
        client_ip,
        week,
        path,
        percentile(gap, 0.25) AS gap_low,
        percentile(gap, 0.5) AS gap_middle,
        percentile(gap, 0.75) AS gap_high,
        percentile(response_bytes, 0.25) AS size_low,
        percentile(response_bytes, 0.5) AS size_middle,
        percentile(response_bytes, 0.75) AS size_high
    FROM spaced
    GROUP BY client_ip, week, path
    HAVING count(*) >= $samples AND percentile(gap, 0.5) BETWEEN 10000000 AND 86400000000
),

measured AS (
    SELECT
        spaced.client_ip,
        spaced.week,
        spaced.path,
        max(middles.gap_low) AS gap_low,
        max(middles.gap_middle) AS gap_middle,
        max(middles.gap_high) AS gap_high,
        max(middles.size_low) AS size_low,
        max(middles.size_middle) AS size_middle,
        max(middles.size_high) AS size_high,
        median(abs(spaced.gap - middles.gap_middle)) AS gap_mad,
        median(abs(spaced.response_bytes - middles.size_middle)) AS size_mad,
        count(*) AS requests,
        count(DISTINCT spaced.micros // 3600000000) AS hours,
        (max(spaced.micros) - min(spaced.micros)) / 1e6 AS seconds,
        min(CASE WHEN spaced.nth = $samples THEN spaced.day END) AS day,
        min(spaced.ts) AS began,
        max(spaced.ts) AS ended,
        count(CASE WHEN spaced.signed THEN 1 END) AS signed,
        count(CASE WHEN spaced.method = 'POST' THEN 1 END) AS posted,
        count(CASE WHEN spaced.status BETWEEN 200 AND 399 THEN 1 END) AS answered,
        min(spaced.user_agent) AS agent,
        -- not the key of the group: a filter on that would be tried on every row of the lake
        min(spaced.path) AS path_asked,
        min(spaced.country) AS country,
        min(spaced.asn) AS asn,
        min(spaced.client_ip_num) AS num
    FROM spaced
    INNER JOIN middles
        ON spaced.client_ip = middles.client_ip AND spaced.week = middles.week AND spaced.path = middles.path
    GROUP BY spaced.client_ip, spaced.week, spaced.path
),

-- gaps are whole microseconds, so that nothing is lost to fractions; each part is 0 to 1: 1 is as even as a clock
parts AS (
    SELECT
        *,
        CASE
            WHEN gap_high > gap_low
                THEN 1 - abs((gap_high + gap_low - 2 * gap_middle) / (gap_high - gap_low))
            ELSE 1
        END AS gap_evenness,
        greatest(0, 1 - gap_mad / nullif(gap_middle, 0)) AS gap_closeness,
        CASE
            WHEN size_high > size_low
                THEN 1 - abs((size_high + size_low - 2 * size_middle) / (size_high - size_low))
            ELSE 1
        END AS size_evenness,
        coalesce(greatest(0, 1 - size_mad / nullif(size_middle, 0)), 1) AS size_closeness,
        least(1, seconds / 43200) AS duration,
        least(1, hours / nullif(least(seconds / 3600, requests * 1e0), 0)) AS coverage
    FROM measured
),

scored AS (
    SELECT
        *,
        0.6e0 * (gap_evenness + 3 * gap_closeness) / 4
        + 0.15e0 * (size_evenness + size_closeness) / 2
        + 0.15e0 * duration
        + 0.1e0 * coverage AS score
    FROM parts
    -- a jitter of a third either way still is a beacon's (0.85); of few requests chance makes even ones now and then
    WHERE
        gap_closeness >= CASE WHEN requests < 20 THEN 0.85e0 ELSE 0.75e0 END
        AND NOT regexp_matches(
            lower(coalesce(agent, '')),
            'uptime|pingdom|statuscake|site24x7|monitor|nagios|check_http|zabbix|prometheus|blackbox|datadog|newrelic'
            || '|healthcheck|kube-probe|googlehc|feed|rss|reader|freshping|hetrix|checkly|nodeping|updown'
        )
        AND NOT regexp_matches(
            lower(path_asked),
            'feed|rss|atom|robots\.txt|/health|/status|/ping|/live|/ready'
            || '|\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)\z'
        )
),

beacons AS (
    SELECT *, row_number() OVER (PARTITION BY client_ip, week ORDER BY score DESC, path) AS place
    FROM scored
    WHERE score >= $score
)

SELECT
    'ip' AS subject_kind,
    client_ip AS subject,
    min(day) AS day,
    min(began) AS began,
    max(ended) AS ended,
    CAST(sum(requests) AS BIGINT) AS requests,
    CASE
        WHEN sum(signed) > 0 THEN 'medium'
        WHEN
            sum(posted) * 2 >= sum(requests)
            OR count(CASE WHEN regexp_matches(lower(path), '\.(php|phtml|asp|aspx|ashx|jsp|jspx|cgi|pl)\z') THEN 1 END) > 0
            THEN 'low'
        ELSE 'info'
    END AS severity,
    CASE WHEN max(score) >= 0.9e0 THEN 'medium' ELSE 'low' END AS confidence,
    max(CASE WHEN place = 1 THEN gap_middle END) / 1e6 AS every_seconds,
    max(CASE WHEN place = 1 THEN gap_mad END) / 1e6 AS jitter_seconds,
    max(score) AS score,
    count(*) AS paths,
    CAST(sum(signed) AS BIGINT) AS signed,
    CAST(sum(posted) AS BIGINT) AS posted,
    CAST(sum(answered) AS BIGINT) AS answered,
    min(agent) AS agent,
    [min(path), max(path)] AS samples,
    min(country) AS country,
    min(asn) AS asn,
    ip_prefix(min(num), 24, 48) AS prefix,
    ip_prefix(min(num), 24, 64) AS network
FROM beacons
GROUP BY client_ip, week
HAVING max(ended) >= $since OR $since IS NULL
ORDER BY score DESC, subject, day
LIMIT 1000
