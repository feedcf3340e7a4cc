-- meaning: The first and the last address of a range, as ip_num writes them: WHERE client_ip_num BETWEEN
--   cidr_range('10.0.0.0/8').lowest AND cidr_range('10.0.0.0/8').highest
-- parameter cidr text: address/bits, or one address; host bits are dropped, ::ffff:10.0.0.0/104 is 10.0.0.0/8
-- returns: struct(lowest blob, highest blob); NULL for what is no range, such as 10.0.0.0/33, 10.* or a mask
-- example: ip_text(cidr_range('10.1.2.3/8').lowest) = '10.0.0.0'
-- example: ip_text(cidr_range('10.1.2.3/8').highest) = '10.255.255.255'
-- example: ip_text(cidr_range('2001:db8::/126').highest) = '2001:db8::3'
-- example: cidr_range('10.0.0.1').lowest = cidr_range('10.0.0.1').highest
-- example: cidr_range('10.0.0.0/33') IS NULL
-- example: cidr_range('::ffff:10.0.0.0/8') IS NULL
-- example: cidr_range(NULL) IS NULL
CREATE MACRO cidr_range(cidr VARCHAR) AS CASE
    WHEN length(trim(cidr)) <= 64 AND regexp_full_match(trim(cidr), '[0-9A-Fa-f:.]+%?(/[0-9]{1,3})?')
        THEN list_transform(
            list_transform(
                [ip_num(split_part(trim(cidr), '/', 1))],
                -- bits of the 128 that are fixed; an IPv4 /n is a /(96 + n)
                lambda base: {
                    'base': base,
                    'digits': hex(base),
                    'bits': CASE
                        WHEN contains(cidr, '/')
                            THEN try_cast(split_part(trim(cidr), '/', 2) AS INTEGER) + CASE WHEN contains(cidr, ':') THEN 0 ELSE 96 END
                        -- nobody: no range, although 0.0.0.0/8 and ::/0 are
                        WHEN base IN (unhex('00000000000000000000000000000000'), unhex('00000000000000000000ffff00000000')) THEN -1
                        ELSE 128
                    END,
                    -- what is IPv4 must stay it: ::ffff:10.0.0.0/8 would be an eighth of all IPv6
                    'least': CASE WHEN base BETWEEN unhex('00000000000000000000ffff00000000') AND unhex('00000000000000000000ffffffffffff') THEN 96 ELSE 0 END
                }
            ),
            lambda one: CASE
                WHEN one.base IS NOT NULL AND one.bits BETWEEN one.least AND 128
                    -- whole digits stay, of the next one the upper 0 to 3 bits, and what follows is all 0 or all F
                    THEN {
                        'lowest': unhex(substr(
                            substr(one.digits, 1, one.bits // 4)
                            || substr(
                                '00000000000000000000000088888888000044448888CCCC0022446688AACCEE',
                                one.bits % 4 * 16 + strpos('0123456789ABCDEF', substr(one.digits, one.bits // 4 + 1, 1)),
                                1
                            )
                            || '00000000000000000000000000000000',
                            1, 32
                        )),
                        'highest': unhex(substr(
                            substr(one.digits, 1, one.bits // 4)
                            || substr(
                                'FFFFFFFFFFFFFFFF77777777FFFFFFFF33337777BBBBFFFF1133557799BBDDFF',
                                one.bits % 4 * 16 + strpos('0123456789ABCDEF', substr(one.digits, one.bits // 4 + 1, 1)),
                                1
                            )
                            || 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF',
                            1, 32
                        ))
                    }
            END
        )[1]
END
