-- question: From which places were many accounts tried?
-- grain: one row a source (address, /24 or /48, ASN) and day, the narrowest that holds the accounts
-- reads: login_events
-- source: Splunk (more than 30 users failing from one address in 5 minutes), Auth0 and Entra's password spray; RULES: an
--   account counts that failed from there and did not get in that day, so that mistyped passwords of an office do not
-- false positives: a single sign-on proxy that is not resolved; a school's first day; a monitoring probe with test users
-- attack: T1110.003
-- parameter since timestamp = null: logins at this time or after
-- parameter until timestamp = null: logins before this time
-- parameter spray_accounts int = 10: accounts that failed from an address or prefix …
-- parameter spray_asn_accounts int = 30: … or from an ASN
-- parameter spray_share float = 0.5: … and their share of all accounts tried from there: who else signs in there is at home
WITH tries AS (
    SELECT *
    FROM login_events
    WHERE
        outside
        AND coalesce(network, '') <> 'own'
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
),

failures AS (
    SELECT
        day,
        client_ip,
        site,
        asn,
        "user"
    FROM tries
    WHERE login = 'failure'
    GROUP BY day, client_ip, site, asn, "user"
),

-- sources that enough accounts failed from: few, and what else was done from these alone is looked at
suspects AS (
    SELECT
        'ip' AS kind,
        day,
        client_ip AS source
    FROM failures
    GROUP BY day, client_ip
    HAVING count(DISTINCT "user") >= $spray_accounts
    UNION ALL
    SELECT
        'prefix' AS kind,
        day,
        site AS source
    FROM failures
    WHERE site <> client_ip
    GROUP BY day, site
    HAVING count(DISTINCT "user") >= $spray_accounts
    UNION ALL
    SELECT
        'asn' AS kind,
        day,
        CAST(asn AS VARCHAR) AS source
    FROM failures
    WHERE asn IS NOT NULL
    GROUP BY day, asn
    HAVING count(DISTINCT "user") >= $spray_asn_accounts
),

sources AS (
    SELECT
        suspects.kind,
        suspects.source,
        tries.*
    FROM tries
    INNER JOIN suspects
        ON tries.day = suspects.day AND tries.client_ip = suspects.source AND suspects.kind = 'ip'
    UNION ALL
    SELECT
        suspects.kind,
        suspects.source,
        tries.*
    FROM tries
    INNER JOIN suspects
        ON tries.day = suspects.day AND tries.site = suspects.source AND suspects.kind = 'prefix'
    UNION ALL
    SELECT
        suspects.kind,
        'AS' || suspects.source AS source,
        tries.*
    FROM tries
    INNER JOIN suspects
        ON tries.day = suspects.day AND CAST(tries.asn AS VARCHAR) = suspects.source AND suspects.kind = 'asn'
),

accounts AS (
    SELECT
        day,
        kind,
        source,
        "user",
        count(CASE WHEN login = 'failure' THEN 1 END) AS failures,
        count(CASE WHEN login = 'success' THEN 1 END) AS successes,
        min(site) AS site,
        min(asn) AS asn,
        min(as_org) AS as_org,
        min(country) AS country,
        min(ts) AS first_ts,
        max(ts) AS last_ts
    FROM sources
    GROUP BY day, kind, source, "user"
),

counted AS (
    SELECT
        day,
        kind,
        source,
        count(*) AS accounts,
        count(CASE WHEN failures > 0 AND successes = 0 THEN 1 END) AS failed_accounts,
        -- whoever else is in an ASN signs in there without a failure
        count(CASE WHEN successes > 0 AND (kind <> 'asn' OR failures > 0) THEN 1 END) AS entered,
        min(CASE WHEN successes > 0 AND (kind <> 'asn' OR failures > 0) THEN "user" END) AS entered_example,
        min("user") AS example,
        max("user") AS other_example,
        sum(failures) AS failures,
        min(site) AS site,
        min(asn) AS asn,
        min(as_org) AS as_org,
        min(country) AS country,
        min(first_ts) AS first_ts,
        max(last_ts) AS last_ts
    FROM accounts
    GROUP BY day, kind, source
),

sprays AS (
    SELECT *
    FROM counted
    WHERE
        failed_accounts >= CASE WHEN kind = 'asn' THEN $spray_asn_accounts ELSE $spray_accounts END
        AND failed_accounts >= $spray_share * accounts
),

-- what an address did need not be said of its prefix and its ASN again, unless these did more
narrower AS (
    SELECT
        wide.day,
        wide.kind,
        wide.source,
        max(narrow.failed_accounts) AS most
    FROM sprays AS wide
    INNER JOIN sprays AS narrow ON wide.day = narrow.day
    WHERE
        (wide.kind = 'prefix' AND narrow.kind = 'ip' AND narrow.site = wide.source)
        OR (wide.kind = 'asn' AND narrow.kind <> 'asn' AND narrow.asn = wide.asn)
    GROUP BY wide.day, wide.kind, wide.source
)

SELECT
    sprays.day,
    sprays.kind,
    sprays.source,
    sprays.accounts,
    sprays.failed_accounts,
    sprays.entered,
    sprays.entered_example,
    sprays.example,
    sprays.other_example,
    CAST(sprays.failures AS BIGINT) AS failures,
    sprays.asn,
    sprays.as_org,
    sprays.country,
    sprays.first_ts,
    sprays.last_ts
FROM sprays
LEFT JOIN narrower
    ON sprays.day = narrower.day AND sprays.kind = narrower.kind AND sprays.source = narrower.source
WHERE narrower.most IS NULL OR narrower.most < 0.8 * sprays.failed_accounts
ORDER BY sprays.day, sprays.failed_accounts DESC, sprays.source
