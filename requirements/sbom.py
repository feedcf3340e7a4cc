"""
Write the bill of materials of whofrom: CycloneDX 1.6, as JSON.

    python -m requirements.sbom                    requirements/whofrom.cdx.json, which the wheel carries (PEP 770)
    python -m requirements.sbom WHEEL EPOCH SBOM   the same with the wheel's hash and a time, in seconds since 1970

It is made from the locks and third_party.toml alone, so the same tree gives the same bytes.

- Packages are what pipeline.txt pins. Those of echo.txt, which the bare install needs, have the scope `required`, those
  that the extra `pipeline` adds `optional`. Who asks for whom is the graph of dependencies.
- A package's hashes are of every file that may be installed, and which one is depends on the machine: they stand at the
  reference to its distribution, not at the package.
- What others made and the wheel has in it stands beside the packages, as data with its files, on which whofrom depends.
- No registry has an address here: a package is named by its purl.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from requirements.locked import Pin, pins
from requirements.third_party import ROOT, SPDX_OF_PACKAGES, Work, bundled

FILE = ROOT / "requirements" / "whofrom.cdx.json"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# The namespace of serial numbers: one number a content, as two different bills may not share one
_SERIALS = uuid.uuid5(uuid.NAMESPACE_URL, "whofrom.cdx.json")
_SERIAL, _TIME = uuid.UUID(int=0), datetime.fromtimestamp(0, UTC)
_ORDER = ("$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies")
_LICENCES = LicenseFactory()


def sbom(wheel: Path | None = None, made: datetime | None = None) -> str:
    """Return the bill of materials; with the wheel's own hash, and when it was made, where they are given."""
    bom = Bom(serial_number=_SERIAL, metadata=BomMetaData(timestamp=made or _TIME))
    bom.metadata.authors.add(OrganizationalContact(name="whofrom's requirements/sbom.py"))
    whofrom = Component(
        name=PROJECT["name"],
        version=PROJECT["version"],
        type=ComponentType.APPLICATION,
        bom_ref=PROJECT["name"],
        description=PROJECT["description"],
        licenses=[_LICENCES.make_from_string(PROJECT["license"])],
        purl=PackageURL("pypi", name=PROJECT["name"], version=PROJECT["version"]),
        hashes=[_sha256(wheel.read_bytes())] if wheel else [],
    )
    bom.metadata.component = whofrom
    bare = {(pin.name, pin.version) for pin in pins("echo.txt")}
    locked = [(pin, _package(pin, bare=(pin.name, pin.version) in bare)) for pin in pins("pipeline.txt")]
    assets = [_asset(work) for work in bundled()]
    for component in (*(package for _, package in locked), *assets):
        bom.components.add(component)
    asked = [package for pin, package in locked if PROJECT["name"] in pin.parents]
    bom.register_dependency(whofrom, [*asked, *assets])
    for parent, package in locked:
        bom.register_dependency(package, [child for pin, child in locked if parent.name in pin.parents])
    return _numbered(json.loads(JsonV1Dot6(bom).output_as_string()), timed=made is not None)


def _package(pin: Pin, *, bare: bool) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        scope=ComponentScope.REQUIRED if bare else ComponentScope.OPTIONAL,
        licenses=[_LICENCES.make_from_string(SPDX_OF_PACKAGES[pin.name])],
        purl=purl,
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(purl.to_string()),
                comment="the files that the lock allows",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in pin.hashes],
            )
        ],
        properties=[Property(name="whofrom:marker", value=pin.marker)] if pin.marker else [],
    )


def _asset(work: Work) -> Component:
    return Component(
        name=work.name,
        version=work.version,
        type=ComponentType.DATA,
        bom_ref=f"data:{work.name}@{work.version}",
        description=work.what,
        licenses=[_LICENCES.make_from_string(work.licence)],
        external_references=[
            ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(word.rstrip(",")))
            for word in work.origin.split()
            if "://" in word
        ],
        components=[
            Component(
                name=path.relative_to(ROOT).as_posix(),
                type=ComponentType.FILE,
                bom_ref=f"file:{path.relative_to(ROOT).as_posix()} of {work.name}",
                hashes=[_sha256(path.read_bytes())],
            )
            for path in work.paths()
        ],
    )


def _sha256(data: bytes) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(data).hexdigest())


def _numbered(bill: dict[str, object], *, timed: bool) -> str:
    """Return the bill as text, with a serial number made of what it says, and without a time if it has none."""
    metadata = bill["metadata"]
    assert isinstance(metadata, dict)
    if not timed:
        del metadata["timestamp"]
    bill["serialNumber"] = uuid.uuid5(_SERIALS, json.dumps(bill, sort_keys=True)).urn
    assert set(_ORDER) == bill.keys()
    return json.dumps({key: bill[key] for key in _ORDER}, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    """Write the bill into the tree, or beside a wheel."""
    if arguments:
        wheel, epoch, target = arguments
        Path(target).write_text(sbom(Path(wheel), datetime.fromtimestamp(int(epoch), UTC)), "utf-8")
    else:
        FILE.write_text(sbom(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
