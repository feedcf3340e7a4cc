-- question: Which logins are there, from which networks and places?
-- grain: one row a user, time, client address and outcome: a login that two logs tell of is one
-- makes: login_events
-- reads: requests where login is success or failure and the user is known; login_networks (ranges of the organisation),
--   login_asns (VPNs, relays and hosters)
-- false positives: none; logins that name no user are not here
-- parameter until timestamp = null: logins before this time; earlier ones are all read, since a history begins with the
--   first login
-- parameter default_radius_km float = 100: accuracy of a place where the database claims none
WITH logins AS (
    SELECT
        "user",
        ts,
        client_ip,
        login,
        max("date") AS day,
        max(client_ip_num) AS client_ip_num,
        max(client_class) AS client_class,
        max(country) AS country,
        max(region) AS region,
        max(city) AS city,
        max(latitude) AS latitude,
        max(longitude) AS longitude,
        max(accuracy_km) AS accuracy_km,
        max(asn) AS asn,
        max(as_org) AS as_org,
        max(CASE WHEN anonymized LIKE 'pseudonym%' THEN 1 ELSE 0 END) AS pseudonym,
        max(user_agent) AS user_agent
    FROM requests
    WHERE login IN ('success', 'failure') AND "user" <> '' AND (ts < $until OR $until IS NULL)
    GROUP BY "user", ts, client_ip, login
),

addresses AS (
    SELECT
        client_ip,
        client_ip_num,
        CASE WHEN max(pseudonym) = 1 THEN client_ip ELSE ip_prefix(client_ip_num, 24, 64) END AS prefix,
        CASE WHEN max(pseudonym) = 1 THEN client_ip ELSE ip_prefix(client_ip_num, 24, 48) END AS site
    FROM logins
    WHERE client_ip_num IS NOT NULL
    GROUP BY client_ip, client_ip_num
),

named AS (
    SELECT
        addresses.client_ip,
        min(login_networks.name) AS name
    FROM addresses
    INNER JOIN login_networks
        ON addresses.client_ip_num BETWEEN login_networks.first_num AND login_networks.last_num
    GROUP BY addresses.client_ip
),

classed AS (
    SELECT
        logins.*,
        addresses.prefix,
        addresses.site,
        CASE WHEN named.client_ip IS NOT NULL THEN 'own' ELSE login_asns.kind END AS network,
        CASE WHEN named.client_ip IS NOT NULL THEN named.name ELSE login_asns.name END AS network_name,
        -- an address from inside is nobody's place, whatever a database says of it
        logins.client_ip IS NOT NULL AND coalesce(logins.client_class, 'unknown') NOT IN (
            'loopback', 'cloud-metadata', 'link-local', 'private', 'cgnat'
        ) AS outside
    FROM logins
    LEFT JOIN addresses ON logins.client_ip = addresses.client_ip
    LEFT JOIN named ON logins.client_ip = named.client_ip
    LEFT JOIN login_asns ON logins.asn = login_asns.asn
),

sited AS (
    SELECT
        *,
        outside AND country IS NOT NULL AS placed
    FROM classed
)

SELECT
    "user",
    ts,
    unix_micros(ts) AS us,
    day,
    client_ip,
    login,
    prefix,
    site,
    CASE WHEN placed THEN country END AS country,
    CASE WHEN placed THEN region END AS region,
    CASE WHEN placed THEN city END AS city,
    -- 0, 0 is in the sea: databases write it for what they do not know
    CASE WHEN placed AND city IS NOT NULL AND NOT (latitude = 0 AND longitude = 0) AND longitude IS NOT NULL
        THEN latitude
    END AS latitude,
    CASE WHEN placed AND city IS NOT NULL AND NOT (latitude = 0 AND longitude = 0) AND latitude IS NOT NULL
        THEN longitude
    END AS longitude,
    coalesce(accuracy_km, $default_radius_km) AS radius_km,
    CASE WHEN outside THEN asn END AS asn,
    as_org,
    network,
    network_name,
    outside,
    placed,
    user_agent
FROM sited
ORDER BY "user", ts, client_ip, login
