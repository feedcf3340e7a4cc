-- question: Where had a user signed in before a login?
-- grain: one row a login asked about (login_asked: user, nth) and place, network
-- reads: login_visits, login_asked
-- false positives: none; it judges nothing
-- parameter history_logins int = 20: places of so many logins before …
-- parameter history_days float = 30: … or of so many days before are history
SELECT
    asked."user",
    asked.nth,
    visits.country,
    visits.region,
    visits.city,
    visits.asn,
    max(visits.as_org) AS as_org,
    bool_or(visits.remembered) AS remembered,
    CAST(sum(coalesce(visits.last_nth, asked.nth - 1) - visits.nth + 1) AS BIGINT) AS logins,
    min(visits.ts) AS first_ts,
    max(visits.ended) AS last_ts,
    bool_or(
        coalesce(visits.last_nth, asked.nth - 1) >= asked.nth - $history_logins
        OR visits.ended_us >= this.us - $history_days * 86400000000
    ) AS recent
FROM login_asked AS asked
INNER JOIN login_visits AS this ON asked."user" = this."user" AND asked.nth = this.nth
INNER JOIN login_visits AS visits ON asked."user" = visits."user" AND visits.nth < asked.nth
WHERE visits.placed
GROUP BY asked."user", asked.nth, visits.country, visits.region, visits.city, visits.asn
ORDER BY asked."user", asked.nth, last_ts DESC, logins DESC, visits.country, visits.region, visits.city, visits.asn
