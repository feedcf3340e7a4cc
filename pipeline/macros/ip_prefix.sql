-- meaning: The network of an address, as text: ip_prefix(client_ip, 24, 48) groups clients by what one subscriber or site
--   usually holds
-- parameter ip text or blob: an address, or its 16 bytes
-- parameter bits int: its prefix length: 0 to 32 for IPv4, 0 to 128 for IPv6
-- parameter bits6 int: optional; the prefix length for IPv6, bits then being that for IPv4 alone
-- returns: text, such as 203.0.113.0/24; NULL where ip is no address, or the length is out of its range
-- example: ip_prefix('203.0.113.7', 24) = '203.0.113.0/24'
-- example: ip_prefix('::ffff:203.0.113.7', 24) = '203.0.113.0/24'
-- example: ip_prefix('2001:db8:1:2::3', 24, 48) = '2001:db8:1::/48'
-- example: ip_prefix(ip_num('203.0.113.7'), 24, 48) = '203.0.113.0/24'
-- example: ip_prefix('203.0.113.7', 48) IS NULL
-- example: ip_prefix('unknown', 24) IS NULL
-- example: ip_prefix(NULL, 24) IS NULL
CREATE MACRO ip_prefix(ip, bits, bits6 := NULL) AS list_transform([ip_num(ip)], lambda num: CASE
    WHEN octet_length(num) <> 16 THEN NULL
    WHEN num BETWEEN unhex('00000000000000000000ffff00000000') AND unhex('00000000000000000000ffffffffffff')
        THEN CASE
            WHEN bits BETWEEN 0 AND 32
                THEN list_transform(
                    [try_cast('0x' || substr(hex(num), 25) AS BIGINT)
                        & (4294967296 - (CAST(1 AS BIGINT) << try_cast(32 - bits AS INTEGER)))],
                    lambda base: (base >> 24) || '.' || ((base >> 16) & 255) || '.' || ((base >> 8) & 255)
                        || '.' || (base & 255) || '/' || bits
                )[1]
        END
    WHEN coalesce(bits6, bits) BETWEEN 0 AND 128
        -- whole digits stay, of the next one the upper 0 to 3 bits, and zeros follow
        THEN list_transform([unhex(substr(
            substr(hex(num), 1, try_cast(coalesce(bits6, bits) // 4 AS INTEGER))
            || substr(
                '00000000000000000000000088888888000044448888CCCC0022446688AACCEE',
                try_cast(coalesce(bits6, bits) % 4 * 16 AS INTEGER)
                + strpos('0123456789ABCDEF', substr(hex(num), try_cast(coalesce(bits6, bits) // 4 AS INTEGER) + 1, 1)),
                1
            )
            || '00000000000000000000000000000000',
            1, 32
        ))], lambda base: ip_text(base) || '/' || coalesce(bits6, bits))[1]
END)[1]
