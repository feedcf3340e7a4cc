"""Which format lines are taken for, and which one a name or a text names."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UsageFault
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from pipeline.sources import FORMATS, named
from pipeline.sources.reader import HEAD_BYTES
from tests.pipeline.sources import test_ingress_nginx
from tests.pipeline.sources.lines import TIME, sniffed

INGRESS = test_ingress_nginx.LINES["one upstream"][0]
COMBINED = f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x"'


def test_the_narrow_format_is_chosen_where_half_of_the_lines_are_of_it() -> None:
    assert sniffed(COMBINED) == "combined"
    assert sniffed(INGRESS, COMBINED) == "ingress-nginx"
    assert sniffed(INGRESS, COMBINED, COMBINED) == "combined"
    assert sniffed("I0128 controller.go:1] Starting", "", INGRESS) == "ingress-nginx"
    assert sniffed("junk") == ""


def test_a_line_that_the_head_cuts_does_not_choose(tmp_path: Path) -> None:
    """ingress-nginx's line without its end is one of combined."""
    path = tmp_path / "x.log"
    fill = HEAD_BYTES - len(test_ingress_nginx.BEGIN) - 8  # the head ends a few bytes behind the user agent
    long = INGRESS.replace("/a ", f"/a{'a' * fill} ")
    path.write_text(f"{long}\n{INGRESS}\n", "utf-8")
    outcome = ingest_source(str(path), Lake(str(tmp_path / "lake")), Settings())
    assert (outcome.format, outcome.rows, outcome.rejects) == ("ingress-nginx", 2, 0)


def test_a_log_format_is_ingested_by_its_text(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text(f"{TIME}|200|10.0.0.1|203.0.113.7\nodd\n", "utf-8")
    settings = Settings(format="[$time_local]|$status|$remote_addr|$http_x_forwarded_for")
    outcome = ingest_source(str(path), Lake(str(tmp_path / "lake")), settings)
    assert (outcome.format, outcome.rows, outcome.rejects) == ("log_format", 1, 1)
    assert outcome.reasons == (("not as the log_format says", 1),)


def test_names() -> None:
    assert all(named(name) is form for name, form in FORMATS.items())
    assert named("$msec").name == "log_format"
    with pytest.raises(UsageFault) as raised:
        named("ngnix")
    assert str(raised.value).startswith("'ngnix': no such format; one of ndjson, ")
