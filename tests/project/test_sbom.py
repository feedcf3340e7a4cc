"""The bill of materials is CycloneDX 1.6, is made of the locks and the table, and says what is in them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from requirements.locked import Pin, pins
from requirements.sbom import FILE, PROJECT, sbom
from requirements.third_party import ROOT, bundled

BILL: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
PACKAGES = {part["bom-ref"]: part for part in BILL["components"] if part["type"] == "library"}
GRAPH = {node["ref"]: set(node.get("dependsOn", ())) for node in BILL["dependencies"]}


def test_it_is_what_the_tree_makes() -> None:
    assert FILE.read_text("utf-8") == sbom(), "run `make notices`"


def test_it_is_valid() -> None:
    assert BILL["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(FILE.read_text("utf-8")) is None


def test_it_is_of_this_version() -> None:
    whofrom = BILL["metadata"]["component"]
    assert (whofrom["name"], whofrom["version"]) == (PROJECT["name"], PROJECT["version"])


@pytest.mark.parametrize("pin", pins("pipeline.txt"), ids=lambda pin: f"{pin.name}-{pin.version}")
def test_a_package_has_its_hashes_its_licence_and_who_asks_for_it(pin: Pin) -> None:
    purl = f"pkg:pypi/{pin.name}@{pin.version}"
    package = PACKAGES[purl]
    bare = {one.name for one in pins("echo.txt")}
    assert package["purl"] == purl
    assert package["scope"] == ("required" if pin.name in bare else "optional")
    assert package["licenses"]
    hashes = {one["content"] for one in package["externalReferences"][0]["hashes"]}
    text = (ROOT / "requirements" / "pipeline.txt").read_text("utf-8")
    mine = text.partition(f"{pin.name}=={pin.version}")[2].partition("# via")[0]
    assert hashes == set(pin.hashes) == {part.split()[0] for part in mine.split("--hash=sha256:")[1:]}
    parents = {ref.partition("@")[0].removeprefix("pkg:pypi/") for ref, children in GRAPH.items() if purl in children}
    assert parents == set(pin.parents) != set()


def test_there_are_no_other_packages() -> None:
    assert len(PACKAGES) == len(pins("pipeline.txt"))


def test_what_the_wheel_has_of_others_is_in_it_with_its_files() -> None:
    data = {part["name"]: part for part in BILL["components"] if part["type"] == "data"}
    assert data.keys() == {work.name for work in bundled()}
    for part in data.values():
        assert part["bom-ref"] in GRAPH["whofrom"]
        for file in part["components"]:
            assert file["hashes"][0]["content"] == hashlib.sha256((ROOT / file["name"]).read_bytes()).hexdigest()


def test_a_wheels_bill_has_its_hash_its_time_and_another_number(tmp_path: Path) -> None:
    wheel = tmp_path / "whofrom.whl"
    wheel.write_bytes(b"a wheel")
    text = sbom(wheel, datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC))
    bill = json.loads(text)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert bill["metadata"]["timestamp"] == "2026-11-26T12:00:00+00:00"
    assert bill["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(b"a wheel").hexdigest()}
    ]
    assert bill["serialNumber"] != BILL["serialNumber"]
    assert bill["components"] == BILL["components"]
