"""/metrics before those who read it: promtool, a real Prometheus, and its text in both formats."""

import json
import platform
import re
import subprocess
import time
import urllib.parse
from importlib.metadata import version

import pytest

from echo.explain import FINDINGS
from tests.echo.peers.programs import HOST, answers, ask, free_port, program, started

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
SCRAPE = """\
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
scrape_configs:
  - job_name: whofrom
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""
# What the server is asked before it is measured: route -> how often
ASKED = {"/": 30, "/ip": 20, "/status/CODE": 10, "/livez": 5}
TARGETS = {"/": "/", "/ip": "/ip?expect=6.6.6.6", "/status/CODE": "/status/503", "/livez": "/livez"}
STATUSES = {"/": "2xx", "/ip": "4xx", "/status/CODE": "5xx", "/livez": "2xx"}
# what is no request: kind -> (bytes, how often)
BROKEN = {
    "request-line": (b"nonsense\r\n\r\n", 3),
    "tls-on-plain": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 2),
    "proxy-unexpected": (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\r\n", 1),
}
TOTAL = sum(ASKED.values()) + sum(count for _, count in BROKEN.values())


@pytest.fixture(scope="module")
def busy(start_session):
    """A server of two workers that has answered what is above, each request on a connection of its own."""
    with start_session("busy", "", "--workers", "2") as server:
        for route, count in ASKED.items():
            for _ in range(count):
                ask(server.port, TARGETS[route], host="127.0.0.1")
        for data, count in BROKEN.values():
            for _ in range(count):
                server.send(data)
        yield server


def scraped(server, accept="text/plain"):
    """Return the answer of /metrics."""
    return ask(server.port, "/metrics", host="127.0.0.1", fields={"Accept": accept})


def samples(text):
    """Return name with labels -> value."""
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def test_promtool_has_no_complaint(busy):
    answer = scraped(busy)
    assert answer.fields["Content-Type"].startswith("text/plain; version=0.0.4")
    command = [program("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=answer.body, capture_output=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == (b"", 0)


def test_open_metrics_where_it_is_asked_for(busy):
    answer = scraped(busy, f"{OPEN_METRICS},text/plain;version=0.0.4;q=0.5")
    assert answer.fields["Content-Type"].startswith(OPEN_METRICS)
    assert answer.body.endswith(b"# EOF\n")
    assert b"# TYPE whofrom_requests counter\n" in answer.body
    assert b"# TYPE whofrom_requests_total counter\n" in scraped(busy, "*/*").body


def test_counts_of_both_workers_agree_with_the_log(busy):
    """What is counted is what is logged, whichever worker answered; each has had its share."""
    records = busy.records(TOTAL, lambda record: record["target"] != "/metrics")
    assert len(records) == TOTAL
    workers = {record["connection_id"].partition("-")[0] for record in records}
    assert len(workers) == 2
    found = samples(scraped(busy).body.decode())
    for route, count in ASKED.items():
        assert found[f'whofrom_requests_total{{route="{route}",status="{STATUSES[route]}"}}'] == count
        logged = [record for record in records if record["target"] == TARGETS[route]]
        assert len(logged) == count
    malformed = [record for record in records if FINDINGS[record["finding"]].verdict == "malformed"]
    assert len(malformed) == sum(count for _, count in BROKEN.values())
    assert sum(value for name, value in found.items() if name.startswith("whofrom_malformed_total")) == len(malformed)
    assert found['whofrom_requests_total{route="malformed",status="4xx"}'] == len(malformed)
    others = sum(value for name, value in found.items() if name.startswith('whofrom_requests_total{route="/metrics"'))
    for whole in ("whofrom_request_duration_seconds_count", "resolutions", "findings"):
        names = [name for name in found if whole in name and "_created" not in name]
        assert sum(found[name] for name in names) == TOTAL + others


def test_numbers_of_the_log_follow_within_a_second(busy):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = busy.log.read_bytes().count(b"\n")
        found = samples(scraped(busy).body.decode())
        if found["whofrom_log_records_total"] >= lines:
            return
        time.sleep(1.1)
    pytest.fail(f"{found['whofrom_log_records_total']} records are counted of {lines}")


@pytest.fixture(scope="module")
def prometheus(busy, tmp_path_factory):
    """A Prometheus that has scraped the server, asked in its language. It looks for targets every 5 seconds only."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "prometheus.yml").write_text(SCRAPE.format(port=busy.port))

    def query(words):
        target = f"/api/v1/query?query={urllib.parse.quote(words)}"
        answer = json.loads(ask(port, target).body)
        assert answer["status"] == "success", answer
        return [(found["metric"], float(found["value"][1])) for found in answer["data"]["result"]]

    flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={HOST}:{port}")
    with started(folder, program("prometheus"), *flags, ready=lambda: answers(port, "/-/ready")):
        deadline = time.monotonic() + 20
        while not query("whofrom_build_info") and time.monotonic() < deadline:
            time.sleep(0.1)
        yield query


def test_prometheus_is_content(prometheus):
    assert [value for _, value in prometheus('max_over_time(up{job="whofrom"}[1m])')] == [1]


def test_requests_by_route(prometheus):
    found = {
        (labels["route"], labels["status"]): value
        for labels, value in prometheus('sum by (route, status) (whofrom_requests_total{route!="/metrics"}) > 0')
    }
    expected = {(route, STATUSES[route]): count for route, count in ASKED.items()}
    assert found == expected | {("malformed", "4xx"): sum(count for _, count in BROKEN.values())}


def test_malformed_by_kind(prometheus):
    found = {labels["kind"]: value for labels, value in prometheus("sum by (kind) (whofrom_malformed_total) > 0")}
    assert found == {kind: count for kind, (_, count) in BROKEN.items()}


def test_build_info_and_workers(prometheus):
    [(labels, value)] = prometheus("whofrom_build_info")
    assert (labels["version"], labels["python"], value) == (version("whofrom"), platform.python_version(), 1)
    assert [value for _, value in prometheus("whofrom_workers")] == [2]
    [(_, seconds)] = prometheus("time() - whofrom_start_time_seconds")
    assert 0 < seconds < 600


def test_the_histogram_can_be_asked_for_a_quantile(prometheus):
    words = "histogram_quantile(0.5, sum by (le) (whofrom_request_duration_seconds_bucket))"
    [(_, seconds)] = prometheus(words)
    assert 0 < seconds < 1


def test_a_scrape_counts_itself_in_the_next(prometheus):
    words = 'sum(increase(whofrom_requests_total{route="/metrics",status="2xx"}[30s]))'
    deadline = time.monotonic() + 10
    while not (found := prometheus(words)) or found[0][1] == 0:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
