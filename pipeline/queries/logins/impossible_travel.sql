-- question: Which users signed in from two places too far apart for the time between?
-- grain: one row a user, pair of places and day
-- reads: requests where login = 'success'
-- source: Elastic (500 km, 800 km/h), Panther (900 km/h), Okta velocity (805 km/h); RULES: distance minus both accuracy
--   radii, at least one end not a place the user is known at
-- false positives: a VPN or relay switched on between two logins; a geo database that is wrong about one end, which the
--   radii account for only as far as the database admits it
-- attack: T1078
-- parameter since timestamp = null: findings at this time or after; the history before it is read all the same
-- parameter until timestamp = null: findings before this time
-- parameter least_km float = 500: shorter distances, net of both radii, are silent
-- parameter least_kmh float = 900: slower travel is silent; a jet does 900
-- parameter default_radius_km float = 100: accuracy where the database claims none
WITH logins AS (
    SELECT
        "user",
        ts,
        source,
        source_offset,
        client_ip,
        country,
        region,
        city,
        latitude,
        longitude,
        coalesce(accuracy_km, $default_radius_km) AS radius_km,
        row_number() OVER (PARTITION BY "user", country, region ORDER BY ts, source, source_offset) AS nth_here
    FROM requests
    WHERE login = 'success' AND "user" IS NOT NULL AND latitude IS NOT NULL AND city IS NOT NULL
),

pairs AS (
    SELECT
        *,
        lag(ts) OVER last AS last_ts,
        lag(client_ip) OVER last AS last_client_ip,
        lag(country) OVER last AS last_country,
        lag(region) OVER last AS last_region,
        lag(city) OVER last AS last_city,
        lag(latitude) OVER last AS last_latitude,
        lag(longitude) OVER last AS last_longitude,
        lag(radius_km) OVER last AS last_radius_km,
        lag(nth_here) OVER last AS last_nth_here
    FROM logins
    WINDOW last AS (PARTITION BY "user" ORDER BY ts, source, source_offset)
),

travel AS (
    SELECT
        *,
        epoch(ts) - epoch(last_ts) AS seconds,
        -- haversine on the mean sphere (6371.0088 km, IUGG)
        2 * 6371.0088 * asin(least(1.0, sqrt(
            power(sin(radians(latitude - last_latitude) / 2), 2)
            + cos(radians(latitude)) * cos(radians(last_latitude))
            * power(sin(radians(longitude - last_longitude) / 2), 2)
        ))) AS distance_km
    FROM pairs
    WHERE client_ip <> last_client_ip
),

fast AS (
    SELECT
        *,
        distance_km - radius_km - last_radius_km AS net_km,
        -- a minute at least: logs of two servers may differ by seconds, and equal times must not divide by zero
        (distance_km - radius_km - last_radius_km) / (greatest(seconds, 60.0) / 3600) AS speed_kmh
    FROM travel
)

SELECT
    ts,
    "user",
    client_ip,
    country,
    city,
    last_ts,
    last_client_ip,
    last_country,
    last_city,
    distance_km,
    net_km,
    speed_kmh,
    seconds
FROM fast
WHERE
    net_km >= $least_km
    AND speed_kmh >= $least_kmh
    AND (nth_here = 1 OR last_nth_here = 1)
    AND (ts >= $since OR $since IS NULL)
    AND (ts < $until OR $until IS NULL)
QUALIFY row_number() OVER (
    PARTITION BY "user", CAST(ts AS DATE), least(country || city, last_country || last_city), greatest(country || city, last_country || last_city)
    ORDER BY ts
) = 1
ORDER BY ts, "user"
