"""
A row of input → answer, the answers to it, and how the two compare.

A row is one JSON object a line:

    id, source, peer     which fact, where it stands, whose fact it is
    strategy             what is asked, as `rightmost-untrusted:X-Forwarded-For`
    peer_addr            the other end of the connection, or null
    headers              [name, value] in order of arrival
    trusted              trusted ranges
    bytes_hex            bytes on the wire before the request (PROXY protocol)
    expect               client_ip, error, and what the strategy asks beside (cidr, elements, backend_headers, …)
"""

import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Row = Mapping[str, Any]
Answer = Mapping[str, Any]


class Skip(NamedTuple):
    """What a runner says of a row that it does not take."""

    reason: str


Asked = Callable[[Row, str], "Answer | Skip"]  # (row, what follows the first colon of its strategy) -> answer
Runner = Callable[[Sequence[Row]], Sequence["Answer | Skip"]]


def name_of(row: Row) -> str:
    """Return the name of the row's strategy, without its arguments."""
    return str(row["strategy"]).partition(":")[0].partition("(")[0]


NO_STRATEGY = Skip("no runner knows this strategy")


def text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def canonical(text: str | None) -> str | None:
    """Return address text as whofrom prints it, by the standard library's own reading; other text as it is."""
    if text is None:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)


def differences(row: Row, answer: Answer) -> str:
    """Return what of the answer is not as the row expects; "" if all is."""
    expected = {key: canonical(value) if key == "client_ip" else value for key, value in row["expect"].items()}
    return ", ".join(
        f"{key} is {value!r}, expected {expected.get(key)!r}"
        for key, value in answer.items()
        if value != expected.get(key)
    )


class BadFileError(Exception):
    """A file is missing or holds a line that is no row."""


def read_rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                missing = {"id", "strategy", "peer_addr", "headers", "trusted", "expect"} - row.keys()
                if missing:
                    raise BadFileError(f"{path} line {number}: no {', '.join(sorted(missing))}")
                rows.append(row)
    except OSError as error:
        raise BadFileError(f"{path}: {error.strerror}") from None
    except (ValueError, AttributeError) as error:
        raise BadFileError(f"{path} line {number}: no JSON object: {error}") from None
    return rows
