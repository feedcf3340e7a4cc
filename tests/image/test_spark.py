"""The image for Spark's pods: a driver as Spark starts it, and Python workers, on a read-only root file system."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image.engine import ROOT, TIMES, Engine, base_name, timed
from tests.image.marks import IMAGES
from tests.image.test_serve import RESTRICTED

pytestmark = IMAGES
LOG = ROOT / "tests" / "data" / "logs" / "access.log.gz"
ROWS = 1000
MB = 10**6
LARGEST = 1_400 * MB  # Spark's jars alone are 500
MASTER = "local[2]"  # tests/spark/test_kubernetes.py has executors
COUNT = ("sql", "-o", "json", "SELECT count(*) AS n FROM requests")
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture(scope="session")
def spark(docker: Engine) -> str:
    return docker.build("spark")


@pytest.fixture
def call(docker: Engine, spark: str, tmp_path: Path) -> Run:
    """Return a function that runs a container to its end, on a folder with a log and a lake that the user owns."""
    for name in ("logs", "lake", "conf"):
        (tmp_path / name).mkdir()
    shutil.copy(LOG, tmp_path / "logs")
    os.chown(tmp_path / "lake", 65532, 65532)
    tmp_path.chmod(0o755)
    mounts = [word for name, place in (("logs", "/logs:ro"), ("lake", "/data"), ("conf", "/opt/spark/conf:ro"))
              for word in ("--volume", f"{tmp_path / name}:{place}")]  # fmt: skip

    def run(*arguments: str, options: tuple[str, ...] = ()) -> Done:
        done = docker.run(spark, *arguments, options=(*RESTRICTED, "--tmpfs", "/tmp:exec", *mounts, *options))
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def test_size_and_user(docker: Engine, spark: str) -> None:
    whole, base = (docker.inspect(image)["Size"] for image in (spark, base_name()))
    TIMES.append(f"{(whole - base) / MB:6.1f} MB spark above the base")
    assert whole - base <= LARGEST
    config = docker.inspect(spark)["Config"]
    assert config["User"] == "65532:65532"
    assert "SPARK_HOME=/opt/spark" in config["Env"]


def test_a_driver_starts_workers_and_they_write_the_lake(call: Run, tmp_path: Path) -> None:
    with timed("a driver in a container: ingest, then a question"):
        done = call("whofrom", "ingest", "--engine", "spark", "--master", MASTER, "--no-geo", "/logs/access.log.gz")
        assert "1,000 rows" in done.stderr
        # as the operators' and spark-submit's pods do it: settings are mounted, the program is a link to ours
        settings = f"spark.master {MASTER}\nspark.driver.host 127.0.0.1\n"
        (tmp_path / "conf" / "spark.properties").write_text(settings)
        driver = ("driver", "--properties-file", "/opt/spark/conf/spark.properties", "local:///opt/spark/whofrom.py")
        answer = call(*driver, *COUNT, options=("--env", "SPARK_DRIVER_BIND_ADDRESS=127.0.0.1"))
        assert json.loads(answer.stdout) == [{"n": ROWS}]
    assert json.loads(call("whofrom", *COUNT).stdout) == [{"n": ROWS}]


def test_an_executor_that_nobody_started_says_so(docker: Engine, spark: str) -> None:
    done = docker.run(spark, "executor")
    assert done.returncode == 1
    assert "SPARK_EXECUTOR_MEMORY is not set" in done.stderr
