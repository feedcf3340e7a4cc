-- meaning: Whether an address is of a private network: RFC 1918 (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) or RFC 4193
--   (fc00::/7). Loopback, link-local and carriers' 100.64.0.0/10 are not; client_class tells each of them apart
-- parameter ip text or blob: an address, or its 16 bytes
-- returns: boolean; NULL where ip is no address
-- example: is_private('192.168.0.1')
-- example: is_private('::ffff:10.0.0.1')
-- example: is_private(ip_num('fd00::1'))
-- example: NOT is_private('100.64.0.1')
-- example: NOT is_private('127.0.0.1')
-- example: is_private('unknown') IS NULL
-- example: is_private(NULL) IS NULL
CREATE MACRO is_private(ip) AS list_transform([ip_num(ip)], lambda num:
    num BETWEEN unhex('00000000000000000000ffff0a000000') AND unhex('00000000000000000000ffff0affffff')
    OR num BETWEEN unhex('00000000000000000000ffffac100000') AND unhex('00000000000000000000ffffac1fffff')
    OR num BETWEEN unhex('00000000000000000000ffffc0a80000') AND unhex('00000000000000000000ffffc0a8ffff')
    OR num BETWEEN unhex('fc000000000000000000000000000000') AND unhex('fdffffffffffffffffffffffffffffff')
)[1]
