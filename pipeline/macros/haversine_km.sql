-- meaning: The distance of two places over the ground: the great circle on the mean sphere of the Earth (6371.0088 km,
--   IUGG), within 0.6 % of the truth. A geo database is wrong by far more: see accuracy_km
-- parameter lat1 float: degrees, -90 to 90
-- parameter lon1 float: degrees, any turn
-- parameter lat2 float: degrees, -90 to 90
-- parameter lon2 float: degrees, any turn
-- returns: double, kilometres; NULL where a coordinate is NULL, infinite or not a number, or a latitude beyond the poles
-- example: round(haversine_km(52.52, 13.405, 48.8566, 2.3522)) = 877
-- example: haversine_km(0, 0, 0, 0) = 0
-- example: round(haversine_km(90, 0, -90, 0)) = 20015
-- example: haversine_km(91, 0, 0, 0) IS NULL
-- example: haversine_km('nan'::DOUBLE, 0, 0, 0) IS NULL
-- example: haversine_km(NULL, 0, 0, 0) IS NULL
CREATE MACRO haversine_km(lat1, lon1, lat2, lon2) AS CASE
    WHEN lat1 BETWEEN -90 AND 90 AND lat2 BETWEEN -90 AND 90 AND isfinite(CAST(lon1 AS DOUBLE)) AND isfinite(CAST(lon2 AS DOUBLE))
        THEN 2 * 6371.0088 * asin(least(1.0, sqrt(
            power(sin(radians(lat2 - lat1) / 2), 2)
            + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2)
        )))
END
