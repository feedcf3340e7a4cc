"""
Sets of the kernel's firewalls, each entry with the seconds that it lasts.

Both files take the place of what is in the sets, at once: nft runs a file as one transaction, and ipset's `swap`
exchanges a set that is ready for the one in use. Rules that use the sets stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.exports.comments import comment_of
from pipeline.exports.entries import MAX_ENTRIES, Entry, host_text

# ipset keeps it in 32 bits of milliseconds
MAX_IPSET_SECONDS = 2_147_483
# A set that is there cannot change its size, so it is the same in each file: room for a list of the largest size
IPSET_SIZE = 1 << 17
assert IPSET_SIZE >= MAX_ENTRIES
FAMILIES = ((4, "inet", "ipv4_addr"), (6, "inet6", "ipv6_addr"))


def nftables(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return a file for `nft -f`: table `inet NAME` with the sets blocked4 and blocked6, and no rule."""
    lines = [f"add table inet {name}"]
    for version, _, kind in FAMILIES:
        lines.append(f"add set inet {name} blocked{version} {{ type {kind}; flags interval, timeout; }}")
    for version, _, _ in FAMILIES:
        lines.append(f"flush set inet {name} blocked{version}")
        elements = [
            f'    {host_text(entry.network)} timeout {entry.left(at)}s comment "{comment_of(entry)}"'
            for entry in entries
            if entry.network.version == version
        ]
        if elements:
            lines.append(f"add element inet {name} blocked{version} {{\n" + ",\n".join(elements) + "\n}")
    return "\n".join(lines) + "\n"


def ipset(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return a file for `ipset restore`: the sets NAME4 and NAME6."""
    lines = []
    for version, family, _ in FAMILIES:
        kept, new = f"{name}{version}", f"{name}{version}-new"
        kind = f"hash:net family {family} maxelem {IPSET_SIZE} timeout 0 comment"
        lines += [f"create {kept} {kind} -exist", f"create {new} {kind} -exist", f"flush {new}"]
        lines += [
            f"add {new} {host_text(entry.network)} timeout {min(MAX_IPSET_SECONDS, entry.left(at))}"
            f' comment "{comment_of(entry)}"'
            for entry in entries
            if entry.network.version == version
        ]
        lines += [f"swap {new} {kept}", f"destroy {new}"]
    return "\n".join(lines) + "\n"
