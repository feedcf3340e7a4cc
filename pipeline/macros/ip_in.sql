-- meaning: Whether an address is in a range. ip_in(client_ip_num, …) does the same and is faster: it compares bytes where
--   ip_in(client_ip, …) reads text. ::/0 holds all of IPv6 and no IPv4 address, 0.0.0.0/0 the reverse
-- parameter ip text or blob: an address, or its 16 bytes
-- parameter cidr text: address/bits, or one address; as of cidr_range
-- returns: boolean; NULL where ip is no address or cidr is no range, so that NOT ip_in(…) is no better than ip_in(…)
-- example: ip_in('10.1.2.3', '10.0.0.0/8')
-- example: ip_in('::ffff:10.1.2.3', '10.0.0.0/8')
-- example: ip_in(ip_num('2001:db8::1'), '2001:db8::/32')
-- example: NOT ip_in('10.1.2.3', '10.1.2.4')
-- example: NOT ip_in('10.1.2.3', '::/0')
-- example: NOT ip_in('10.1.2.3', '::/80')
-- example: ip_in('unknown', '10.0.0.0/8') IS NULL
-- example: ip_in('10.1.2.3', '10.0.0.0/33') IS NULL
-- example: ip_in(NULL, '10.0.0.0/8') IS NULL
CREATE MACRO ip_in(ip, cidr) AS
    ip_num(ip) BETWEEN cidr_range(cidr).lowest AND cidr_range(cidr).highest
    AND CASE
        -- a range around all of IPv4's place in IPv6
        WHEN cidr_range(cidr).lowest < unhex('00000000000000000000ffff00000000') AND cidr_range(cidr).highest >= unhex('00000000000000000000ffffffffffff')
            THEN ip_num(ip) NOT BETWEEN unhex('00000000000000000000ffff00000000') AND unhex('00000000000000000000ffffffffffff')
        ELSE TRUE
    END
