-- question: Which accounts were tried from many places?
-- grain: one row a user and day
-- reads: login_events
-- source: Auth0 and Entra lock by account, since a rule by address does not see botnets; RULES: prefixes, not addresses
-- false positives: a program with an old password on many machines; a mobile phone that keeps trying as it moves
-- attack: T1110.001
-- parameter since timestamp = null: logins at this time or after
-- parameter until timestamp = null: logins before this time
-- parameter guess_places int = 10: failures from so many /24 and /48
WITH days AS (
    SELECT
        "user",
        day,
        count(*) AS failures,
        count(DISTINCT site) AS places,
        count(DISTINCT asn) AS asns,
        count(DISTINCT country) AS countries,
        count(DISTINCT client_ip) AS addresses,
        min(client_ip) AS client_ip,
        max(client_ip) AS other_client_ip,
        min(ts) AS first_ts,
        max(ts) AS last_ts
    FROM login_events
    WHERE
        login = 'failure'
        AND outside
        AND coalesce(network, '') <> 'own'
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
    GROUP BY "user", day
)

SELECT *
FROM days
WHERE places >= $guess_places
ORDER BY day, "user"
