"""What people paste: who connected, which headers came, what follows; and that nothing pasted does harm."""

import gzip
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.clientip import load_config, parse_config
from echo.explain.command import explain
from echo.explain.pasted import AUTO, FORMS, NOTES, Desk, Ends, NoRequest, Unlike, lines, offline, read, run
from echo.explain.pasted.lines import MAX_ITEM_BYTES, Line, Source
from echo.explain.pasted.split import pieces

DATA = Path(__file__).parents[2] / "data"
XFF = "X-Forwarded-For"
TIME = "[17/May/2015:10:05:03 +0000]"

# The article's section 四: the prompt, the command, whoami's answer.
ARTICLE = """\
[root@172-16-155-8 ~]# curl http://whoami.chen1900s.cn/
Hostname: whoami-5696f977bb-5xks6
IP: 127.0.0.1
IP: 10.55.1.14
RemoteAddr: 10.55.1.17:53128
GET / HTTP/1.1
Host: whoami.chen1900s.cn
User-Agent: curl/7.29.0
Accept: */*
X-Forwarded-For: 172.16.55.9
X-Forwarded-Host: whoami.chen1900s.cn
X-Forwarded-Port: 80
X-Forwarded-Proto: http
X-Real-Ip: 172.16.55.9
X-Request-Id: c3e95454d539564bb547352431464788
X-Scheme: http

"""
ARTICLE_TOML = """\
[network]
nodes = ["172.16.55.0/24"]
pods = ["10.55.0.0/16"]
node_pod_prefix = 24
ingress = ["10.55.1.17"]
[[network.service]]
name = "kube-system/realip-nginx-ingress-nginx-controller"
policy = "Cluster"
endpoints = ["ingress"]
[trust]
ranges = ["ingress"]
"""
HEAD = "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 8.8.8.8\r\n\r\n"
CURL = """\
*   Trying 127.0.0.1:8080...
* Connected to localhost (127.0.0.1) port 8080 (#0)
> GET /x HTTP/1.1
> Host: localhost:8080
> User-Agent: curl/7.88.1
> X-Forwarded-For: 8.8.8.8
>\x20
< HTTP/1.1 200 OK
< Content-Length: 5
<\x20
{ [5 bytes data]
* Connection #0 to host localhost left intact
"""
TCPDUMP = """\
01:38:52.164684 IP 10.0.0.7.40000 > 10.0.0.9.8080: Flags [S], seq 1, win 65495, options [mss 65495], length 0
E..<..@.@..(.........\\F..mad.........0.........
01:38:52.164684 IP 10.0.0.7.40000 > 10.0.0.9.8080: Flags [P.], seq 1:79, ack 1, win 512, length 78: HTTP: GET / HTTP/1.1
E..~..@.@.^7..........'.....P...L...GET /x HTTP/1.1
Host: localhost
X-Forwarded-For: 8.8.8.8

01:38:52.165842 IP 10.0.0.9.8080 > 10.0.0.7.40000: Flags [P.], seq 1:99, ack 79, win 64, length 98: HTTP: HTTP/1.1 200
E..~..@.@.^7..........'.....P...L...HTTP/1.1 200 OK
Content-Type: text/plain

Hostname: pod
RemoteAddr: 10.0.0.7:40000
GET /x HTTP/1.1
Host: localhost

"""
TCPDUMP_V6 = """\
01:38:52.163345 lo    In  IP6 (flowlabel 0x1, hlim 64, next-header TCP (6) payload length: 60)
    2001:db8::7.40000 > 2001:db8::9.8080: Flags [P.], cksum 0xfe30 (correct), seq 1:79, ack 1, win 512, length 78
`...GET /x HTTP/1.1
Host: localhost

"""
API = {
    "hostname": "pod",
    "ip": ["127.0.0.1", "10.55.1.14"],
    "headers": {"Accept": ["*/*"], XFF: ["8.8.8.8"]},
    "url": "/api",
    "host": "a.example",
    "method": "GET",
    "remoteAddr": "[2001:db8::7]:40000",
}
RECORD = {
    "v": 1,
    "ts": "2026-11-26T01:38:52.163345Z",
    "peer_ip": "10.0.0.7",
    "peer_port": 40000,
    "proxied_ip": None,
    "proxied_port": None,
    "local_ip": "10.0.1.4",
    "method": "GET",
    "target": "/x",
    "headers": {"host": ["a.example"], "x-forwarded-for": ["8.8.8.8", "1.1.1.1"], "cookie": ["[redacted]"]},
    "client_ip": "10.0.0.7",
    "finding": "header-from-untrusted-proxy",
    "status": 200,
    "error": None,
}
TRAEFIK = {
    "ClientAddr": "10.0.0.7:39490",
    "ClientHost": "8.8.8.8",
    "RequestMethod": "GET",
    "RequestPath": "/x",
    "RequestHost": "a.example",
    "StartUTC": "2021-12-08T14:02:43.464763557Z",
    "request_User-Agent": "Nikto",
}
ENVOY = {
    ":authority": "a.example",
    "downstream_direct_remote_address": "10.0.0.7:49578",
    "downstream_remote_address": "8.8.8.8:0",
    "method": "GET",
    "x-envoy-origin-path": "/x",
    "x-forwarded-for": "8.8.8.8,10.0.0.7",
    "start_time": "2025-12-31T17:30:03.228Z",
}
CADDY = {
    "ts": 1693840791.7564995,
    "request": {
        "remote_ip": "10.0.0.7",
        "remote_port": "44790",
        "client_ip": "8.8.8.8",
        "method": "GET",
        "host": "a.example",
        "uri": "/x",
        "headers": {XFF: ["8.8.8.8"]},
    },
    "status": 200,
}
NGINX_JSON = {"remote_addr": "8.8.8.8", "realip_remote_addr": "10.0.0.7", "request": "GET /x HTTP/1.1"}
TRUSTING = '[network]\nload_balancers = ["10.0.0.7"]\n[trust]\nranges = ["load_balancers"]\n'


def without(document, *names):
    return {key: value for key, value in document.items() if key not in names}


# what is pasted -> form, peer, proxied, request, X-Forwarded-For, finding where 10.0.0.7 is a trusted balancer
PASTED = {
    "the article's transcript": (ARTICLE, "whoami", "10.55.1.17:53128", None, "GET /", ["172.16.55.9"], None),
    "a request after a PROXY header": (
        f"PROXY TCP4 8.8.8.8 10.0.0.9 1024 80\r\n{HEAD}",
        "request", None, "8.8.8.8:1024", "GET /x?y=1", ["8.8.8.8"], None,
    ),
    "tcpdump -nA": (TCPDUMP, "request", "10.0.0.7:40000", None, "GET /x", ["8.8.8.8"], "header-trusted"),
    "tcpdump -nvA, IPv6": (TCPDUMP_V6, "request", "[2001:db8::7]:40000", None, "GET /x", [], "socket-public"),
    "curl -v": (CURL, "request", None, None, "GET /x", ["8.8.8.8"], None),
    "curl -v of whoami": (CURL + ARTICLE, "whoami", "10.55.1.17:53128", None, "GET /", ["172.16.55.9"], None),
    "curl -i of whoami": (
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nForwarded: for=1.1.1.1\r\n\r\n" + ARTICLE,
        "whoami", "10.55.1.17:53128", None, "GET /", ["172.16.55.9"], None,
    ),
    "folded, as RFC 2616 allowed": (
        "GET /x HTTP/1.1\nHost: a\nX-Forwarded-For: 8.8.8.8,\n 1.1.1.1\n",
        "request", None, None, "GET /x", ["8.8.8.8, 1.1.1.1"], None,
    ),
    "headers alone": (f"Host: a.example\n{XFF}: 8.8.8.8\n", "request", None, None, "", ["8.8.8.8"], None),
    "whoami on a UNIX socket": (
        "Hostname: pod\nRemoteAddr: @\nGET / HTTP/1.1\nHost: a\n\n",
        "whoami", "@", None, "GET /", [], "peer-no-address",
    ),
    "whoami's /api": (json.dumps(API), "api", "[2001:db8::7]:40000", None, "GET /api", ["8.8.8.8"], None),
    "a record": (
        json.dumps(RECORD), "record", "10.0.0.7:40000", None, "GET /x", ["8.8.8.8", "1.1.1.1"],
        "header-trusted-claims-ignored",
    ),
    "a record with a PROXY header": (
        json.dumps({**RECORD, "proxied_ip": "8.8.8.8", "proxied_port": 7}),
        "record", "10.0.0.7:40000", "8.8.8.8:7", "GET /x", ["8.8.8.8", "1.1.1.1"], None,
    ),
    "a record by jq": (
        json.dumps(RECORD, indent=2), "record", "10.0.0.7:40000", None, "GET /x", ["8.8.8.8", "1.1.1.1"],
        "header-trusted-claims-ignored",
    ),
    "a record by kubectl logs --prefix --timestamps": (
        "[pod/whoami-1/whoami] 2026-11-26T01:38:52.163345Z " + json.dumps(RECORD),
        "record", "10.0.0.7:40000", None, "GET /x", ["8.8.8.8", "1.1.1.1"], "header-trusted-claims-ignored",
    ),
    "Traefik": (json.dumps(TRAEFIK), "traefik", "10.0.0.7:39490", None, "GET /x", ["8.8.8.8"], "header-trusted"),
    "Traefik, headers kept": (
        json.dumps({**TRAEFIK, f"request_{XFF}": "1.1.1.1, 8.8.8.8"}),
        "traefik", "10.0.0.7:39490", None, "GET /x", ["1.1.1.1, 8.8.8.8"], "header-trusted-claims-ignored",
    ),
    "Envoy": (json.dumps(ENVOY), "envoy", "10.0.0.7:49578", None, "GET /x", ["8.8.8.8,10.0.0.7"], "header-trusted"),
    "Istio, which has the derived address alone": (
        json.dumps(without(ENVOY, "downstream_direct_remote_address", "x-forwarded-for")),
        "envoy", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "Caddy": (json.dumps(CADDY), "caddy", "10.0.0.7:44790", None, "GET /x", ["8.8.8.8"], "header-trusted"),
    "nginx's variables": (
        json.dumps(NGINX_JSON), "nginx-json", "10.0.0.7:0", None, "GET /x", [], "proxy-without-header",
    ),
    "combined": (
        f'8.8.8.8 - frank {TIME} "GET /x HTTP/1.1" 200 203023 "http://a.example/" "Mozilla/5.0"',
        "combined", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "nginx's main": (
        f'10.0.0.7 - - {TIME} "GET /x HTTP/1.1" 200 5 "-" "curl" "1.1.1.1, 8.8.8.8"',
        "combined", "10.0.0.7:0", None, "GET /x", ["1.1.1.1, 8.8.8.8"], "header-trusted-claims-ignored",
    ),
    "Apache's vhost_combined": (
        f'a.example:80 8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 500 803 "-" "x"',
        "combined", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "a line in a CRI file": (
        f'2022-01-28T16:04:05.413656027Z stdout F 8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 13 "-" "curl/7.68.0"',
        "combined", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "a line in Docker's json-file": (
        '{"log":"8.8.8.8 - - [17/May/2015:10:05:03 +0000] \\"GET /x HTTP/1.1\\" 200 13\\n","stream":"stdout"}',
        "combined", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "docker compose logs": (
        f'web-1  | 8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 13 "-" "x"',
        "combined", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "ingress-nginx": (
        f'8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 13 "-" "c" 80 0.000 [a-80] [] 10.244.0.9:80 13 0.000 200 c9',
        "ingress-nginx", "8.8.8.8:0", None, "GET /x", [], "socket-public",
    ),
    "Traefik's common log": (
        f'10.0.0.7 - - {TIME} "GET /x HTTP/1.1" 200 414 "-" "-" 500 "test@docker" "http://172.17.0.3:80" 0ms',
        "traefik-clf", "10.0.0.7:0", None, "GET /x", [], "proxy-without-header",
    ),
    "Traefik's common log with a list in front": (
        f'1.1.1.1, 8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 414 "-" "-" 500 "a@b" "http://172.17.0.3:80" 0ms',
        "traefik-clf", None, None, "GET /x", ["1.1.1.1, 8.8.8.8"], None,
    ),
    "Traefik's common log with blanks in front": (
        f'1.1.1.1 8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 414 "-" "-" 500 "a@b" "http://172.17.0.3:80" 0ms',
        "traefik-clf", None, None, "GET /x", ["1.1.1.1 8.8.8.8"], None,
    ),
    "a list in front": (
        f'1.1.1.1, 8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 414 "-" "-"',
        "combined", None, None, "GET /x", ["1.1.1.1, 8.8.8.8"], None,
    ),
    "a list in quotes and the peer": (
        f'"1.1.1.1, 8.8.8.8" 10.0.0.7 - - {TIME} "GET /x HTTP/1.1" 200 414 "-" "-"',
        "combined", "10.0.0.7:0", None, "GET /x", ["1.1.1.1, 8.8.8.8"], "header-trusted-claims-ignored",
    ),
    "a TLS hello in a log": (
        f'8.8.8.8 - - {TIME} "\\x16\\x03\\x01" 400 157 "-" "-"',
        "combined", "8.8.8.8:0", None, "\\x16\\x03\\x01", [], "socket-public",
    ),
    "a host name in the first column": (
        f'crawler.example.com - - {TIME} "GET /x HTTP/1.1" 200 5', "combined", None, None, "GET /x", [], None,
    ),
}  # fmt: skip


def read_all(text, name=AUTO):
    found = [Line(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), 1)]
    return [read(piece, name) for piece in pieces(found)]


@pytest.mark.parametrize("name", PASTED)
def test_what_is_read(name):
    text, form, peer, proxied, asked, forwarded, finding = PASTED[name]
    (pasted,) = read_all(text)
    arrival = pasted.arrival
    assert (pasted.form, arrival.peer, arrival.proxied, pasted.asked) == (form, peer, proxied, asked)
    assert [value for key, value in arrival.headers if key.lower() == XFF.lower()] == forwarded
    assert bool(pasted.lacks) == (peer is None)
    judged = Desk(parse_config(TRUSTING, "")).judge(pasted)
    assert (judged is None) == (peer is None)
    if finding:
        assert judged.explanation.finding.code == finding


def test_a_log_behind_a_packet_or_a_body_is_read():
    line = f'8.8.8.8 - - {TIME} "GET /x HTTP/1.1" 200 5'
    post = "POST /x HTTP/1.1\nHost: a\nContent-Length: 20\n\nuser=a&password=b\n"
    assert [one.form for one in read_all(TCPDUMP + line)] == ["request", "combined"]
    assert [one.form for one in read_all(post + line)] == ["request", "combined"]
    chunked = "POST /x HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n"
    assert [one.form for one in read_all(chunked + HEAD + chunked)] == ["request"] * 3


def test_every_form_and_every_note_is_in_the_table():
    assert {row[1] for row in PASTED.values()} | {"explanation"} == set(FORMS)
    config = parse_config(TRUSTING, "")
    told = set()
    for text, *_ in PASTED.values():
        for ends in (Ends(), Ends("10.0.0.7:1")):
            judged = Desk(config, ends=ends).judge(read_all(text)[0])
            told |= set(judged.notes) if judged else set()
    text = f'8.8.8.8 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "8.8.8.8"'
    told |= set(Desk(config).judge(read_all(text)[0]).notes)
    assert told == set(NOTES)


def test_the_article_s_transcript_is_explained_as_the_article_does(tmp_path):
    (tmp_path / "whofrom.toml").write_text(ARTICLE_TOML)
    judged = Desk(load_config(str(tmp_path / "whofrom.toml"))).judge(read_all(ARTICLE)[0])
    explanation = judged.explanation
    assert (str(explanation.resolution.client), explanation.finding.code) == ("172.16.55.9", "snat-before-proxy")
    assert explanation.lost_at.hop.text == "172.16.55.9"
    untold = ARTICLE_TOML.partition("[[")[0] + "[trust]" + ARTICLE_TOML.partition("[trust]")[2]
    (tmp_path / "whofrom.toml").write_text(untold)
    judged = Desk(load_config(str(tmp_path / "whofrom.toml"))).judge(read_all(ARTICLE)[0])
    assert judged.explanation.finding.code == "snat-before-proxy-suspected"


def test_what_whoami_answered_is_read():
    """Every recorded answer of `/` and `/api` on a connection of its own; not those with chunks' sizes in between."""
    read_back = 0
    for row in map(json.loads, (DATA / "whoami" / "exchanges.jsonl").read_text("utf-8").splitlines()):
        answer, request = row["response"], row["request"]
        shown = isinstance(answer, str) and ("RemoteAddr: 127.0.0.1:54321" in answer or '"remoteAddr":"' in answer)
        if shown and isinstance(request, str) and answer.count("HTTP/1.1 200 OK") == 1 and "chunked" not in answer:
            found = read_all(answer)
            assert [one.arrival.peer for one in found] == ["127.0.0.1:54321"], row["name"]
            assert found[0].asked.split(" ")[0] in request
            read_back += 1
    assert read_back > 30


# --- what the server knew of itself -----------------------------------------------------------------------------------

CLUSTER = """\
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16"]
node_pod_prefix = 26
"""


@pytest.mark.parametrize(
    ("local_ip", "peer", "classes"),
    [
        ("172.18.0.70", "172.18.0.65", "bridge"),  # its own node's
        ("172.18.0.150", "172.18.0.65", "other-bridge"),
        (None, "172.18.0.65", "bridge"),
        ("172.18.0.70", "172.18.0.70", "own-pod"),
        ("192.168.0.17", "192.168.0.17", "own-host"),  # the host's network
        ("127.0.0.1", "127.0.0.1", "loopback"),
    ],
)
def test_a_record_s_local_ip_tells_bridges_apart(local_ip, peer, classes):
    record = {**RECORD, "local_ip": local_ip, "peer_ip": peer, "headers": {}, "node": "node-1"}
    judged = Desk(parse_config(CLUSTER, "")).judge(read_all(json.dumps(record))[0])
    assert judged.explanation.hops[-1].meaning.code == classes


def test_nodes_take_turns_in_the_log_s_own_time():
    def finding(seconds):
        desk = Desk(parse_config(CLUSTER, ""))
        for number, node in enumerate((17, 36, 17)):
            record = {
                **RECORD, "peer_ip": f"192.168.0.{node}", "headers": {"host": ["a"]},
                "ts": f"2026-11-26T01:{number * seconds // 60:02}:{number * seconds % 60:02}.000000Z",
            }  # fmt: skip
            judged = desk.judge(read_all(json.dumps(record))[0])
        return judged.explanation.finding.code

    assert finding(10) == "snat-at-node"
    assert finding(400) == "snat-suspected"


def test_explainers_are_bounded(monkeypatch):
    monkeypatch.setattr(offline, "MAX_SERVERS", 3)
    desk = Desk(parse_config(CLUSTER, ""))
    for number in range(9):
        desk.judge(read_all(json.dumps({**RECORD, "local_ip": f"172.18.0.{number}"}))[0])
    assert len(desk._explainers) == 3


def test_a_malformed_request_keeps_its_finding():
    record = {
        **RECORD,
        "method": None,
        "headers": {},
        "status": 400,
        "error": "no HTTP",
        "finding": "tls-on-plain-port",
    }
    judged = Desk(parse_config("", "")).judge(read_all(json.dumps(record))[0])
    assert judged.explanation.finding.code == "tls-on-plain-port"
    judged = Desk(parse_config("", "")).judge(read_all(json.dumps({**record, "finding": "socket-public"}))[0])
    assert judged.explanation.finding.code == "malformed-request"


def test_a_record_about_dropped_ones_is_no_request():
    with pytest.raises(NoRequest):
        read_all(json.dumps({**RECORD, "status": 0, "method": None, "error": "9 records were dropped"}))


def test_peer_goes_before_a_column_that_may_be_derived_and_not_before_a_peer():
    line = f'8.8.8.8 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" "8.8.8.8"'
    desk = Desk(parse_config(TRUSTING, ""), ends=Ends("10.0.0.7:1"))
    judged = desk.judge(read_all(line)[0])
    assert (judged.explanation.finding.code, judged.notes) == ("header-trusted", ("peer-given",))
    judged = desk.judge(read_all(ARTICLE)[0])
    assert judged.explanation.arrival.peer == "10.55.1.17:53128"


# what is nothing known -> a part of the reasons
UNKNOWN = {
    "nonsense": "combined: no [day/month/year:time zone] in it",
    "{": "not JSON",
    '{"v": 2, "headers": {}, "peer_ip": null}': "record, explanation: version 2 is newer than 1: upgrade whofrom",
    '{"v": 1}': "record: field peer_ip or headers is missing",
    "[1]": "no JSON object",
    '{"a": "\\ud800"}': "not JSON",
    "Hostname: a\nIP: 1.2.3.4\n": "whoami: no request follows its first lines",
    "PROXY TCP4 nonsense\nGET / HTTP/1.1\nHost: a\n": "request: PROXY header: no line of version 1",
    f"8.8.8.8 - - {TIME}": "combined: no quoted request after the time",
    f'8.8.8.8 - - {TIME.replace("May", "Foo")} "GET / HTTP/1.1" 200 5': "combined: the time is no date",
    f'{{"a": "{"x" * MAX_ITEM_BYTES}"}}': "longer than 64 KiB",
    "GET / HTTP/1.1\n" + "A: b\n" * (MAX_ITEM_BYTES // 5): "longer than 64 KiB",
}


@pytest.mark.parametrize("text", UNKNOWN, ids=lambda text: text[:20])
def test_what_is_nothing_known_says_why(text):
    numbered = Source(io.BytesIO(text.encode()), "x")
    with pytest.raises(Unlike) as why:
        [read(piece) for piece in pieces(numbered)]
    assert UNKNOWN[text] in str(why.value)
    assert len(str(why.value)) < 1000


# --- whofrom explain --------------------------------------------------------------------------------------------------


def run_on(text, *arguments):
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    return CliRunner().invoke(explain, list(arguments), input=data)


def test_one_request_in_full(tmp_path):
    (tmp_path / "whofrom.toml").write_text(ARTICLE_TOML)
    (tmp_path / "article.txt").write_text(ARTICLE)
    arguments = ("--config", str(tmp_path / "whofrom.toml"))
    piped = run_on(ARTICLE, *arguments)
    assert piped.exit_code == 0
    assert piped.output == run_on("", str(tmp_path / "article.txt"), *arguments).output
    assert piped.output == run_on(ARTICLE, "-", *arguments).output
    assert "Verdict: LOST at 172.16.55.9, a cluster node (snat-before-proxy)\n" in piped.output
    assert piped.output.endswith("Read as: what whoami and whofrom answer at / (whoami), line 2.\n")
    document = json.loads(run_on(ARTICLE, *arguments, "-o", "json").output)
    assert document["client"]["ip"] == "172.16.55.9"
    assert document["pasted"] == {
        "form": "whoami", "line": 2, "notes": [], "logged": {"client": None, "finding": None}, "error": None,
    }  # fmt: skip


def test_an_explanation_explains_itself():
    """/explain's JSON, one line or by jq, gives the same explanation again."""
    first = run_on(json.dumps(RECORD), "--trust", "10.0.0.0/8", "-o", "json").output
    for again in (first, json.dumps(json.loads(first), indent=2)):
        second = run_on(again, "--trust", "10.0.0.0/8", "-o", "json")
        ours, theirs = json.loads(second.output), json.loads(first)
        assert (ours.pop("pasted")["form"], theirs.pop("pasted")["form"]) == ("explanation", "record")
        assert ours == theirs
    other = run_on(first, "--trust", "192.0.2.0/24").output
    assert "Logged:  client 1.1.1.1, finding header-trusted-claims-ignored\n" in other
    assert "Whoever wrote this concluded otherwise" in other


def test_several_requests_in_a_line_each():
    text = (
        f'8.8.8.8 - - {TIME} "GET /a HTTP/1.1" 200 5\nnonsense\n'
        f'8.8.4.4 - - {TIME} "GET /{"b" * 99} HTTP/1.1" 200 5\n' + ARTICLE
    )
    result = run_on(text)
    assert result.exit_code == 1
    assert result.stderr.startswith("line 2: 'nonsense' is nothing known (request: no request line; ")
    rows = [line.split() for line in result.stdout.splitlines()[:4]]
    assert rows[0] == ["line", "client", "verdict", "finding", "request"]
    assert rows[1] == ["1", "8.8.8.8", "preserved-at-socket", "socket-public", "GET", "/a"]
    assert rows[2][:4] == ["3", "8.8.4.4", "preserved-at-socket", "socket-public"]
    assert rows[2][-1].endswith("bbb…")
    assert rows[3][:3] == ["5", "10.55.1.17", "untrusted-header"]
    assert "\n3 requests, by finding:\n        2  preserved-at-socket  socket-public\n" in result.stdout
    assert "\n        1  not explained\n" in result.stdout
    asjson = run_on(text, "-o", "json")
    assert asjson.exit_code == 1
    assert [json.loads(line)["pasted"]["line"] for line in asjson.stdout.splitlines()] == [1, 3, 5]


def test_a_page_shows_one_request():
    line = f'8.8.8.8 - - {TIME} "GET /<script> HTTP/1.1" 200 5\n'
    page = run_on(line, "-o", "html")
    assert page.exit_code == 0
    assert page.stdout.lower().startswith("<!doctype html>")
    assert "<script>" not in page.stdout
    assert page.stderr.startswith("Read as: ")
    assert "Note:    The first column is the other end of the connection, or" in page.stderr
    several = run_on(line * 2, "-o", "html")
    assert several.stdout == ""
    assert str(several.exception) == (
        "-o html: standard input holds several requests; paste one of them, or use -o text or -o json"
    )


def test_a_real_log():
    packed = (DATA / "logs" / "access.log.gz").read_bytes()
    for data in (packed, gzip.decompress(packed)):
        found = [read(piece) for piece in pieces(Source(io.BufferedReader(io.BytesIO(data)), "x"))]
        assert [one.form for one in found] == ["combined"] * 1000
    result = run_on("", str(DATA / "logs" / "access.log.gz"), "--format", "combined")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1012)
    assert "\n1,000 requests, by finding:\n    1,000  preserved-at-socket  socket-public\n" in result.stdout


def test_a_named_form_is_the_only_one_tried():
    line = f'8.8.8.8 - - {TIME} "GET / HTTP/1.1" 200 5\n'
    result = run_on(line, "--format", "ingress-nginx")
    assert result.exit_code == 1
    assert "is nothing known (ingress-nginx: no [upstream name] behind the user agent)\n" in result.stderr
    assert "(record: no JSON object)" in run_on(line, "--format", "record").stderr


def test_who_connected_must_be_known():
    result = run_on(HEAD)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(
        "line 1 (request): a request does not hold who sent it; add --peer ADDRESS, the other end of the connection"
    )
    told = run_on(HEAD, "-", "--peer", "10.0.0.7", "--trust", "10.0.0.0/8")
    assert told.exit_code == 0
    assert told.stdout.startswith("Client:  8.8.8.8, a public address\n")
    assert "Note:    The other end of the connection is that of --peer.\n" in told.stdout
    proxied = run_on(HEAD, "-", "--peer", "10.0.0.7", "--proxied", "8.8.8.8:1", "-o", "json").stdout
    assert json.loads(proxied)["client"]["source"] == "proxied-peer"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-H", "A: b"], "who sent the request? add --peer ADDRESS"),
        (["--proxied", "1.1.1.1"], "who sent the request? add --peer ADDRESS"),
        (["-", "--proxied", "1.1.1.1"], "who sent the request? add --peer ADDRESS"),
        (["-", "-H", "A: b"], "-H describes a request by hand, but FILE '-' holds its headers"),
        (["-", "--format", "iis"], "'iis' is not one of 'auto'"),
        (["no/such/file"], "no/such/file: cannot read it: No such file or directory"),
        (["/"], "cannot read it: Is a directory"),
        (["-"], "standard input: no request in it; paste one of: request, whoami, record"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments, complaint):
    result = run_on("\n# a comment\n```\n", *arguments)
    assert result.exit_code != 0
    assert complaint in result.output + str(result.exception)


def test_a_terminal_is_not_waited_for(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(Exception, match="nothing to explain: name a FILE, - to paste here, or describe a request"):
        explain.main([], standalone_mode=False)


def test_the_request_by_hand_reads_nothing():
    result = run_on("\0nothing that could be read", "--peer", "8.8.8.8")
    assert (result.exit_code, result.stderr) == (0, "")


def test_limits(monkeypatch):
    line = f'8.8.8.8 - - {TIME} "GET / HTTP/1.1" 200 5\n'
    result = run_on(line + "x" * (MAX_ITEM_BYTES * 3) + "\n" + line)
    assert (result.exit_code, len(result.stdout.splitlines()) > 5) == (1, True)
    assert "line 2: 'xxx" in result.stderr
    assert "it is longer than 64 KiB\n" in result.stderr
    monkeypatch.setattr(lines, "MAX_BYTES", 3 * len(line))
    result = run_on(line * 5)
    assert result.exit_code == 1
    assert "stopped at line 4: " in result.stderr
    assert "\n3 requests, by finding:" in result.stdout
    monkeypatch.setattr(run, "MAX_COMPLAINTS", 2)
    assert run_on("a\nb\nc\n").stderr.splitlines()[2:] == ["1 more could not be explained"]


def test_broken_gzip_is_a_fault(tmp_path):
    whole = gzip.compress(b"x" * 999)
    for name, data in (("cut.gz", whole[:-9]), ("bad.gz", whole[:12] + b"\xff\xff\xff" + whole[15:])):
        (tmp_path / name).write_bytes(data)
        result = run_on("", str(tmp_path / name))
        assert "broken gzip" in str(result.exception)


# --- whatever is pasted -----------------------------------------------------------------------------------------------

FRAGMENTS = [
    *(text for text, *_ in PASTED.values()),
    *(line + "\n" for text, *_ in PASTED.values() for line in text.split("\n")),
    *UNKNOWN,
    "\x1b[31mred\x1b[0m", "\u202e", "\0", "\r", "\n", "\n\n", " ", '"', "{", "}\n", "> ", "< ", "* ", "```\n", "$ ls\n",
]  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from([text for text in FRAGMENTS if len(text) < 2000]), st.text(max_size=20)))


def harmless(result):
    assert (
        result.exception is None
        or isinstance(result.exception, SystemExit)
        or "no request in it" in str(result.exception)
    )
    for text in (result.stdout, result.stderr):
        assert all(char == "\n" or char.isprintable() for char in text), text


@settings(max_examples=150, deadline=None)
@given(data=TEXTS, arguments=st.sampled_from([(), ("-", "--peer", "10.0.0.7"), ("-", "-o", "json")]))
def test_anything_pasted_is_explained_or_told(data, arguments):
    harmless(run_on("".join(data).encode("utf-8", "surrogatepass"), *arguments))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400), name=st.sampled_from([AUTO, *FORMS]))
def test_any_bytes_are_explained_or_told(data, name):
    harmless(run_on(data, "-", "--format", name))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_field_of_another_type_is_no_traceback(data):
    """Each field of each JSON form, exchanged for anything."""
    explained = json.loads(run_on(json.dumps(RECORD), "-o", "json").output)
    document = dict(data.draw(st.sampled_from([RECORD, API, TRAEFIK, ENVOY, CADDY, NGINX_JSON, explained])))
    inside = document
    if "request" in document and isinstance(document["request"], dict) and data.draw(st.booleans()):
        inside = document["request"] = dict(document["request"])
    inside[data.draw(st.sampled_from(sorted(inside)))] = data.draw(ANY_JSON)
    harmless(run_on(json.dumps(document)))
