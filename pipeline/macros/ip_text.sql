-- meaning: The text of an address that is 16 bytes: dotted quad for what is IPv4, else RFC 5952. The way back from ip_num
-- parameter num blob: client_ip_num, or what ip_num returned
-- returns: text; NULL for anything that is not 16 bytes long
-- example: ip_text(ip_num('::ffff:10.0.0.1')) = '10.0.0.1'
-- example: ip_text(ip_num('2001:DB8:0:0:1:0:0:1')) = '2001:db8::1:0:0:1'
-- example: ip_text(ip_num('::')) = '::'
-- example: ip_text('x'::BLOB) IS NULL
-- example: ip_text(NULL) IS NULL
CREATE MACRO ip_text(num BLOB) AS CASE
    WHEN octet_length(num) <> 16 THEN NULL
    WHEN hex(num) BETWEEN '00000000000000000000FFFF00000000' AND '00000000000000000000FFFFFFFFFFFF'
        THEN list_transform(
            [try_cast('0x' || substr(hex(num), 25) AS BIGINT)],
            lambda last: (last >> 24) || '.' || ((last >> 16) & 255) || '.' || ((last >> 8) & 255) || '.' || (last & 255)
        )[1]
    WHEN num IS NOT NULL
        THEN list_transform(
            list_transform(
                -- :2001:db8:0:0:1:0:0:1: with a colon at both ends
                [regexp_replace(
                    regexp_replace(lower(hex(num)), '([0-9a-f]{4})', ':\1', 'g'), ':0{1,3}([0-9a-f])', ':\1', 'g'
                ) || ':'],
                -- beside it its longest run of zeros: of runs the longest is the greatest, as the shorter begin it
                lambda groups: [groups, list_max(regexp_extract_all(groups, '(?::0){2,}:'))]
            ),
            -- the first such run becomes ::, and a colon alone at an end goes
            lambda part: regexp_replace(regexp_replace(
                CASE
                    WHEN part[2] IS NULL THEN part[1]
                    ELSE substr(part[1], 1, strpos(part[1], part[2]) - 1) || '::'
                        || substr(part[1], strpos(part[1], part[2]) + length(part[2]))
                END,
                '^:([^:])', '\1', 'g'
            ), '([^:]):$', '\1', 'g')
        )[1]
END
