"""
Records to rows: the client resolved, logins found, the address placed, and what is not to be known made unrecognisable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from echo.record import LoginRule
from pipeline.geo import no_geo
from pipeline.resolve import POLICY_OF_RECORD, resolve, stands_alone
from pipeline.settings import DEFAULT_POLICY, Settings
from pipeline.signatures import signatures_of
from pipeline.sources.documents import load
from pipeline.texts import addresses


def enrich(
    batch: pa.RecordBatch, source: str, offsets: pa.Array, settings: Settings, lines: Sequence[bytes] | None = None
) -> dict[str, pa.Array]:
    """
    Return all columns of the lake for a batch of records.

    A row that brings a verdict (`client_reason`), as our own records and those of proxies that derive the client do,
    keeps it unless a policy was given and there is something to resolve by it.
    """
    rows = batch.num_rows
    columns = {name: batch.column(name) for name in batch.schema.names}
    policy = settings.policy
    applied = policy or DEFAULT_POLICY
    found = resolve(batch, applied)
    columns |= {"peer_ip": found["peer_ip"], "peer_name": _peer_name(columns["peer_ip"], found["peer_ip"])}
    judged = {name: found[name] for name in found.schema.names if name not in ("client_depth", "peer_trusted")}
    judged["policy"] = pa.repeat(pa.scalar(applied.id), rows)
    brings = columns["client_reason"].is_valid() if policy is None else stands_alone(batch, found)
    if pc.any(brings).as_py():
        told = {name: columns[name] for name in ("client_source", "client_reason")}
        told |= addresses(columns["client_ip"])
        if policy is None:
            told["policy"] = pa.repeat(pa.scalar(POLICY_OF_RECORD), rows)
        judged |= {name: pc.if_else(brings, column, judged[name]) for name, column in told.items()}
    columns |= judged
    columns |= _logins(columns, found["peer_trusted"], settings.rules, lines)
    columns |= settings.geo.columns(columns["client_ip"]) if settings.geo is not None else no_geo(rows)
    columns["signatures"] = signatures_of(columns)
    columns["anonymized"] = pa.nulls(rows, pa.string())
    columns["date"] = columns["ts"].cast(pa.date32())
    columns["source"] = pa.repeat(pa.scalar(source), rows)
    columns["source_offset"] = offsets
    return columns if settings.anonymizer is None else settings.anonymizer.rows(columns)


def _peer_name(written: pa.Array, address: pa.Array) -> pa.Array:
    """Return the peer as the log wrote it where that is no address and not a way to say that there is none."""
    silent = pc.or_(address.is_valid(), pc.fill_null(pc.is_in(written, pa.array(["-", ""])), fill_value=False))
    return pc.if_else(silent, pa.scalar(None, pa.string()), written)


def _logins(
    columns: dict[str, pa.Array], peer_trusted: pa.Array, rules: Iterable[LoginRule], lines: Sequence[bytes] | None
) -> dict[str, pa.Array]:
    """Return user and login, filled by the rules where the log did not say; only rows that may match are looked at."""
    users, logins = columns["user"], columns["login"]
    for rule in rules:
        if rule.reads_fields and lines is None:
            continue
        which = pa.array(range(len(users)), pa.int64()).filter(pc.and_(_may(columns, rule), logins.is_null()))
        if not len(which):
            continue
        names = ("method", "target", "status", "headers", "user")
        values = [columns[name].take(which).to_pylist() for name in names]
        trusted = peer_trusted.take(which).to_pylist()
        user_list, login_list = users.to_pylist(), logins.to_pylist()
        for row, method, target, status, headers, user, believed in zip(
            which.to_pylist(), *values, trusted, strict=True
        ):
            fields = _fields(lines[row]) if rule.reads_fields and lines is not None else {}
            match = rule.match(
                method or "", target or "", status or 0, dict(headers or ()), auth_user=user, peer_trusted=believed,
                fields=fields,
            )  # fmt: skip
            if match is not None:
                user_list[row], login_list[row] = match[0] or user, match[1]
        users, logins = pa.array(user_list, pa.string()), pa.array(login_list, pa.string())
    return {"user": users, "login": logins}


def _may(columns: dict[str, pa.Array], rule: LoginRule) -> pa.Array:
    """Return which rows a rule may match, by what costs nothing to look at."""
    may = pa.repeat(pa.scalar(True), len(columns["method"]))  # Arrow's
    if rule.methods:
        may = pc.and_(may, pc.is_in(columns["method"], pa.array(sorted(rule.methods), pa.string())))
    if not rule.outcome:
        may = pc.and_(may, pc.is_in(columns["status"], pa.array(sorted(rule.statuses), pa.int64())))
    if rule.known_only and all(one.kind == "auth" for one in rule.users):
        may = pc.and_(may, columns["user"].is_valid())
    return may


def _fields(line: bytes) -> dict[str, Any]:
    """Return the keys of a log line, none if it is no JSON."""
    told, _ = load(line)
    return told or {}
