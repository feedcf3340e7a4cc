-- meaning: The time that is so many microseconds after 1970, UTC. The way back from unix_micros, as Spark has it
-- parameter micros bigint: what unix_micros returned
-- returns: timestamp with time zone; NULL for NULL
-- example: timestamp_micros(1500000) = TIMESTAMPTZ '1970-01-01 00:00:01.5+00'
-- example: timestamp_micros(NULL) IS NULL
CREATE MACRO timestamp_micros(micros) AS make_timestamptz(CAST(micros AS BIGINT))
