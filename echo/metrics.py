"""
What the server counts, declared once: `/metrics` shows it in Prometheus' formats, added up over all workers.

On the way of a request there are plain additions to `echo.counters`, nothing else; names, labels and text are made when
somebody asks. Labels take the values declared here alone: nothing that a client writes becomes one.
"""

import platform
import time
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from echo.clientip import REASONS
from echo.counters import Counters, Metric
from echo.explain import FINDINGS
from echo.malformed import KINDS
from echo.routes import ROUTE_NAMES

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric as Family

STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "other")
# upper bounds of the latency histogram, in microseconds: an answer takes some 20, a `?wait=` as long as it says
LATENCY_BOUNDS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000, 10_000_000)
TIMEOUTS = {
    "header": "--header-timeout: the head, the TLS handshake or the PROXY header was not complete.",
    "body": "--body-timeout: nothing of the body came.",
    "send": "--send-timeout: the client took nothing of its answer.",
    "idle": "--idle-timeout: nothing came on a new connection.",
    "keep-alive": "--keep-alive: no further request came.",
}

REQUESTS = "whofrom_requests_total"
LATENCY = "whofrom_request_duration_seconds"
RESOLUTIONS = "whofrom_resolutions_total"
FOUND = "whofrom_findings_total"
MALFORMED = "whofrom_malformed_total"
OPEN = "whofrom_connections_open"
OPENED = "whofrom_connections_total"
REFUSED = "whofrom_connections_refused_total"
TIMED_OUT = "whofrom_timeouts_total"
MESSAGES = "whofrom_websocket_messages_total"
LOG_HELD = "whofrom_log_queue_bytes"
LOGGED = "whofrom_log_records_total"
DROPPED = "whofrom_log_dropped_total"
LOG_FAILURES = "whofrom_log_write_failures_total"
BLOCKED = "whofrom_log_blocked"

METRICS: tuple[Metric, ...] = (
    Metric(
        REQUESTS,
        "counter",
        "Requests answered and logged, by route and class of the status; malformed ones are a route of their own.",
        {"route": ROUTE_NAMES, "status": STATUS_CLASSES},
    ),
    Metric(
        LATENCY,
        "histogram",
        "From the complete head to the answer handed to the socket, waits included.",
        bounds=LATENCY_BOUNDS,
        scale=1e-6,
    ),
    Metric(RESOLUTIONS, "counter", "Requests by why the client is who it is.", {"reason": tuple(REASONS)}),
    Metric(FOUND, "counter", "Requests by the code of their finding.", {"finding": tuple(FINDINGS)}),
    Metric(MALFORMED, "counter", "What came and is no request, by kind.", {"kind": tuple(KINDS)}),
    Metric(OPEN, "gauge", "Connections open now."),
    Metric(OPENED, "counter", "Connections that were accepted."),
    Metric(REFUSED, "counter", "Connections refused because --max-connections were open."),
    Metric(TIMED_OUT, "counter", "Connections that a timeout ended.", {"timeout": tuple(TIMEOUTS)}),
    Metric(MESSAGES, "counter", "WebSocket messages echoed."),
    Metric(LOG_HELD, "gauge", "Bytes of records that are held for the log."),
    Metric(LOGGED, "counter", "Records written to the log."),
    Metric(DROPPED, "counter", "Records lost because the log was full, under --log-full drop."),
    Metric(LOG_FAILURES, "counter", "Tries to write the log that failed."),
    Metric(BLOCKED, "gauge", "Workers that read no requests because the log is full, under --log-full block."),
)
BUILD = "whofrom_build_info"
STARTED = "whofrom_start_time_seconds"
WORKERS = "whofrom_workers"
RESTARTS = "whofrom_worker_restarts_total"
# what is known without counting: name -> (kind, help, labels)
FACTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    BUILD: ("gauge", "Version of whofrom and of Python; always 1.", ("version", "python")),
    STARTED: ("gauge", "When the server was started, in seconds since 1970.", ()),
    WORKERS: ("gauge", "Workers that the server runs.", ()),
    RESTARTS: ("counter", "Workers that were started again because one had died.", ()),
}


def request_offset(route: str, status: int) -> int:
    """Return where a request is counted, from the start of REQUESTS: the order of its series."""
    classed = status // 100 - 1 if status < 600 else len(STATUS_CLASSES) - 1
    return ROUTE_NAMES.index(route) * len(STATUS_CLASSES) + classed


class Exposition:
    """Makes the text of /metrics."""

    def __init__(self, counters: Counters, restarts: memoryview) -> None:
        """`restarts` holds, at 0, how many workers were started again."""
        self._counters = counters
        self._restarts = restarts
        self._started = time.time()

    def text(self, accept: str) -> tuple[str, bytes]:
        """Return (Content-Type, text) in the format that the Accept header asks for."""
        from prometheus_client import CollectorRegistry  # noqa: PLC0415  # loads when somebody asks
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        try:
            encode, kind = choose_encoder(accept)
        except (TypeError, ValueError):  # it trips over versions that are none
            encode, kind = choose_encoder("")
        return kind, encode(registry)

    def collect(self) -> "Iterator[Family]":
        """Yield prometheus_client's families, one a metric."""
        from importlib.metadata import version  # noqa: PLC0415

        from prometheus_client import core  # noqa: PLC0415

        kinds = {"counter": core.CounterMetricFamily, "gauge": core.GaugeMetricFamily}
        total = self._counters.total
        for metric in METRICS:
            start = self._counters.start[metric.name]
            counts = [total(slot) for slot in range(start, start + metric.size)]
            if metric.kind == "histogram":
                yield _histogram(metric, counts)
                continue
            family = kinds[metric.kind](metric.name, metric.help, labels=list(metric.labels))
            for values, count in zip(metric.series, counts, strict=True):
                family.add_metric(list(values), count)
            yield family
        known: dict[str, tuple[tuple[str, ...], float]] = {
            BUILD: ((version("whofrom"), platform.python_version()), 1),
            STARTED: ((), self._started),
            WORKERS: ((), self._counters.workers),
            RESTARTS: ((), self._restarts[0]),
        }
        for name, (kind, text, labels) in FACTS.items():
            family = kinds[kind](name, text, labels=labels)
            family.add_metric(*known[name])
            yield family


def _histogram(metric: Metric, counts: list[int]) -> "Family":
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415

    bounds = [*(format(bound * metric.scale, "g") for bound in metric.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(counts[:-1]), strict=True))
    return HistogramMetricFamily(metric.name, metric.help, buckets=buckets, sum_value=counts[-1] * metric.scale)
