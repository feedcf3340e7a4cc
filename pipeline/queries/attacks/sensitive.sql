-- question: Which sources ask for files that no page links to: credentials, backups, consoles, shells?
-- grain: one row a source
-- reads: requests
-- source: CrowdSec http-sensitive-files (bucket of 4 distinct requests, one leaks each 5 s); here one leaks each 60 s, since
--   a scanner that waits is still one, and a person never asks for four of these
-- false positives: your own security scanner
-- attack: T1595.003
-- parameter since timestamp = null: rows at this time or after
-- parameter until timestamp = null: rows before this time
-- parameter capacity int = 3: paths that may stand in the bucket
-- parameter leak_seconds float = 60: one path leaves the bucket in this time
WITH asked AS (
    SELECT
        client_ip AS source,
        ts,
        status,
        split_part(target, '?', 1) AS path,
        row_number() OVER (PARTITION BY client_ip, split_part(target, '?', 1), date_trunc('hour', ts) ORDER BY ts) AS nth
    FROM requests
    WHERE
        client_ip IS NOT NULL
        AND regexp_matches(
            lower(split_part(coalesce(target, ''), '?', 1)),
            '(/\.(env|git|svn|hg|aws|ssh|docker|htpasswd|htaccess|ds_store|npmrc|bash_history|vscode|idea)([./_-]|$)'
            || '|/(wp-config|wp-login|xmlrpc|phpinfo|info|adminer|shell|cmd|c99|r57|eval-stdin)\.php'
            || '|\.(sql|bak|old|swp|pem|key|pfx|kdbx|tfstate)(\.(gz|zip))?$'
            || '|/(phpmyadmin|pma|manager/html|actuator|_ignition|solr/admin|server-status|cgi-bin|hnap1|boaform|vendor/phpunit)([/.]|$)'
            || '|/(backup|dump|database|db)\.(zip|tar|tar\.gz|tgz|gz|rar|7z)$|/etc/(passwd|shadow)|/id_[dr]sa)'
        )
        AND (ts >= $since OR $since IS NULL)
        AND (ts < $until OR $until IS NULL)
),

events AS (
    SELECT
        source,
        ts,
        status,
        path,
        row_number() OVER (PARTITION BY source ORDER BY ts) - epoch(ts) / $leak_seconds AS drift
    FROM asked
    WHERE nth = 1
),

levels AS (
    SELECT
        *,
        drift - min(drift) OVER (PARTITION BY source ORDER BY ts ROWS UNBOUNDED PRECEDING) + 1 AS level
    FROM events
)

SELECT
    source,
    count(*) AS requests,
    count(DISTINCT path) AS paths,
    min(ts) AS first_ts,
    max(ts) AS last_ts,
    max(level) AS level,
    CAST(count(CASE WHEN status >= 400 THEN 1 END) AS DOUBLE) / count(*) AS error_share,
    min(path) AS sample,
    max(path) AS other_sample
FROM levels
GROUP BY source
HAVING max(level) > $capacity
ORDER BY level DESC, source
