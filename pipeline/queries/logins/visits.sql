-- question: From where did each user sign in, place after place, and which of these were known by then?
-- grain: one row a visit: a user's consecutive successful logins from one network
-- makes: login_visits
-- reads: login_events
-- source: RULES_AND_FORMATS §2.1: a visit is what comes from the same /24 or /64, or the same ASN and city; the history
--   are the last 20 logins or 30 days, whichever reaches further back (Okta's New City, Defender's past month); a user
--   is learned until 10 logins or 14 days (Entra); suppressed places are not remembered (Panther)
-- false positives: none; it judges nothing
-- parameter history_logins int = 20: a place is known if one of so many logins before was there …
-- parameter history_days float = 30: … or one of so many days before
-- parameter learning_logins int = 10: a user is learned until so many logins …
-- parameter learning_days float = 14: … or so many days after the first one, whichever is earlier
-- parameter shared_users int = 5: a network that so many other users, who are at home there, signed in from is shared …
-- parameter shared_days float = 30: … if they did so within so many days
-- parameter dormant_days float = 90: a user who comes back after so many days begins a new visit, wherever he is
WITH successes AS (
    SELECT
        *,
        row_number() OVER person AS nth,
        min(ts) OVER (PARTITION BY "user") AS first_ts,
        min(us) OVER (PARTITION BY "user") AS first_us,
        lag(ts) OVER person AS before_ts,
        lag(us) OVER person AS before_us,
        lag(prefix) OVER person AS before_prefix,
        lag(asn) OVER person AS before_asn,
        lag(country) OVER person AS before_country,
        lag(region) OVER person AS before_region,
        lag(city) OVER person AS before_city
    FROM login_events
    WHERE login = 'success'
    WINDOW person AS (PARTITION BY "user" ORDER BY ts, client_ip)
),

begun AS (
    SELECT
        *,
        lead(nth) OVER person - 1 AS last_nth,
        lead(before_ts) OVER person AS ended,
        lead(before_us) OVER person AS ended_us
    FROM successes
    WHERE
        before_ts IS NULL
        OR us - before_us >= $dormant_days * 86400000000
        OR NOT (
            coalesce(prefix = before_prefix, false)
            OR coalesce(
                asn = before_asn AND country = before_country AND city = before_city
                AND coalesce(region, '') = coalesce(before_region, ''), false
            )
        )
    WINDOW person AS (PARTITION BY "user" ORDER BY nth)
),

-- sites that several users are seen in at all
sites AS (
    SELECT site
    FROM successes
    WHERE placed AND network IS NULL AND site IS NOT NULL
    GROUP BY site
    HAVING min("user") <> max("user")
),

-- who is at home in a site: there since he was learned, or elsewhere in its country or with its operator before.
-- Thieves who enter many accounts from one address do not vouch for each other
lands AS (
    SELECT
        "user",
        country,
        min_by(site, nth) AS first_site
    FROM successes
    WHERE placed
    GROUP BY "user", country
),

operators AS (
    SELECT
        "user",
        asn,
        min_by(site, nth) AS first_site
    FROM successes
    WHERE placed AND asn IS NOT NULL
    GROUP BY "user", asn
),

homes AS (
    SELECT
        successes.site,
        successes."user"
    FROM successes
    INNER JOIN sites ON successes.site = sites.site
    INNER JOIN lands ON successes."user" = lands."user" AND successes.country = lands.country
    LEFT JOIN operators ON successes."user" = operators."user" AND successes.asn = operators.asn
    GROUP BY successes.site, successes."user"
    HAVING
        min(successes.nth) = 1
        OR (
            min(successes.nth) <= $learning_logins
            AND min(successes.us - successes.first_us) < $learning_days * 86400000000
        )
        OR max(CASE WHEN lands.first_site <> successes.site THEN 1 ELSE 0 END) = 1
        OR max(CASE WHEN operators.first_site <> successes.site THEN 1 ELSE 0 END) = 1
),

uses AS (
    SELECT
        successes.site,
        successes."user",
        successes.us,
        lag(successes.us) OVER own AS last_us,
        lead(successes.us) OVER own AS next_us
    FROM successes
    INNER JOIN homes ON successes.site = homes.site AND successes."user" = homes."user"
    WINDOW own AS (PARTITION BY successes.site, successes."user" ORDER BY successes.us)
),

-- a user is seen in a site from a login on for so many days: one more when that begins, one less when it ends
changes AS (
    SELECT
        site,
        CAST(us AS DOUBLE) AS us,
        1 AS users,
        0 AS kind,
        '' AS "user",
        CAST(0 AS BIGINT) AS nth
    FROM uses
    WHERE last_us IS NULL OR us - last_us > $shared_days * 86400000000
    UNION ALL
    SELECT
        site,
        us + $shared_days * 86400000000 AS us,
        -1 AS users,
        2 AS kind,
        '' AS "user",
        CAST(0 AS BIGINT) AS nth
    FROM uses
    WHERE next_us IS NULL OR next_us - us > $shared_days * 86400000000
    UNION ALL
    SELECT
        begun.site,
        CAST(begun.us AS DOUBLE) AS us,
        0 AS users,
        1 AS kind,
        begun."user",
        begun.nth
    FROM begun
    INNER JOIN sites ON begun.site = sites.site
),

counted AS (
    SELECT
        "user",
        nth,
        kind,
        sum(users) OVER (PARTITION BY site ORDER BY us, kind ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS users
    FROM changes
),

sharing AS (
    SELECT
        "user",
        nth,
        users
    FROM counted
    WHERE kind = 1
),

counting AS (
    SELECT
        begun.*,
        CAST(coalesce(sharing.users, 0) AS BIGINT) - CASE WHEN homes."user" IS NULL THEN 0 ELSE 1 END AS others
    FROM begun
    LEFT JOIN sharing ON begun."user" = sharing."user" AND begun.nth = sharing.nth
    LEFT JOIN homes ON begun.site = homes.site AND begun."user" = homes."user"
),

marked AS (
    SELECT
        *,
        others >= $shared_users AND network IS NULL AS shared,
        nth - 1 < $learning_logins AND us - first_us < $learning_days * 86400000000 AS learning
    FROM counting
),

-- of each visit what its places are judged by, since these are sorted in several ways
narrow AS (
    SELECT
        "user",
        nth,
        last_nth,
        ended_us,
        country,
        region,
        asn,
        placed AND coalesce(network, 'own') = 'own' AS counts,
        placed AND network IS NULL AS plain,
        shared,
        learning
    FROM marked
),

-- what a user does by a network of his own, or was learned with, makes a place his; then a shared network there is, too
settled AS (
    SELECT
        *,
        min(CASE WHEN counts AND (NOT shared OR learning) THEN nth END)
            OVER (PARTITION BY "user", country, region) AS settled_nth,
        min(CASE WHEN plain AND NOT shared THEN nth END)
            OVER (PARTITION BY "user", country, region) AS alone_nth
    FROM narrow
),

kept AS (
    SELECT
        *,
        counts AND coalesce(settled_nth <= nth, false) AS remembered,
        -- a shared network may be a VPN's exit, but not where its user is by a network of his own as well
        plain AND coalesce(alone_nth <= nth, false) AS travels
    FROM settled
),

histories AS (
    SELECT
        *,
        max(CASE WHEN remembered THEN nth END) OVER (
            PARTITION BY "user" ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS any_nth,
        max(CASE WHEN remembered AND asn IS NOT NULL THEN nth END) OVER (
            PARTITION BY "user" ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS any_asn_nth,
        max(CASE WHEN remembered AND region IS NOT NULL THEN nth END) OVER (
            PARTITION BY "user", country ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS any_region_nth,
        max(CASE WHEN travels THEN nth END) OVER (
            PARTITION BY "user" ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS from_nth,
        max(CASE WHEN remembered THEN last_nth END) OVER (
            PARTITION BY "user", country ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS country_nth,
        max(CASE WHEN remembered THEN ended_us END) OVER (
            PARTITION BY "user", country ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS country_us,
        max(CASE WHEN remembered THEN last_nth END) OVER (
            PARTITION BY "user", country, region ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS region_nth,
        max(CASE WHEN remembered THEN ended_us END) OVER (
            PARTITION BY "user", country, region ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS region_us,
        max(CASE WHEN remembered THEN last_nth END) OVER (
            PARTITION BY "user", asn ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS asn_nth,
        max(CASE WHEN remembered THEN ended_us END) OVER (
            PARTITION BY "user", asn ORDER BY nth ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS asn_us
    FROM kept
)

SELECT
    marked."user",
    marked.nth,
    marked.ts,
    marked.us,
    marked.day,
    marked.last_nth,
    marked.ended,
    marked.ended_us,
    marked.first_ts,
    marked.before_ts,
    marked.before_us,
    marked.client_ip,
    marked.prefix,
    marked.country,
    marked.region,
    marked.city,
    marked.latitude,
    marked.longitude,
    marked.radius_km,
    marked.asn,
    marked.as_org,
    marked.network,
    marked.network_name,
    marked.placed,
    marked.user_agent,
    marked.others,
    marked.shared,
    marked.learning,
    histories.remembered,
    histories.travels,
    histories.from_nth,
    histories.any_nth IS NOT NULL AS has_history,
    histories.any_asn_nth IS NOT NULL AS has_asns,
    histories.any_region_nth IS NOT NULL AS has_regions,
    coalesce(
        histories.country_nth >= marked.nth - $history_logins
        OR histories.country_us >= marked.us - $history_days * 86400000000,
        false
    ) AS country_known,
    coalesce(
        histories.region_nth >= marked.nth - $history_logins
        OR histories.region_us >= marked.us - $history_days * 86400000000,
        false
    ) AS region_known,
    marked.asn IS NOT NULL AND coalesce(
        histories.asn_nth >= marked.nth - $history_logins
        OR histories.asn_us >= marked.us - $history_days * 86400000000,
        false
    ) AS asn_known
FROM marked
INNER JOIN histories ON marked."user" = histories."user" AND marked.nth = histories.nth
ORDER BY marked."user", marked.nth
