"""The image with the whole command: logs mounted, a lake mounted, questions asked, on a read-only root file system."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.image.engine import ROOT, Engine, timed
from tests.image.marks import IMAGES
from tests.image.test_serve import RESTRICTED
from tests.pipeline.mmdb_files import mmdb

pytestmark = IMAGES
LOG = ROOT / "tests" / "data" / "logs" / "access.log.gz"
ROWS = 1000
Whofrom = Callable[..., str]


@pytest.fixture(params=[65532, 1234], ids=["the image's user", "another user"])
def whofrom(request: pytest.FixtureRequest, docker: Engine, pipeline: str, tmp_path: Path) -> Whofrom:
    """Return a function that calls a command: on a folder with a log, a geo database, and a lake that the user owns."""
    logs, lake = tmp_path / "logs", tmp_path / "lake"
    logs.mkdir()
    lake.mkdir()
    shutil.copy(LOG, logs)
    (logs / "city.mmdb").write_bytes(mmdb({ip_network("66.0.0.0/8"): {"country": {"iso_code": "US"}}}))
    os.chown(lake, request.param, request.param)
    tmp_path.chmod(0o755)
    user = () if request.param == 65532 else ("--user", f"{request.param}:{request.param}")
    mounts = ("--volume", f"{logs}:/logs:ro", "--volume", f"{lake}:/data")

    def call(*arguments: str) -> str:
        done = docker.run(pipeline, *arguments, options=(*RESTRICTED, *user, *mounts))
        assert done.returncode == 0, done.stdout + done.stderr
        assert {path.stat().st_uid for path in lake.rglob("*")} == {request.param}
        return done.stdout

    return call


def test_a_mounted_log_goes_into_a_mounted_lake_and_is_asked(whofrom: Whofrom) -> None:
    with timed("ingest, regions, attacks, sql and a report in containers"):
        whofrom("ingest", "--geo", "/logs/city.mmdb", "/logs/access.log.gz")
        regions = [json.loads(line) for line in whofrom("regions", "-o", "ndjson").splitlines()]
        assert sum(region["requests"] for region in regions) == ROWS
        assert {region["country"] for region in regions} == {"US", "unknown"}
        whofrom("attacks", "-o", "ndjson")
        asked = whofrom("sql", "-o", "csv", "SELECT count(*) AS n, count(DISTINCT client_ip) AS clients FROM requests")
        assert asked.splitlines() == ["n,clients", f"{ROWS},{asked.splitlines()[1].split(',')[1]}"]
        assert "<html" in whofrom("regions", "--html", "-")
        whofrom("ingest", "--geo", "/logs/city.mmdb", "/logs/access.log.gz")
        assert json.loads(whofrom("sql", "-o", "json", "SELECT count(*) AS n FROM requests")) == [{"n": ROWS}]


def test_without_a_mount_the_lake_is_in_a_volume_that_the_user_may_write(docker: Engine, pipeline: str) -> None:
    volume = f"whofrom-test-{os.getpid()}"
    mounts = ("--volume", f"{volume}:/data", "--volume", f"{LOG.parent}:/logs:ro")
    try:
        done = docker.run(pipeline, "ingest", "--no-geo", "/logs/access.log.gz", options=(*RESTRICTED, *mounts))
        assert done.returncode == 0, done.stderr
        done = docker.run(pipeline, "lake", "status", options=(*RESTRICTED, *mounts))
        assert "1,000" in done.stdout or '"rows":1000' in done.stdout.replace(" ", ""), done.stdout + done.stderr
    finally:
        docker.podman("volume", "rm", "--force", volume)


def test_what_a_statement_does_not_hold_in_memory_goes_to_a_mounted_tmp(docker: Engine, pipeline: str) -> None:
    """And where nothing is mounted there, the statement still runs if it fits."""
    statement = "SELECT count(*) AS n FROM (SELECT i, md5(i::VARCHAR) AS h FROM range(2000000) t(i) ORDER BY h)"
    mounts = ("--volume", f"{LOG.parent}:/logs:ro", "--tmpfs", "/tmp")
    made = ("--volume", f"whofrom-sql-{os.getpid()}:/data")
    try:
        options = (*RESTRICTED, *mounts, *made)
        assert docker.run(pipeline, "ingest", "--no-geo", "/logs/access.log.gz", options=options).returncode == 0
        done = docker.run(pipeline, "sql", "-o", "csv", statement, options=options)
        assert (done.returncode, done.stdout) == (0, "n\n2000000\n"), done.stderr
    finally:
        docker.podman("volume", "rm", "--force", made[1].partition(":")[0])


def test_its_server_is_the_same(docker: Engine, pipeline: str) -> None:
    with docker.started(pipeline, "serve", "--port", "8080", options=RESTRICTED) as server:
        assert server.ask("http://localhost:8080/ip") == "127.0.0.1\n"
