-- question: By which address does a geo database find a place again?
-- grain: one row a region, or a city, that is asked for
-- reads: visitors, wanted
-- false positives: of rows whose addresses are anonymized the address is not the one that was placed
-- parameter level text = region: region or city

-- `wanted` has the places: country, region, city.
SELECT
    wanted.country,
    wanted.region,
    wanted.city,
    min(visitors.client_ip) AS client_ip
FROM wanted
INNER JOIN visitors
    ON
        wanted.country = visitors.country
        AND wanted.region IS NOT DISTINCT FROM visitors.region
        AND ($level = 'region' OR wanted.city IS NOT DISTINCT FROM visitors.city)
WHERE wanted.region IS NOT NULL OR wanted.city IS NOT NULL
GROUP BY wanted.country, wanted.region, wanted.city
ORDER BY wanted.country, wanted.region, wanted.city
