"""
Run rows of input → answer through everything that claims to know the answer: `python -m tests.vectors FILE.jsonl…`

One truth table, many runners. A row is one JSON object a line:

    id, source, peer     which fact, where it stands, whose fact it is
    strategy             what is asked, as `rightmost-untrusted:X-Forwarded-For`
    peer_addr            the other end of the connection, or null
    headers              [name, value] in order of arrival
    trusted              trusted ranges
    expect               client_ip, error, and what the strategy asks beside (cidr, contained, private)

A runner takes rows and answers each with the parts of `expect` that it knows, or with Skip and the reason. A row passes
if every runner that answers it agrees, and is skipped if none does.
"""

import ipaddress
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from echo.clientip import NAMED_RANGES, ConfigFault, Ranges, make_policy, parse_hop, parse_range
from echo.clientip.address import V4_PREFIX
from echo.clientip.headers import fields
from echo.clientip.trust import HEADERS
from pipeline.resolve import header_lists
from pipeline.resolve import resolve as vector_resolve
from pipeline.rows import HEADERS_TYPE

Row = Mapping[str, Any]
Answer = Mapping[str, Any]


class Skip(NamedTuple):
    """What a runner says of a row that it does not take."""

    reason: str


Runner = Callable[[Sequence[Row]], Sequence[Answer | Skip]]

NO_STRATEGY = Skip("no runner knows this strategy")
NOT_AN_ADDRESS = Skip("the peer is no text")
SPECIAL_PURPOSE = Ranges(text for texts, _ in NAMED_RANGES.values() for text in texts)


# --- the scalar runner: echo.clientip, one row at a time --------------------------------------------------------------


def scalar(rows: Sequence[Row]) -> list[Answer | Skip]:
    return [scalar_answer(row) for row in rows]


def scalar_answer(row: Row) -> Answer | Skip:
    name, _, argument = row["strategy"].partition(":")
    answer = SCALAR.get(name)
    if answer is None:
        return NO_STRATEGY
    if not isinstance(row["peer_addr"], str | None):
        return NOT_AN_ADDRESS
    try:
        return answer(row, argument)
    except Exception as error:  # a crash is the row's finding, and the other rows go on
        return {"crash": repr(error)}


def resolve(row: Row, header: str) -> Answer | Skip:
    if header.lower() == "forwarded" and "forwarded" not in HEADERS:
        return Skip("Forwarded is not read")
    strategy = row["strategy"].partition(":")[0]
    try:
        policy = make_policy(strategy, header if strategy != "remote-addr" else HEADERS[0], row["trusted"])
    except ConfigFault:
        return {"client_ip": None, "error": True}
    resolution = policy.resolve(row["peer_addr"], fields(row["headers"], policy.header))
    return {"client_ip": text_or_none(resolution.client), "error": False}


def entry_lenient(row: Row, _: str) -> Answer:
    return {"client_ip": text_or_none(parse_hop(row["headers"][0][1]))}


def parse_cidr(row: Row, _: str) -> Answer:
    try:
        first, last = parse_range(row["trusted"][0])
    except ConfigFault:
        return {"cidr": None, "error": True}
    return {"cidr": cidr_text(first, last), "error": False}


def cidr_contains(row: Row, _: str) -> Answer:
    try:
        ranges = Ranges(row["trusted"])
    except ConfigFault:
        return {"contained": False, "error": True}
    address = parse_hop(row["headers"][0][1])
    return {"contained": address is not None and address.packed in ranges, "error": address is None}


def peer_trusted(row: Row, _: str) -> Answer:
    address = parse_hop(row["peer_addr"] or "")
    return {"contained": address is not None and address.packed in Ranges(row["trusted"])}


def classify_private(row: Row, _: str) -> Answer:
    address = parse_hop(row["headers"][0][1])
    return {"private": address is not None and address.packed in SPECIAL_PURPOSE}


SCALAR: dict[str, Callable[[Row, str], Answer | Skip]] = {
    "remote-addr": resolve,
    "rightmost-untrusted": resolve,
    "entry-lenient": entry_lenient,
    "parse-cidr": parse_cidr,
    "cidr-contains": cidr_contains,
    "peer-trusted": peer_trusted,
    "classify-private": classify_private,
}

# --- the vectorised runner: pipeline.resolve, all rows of one policy in one batch -------------------------------------

RESOLVING = ("remote-addr", "rightmost-untrusted")


def vectorised(rows: Sequence[Row]) -> list[Answer | Skip]:
    """A row that the scalar answers with an error or a Skip has no policy; the others go a policy at a time."""
    answers: list[Answer | Skip] = [
        Skip("not vectorised") if row["strategy"].partition(":")[0] in SCALAR else NO_STRATEGY for row in rows
    ]
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for index, row in enumerate(rows):
        if row["strategy"].partition(":")[0] in RESOLVING:
            answers[index] = scalar_answer(row)
            if not isinstance(answers[index], Skip) and not answers[index].get("error"):
                groups.setdefault((row["strategy"], tuple(row["trusted"])), []).append(index)
    for (strategy, trusted), indices in groups.items():
        policy = make_policy(strategy.partition(":")[0], HEADERS[0], trusted)
        headers = [fields(rows[index]["headers"], policy.header) for index in indices]
        column = pa.array([[(policy.header, values)] if values else [] for values in headers], HEADERS_TYPE)
        peers = pa.array([rows[index]["peer_addr"] for index in indices], pa.string())
        found = vector_resolve(peers, header_lists(column, policy.header), policy)
        for index, client in zip(indices, found["client_ip"].to_pylist(), strict=True):
            answers[index] = {"client_ip": client, "error": False}
    return answers


# --- the runners ------------------------------------------------------------------------------------------------------

RUNNERS: dict[str, Runner] = {
    "scalar": scalar,
    "vectorised": vectorised,
}


# --- comparing --------------------------------------------------------------------------------------------------------


def text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def cidr_text(first: bytes, last: bytes) -> str:
    host_bits = (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
    if first.startswith(V4_PREFIX):
        return f"{ipaddress.IPv4Address(first[12:])}/{32 - host_bits}"
    return f"{ipaddress.IPv6Address(first)}/{128 - host_bits}"


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


# --- the command ------------------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What came of one row: the runners' disagreements, or why none of them took it."""

    row: Row
    answered: tuple[str, ...]
    failures: tuple[str, ...]
    skipped: str

    @property
    def word(self) -> str:
        return "failed" if self.failures else "passed" if self.answered else "skipped"


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


def outcomes(rows: Sequence[Row], runners: Mapping[str, Runner] = RUNNERS) -> Iterator[Outcome]:
    answers = {name: runner(rows) for name, runner in runners.items()}
    for index, row in enumerate(rows):
        given = {name: answers[name][index] for name in runners}
        answered = {name: answer for name, answer in given.items() if not isinstance(answer, Skip)}
        differing = {name: differences(row, answer) for name, answer in answered.items()}
        reasons = dict.fromkeys(answer.reason for answer in given.values() if isinstance(answer, Skip))
        yield Outcome(
            row,
            tuple(answered),
            tuple(f"{name}: {difference}" for name, difference in differing.items() if difference),
            "" if answered else "; ".join(reasons),
        )


def report(results: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line a failing row, a line a strategy, and the closing line."""
    by_strategy: dict[str, list[Outcome]] = {}
    for result in results:
        by_strategy.setdefault(result.row["strategy"], []).append(result)
        for failure in result.failures:
            yield f"FAILED {result.row['id']} {result.row['strategy']}: {failure}"
    total: Counter[str] = Counter()
    for strategy, group in sorted(by_strategy.items()):
        counts = Counter(result.word for result in group)
        total += counts
        runners = dict.fromkeys(name for result in group for name in result.answered)
        reasons = dict.fromkeys(result.skipped for result in group if result.skipped)
        yield f"  {strategy}: {_counted(counts)} ({'; '.join([*filter(None, [', '.join(runners)]), *reasons])})"
    yield _counted(total)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts.get(word, 0)} {word}" for word in ("passed", "failed", "skipped"))


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print("usage: python -m tests.vectors FILE.jsonl…", file=sys.stderr)
        return 2
    try:
        rows = [row for argument in arguments for row in read_rows(Path(argument))]
    except BadFileError as error:
        print(error, file=sys.stderr)
        return 2
    results = list(outcomes(rows))
    for line in report(results):
        print(line)
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
