-- question: Which logins are from a place or network that is unusual for their user?
-- grain: one row a user, pair of places and day, of those that are findings, and one a reason of those that are silent
-- reads: login_visits, country_extents (of countries, for places whose city is not known)
-- source: RULES_AND_FORMATS §2.1. Elastic (500 km), Panther (900 km/h), Okta velocity (805 km/h) and New Country, New
--   State; Entra and Defender leave out VPNs, and places that others of the organisation use
-- false positives: travel that a plane makes, for new_country; a mobile carrier that leaves in another place; a VPN whose
--   network is in no list; an address that the geo database has moved
-- attack: T1078
-- parameter since timestamp = null: logins at this time or after; the history before it is read all the same
-- parameter until timestamp = null: logins before this time
-- parameter least_km float = 500: shorter distances, net of both radii, are silent
-- parameter least_kmh float = 900: slower travel is silent; a jet does 900
WITH ends AS (
    SELECT
        here.*,
        coalesce(here.latitude, extent.latitude) AS at_latitude,
        coalesce(here.longitude, extent.longitude) AS at_longitude,
        CASE WHEN here.latitude IS NOT NULL THEN here.radius_km ELSE extent.radius_km END AS at_radius_km,
        CASE WHEN here.region IS NULL THEN here.country_known ELSE here.region_known END AS place_known,
        here.country || coalesce('/' || here.region, '') AS place
    FROM login_visits AS here
    LEFT JOIN country_extents AS extent ON here.country = extent.country AND here.city IS NULL
    WHERE here.placed
),

pairs AS (
    SELECT
        here.*,
        last.ended AS last_ts,
        last.client_ip AS last_client_ip,
        last.country AS last_country,
        last.region AS last_region,
        last.city AS last_city,
        last.asn AS last_asn,
        last.as_org AS last_as_org,
        last.place AS last_place,
        -- what was learned counts, the first place of all included
        last.place_known OR last.learning AS last_known,
        last.asn_known AS last_asn_known,
        last.at_radius_km AS last_radius_km,
        last.latitude IS NOT NULL AND here.latitude IS NOT NULL AS measured,
        (here.us - last.ended_us) / 1e6 AS seconds,
        -- haversine on the mean sphere (6371.0088 km, IUGG)
        CASE WHEN here.at_latitude IS NOT NULL AND last.at_latitude IS NOT NULL THEN 2 * 6371.0088 * asin(least(1.0, sqrt(
            power(sin(radians(here.at_latitude - last.at_latitude) / 2), 2)
            + cos(radians(here.at_latitude)) * cos(radians(last.at_latitude))
            * power(sin(radians(here.at_longitude - last.at_longitude) / 2), 2)
        ))) END AS distance_km
    FROM ends AS here
    LEFT JOIN ends AS last ON here."user" = last."user" AND here.from_nth = last.nth
),

fast AS (
    SELECT
        *,
        distance_km - at_radius_km - last_radius_km AS net_km,
        -- a minute at least: logs of two servers may differ by seconds, and equal times must not divide by zero
        (distance_km - at_radius_km - last_radius_km) / (greatest(seconds, 60.0) / 3600) AS speed_kmh
    FROM pairs
),

judged AS (
    SELECT
        *,
        coalesce(net_km >= $least_km AND speed_kmh >= $least_kmh, false) AS is_fast,
        NOT country_known AND has_history AS new_country,
        country_known AND has_regions AND region IS NOT NULL AND NOT region_known AS new_region,
        has_asns AND asn IS NOT NULL AND NOT asn_known AS new_asn,
        -- an operator's exits are where he likes within his country, wherever his subscriber is
        coalesce(country = last_country AND (asn = last_asn OR asn_known AND asn IS NOT NULL), false) AS one_operator,
        -- each new place by an operator that the user is known with: the database's mistake, more likely than a thief
        (place_known OR asn_known) AND coalesce(last_known OR last_asn_known, true) AS doubted
    FROM fast
),

ruled AS (
    SELECT
        *,
        CASE
            WHEN is_fast AND NOT one_operator AND NOT (place_known AND last_known) THEN 'impossible_travel'
            WHEN new_country THEN 'new_country'
            WHEN new_region THEN 'new_region'
            WHEN new_asn THEN 'new_asn'
            WHEN is_fast THEN 'impossible_travel'
        END AS rule,
        CASE
            WHEN network = 'own' THEN 'own_network'
            WHEN network IS NOT NULL THEN network
            WHEN shared THEN 'shared_network'
            WHEN learning THEN 'learning'
            WHEN new_country OR new_region OR new_asn THEN NULL
            WHEN is_fast AND place_known AND last_known THEN 'both_known'
            WHEN is_fast AND one_operator THEN 'one_operator'
        END AS silent
    FROM judged
),

paired AS (
    SELECT
        *,
        CASE
            WHEN rule = 'new_asn'
                THEN coalesce(last_place, '–') || ' AS' || coalesce(CAST(last_asn AS VARCHAR), '–')
                || ' – ' || place || ' AS' || CAST(asn AS VARCHAR)
            WHEN coalesce(last_place, '–') < place THEN coalesce(last_place, '–') || ' – ' || place
            ELSE place || ' – ' || coalesce(last_place, '–')
        END AS pair,
        CASE rule
            WHEN 'impossible_travel' THEN 0 WHEN 'new_country' THEN 1 WHEN 'new_region' THEN 2 ELSE 3
        END AS worst
    FROM ruled
    WHERE rule IS NOT NULL AND (ts >= $since OR $since IS NULL) AND (ts < $until OR $until IS NULL)
),

first AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY "user", day, pair, coalesce(silent, '') ORDER BY worst, ts, nth
        ) AS choice,
        count(*) OVER (PARTITION BY "user", day, pair, coalesce(silent, '')) AS repeats
    FROM paired
)

SELECT
    ts,
    day,
    "user",
    nth,
    rule,
    silent,
    pair,
    client_ip,
    country,
    region,
    city,
    asn,
    as_org,
    network_name,
    place,
    at_radius_km AS radius_km,
    last_ts,
    last_client_ip,
    last_country,
    last_region,
    last_city,
    last_asn,
    last_as_org,
    last_place,
    last_radius_km,
    measured,
    distance_km,
    net_km,
    speed_kmh,
    seconds,
    is_fast,
    new_country,
    new_region,
    new_asn,
    doubted,
    place_known,
    last_known,
    others,
    nth - 1 AS logins_before,
    first_ts,
    repeats,
    user_agent
FROM first
WHERE choice = 1
ORDER BY ts, "user", rule, pair
