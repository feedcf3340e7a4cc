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
from tests.pipeline.sources.servers import s3

DATA = ROOT / "tests" / "data"
ACCESS = DATA / "logs" / "access.log.gz"
OVERLAY = "ingress-nginx-direct"
REQUEST = '203.0.113.7 - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'
# a line of AWS's own documentation
BALANCED = "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/26/app.my-loadbalancer.log.gz"
ALB = (
    "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001"
    ' 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - -'
    " arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
    ' "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80"'
    ' "200" "-" "-"\n'
)


def access_log(stage: Stage) -> None:
    """Put down the log of a web server, a thousand requests."""
    shutil.copy(ACCESS, stage.folder)


def deployed(stage: Stage) -> None:
    """Start a cluster, for kubectl, with what an overlay of deploy/ makes there."""
    documents = json.loads(own_addresses.cluster(OVERLAY))["items"]
    running = stage.closing.enter_context(cluster(stage.folder.parent, documents))
    stage.environment.update(running.environment)


def demonstrated(stage: Stage) -> None:
    """Have the folder as `make demo` leaves it, as far as the README names what is there."""
    logs = stage.folder / ACCESS.relative_to(ROOT).parent
    logs.mkdir(parents=True)
    shutil.copy(ACCESS, logs)
    demo = [sys.executable, "-m", "tests.demo"]
    subprocess.run(demo, cwd=stage.folder, env=stage.environment, check=True, capture_output=True)


def bucket(stage: Stage) -> None:
    """Start a store with the logs of two web servers, one of which lies on this machine too, compressed otherwise."""
    access_log(stage)
    store = stage.closing.enter_context(s3())
    store.put("nginx/web-1/access.log-20261125.gz", gzip.compress(gzip.decompress(ACCESS.read_bytes()), 1))
    other = "".join(REQUEST % number for number in range(40))
    store.put("nginx/web-2/access.log-20261125.gz", gzip.compress(other.encode()))
    store.put(BALANCED, gzip.compress(ALB.encode()))
    stage.environment.update(store.environ)


def clone(stage: Stage) -> None:
    """Put down as much of a clone as the tests of one module need, with its virtual environment."""
    own = shutil.ignore_patterns("__pycache__")
    for name in ("echo", "tests/echo/clientip"):
        shutil.copytree(ROOT / name, stage.folder / name, ignore=own)
    for name in ("pyproject.toml", "tests/conftest.py", "tests/iri.py"):
        shutil.copy(ROOT / name, stage.folder / name)
    (stage.folder / ".venv").symlink_to(sys.prefix)
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "echo"), ("commit", "--quiet", "--message", "x")):
        subprocess.run((*git, *words), cwd=stage.folder, check=True)


SCENES: dict[str, Scene] = {
    "CONTRIBUTING.md": clone,
    "README.md": demonstrated,
    "docs/how-to/blocklists.md": log_scenes.firewalled,
    "docs/how-to/cronjob.md": log_scenes.jobs,
    "docs/how-to/geo.md": access_log,
    "docs/how-to/ingress-logs.md": log_scenes.ingresses,
    "docs/how-to/privacy.md": access_log,
    "docs/how-to/ship-records.md": log_scenes.shipped,
    "docs/how-to/stores.md": bucket,
    "docs/reference/topology.md": deployed,
    **ways.SCENES,
}
