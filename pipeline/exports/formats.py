"""The formats of block lists, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from echo.clientip import quote
from pipeline.errors import UsageFault
from pipeline.exports.crowdsec import crowdsec, crowdsec_csv
from pipeline.exports.entries import Entry
from pipeline.exports.firewalls import ipset, nftables
from pipeline.exports.lists import nginx_deny, nginx_geo, plain
from pipeline.exports.stix import stix

# of a table, a set, a variable: the longest is that of ipset's new set, NAME6-new, of 31 characters
NAME = re.compile(r"[a-z][a-z0-9_]{0,23}")
DEFAULT_NAME = "whofrom"


class Format(NamedTuple):
    """
    name    as the command takes it
    write   entries, sorted and none within another, NAME and the time now → the list
    names   what NAME is in it, "" for nothing
    ends    who takes an entry out when its time is over
    apply   how it is put to use
    meaning  what it is
    """

    name: str
    write: Callable[[Sequence[Entry], str, datetime], str]
    names: str
    ends: str
    apply: str
    meaning: str


THE_NEXT = "the next list"
FORMATS = {
    one.name: one
    for one in (
        Format("plain", plain, "", THE_NEXT, "whatever reads lists of addresses", "One network a line, `#` comments."),
        Format(
            "nginx-deny", nginx_deny, "", THE_NEXT, "`include FILE;` in http, server or location; `nginx -s reload`",
            "`deny` for each.",
        ),
        Format(
            "nginx-geo", nginx_geo, "the variable", THE_NEXT,
            "`include FILE;` in http, `if ($whofrom) { return 403; }` where it counts; `nginx -s reload`",
            "A `geo` block: `$whofrom` is 1 for who is blocked.",
        ),
        Format(
            "nftables", nftables, "the table", "the kernel", "`nft -f FILE`, and once a rule with `@blocked4`",
            "Sets `blocked4` and `blocked6` of the table `inet whofrom`, replaced in one transaction.",
        ),
        Format(
            "ipset", ipset, "the sets, with 4 and 6 behind", "the kernel",
            "`ipset restore <FILE`, and once a rule with `--match-set whofrom4 src`",
            "Sets `whofrom4` and `whofrom6`, exchanged for new ones.",
        ),
        Format(
            "crowdsec", crowdsec, "the word before the reason", "CrowdSec", "`cscli decisions import -i FILE.json`",
            "Decisions in JSON.",
        ),
        Format(
            "crowdsec-csv", crowdsec_csv, "the word before the reason", "CrowdSec",
            "`cscli decisions import -i FILE.csv`", "Decisions in CSV.",
        ),
        Format(
            "stix", stix, "the identity that says so", "whoever reads it, by `valid_until`",
            "a TAXII server, MISP, OpenCTI", "A STIX 2.1 bundle: an indicator and a sighting for each.",
        ),
    )
}  # fmt: skip


def check_name(name: str) -> str:
    """Return a name that all formats take. Raises UsageFault."""
    if not NAME.fullmatch(name):
        raise UsageFault(f"{quote(name)} is no name", "--name", "write lower-case letters, digits and _, 24 at most")
    return name
