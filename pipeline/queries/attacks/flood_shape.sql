-- question: What does a flood look like: how many sources, how evenly, how many of them new, one path or a site's worth?
-- grain: one row
-- reads: requests
-- source: shape of a flash crowd: many referrers, statics, many agents; of a flood: one path, few agents
-- false positives: none: it describes
-- attack: T1499.002
-- parameter began timestamp = null: rows at this time or after
-- parameter ended timestamp = null: rows before this time
-- parameter dimension text = site: ip, prefix, asn, country, agent, path, host or site
-- parameter value text = null: of the dimension
WITH flood AS (
    SELECT *, split_part(target, '?', 1) AS path
    FROM requests
    WHERE
        (ts >= $began OR $began IS NULL)
        AND (ts < $ended OR $ended IS NULL)
        AND ("date" >= CAST($began AS DATE) OR $began IS NULL)
        AND ("date" <= CAST($ended AS DATE) OR $ended IS NULL)
        AND CASE $dimension
            WHEN 'site' THEN true
            WHEN 'ip' THEN client_ip = $value
            WHEN 'prefix' THEN ip_prefix(client_ip_num, 24, 48) = $value
            WHEN 'asn' THEN 'AS' || CAST(asn AS VARCHAR) = $value
            WHEN 'country' THEN country = $value
            WHEN 'agent' THEN user_agent = $value
            WHEN 'path' THEN split_part(target, '?', 1) = $value
            WHEN 'host' THEN host = $value
        END
),

per_client AS (
    SELECT client_ip, min(client_class) AS client_class, count(*) AS requests
    FROM flood
    WHERE client_ip IS NOT NULL
    GROUP BY client_ip
),

total AS (
    SELECT sum(requests) AS requests FROM per_client
),

clients AS (
    SELECT
        count(*) AS sources,
        max(per_client.requests) AS most_of_one,
        -- 1: all alike; 0: one source
        CASE
            WHEN count(*) > 1
                THEN -sum(
                    per_client.requests / CAST(total.requests AS DOUBLE)
                    * ln(per_client.requests / CAST(total.requests AS DOUBLE))
                ) / ln(count(*))
            ELSE 0
        END AS evenness,
        count(CASE WHEN earlier.client_ip IS NULL THEN 1 END) AS new_sources
    FROM per_client
    CROSS JOIN total
    LEFT JOIN (
        SELECT client_ip
        FROM requests
        WHERE
            ts >= CAST($began AS TIMESTAMP WITH TIME ZONE) - INTERVAL 7 DAY
            AND ts < CAST($began AS TIMESTAMP WITH TIME ZONE)
            AND "date" >= CAST($began AS DATE) - INTERVAL 7 DAY
            AND "date" <= CAST($began AS DATE)
        GROUP BY client_ip
    ) AS earlier ON per_client.client_ip = earlier.client_ip
),

top_path AS (
    SELECT
        max(CASE WHEN path IS NOT NULL THEN {'requests': requests, 'path': path} END).path AS top_path,
        max(requests) AS top_path_requests
    FROM (SELECT path, count(*) AS requests FROM flood GROUP BY path) AS each_path
),

top_agent AS (
    SELECT
        max({'requests': requests, 'agent': agent}).agent AS top_agent,
        max(requests) AS top_agent_requests,
        count(*) AS agents
    FROM (SELECT coalesce(user_agent, '-') AS agent, count(*) AS requests FROM flood GROUP BY agent) AS each_agent
),

listed AS (
    SELECT string_agg(client_ip, ' ' ORDER BY requests DESC, client_ip) AS sources_listed
    FROM (SELECT * FROM per_client ORDER BY requests DESC, client_ip LIMIT 100) AS loudest
),

counted AS (
    SELECT
        min(ts) AS began,
        max(ts) AS ended,
        count(*) AS requests,
        count(DISTINCT target) AS targets,
        count(DISTINCT path) AS paths,
        count(DISTINCT country) AS countries,
        count(DISTINCT asn) AS asns,
        count(CASE WHEN headers IS NOT NULL THEN 1 END) AS with_headers,
        count(DISTINCT CASE WHEN cardinality(referers) > 0 THEN referers[1] END) AS referrers,
        count(CASE WHEN cardinality(referers) > 0 THEN referers[1] END) AS referred,
        count(CASE WHEN regexp_matches(
            lower(path),
            '\.(bmp|css|eot|flv|gif|ico|jpe?g|js|map|mp3|mp4|otf|pdf|png|svg|swf|ttf|txt|webm|webp|woff2?|xml)\z'
        ) THEN 1 END) AS statics,
        count(CASE WHEN status BETWEEN 400 AND 499 THEN 1 END) AS refused,
        count(CASE WHEN status >= 500 THEN 1 END) AS failed,
        avg(response_bytes) AS bytes_each,
        count(CASE WHEN array_length(signatures) > 0 THEN 1 END) AS signed
    FROM (SELECT *, headers['referer'] AS referers FROM flood) AS each
)

SELECT *
FROM counted
CROSS JOIN clients
CROSS JOIN top_path
CROSS JOIN top_agent
CROSS JOIN listed
WHERE requests > 0
