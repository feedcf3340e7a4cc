"""
The reasoning behind one finding, step by step, for findings that were kept back as well.

A step is a heading and sentences; every figure in them is one of the alert's `details` or a number of the settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, NamedTuple

from pipeline.counted import counted, duration
from pipeline.errors import UsageFault
from pipeline.logins.find import Judged
from pipeline.logins.rules import RULES, SILENT, UNUSUAL
from pipeline.logins.settings import NUMBERS, Settings
from pipeline.logins.words import Row, moment, network, where
from pipeline.query import load

LEAST_ID_CHARS = 4  # fewer say little, and are most often a slip
HEADING = 15  # of a step, in columns
COLUMNS, LEAST_COLUMNS = 120, 40  # in all, at most, and at least; else what the terminal has


class Step(NamedTuple):
    """One step: what is looked at, and what is seen."""

    heading: str
    lines: tuple[str, ...]


def chosen(judged: Sequence[Judged], wanted: str) -> list[Judged]:
    """
    Return what has an id that begins so: a finding, or the same kept back.

    Raises UsageFault if there is none, or several.
    """
    if len(wanted) < LEAST_ID_CHARS:
        raise UsageFault(f"an id has {LEAST_ID_CHARS} characters at least", "explain", "give more of it")
    found = [one for one in judged if one.alert.fingerprint.startswith(wanted.lower())]
    ids = sorted({one.alert.fingerprint for one in found})
    if not ids:
        raise UsageFault(
            "no finding has that id", "explain", "whofrom logins --all -o ndjson shows the ids; say --config as there"
        )
    if len(ids) > 1:
        raise UsageFault(f"begins {len(ids)} ids: {', '.join(ids[:5])}", "explain", "give more of it")
    return found


def steps(one: Judged, settings: Settings) -> list[Step]:
    """Return the steps of a finding."""
    rule = RULES[one.alert.rule]
    told = _unusual(one, settings) if rule.query == UNUSUAL else _others(one, settings)
    return [*told, Step("so", (_verdict(one),)), Step("to do", (one.alert.remedy,))]


def written(one: Judged, settings: Settings) -> Iterator[str]:
    """Yield the lines of an explanation, no wider than the terminal."""
    alert = one.alert
    columns = max(LEAST_COLUMNS, min(COLUMNS, get_terminal_size((COLUMNS, 24)).columns))
    yield f"{alert.fingerprint}  {alert.rule}, {alert.severity}"
    yield from wrap(alert.title, columns, break_long_words=False)
    yield ""
    for step in steps(one, settings):
        lines = [
            part for line in step.lines for part in wrap(line, columns - HEADING - 1, break_long_words=False) or [""]
        ]
        for number, line in enumerate(lines):
            yield f"{step.heading if number == 0 else '':{HEADING}} {line}".rstrip()


def _verdict(one: Judged) -> str:
    if one.silent:
        return f"kept back: {SILENT[one.silent]}"
    return f"a finding: {one.alert.severity}, confidence {one.alert.confidence}. {RULES[one.alert.rule].meaning}"


def _unusual(one: Judged, settings: Settings) -> list[Step]:
    row = one.alert.details
    found = [_login(row), _history(row, settings), _places(row, settings), *_known(row)]
    if row["last_ts"] is not None:
        last = f"{moment(row['last_ts'])} from {row['last_client_ip']}, {where(row, 'last_')}"
        found.append(Step("the last login", (f"{last}: {'known' if row['last_known'] else 'not known by then'}",)))
        found.append(_journey(row, settings))
    else:
        found.append(Step("the last login", ("none before from a place that counts, so there is no journey",)))
    found.append(Step("kept back?", tuple(_silence(one, settings))))
    found.append(
        Step("repeats", (f"{counted(row['repeats'], 'visit')} of that day between these places; one finding for all",))
    )
    return found


def _login(row: Row) -> Step:
    agent = row.get("user_agent")
    place = f"{moment(row['ts'])} from {row['client_ip']}, {where(row)}"
    net = network(row)
    return Step("the login", (place, *((net,) if net else ("its ASN is not known",)), *((agent,) if agent else ())))


def _history(row: Row, settings: Settings) -> Step:
    numbers = settings.numbers
    span = (row["ts"] - row["first_ts"]).total_seconds()
    learned = row["logins_before"] >= numbers["learning_logins"] or span >= numbers["learning_days"] * 86400
    until = f"{numbers['learning_logins']:g} logins or {numbers['learning_days']:g} days"
    return Step(
        "the user",
        (
            f"{counted(row['logins_before'], 'login')} before in {duration(span)}, since {row['first_ts']:%Y-%m-%d}",
            f"{'learned' if learned else 'still learned'}: that takes {until}, whichever is earlier",
        ),
    )


def _places(row: Row, settings: Settings) -> Step:
    numbers = settings.numbers
    head = (
        f"of {numbers['history_logins']:g} logins or {numbers['history_days']:g} days, whichever reaches further back"
    )
    lines = [
        f"{where(one)}{f', {network(one)}' if network(one) else ''}: {counted(one['logins'], 'login')}, "
        f"{one['first_ts']:%Y-%m-%d} to {one['last_ts']:%Y-%m-%d}"
        + ("" if one["remembered"] else ", not remembered")
        + ("" if one["recent"] else ", forgotten")
        for one in row["history"]
    ]
    return Step("the history", (head, *(lines or ["no place"])))


def _known(row: Row) -> Iterator[Step]:
    country = "is new" if row["new_country"] else "is in the history, or there is no history to compare with"
    yield Step("the country", (f"{row['country']} {country}",))
    if row["region"] is not None and not row["new_country"]:
        region = "is new" if row["new_region"] else "is in the history"
        yield Step("the region", (f"{row['region']} {region}",))
    if row["asn"] is not None:
        yield Step("the network", (f"{network(row)} {'is new' if row['new_asn'] else 'is nothing new'}",))


def _journey(row: Row, settings: Settings) -> Step:
    if row["distance_km"] is None or row["net_km"] is None:
        return Step("the journey", ("not measured: a city is not known, nor how large its country is",))
    least_km, least_kmh = settings.numbers["least_km"], settings.numbers["least_kmh"]
    how = "" if row["measured"] else " (a city is not known: the circle around the country stands for it)"
    fast = "is" if row["is_fast"] else "is not"
    radii = f"{row['last_radius_km']:,.0f} and {row['radius_km']:,.0f} km that the places may be wrong by{how}"
    both = ", but the user is known at both ends" if row["place_known"] and row["last_known"] else ""
    return Step(
        "the journey",
        (
            f"{row['distance_km']:,.0f} km, less {radii}: {row['net_km']:,.0f} km, of {least_km:,g} that it takes",
            f"in {duration(row['seconds'])}: {row['speed_kmh']:,.0f} km/h, of {least_kmh:,g} that it takes",
            f"it {fast} impossible{both}",
        ),
    )


def _silence(one: Judged, settings: Settings) -> Iterator[str]:
    row = one.alert.details
    if one.silent:
        name = row.get("network_name")
        yield f"yes, {SILENT[one.silent]}{f': {name}' if name else ''}"
    else:
        yield f"no: {row['client_ip']} is in no network of [logins]"
        yield f"no: {network(row) or 'its ASN, not known,'} is of no silent class"
    others = f"{counted(row['others'], 'other user')} signed in from its /24 or /48"
    numbers = settings.numbers
    yield f"{others} in {numbers['shared_days']:g} days, of {numbers['shared_users']:g} that make it shared"


def _others(one: Judged, settings: Settings) -> list[Step]:
    """Return the steps of a rule that counts: what it saw, and the numbers that it takes."""
    loaded = load(RULES[one.alert.rule].query)
    numbers = [
        f"{parameter.name} = {settings.numbers[parameter.name]:g}: {NUMBERS[parameter.name].meaning}"
        for parameter in loaded.parameters
        if parameter.name in NUMBERS
    ]
    places: Any = one.alert.details.get("history") or ()
    told = [Step("seen", one.alert.evidence), Step("it takes", tuple(numbers))]
    return [*told, _places(one.alert.details, settings)] if places else told
