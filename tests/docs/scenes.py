"""
What the reader of a page is told to have beforehand: page → the function that puts it there.

A scene gets the stage before the first command: it writes files into `folder`, sets variables of `environment`, says in
`words` what stands for the page's CAPITALS, and has `closing` end what it started.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys

from tests.cluster.server import cluster
from tests.deploy import test_own_addresses as own_addresses
from tests.docs import log_scenes, ways
from tests.docs.page import ROOT
from tests.docs.stage import Scene, Stage
from tests.pipeline.regions import fortnight
from tests.pipeline.sources.servers import s3
from tests.pipeline.trace import intrusion

DATA = ROOT / "tests" / "data"
ACCESS = DATA / "logs" / "access.log.gz"
MMDB = {"city": DATA / "mmdb" / "GeoIP2-City-Test.mmdb", "asn": DATA / "mmdb" / "GeoLite2-ASN-Test.mmdb"}
OVERLAY = "ingress-nginx-direct"
REQUEST = '203.0.113.7 - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'


def access_log(stage: Stage) -> None:
    """Put down the log of a web server, a thousand requests."""
    shutil.copy(ACCESS, stage.folder)


def deployed(stage: Stage) -> None:
    """Start a cluster, for kubectl, with what an overlay of deploy/ makes there."""
    documents = json.loads(own_addresses.cluster(OVERLAY))["items"]
    running = stage.closing.enter_context(cluster(stage.folder.parent, documents))
    stage.environment.update(running.environment)


def demonstrated(stage: Stage) -> None:
    """Have the folder as `make demo` leaves it, as far as the README names what is there, and a cluster."""
    logs = stage.folder / ACCESS.relative_to(ROOT).parent
    logs.mkdir(parents=True)
    shutil.copy(ACCESS, logs)
    demo = [sys.executable, "-m", "tests.demo"]
    subprocess.run(demo, cwd=stage.folder, env=stage.environment, check=True, capture_output=True)
    deployed(stage)


def scanned(stage: Stage) -> None:
    """Put down the log of a site that one address scanned."""
    lines = [
        f'203.0.113.9 - - [05/Oct/2026:10:{number // 60:02}:{number % 60:02} +0000] "GET /{number}.php HTTP/1.1" 404 5'
        ' "-" "x"\n'
        for number in range(120)
    ]
    (stage.folder / "scan.log").write_text("".join(lines))


def places(stage: Stage) -> None:
    """Have two geo databases in force."""
    stage.environment["WHOFROM_GEO"] = ":".join(map(str, MMDB.values()))


def site(stage: Stage) -> None:
    """Put down a fortnight of a small site, and two geo databases."""
    fortnight.write(stage.folder / "site.ndjson")
    for name, path in MMDB.items():
        shutil.copy(path, stage.folder / f"{name}.mmdb")


def bucket(stage: Stage) -> None:
    """Start a store with the logs of two web servers, one of which lies on this machine too, compressed otherwise."""
    access_log(stage)
    store = stage.closing.enter_context(s3())
    store.put("nginx/web-1/access.log-20261125.gz", gzip.compress(gzip.decompress(ACCESS.read_bytes()), 1))
    other = "".join(REQUEST % number for number in range(40))
    store.put("nginx/web-2/access.log-20261125.gz", gzip.compress(other.encode()))
    stage.environment.update(store.environ)


def broken_into(stage: Stage) -> None:
    """Make the lake of a shop that somebody broke into."""
    intrusion.make(stage.folder)


def clone(stage: Stage) -> None:
    """Put down as much of a clone as the tests of one module need, with its virtual environment."""
    own = shutil.ignore_patterns("__pycache__")
    for name in ("echo", "tests/echo/clientip"):
        shutil.copytree(ROOT / name, stage.folder / name, ignore=own)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, stage.folder / name)
    (stage.folder / ".venv").symlink_to(sys.prefix)
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "echo"), ("commit", "--quiet", "--message", "x")):
        subprocess.run((*git, *words), cwd=stage.folder, check=True)


SCENES: dict[str, Scene] = {
    "CONTRIBUTING.md": clone,
    "README.md": demonstrated,
    "docs/how-to/alerts.md": scanned,
    "docs/how-to/blocklists.md": log_scenes.firewalled,
    "docs/how-to/cronjob.md": log_scenes.jobs,
    "docs/how-to/geo.md": access_log,
    "docs/how-to/ingress-logs.md": log_scenes.ingresses,
    "docs/how-to/logins.md": places,
    "docs/how-to/privacy.md": access_log,
    "docs/how-to/regions.md": site,
    "docs/how-to/ship-records.md": log_scenes.shipped,
    "docs/how-to/stores.md": bucket,
    "docs/how-to/trace.md": broken_into,
    "docs/how-to/watch.md": scanned,
    **ways.SCENES,
}
