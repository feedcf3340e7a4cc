-- meaning: Microseconds since 1970, UTC. Spark has a function of this name: what epoch() becomes there counts whole seconds
-- parameter ts timestamp: a time
-- returns: bigint; NULL for NULL
-- example: unix_micros(TIMESTAMPTZ '1970-01-01 00:00:01.5+00') = 1500000
-- example: unix_micros(CAST(NULL AS TIMESTAMP)) IS NULL
CREATE MACRO unix_micros(ts) AS epoch_us(ts)
