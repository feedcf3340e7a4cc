#!/opt/whofrom/bin/python3
"""
What a container of the image `spark` runs. Spark asks for it in words and variables of its own when it makes a pod
(https://spark.apache.org/docs/latest/running-on-kubernetes.html#docker-images):

    driver ARGUMENTS   spark-submit in the pod that spark-submit elsewhere, or an operator, has made
    executor           one executor
    anything else      is a command: whofrom ingest …, spark-submit …, spark-class …

A process takes the place of this one, so that signals reach it.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SPARK_HOME = "/opt/spark"
BACKEND = "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
# option of the backend -> the variable that Spark sets for it
BACKEND_OPTIONS = {
    "--driver-url": "SPARK_DRIVER_URL",
    "--executor-id": "SPARK_EXECUTOR_ID",
    "--cores": "SPARK_EXECUTOR_CORES",
    "--app-id": "SPARK_APPLICATION_ID",
    "--hostname": "SPARK_EXECUTOR_POD_IP",
    "--resourceProfileId": "SPARK_RESOURCE_PROFILE_ID",
    "--podName": "SPARK_EXECUTOR_POD_NAME",
}
JAVA_OPTION = "SPARK_JAVA_OPT_"  # and a number


def command(words: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return what to run. Raises SystemExit, naming the variable that Spark would have set."""
    match words:
        case ["driver", *rest]:
            address = _asked(environ, "SPARK_DRIVER_BIND_ADDRESS")
            bound = (f"spark.driver.bindAddress={address}", f"spark.executorEnv.SPARK_DRIVER_POD_IP={address}")
            options = [word for setting in bound for word in ("--conf", setting)]
            return [f"{SPARK_HOME}/bin/spark-submit", *options, "--deploy-mode", "client", *rest]
        case ["executor"]:
            memory = _asked(environ, "SPARK_EXECUTOR_MEMORY")
            numbered = [name for name in environ if name.startswith(JAVA_OPTION)]
            options = [environ[name] for name in sorted(numbered, key=lambda name: int(name.removeprefix(JAVA_OPTION)))]
            own = [word for option, name in BACKEND_OPTIONS.items() for word in (option, _asked(environ, name))]
            return ["java", *options, f"-Xms{memory}", f"-Xmx{memory}", "-cp", _classes(environ), BACKEND, *own]
        case []:
            return ["whofrom", "--help"]
        case _:
            return list(words)


def _classes(environ: Mapping[str, str]) -> str:
    """Return the class path: settings before jars, what the application brings behind them."""
    settings = environ.get("SPARK_CONF_DIR", f"{SPARK_HOME}/conf")
    parts = (settings, environ.get("SPARK_CLASSPATH"), f"{SPARK_HOME}/jars/*", environ.get("SPARK_EXTRA_CLASSPATH"))
    return ":".join([*filter(None, parts), str(Path.cwd())])  # jars that travel are put there


def _asked(environ: Mapping[str, str], name: str) -> str:
    if not environ.get(name):
        sys.exit(f"entrypoint: {name} is not set: Spark sets it in the pods that it makes; name a command instead")
    return environ[name]


if __name__ == "__main__":
    chosen = command(sys.argv[1:], os.environ)
    os.execvp(chosen[0], chosen)  # noqa: S606
