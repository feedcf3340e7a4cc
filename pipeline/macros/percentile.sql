-- meaning: An aggregate: the value below which a share of the values lies, between two of them if need be. Spark has it
--   under this name
-- parameter value number: what is aggregated; NULL does not count
-- parameter share float: 0 to 1, or a list of such, which costs little more than one
-- returns: double, or a list of them; NULL of no values
-- example: (SELECT percentile(x, 0.5) FROM (VALUES (1), (2), (NULL)) AS one (x)) = 1.5
-- example: (SELECT percentile(x, [0.5, 0.95]) FROM (VALUES (0), (100)) AS one (x)) = [50, 95]
-- example: (SELECT percentile(x, 0.5) FROM (VALUES (NULL::INTEGER)) AS one (x)) IS NULL
CREATE MACRO percentile(value, share) AS quantile_cont(value, share)
