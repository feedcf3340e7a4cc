"""
Which logs are meant: files, globs, `-`, folders with all that is below them, and the same of objects in stores.

Rules for a folder:

1. Only ordinary files that hold text, compressed or not. Sockets, devices, binary files and hard links to what was
   found already are passed over, and so are Delta tables (a lake of ours, or anybody's), and links to folders, which
   could lead in a circle. Each is told.
2. The rotations of one log come one behind another, the oldest first: by the date in their names, else by their number,
   the largest first; the one without either is written now and comes last. That is only for people, who see the lake
   grow in order: whether a line is in the lake is told by content, not by name.
3. A store's objects are not looked into before they are read: each look would cost a round trip.
"""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from echo.clientip import printable
from pipeline.errors import SourceFault
from pipeline.sources.objects import Object, objects
from pipeline.sources.packed import MAGIC_BYTES, packing_of
from pipeline.sources.stores import Place, is_store, place_of, scheme_of

STDIN = "-"
DELTA_LOG = "_delta_log"
LOOKED_AT_BYTES = 1024  # of the text: binary files show a NUL here, and logs have none
PACKED_SUFFIX = re.compile(r"\.(?:gz|zst|bz2|xz)$")
# access.log-20261126, access-2026-11-26.log, access.log.2026-11-26-03, 0.log.20261126-030000 (kubelet)
STAMP = re.compile(r"[-._](\d{4}-?\d{2}-?\d{2}(?:[-T_.]?\d[\d.:-]*)?)(?=\.|$)")
NUMBER = re.compile(r"\.(\d{1,5})(?=\.|$)")  # access.log.2, access.2.log
DATED, NUMBERED, CURRENT = 0, 1, 2

Say = Callable[[str, str], None]  # a name, and why it is passed over


class Found(NamedTuple):
    """
    A source.

    listed  whether a folder held it: then it was not named, and may be no log
    size    bytes of a store's object
    """

    name: str
    listed: bool = False
    size: int | None = None


def expand(
    patterns: Sequence[str],
    say: Say = lambda name, why: None,
    refuse: Callable[[SourceFault], None] | None = None,
) -> list[Found]:
    """
    Return the sources that files, globs, folders and `-` name, in order, each once.

    say     is told what of a folder is passed over
    refuse  is told of a pattern that names nothing, and of a folder that cannot be read or holds no log; without it the
            first of them is raised as SourceFault

    Raises UsageFault for a pattern that can name no source, before any is looked for.
    """
    places = {pattern: place_of(pattern) for pattern in patterns if _is_uri(pattern)}
    found: dict[str, Found] = {}
    for pattern in patterns:
        try:
            logs = _objects(places[pattern], say) if pattern in places else _files(pattern, say)
        except SourceFault as fault:
            if refuse is None:
                raise
            refuse(fault)
            continue
        for one in logs:
            found.setdefault(one.name, one)
    return list(found.values())


def _is_uri(pattern: str) -> bool:
    return is_store(pattern) or (bool(scheme_of(pattern)) and not Path(pattern).exists())


def _files(pattern: str, say: Say) -> list[Found]:
    """Return what a pattern names on this machine. Raises SourceFault if that is nothing."""
    if pattern != STDIN and Path(pattern).is_dir():
        logs = [Found(name, listed=True) for name in logs_in(pattern, say)]
        if not logs:
            raise SourceFault("no log in this folder", printable(pattern), "name another, or the files themselves")
        return logs
    if pattern == STDIN or Path(pattern).exists():
        return [Found(pattern)]
    names = sorted((name for name in glob.glob(pattern, recursive=True) if Path(name).is_file()), key=age)  # noqa: PTH207
    if not names:
        raise SourceFault(
            "no such file",
            printable(pattern),
            "name a log file, a folder, a glob in quotes, or - for standard input",
        )
    return [Found(name) for name in names]


def _objects(place: Place, say: Say) -> list[Found]:
    """Return the objects that a place in a store names. Raises SourceFault if there are none."""
    held, listed = objects(place)
    if listed:
        held = sorted(_without_tables(held, place, say), key=lambda one: age(one.place.key))
    if not held:
        raise SourceFault("no log in this folder", printable(place.uri), "name another, or the objects themselves")
    return [Found(one.place.name, listed=listed, size=one.size) for one in held]


def _without_tables(held: list[Object], place: Place, say: Say) -> list[Object]:
    """Return the objects that are not of a Delta table."""
    mark = f"/{DELTA_LOG}/"
    tables = {f"/{one.place.key}".partition(mark)[0] + "/" for one in held if mark in f"/{one.place.key}"}
    for table in sorted(tables):
        say(place._replace(key=table[1:]).name, "a lake, or a Delta table")
    return [one for one in held if not any(f"/{one.place.key}".startswith(table) for table in tables)]


def logs_in(folder: str, say: Say) -> list[str]:
    """Return the logs in a folder and below. Raises SourceFault if one of the folders cannot be read."""
    seen: set[tuple[int, int]] = set()
    found = []
    for path in _files_of(folder, say):
        why = _why_not(path, seen)
        if why:
            say(path, why)
        else:
            found.append(path)
    return sorted(found, key=age)


def age(path: str) -> tuple[str, str, int, str, int, str]:
    """Return the key that sorts the rotations of a log, the oldest first, and logs by their names."""
    folder, name = os.path.split(path)
    bare = PACKED_SUFFIX.sub("", name)
    stamp = STAMP.search(bare)
    if stamp:
        return folder, bare[: stamp.start()] + bare[stamp.end() :], DATED, re.sub(r"\D", "", stamp[1]), 0, name
    number = NUMBER.search(bare)
    if number:
        return folder, bare[: number.start()] + bare[number.end() :], NUMBERED, "", -int(number[1]), name
    return folder, bare, CURRENT, "", 0, name


def _files_of(folder: str, say: Say) -> Iterator[str]:
    """Yield all that is no folder, in a folder and below."""
    for place, folders, names in os.walk(folder, onerror=_refuse):
        if DELTA_LOG in folders or any(Path(place, name, DELTA_LOG).is_dir() for name in folders):
            say(place, "a lake, or a Delta table")
            folders.clear()
            continue
        for name in list(folders):
            if Path(place, name).is_symlink():
                say(os.path.join(place, name), "a link to a folder")  # noqa: PTH118  # names as they were given
        for name in names:
            yield os.path.join(place, name)  # noqa: PTH118


def _refuse(error: OSError) -> None:
    raise SourceFault(
        f"cannot read the folder: {error.strerror}", printable(str(error.filename)), "check the path and its mode"
    ) from None


def _why_not(path: str, seen: set[tuple[int, int]]) -> str:
    """Return why a file of a folder is no log, "" if it may be one, or cannot be read: the reader says why not."""
    try:
        kind = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(kind.st_mode):
            return "no ordinary file"
        if (kind.st_dev, kind.st_ino) in seen:
            return "the same file as another of them"
        seen.add((kind.st_dev, kind.st_ino))
        with Path(path).open("rb") as raw:
            packing = packing_of(raw.read(MAGIC_BYTES))
            raw.seek(0)
            head = (packing.unpack(raw) if packing is not None else raw).read(LOOKED_AT_BYTES)
    except FileNotFoundError:
        return "a link to nothing" if Path(path).is_symlink() else "gone meanwhile"
    except Exception:  # broken or not readable: whoever reads it whole says what is wrong
        return ""
    # a log that was truncated under its writer's feet begins with a hole of NULs
    return "binary" if b"\0" in head.lstrip(b"\0") else ""
