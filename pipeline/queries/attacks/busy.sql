-- question: Which clients ask fast enough to be looked at request by request?
-- makes: busy
-- grain: one row a client and hour with more than ten requests in 20 seconds
-- reads: requests
-- false positives: none: what is asked for is not judged
-- parameter early timestamp = null: rows at this time or after: the hour before a period may still stand in buckets
-- parameter until timestamp = null: rows before this time

-- `hour` counts from 1970. Hours first, then their 20 seconds: slots of all requests would be nearly as many as those.
WITH hours AS (
    SELECT client_ip, unix_micros(ts) // 3600000000 AS hour
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND (ts >= $early OR $early IS NULL)
        AND (date >= CAST($early AS DATE) OR $early IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY client_ip, unix_micros(ts) // 3600000000
    HAVING count(*) > 10
),

slots AS (
    SELECT hours.client_ip, hours.hour, count(*) AS requests
    FROM requests
    INNER JOIN hours ON requests.client_ip = hours.client_ip AND unix_micros(requests.ts) // 3600000000 = hours.hour
    WHERE
        (ts >= $early OR $early IS NULL)
        AND (date >= CAST($early AS DATE) OR $early IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY hours.client_ip, hours.hour, unix_micros(requests.ts) // 20000000
    HAVING count(*) > 10
)

SELECT client_ip, hour, sum(requests) AS requests
FROM slots
GROUP BY client_ip, hour
