"""A log_format given as text: what its variables become, and what is wrong with one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.record import REDACTED
from pipeline.errors import UsageFault
from pipeline.sources import combined
from pipeline.sources.nginx import MAX_CHARS, MAX_VARIABLES, VARIABLES, compiled, directive
from tests.pipeline.sources.lines import TIME, has, one, refused

MAIN = """
    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '  # as the package has it
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';
"""
MAIN_LINE = f'10.0.0.1 - - {TIME} "GET /a HTTP/1.1" 200 5 "-" "x" "203.0.113.7, 10.0.0.2"'
AT = datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)

FORMATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "nginx's main": (
        MAIN,
        MAIN_LINE,
        {"peer_ip": "10.0.0.1", "ts": AT, "headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.2"])], "status": 200},
    ),
    "realip beside remote_addr": (
        "$realip_remote_addr $remote_addr:$remote_port [$time_local] $status",
        f"10.0.0.1 203.0.113.7:4321 {TIME} 200",
        {
            "peer_ip": "10.0.0.1",
            "peer_port": None,
            "client_ip": "203.0.113.7",
            "client_source": "writer",
            "client_reason": "writer",
        },
    ),
    "realip alone": (
        "$realip_remote_addr [$time_local]",
        f"10.0.0.1 {TIME}",
        {"peer_ip": "10.0.0.1", "client_ip": None},
    ),
    "a PROXY header's source": (
        "$proxy_protocol_addr:$proxy_protocol_port $remote_addr:$remote_port [$time_local]",
        f"203.0.113.7:51000 10.0.0.1:443 {TIME}",
        {"proxied_ip": "203.0.113.7", "proxied_port": 51000, "peer_ip": "10.0.0.1", "peer_port": 443},
    ),
    "the header as it is sent on": (
        '"$proxy_add_x_forwarded_for" [$time_local]',
        f'"6.6.6.6, 203.0.113.7, 10.0.0.1" {TIME}',
        {"peer_ip": "10.0.0.1", "headers": [("x-forwarded-for", ["6.6.6.6, 203.0.113.7"])]},
    ),
    "the header as it is sent on, where none came": (
        '"$proxy_add_x_forwarded_for" [$time_local]',
        f'"10.0.0.1" {TIME}',
        {"peer_ip": "10.0.0.1", "headers": None},
    ),
    "the header both ways": (
        "$remote_addr|$http_x_forwarded_for|$proxy_add_x_forwarded_for|$time_iso8601",
        "10.0.0.1|6.6.6.6|6.6.6.6, 10.0.0.1|2015-05-17T12:05:03+02:00",
        {"peer_ip": "10.0.0.1", "headers": [("x-forwarded-for", ["6.6.6.6"])], "ts": AT},
    ),
    "times: the finest": (
        "[$time_local] $msec $request_time",
        f"{TIME} 1431857103.123 0.250",
        {"ts": datetime(2015, 5, 17, 10, 5, 3, 123_000, UTC), "duration_us": 250_000},
    ),
    "the request in pieces": (
        "$time_iso8601 $request_method $scheme://$host$request_uri $server_protocol $status",
        "2015-05-17T10:05:03+00:00 GET https://example.com/a?b=1 HTTP/2.0 200",
        {"method": "GET", "host": "example.com", "target": "/a?b=1", "protocol": "HTTP/2.0", "error": None},
    ),
    "path and query": (
        "$time_iso8601 $request_method $uri$is_args$args $status",
        "2015-05-17T10:05:03+00:00 GET /a?b=1 200",
        {"target": "/a?b=1"},
    ),
    "path without a query": (
        "$time_iso8601 $request_method $uri$is_args$args $status",
        "2015-05-17T10:05:03+00:00 GET /a/b 200",
        {"target": "/a/b", "status": 200},
    ),
    "path and query apart": (
        '$time_iso8601 "$request_method" "$document_uri" "$query_string"',
        '2015-05-17T10:05:03+00:00 "GET" "/a b" "c=1"',
        {"target": "/a b?c=1"},
    ),
    "what was asked for before what it was made": (
        "$time_iso8601 $request_method $request_uri $uri $args",
        "2015-05-17T10:05:03+00:00 GET /a?b=1 /index.php b=1",
        {"target": "/a?b=1"},
    ),
    "no request": (
        "$time_iso8601 $request_method $request_uri $status",
        "2015-05-17T10:05:03+00:00 - - 400",
        {"method": None, "target": None, "status": 400, "error": "the request line is not HTTP"},
    ),
    "bars": (
        '[$time_local]|$request_time|$status|$body_bytes_sent|$remote_addr|"$request"|$http_x_forwarded_for|$upstream_addr',
        f'{TIME}|0.003|200|612|10.0.0.1|"GET / HTTP/1.1"|203.0.113.7, 10.0.0.2|10.0.0.8:80, 10.0.0.9:80',
        {"headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.2"])], "response_bytes": 612, "duration_us": 3000},
    ),
    "tabs and labels": (
        "log_format ltsv 'time:$time_iso8601\\thost:$remote_addr\\tua:$http_user_agent\\tsize:$bytes_sent';",
        "time:2015-05-17T10:05:03+00:00\thost:10.0.0.1\tua:curl/8 (x)\tsize:812",
        {"peer_ip": "10.0.0.1", "user_agent": "curl/8 (x)", "response_bytes": 812},
    ),
    "JSON": (
        'log_format j escape=json \'{"time":"$time_iso8601","ip":"$remote_addr","ua":"$http_user_agent"}\';',
        '{"time":"2015-05-17T10:05:03+00:00","ip":"10.0.0.1","ua":"a \\"b\\" c"}',
        {"peer_ip": "10.0.0.1", "user_agent": 'a \\"b\\" c'},
    ),
    "no escaping": (
        "log_format n escape=none '[$time_local] \"$http_user_agent\" $status';",
        f'{TIME} "a "b" c" 200',
        {"user_agent": 'a "b" c', "status": 200},
    ),
    "names in braces": ("${remote_addr}x [${time_local}]", f"10.0.0.1x {TIME}", {"peer_ip": "10.0.0.1"}),
    "double quotes, escapes": (
        'log_format q "[$time_local] \\"$request\\" \\$";'.replace("\\$", "x"),
        f'{TIME} "GET / HTTP/1.0" x',
        {"target": "/", "protocol": "HTTP/1.0"},
    ),
    "a word without quotes": ("log_format w [$time_local]|$status;", f"{TIME}|200", {"status": 200}),
    "strings alone": ("'[$time_local] ' '$status'", f"{TIME} 200", {"status": 200}),
    "host twice: the header": (
        "$http_host $host [$time_local]",
        f"A.example:81 a.example {TIME}",
        {"host": "A.example:81"},
    ),
    "a variable twice": ("$status $status [$time_local]", f"200 404 {TIME}", {"status": 200}),
    "body before all bytes": ("$bytes_sent $body_bytes_sent [$time_local]", f"812 612 {TIME}", {"response_bytes": 612}),
    "a secret": ("$http_cookie [$time_local]", f"session=1; a=b {TIME}", {"headers": [("cookie", [REDACTED])]}),
    "other headers": (
        '[$time_local] "$http_cf_connecting_ip" "$http_x_request_id" $ssl_protocol $connection $connection_requests',
        f'{TIME} "203.0.113.7" "abc" TLSv1.3 77 2',
        {
            "headers": [("cf-connecting-ip", ["203.0.113.7"])],
            "request_id": "abc",
            "tls_version": "TLSv1.3",
            "connection_id": "77",
            "connection_request": 2,
        },
    ),
    "nginx proxy manager's": (
        (
            "[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host"
            ' "$request_uri" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server]'
            ' "$http_user_agent" "$http_referer"'
        ),
        f'{TIME} - 404 404 - GET https a.example "/x y" [Client 203.0.113.7] [Length 9] [Gzip -] [Sent-to a] "c/8" "-"',
        {
            "peer_ip": "203.0.113.7",
            "method": "GET",
            "target": "/x y",
            "status": 404,
            "host": "a.example",
            "response_bytes": 9,
            "user_agent": "c/8",
            "headers": None,
        },
    ),
    "unknown ones are skipped over": (
        "$a$b $geoip_country_code [$time_local] $status",
        f"what ever DE {TIME} 200",
        {"ts": AT},
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_what_variables_become(name: str) -> None:
    text, line, expected = FORMATS[name]
    has(compiled(text), line, expected)


def test_combined_is_read_as_by_its_own_format() -> None:
    text = (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
        ' "$http_user_agent"'
    )
    line = f'203.0.113.7 - jane {TIME} "GET /a HTTP/1.1" 404 5 "http://r/" "a \\x22 b"'
    assert one(compiled(text), line) == one(combined.COMBINED, line)


def test_what_can_be_read_in_two_ways_is_left_out() -> None:
    """A client's bars would move another value to the place of X-Forwarded-For."""
    form = compiled("$remote_addr|$time_iso8601|$status|$http_user_agent|$http_x_forwarded_for|$host")
    begin = "203.0.113.7|2015-05-17T10:05:03+00:00|200"
    has(form, f"{begin}|x|-|a.example", {"user_agent": "x", "headers": None, "host": "a.example"})
    has(form, f"{begin}|x|10.0.0.1|a.example", {"headers": [("x-forwarded-for", ["10.0.0.1"])]})
    has(
        form,
        f"{begin}|x|6.6.6.6|b.example|-|a.example",
        {"peer_ip": "203.0.113.7", "status": 200, "user_agent": "x", "headers": None, "host": None},
    )


def test_what_a_client_says_of_itself_is_read_as_it_comes() -> None:
    form = compiled('[$time_local] $host $remote_addr "$request" $status $http_referer $http_user_agent')
    expected = {"peer_ip": "203.0.113.7", "status": 200, "headers": None, "user_agent": "Mozilla/5.0 (X11; Linux)"}
    has(form, f'{TIME} a.example 203.0.113.7 "GET / HTTP/2.0" 200 - Mozilla/5.0 (X11; Linux)', expected)


def test_a_name_is_the_formats() -> None:
    assert compiled(MAIN).name == "log_format main"
    assert compiled("$msec").name == "log_format"


def test_a_line_that_is_not_of_the_format_is_refused() -> None:
    assert refused(compiled(MAIN), f"{MAIN_LINE} more") == "not as the log_format says"


FAULTS = {
    "$remote_addr": "no time in the log_format",
    "no variable": "no time in the log_format",
    "$time_local $http_a$http_b": "nothing stands between $http_a and $http_b",
    "$time_local $request_uri$unknown": "nothing stands between $request_uri and $unknown",
    "$time_local $ $status": "character 13: a $ that no name follows",
    "$time_local ${status": "character 13: a $ that no name follows",
    "log_format main": "without a name or without a string",
    "log_format main '$time_local": "character 17: no ' ends what begins here",
    "log_format main '$time_local'; access_log x;": "character 31: something stands behind the ;",
    "log_format main escape=xml '$time_local';": "no escaping of nginx's is called 'xml'",
    "log_format main escape=json;": "no time in the log_format",
    "$time_local" + " " * MAX_CHARS: f"more than {MAX_CHARS} characters",
    "$a " * (MAX_VARIABLES + 1) + "$msec": f"more than {MAX_VARIABLES} variables",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_names_the_variable_or_the_place(text: str) -> None:
    with pytest.raises(UsageFault) as raised:
        compiled(text)
    assert FAULTS[text] in str(raised.value)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*VARIABLES, "http_x_forwarded_for", "http_a", "unknown"]).map(lambda name: f"${name}")
        | st.sampled_from(
            [" ", '"', "|", "[", "]", "(", "\\", "'", "#", ";", "\t", "é", "log_format ", "escape=none "]
        ),
        max_size=12,
    ).map("".join),
    st.text(max_size=30),
)
def test_any_text_is_a_format_or_a_fault(text: str, line: str) -> None:
    for whole in (text, f"{text} $msec", f"log_format x '{text} $msec'"):
        try:
            form = compiled(whole)
        except UsageFault:
            continue
        parsed = form.parse([line.encode(), b"1.5"])
        assert parsed.batch.num_rows + len(parsed.rejects) == 2


def test_a_directive_is_cut_as_nginx_cuts_it() -> None:
    assert directive("log_format a 'b \\' c' \"d \\\" e\" f\\tg # h\n 'i';").format == "b ' cd \" ef\tgi"
