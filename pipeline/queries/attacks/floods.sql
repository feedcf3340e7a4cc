-- question: When was the site, or a part of what asks it, much louder than it ever was in the seven days before?
-- grain: one row a dimension, value, UTC day and run of loud minutes no more than ten minutes apart
-- reads: traffic
-- source: Cloudflare's adaptive rules (95th percentile of the daily maxima of seven days, and a least rate); robust z by
--   median and MAD, 6
-- false positives: a sale, a link from a busy page (told apart by its shape, see flood_shape); a load test; a backup
-- attack: T1499.002
-- parameter since timestamp = null: minutes at this time or after
-- parameter until timestamp = null: minutes before this time
-- parameter floor int = 120: requests a minute of all below which nothing is a flood
-- parameter floor_ip int = 600: the same of a single client
-- parameter ratio float = 2: times the usual daily maximum
-- parameter z float = 6: robust standard deviations over the usual minute
-- parameter known_days int = 3: days of history from which on the maximum is known; with fewer, the day is held against
--   itself: twice the floor, and `learning` times its own median
-- parameter learning float = 10: see known_days
WITH minutes AS (
    SELECT day_number, minute, dimension, value, sum(requests) AS requests
    FROM traffic
    WHERE minute < unix_micros(CAST($until AS TIMESTAMP WITH TIME ZONE)) // 60000000 OR $until IS NULL
    GROUP BY day_number, minute, dimension, value
),

-- minutes of a day in which anything came at all; a log may begin at noon
known AS (
    SELECT day_number, count(*) AS minutes
    FROM minutes
    WHERE dimension = 'site'
    GROUP BY day_number
),

-- of quiet minutes there are no rows: where those are the most, the median is none
medians AS (
    SELECT
        minutes.dimension,
        minutes.value,
        minutes.day_number,
        max(minutes.requests) AS peak,
        CASE WHEN count(*) * 2 >= max(known.minutes) THEN CAST(median(minutes.requests) AS DOUBLE) ELSE 0 END AS middle
    FROM minutes
    INNER JOIN known ON minutes.day_number = known.day_number
    GROUP BY minutes.dimension, minutes.value, minutes.day_number
),

spreads AS (
    SELECT
        medians.dimension,
        medians.value,
        medians.day_number,
        max(medians.peak) AS peak,
        max(medians.middle) AS middle,
        CASE
            WHEN max(medians.middle) > 0
                THEN CAST(median(abs(CAST(minutes.requests AS DOUBLE) - medians.middle)) AS DOUBLE)
            ELSE 0
        END AS mad
    FROM medians
    INNER JOIN minutes
        ON medians.dimension = minutes.dimension
        AND medians.value = minutes.value
        AND medians.day_number = minutes.day_number
    GROUP BY medians.dimension, medians.value, medians.day_number
),

judged AS (
    SELECT dimension, value, day_number, peak, middle, mad
    FROM spreads
    WHERE
        peak >= CASE WHEN dimension = 'ip' THEN $floor_ip ELSE $floor END
        AND (day_number >= unix_micros(CAST($since AS TIMESTAMP WITH TIME ZONE)) // 86400000000 OR $since IS NULL)
),

history AS (
    SELECT
        judged.dimension,
        judged.value,
        judged.day_number,
        max(judged.middle) AS own_middle,
        max(judged.mad) AS own_mad,
        count(known.day_number) AS history_days,
        percentile(CASE WHEN known.day_number IS NOT NULL THEN coalesce(spreads.peak, 0) END, 0.95) AS usual,
        median(CASE WHEN known.day_number IS NOT NULL THEN coalesce(spreads.middle, 0) END) AS middle,
        median(CASE WHEN known.day_number IS NOT NULL THEN coalesce(spreads.mad, 0) END) AS mad
    FROM judged
    LEFT JOIN known
        ON judged.day_number > known.day_number
        AND judged.day_number <= known.day_number + 7
    LEFT JOIN spreads
        ON known.day_number = spreads.day_number
        AND judged.dimension = spreads.dimension
        AND judged.value = spreads.value
    GROUP BY judged.dimension, judged.value, judged.day_number
),

baselines AS (
    SELECT
        dimension,
        value,
        day_number,
        history_days,
        -- to the millionth: what is between two values has other last bits where it is worked out in another way
        floor(1000000 * coalesce(CAST(usual AS DOUBLE), 0) + 0.5e0) / 1000000 AS usual,
        CASE WHEN history_days >= $known_days THEN middle ELSE own_middle END AS middle,
        CASE WHEN history_days >= $known_days THEN mad ELSE own_mad END AS mad,
        CASE WHEN dimension = 'ip' THEN $floor_ip ELSE $floor END AS least
    FROM history
),

thresholds AS (
    SELECT
        *,
        greatest(
            CASE WHEN history_days >= $known_days THEN least ELSE 2 * least END,
            $ratio * usual,
            CASE WHEN history_days >= $known_days THEN 0 ELSE $learning * middle END,
            middle + $z * 1.4826e0 * greatest(mad, sqrt(middle), 1)
        ) AS threshold
    FROM baselines
),

loud AS (
    SELECT
        minutes.dimension,
        minutes.value,
        minutes.day_number,
        minutes.minute,
        minutes.requests,
        thresholds.threshold,
        thresholds.usual,
        thresholds.middle,
        thresholds.mad,
        thresholds.history_days,
        CASE
            WHEN
                minutes.minute - lag(minutes.minute) OVER (
                    PARTITION BY minutes.dimension, minutes.value, minutes.day_number
                    ORDER BY minutes.minute
                ) <= 10
                THEN 0
            ELSE 1
        END AS begins
    FROM minutes
    INNER JOIN thresholds
        ON minutes.dimension = thresholds.dimension
        AND minutes.value = thresholds.value
        AND minutes.day_number = thresholds.day_number
    WHERE
        minutes.requests >= thresholds.threshold
        AND (minutes.minute >= unix_micros(CAST($since AS TIMESTAMP WITH TIME ZONE)) // 60000000 OR $since IS NULL)
),

runs AS (
    SELECT
        *,
        sum(begins) OVER (
            PARTITION BY dimension, value, day_number
            ORDER BY minute
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM loud
)

SELECT
    dimension,
    value,
    day_number,
    min(minute) AS first_minute,
    max(minute) AS last_minute,
    count(*) AS loud_minutes,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(max(requests) AS BIGINT) AS peak,
    max(threshold) AS threshold,
    max(usual) AS usual,
    max(middle) AS middle,
    max(mad) AS mad,
    max(history_days) AS history_days
FROM runs
GROUP BY dimension, value, day_number, run
ORDER BY requests DESC, dimension, value, first_minute
LIMIT 1000
