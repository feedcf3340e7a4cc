-- question: Which accounts were signed in to from many places in one day?
-- grain: one row a user and day
-- reads: login_events
-- source: Okta and Elastic (two countries within half an hour), Azure and Splunk (two addresses); RULES: countries that no
--   journey joins in a day, and networks of different operators; those of the organisation, VPNs and relays are no places
-- false positives: a shared account; a traveller who changes planes twice and signs in at each airport
-- attack: T1078
-- parameter since timestamp = null: logins at this time or after
-- parameter until timestamp = null: logins before this time
-- parameter many_countries int = 3: so many countries, by as many networks …
-- parameter many_networks int = 6: … or so many networks: ASNs, cities where those are not known
WITH days AS (
    SELECT
        "user",
        day,
        count(*) AS logins,
        count(DISTINCT country) AS countries,
        count(DISTINCT coalesce('AS' || CAST(asn AS VARCHAR), country || '/' || coalesce(city, ''))) AS networks,
        count(DISTINCT client_ip) AS addresses,
        min(country) AS example,
        max(country) AS other_example,
        min(client_ip) AS client_ip,
        max(client_ip) AS other_client_ip,
        min(ts) AS first_ts,
        max(ts) AS last_ts
    FROM login_events
    WHERE
        login = 'success'
        AND placed
        AND network IS NULL
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY "user", day
)

SELECT *
FROM days
WHERE (countries >= $many_countries AND networks >= $many_countries) OR networks >= $many_networks
ORDER BY day, "user"
