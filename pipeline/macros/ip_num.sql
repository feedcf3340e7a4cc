-- meaning: An address as 16 bytes, network order, IPv4 at ::ffff:0:0/96, as the column client_ip_num holds it: compares,
--   sorts and joins as a number. 10.0.0.1 and ::ffff:10.0.0.1 are one; a zone (%eth0) is dropped
-- parameter ip text or blob: an address; 16 bytes are what they are
-- returns: blob; NULL for what is no address, such as a host name, 10.1, 010.0.0.1 or an address with a port
-- example: hex(ip_num('10.0.0.1')) = '00000000000000000000FFFF0A000001'
-- example: hex(ip_num('2001:DB8::1')) = '20010DB8000000000000000000000001'
-- example: ip_num('::ffff:10.0.0.1') = ip_num('10.0.0.1')
-- example: ip_num('fe80::1%eth0') = ip_num('fe80::1')
-- example: ip_num(ip_num('10.0.0.1')) = ip_num('10.0.0.1')
-- example: ip_num('10.0.0.1:8080') IS NULL
-- example: ip_num('unknown') IS NULL
-- example: ip_num(NULL) IS NULL
CREATE MACRO ip_num(ip) AS CASE
    -- settled when the statement is read, so that nothing remains of it but the column
    WHEN upper(typeof(ip)) IN ('BLOB', 'BINARY') THEN try_cast(ip AS BLOB)
    -- dotted quad: the number behind ffff (281470681743360 is 0xffff00000000)
    WHEN regexp_full_match(CAST(ip AS VARCHAR), '((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.|$)){4}') AND NOT ends_with(CAST(ip AS VARCHAR), '.')
        THEN list_transform(
            [try_cast(string_split(CAST(ip AS VARCHAR), '.') AS BIGINT[])],
            lambda octets: try(unhex('00000000000000000000' || to_hex(
                281470681743360 + octets[1] * 16777216 + octets[2] * 65536 + octets[3] * 256 + octets[4]
            )))
        )[1]
    -- the rest in three steps, each a lambda so that what it reads is worked out once; longer text is no address
    WHEN length(CAST(ip AS VARCHAR)) <= 64 AND regexp_full_match(CAST(ip AS VARCHAR), '[0-9A-Fa-f:.]+(%[0-9A-Za-z._~-]{0,15})?')
        THEN list_transform(
            list_transform(
                list_transform(
                    [split_part(CAST(ip AS VARCHAR), '%', 1)],
                    -- an IPv4 tail becomes two groups
                    lambda bare: CASE
                        WHEN NOT contains(bare, '.') THEN bare
                        ELSE list_transform(
                            [try_cast(string_split(regexp_extract(
                                bare,
                                '^(?:.*:)?((?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]))$',
                                1
                            ), '.') AS BIGINT[])],
                            lambda quad: coalesce(nullif(regexp_extract(bare, '^(.*:)?', 1), ''), '::ffff:')
                                || to_hex(quad[1] * 256 + quad[2]) || ':' || to_hex(quad[3] * 256 + quad[4])
                        )[1]
                    END
                ),
                -- each group with four digits, 000z for ::; lists are far quicker than regexp_replace
                lambda text: CASE
                    WHEN regexp_full_match(
                        text,
                        '([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?(::([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4})*)?)?'
                    )
                        THEN array_to_string(list_transform(
                            string_split(trim(replace(text, '::', ':z:'), ':'), ':'), lambda digits: lpad(digits, 4, '0')
                        ), '')
                END
            ),
            -- eight groups; :: is one of zeros or more
            lambda digits: CASE
                WHEN length(digits) = 32 OR (length(digits) < 32 AND contains(digits, 'z'))
                    THEN try(unhex(replace(digits, '000z', repeat('0', 36 - length(digits)))))
            END
        )[1]
END
