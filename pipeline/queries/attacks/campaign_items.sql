-- question: Which paths do a few sources share, and hardly anybody else asks for?
-- grain: one row a path and source, of paths that at least two and at most `rare` sources of the period asked for
-- reads: hostile
-- source: an inverted index: only what is rare ties, so that no two sources need be compared that share nothing rare
-- false positives: a dead link that several readers follow; it takes more than one such path to tie sources
-- parameter rare int = 20: sources of a path, at most
WITH shared AS (
    SELECT path
    FROM hostile
    WHERE path IS NOT NULL
    GROUP BY path
    HAVING count(DISTINCT client_ip) BETWEEN 2 AND $rare
)

SELECT DISTINCT
    hostile.path,
    hostile.client_ip
FROM hostile
INNER JOIN shared ON hostile.path = shared.path
ORDER BY hostile.path, hostile.client_ip
LIMIT 200000
