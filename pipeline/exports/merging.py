"""
Entries that are within others, or beside them.

No entry stands within another: nftables refuses a set in which two overlap. Neighbours are joined only if asked for,
since an entry that is two has one reason; and only where both halves are there, so no address is added.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.exports.entries import Entry, joined, order


def absorbed(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that are in no other; what is within one adds its rules, and keeps its end as it is."""
    found: list[Entry] = []
    for entry in sorted(entries, key=order):  # a network comes right before what is within it
        last = found[-1] if found else None
        if last is not None and last.network.version == entry.network.version and _holds(last, entry):
            found[-1] = joined(last, entry, expires=last.expires)
        else:
            found.append(entry)
    return found


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries with the two halves of a network as one, which ends with the first of them to end."""
    found: list[Entry] = []
    for entry in absorbed(entries):
        found.append(entry)
        while len(found) > 1 and _halves(found[-2], found[-1]):
            right, left = found.pop(), found.pop()
            found.append(joined(left, right, left.network.supernet(), min(left.expires, right.expires)))
    return found


def _holds(outer: Entry, inner: Entry) -> bool:
    return inner.network.subnet_of(outer.network)  # type: ignore[arg-type]  # of one version


def _halves(left: Entry, right: Entry) -> bool:
    one, other = left.network, right.network
    return (
        one.version == other.version
        and one.prefixlen == other.prefixlen > 0
        and one != other
        and one.supernet() == other.supernet()
    )
