"""
Objects in stores: which there are, and their bytes.

What goes wrong is a SourceFault that names the place and the next step, and comes in bounded time.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import pyarrow as pa

from pipeline.errors import NoObject, SourceFault
from pipeline.sources.calls import Call
from pipeline.sources.filesystems import FileSystem, maker_of
from pipeline.sources.stores import ANY_DEPTH, Place, fits, magic, matches, place_of
from pipeline.sources.troubles import silent, trouble_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Each range costs a round trip of some 30 ms, as long as some 3 MB take to come; the next comes while one is used.
# AWS's guide to performance names 8 to 16 MB.
RANGE_BYTES = 8 << 20
# S3 and Google end before, by what `filesystems` tells them, as far as an address that is reached but never answers
# lets them; Azure's client would wait for minutes.
ANSWER_SECONDS = 60.0
LISTING_SECONDS = 900.0  # a store lists some thousand keys a request: this is for millions

T = TypeVar("T")


class Object(NamedTuple):
    """An object that a store holds."""

    place: Place
    size: int


def objects(place: Place) -> tuple[list[Object], bool]:
    """
    Return the objects that a place names, and whether it is a folder that holds them.

    An object's own name comes before a folder's and a glob's. Raises SourceFault if the store cannot be asked, or
    nothing is there; UsageFault if the place does not say enough.
    """
    store = _asked(place, maker_of(place))
    if place.key and not place.key.endswith("/"):
        info = _asked(place, lambda: store.get_file_info(place.path))
        if info.is_file:
            return [Object(place, info.size)], False
        if magic(place.key):
            return list(_globbed(store, place)), False
        if info.type.name == "NotFound":
            raise _nothing(store, place)
    try:
        found = list(_listed(store, place, recursive=True))
    except NoObject:
        raise _nothing(store, place) from None
    return [one for one in found if isinstance(one, Object)], True


def open_object(name: str) -> tuple[IO[bytes], int]:
    """Open an object by the name of its place; return its bytes, and how many they are. Raises SourceFault."""
    place = place_of(name)
    store = _asked(place, maker_of(place))
    file, size = _asked(place, lambda: _opened(store, place.path))
    return cast("IO[bytes]", io.BufferedReader(_Ranges(file, place), RANGE_BYTES)), size


def open_anywhere(name: str) -> tuple[Callable[[int, int], bytes], Callable[[int, int], IO[bytes]], int]:
    """
    Open an object to be read from anywhere: what gives the bytes at an offset, so many, in one request; what gives a
    stream of those between two offsets; and how many there are. Raises SourceFault, and so do they.
    """
    place = place_of(name)
    store = _asked(place, maker_of(place))
    file, size = _asked(place, lambda: _opened(store, place.path))

    def at(offset: int, count: int) -> bytes:
        return _asked(place, lambda: cast("bytes", file.read_at(count, offset)))

    def between(first: int, last: int) -> IO[bytes]:
        _asked(place, lambda: file.seek(first))
        return cast("IO[bytes]", io.BufferedReader(_Ranges(file, place, last - first), RANGE_BYTES))

    return at, between, size


def _opened(store: FileSystem, path: str) -> tuple[Any, int]:
    file = store.open_input_file(path)
    return file, file.size()


class _Ranges(io.RawIOBase):
    """The bytes of an object, at most so many, fetched range by range, the next one while the last is used."""

    def __init__(self, file: Any, place: Place, most: int | None = None) -> None:
        self._file, self._place, self._left = file, place, most
        self._range = memoryview(b"")
        self._next: Call[bytes] | None = self._begin()

    def _begin(self) -> Call[bytes]:
        count = RANGE_BYTES
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
        return Call(lambda: cast("bytes", self._file.read(count)))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Give what is there of the range at hand, or of the next."""
        if not self._range and self._next is not None:
            data = _answer(self._place, self._next, ANSWER_SECONDS)
            self._range = memoryview(data)
            self._next = self._begin() if data else None
        into = memoryview(buffer).cast("B")
        count = min(len(into), len(self._range))
        into[:count] = self._range[:count]
        self._range = self._range[count:]
        return count


def _asked(place: Place, call: Callable[[], T]) -> T:
    """Ask a store. Raises SourceFault for what goes wrong, and if it does not answer in time."""
    return _answer(place, Call(call), ANSWER_SECONDS)


def _answer(place: Place, call: Call[T], seconds: float) -> T:
    try:
        return call.result(seconds)
    except TimeoutError:
        raise silent(seconds, place, os.environ) from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise trouble_of(error, place, os.environ) from None


def _nothing(store: FileSystem, place: Place) -> SourceFault:
    """Return why nothing is at a place: not even a bucket, where one may ask for it."""
    try:
        bucket = _asked(place, lambda: store.get_file_info(place.bucket))
    except SourceFault:  # who may read objects need not be allowed to ask for the bucket
        bucket = None
    missing = "NO_SUCH_BUCKET" if bucket is not None and bucket.type.name == "NotFound" else "NO_SUCH_KEY"
    return trouble_of(FileNotFoundError(missing), place, os.environ)


def _listed(store: FileSystem, place: Place, *, recursive: bool, needed: bool = True) -> Iterator[Object | Place]:
    """Yield what a folder holds, objects and folders, by their names. Raises NoObject if it is needed and not there."""
    from pyarrow.fs import FileSelector  # noqa: PLC0415

    selector = FileSelector(place.path.rstrip("/"), recursive=recursive, allow_not_found=not needed)
    infos = _answer(place, Call(lambda: store.get_file_info(selector)), LISTING_SECONDS)
    for info in sorted(infos, key=lambda info: cast("str", info.path)):
        at = place.at(info.path)
        if info.is_file:
            yield Object(at, info.size)
        elif info.type.name == "Directory":
            yield at


def _globbed(store: FileSystem, place: Place) -> Iterator[Object]:
    """Yield what a glob names. Only folders that may hold some of it are listed. Raises SourceFault if nothing is."""
    parts = place.key.split("/")
    fixed = next(number for number, part in enumerate(parts) if magic(part))
    found = list(_below(store, place._replace(key="/".join(parts[:fixed])), parts[fixed:]))
    if not found:
        raise _nothing(store, place)
    yield from found


def _below(store: FileSystem, folder: Place, pattern: Sequence[str]) -> Iterator[Object]:
    first, rest = pattern[0], pattern[1:]
    depth = len(folder.key.split("/")) if folder.key else 0
    if rest and not magic(first):
        yield from _below(store, folder._replace(key=f"{folder.key}/{first}".lstrip("/")), rest)
        return
    deep = first == ANY_DEPTH or (bool(rest) and not folder.kind.lists_folders)
    for one in _listed(store, folder, recursive=deep, needed=False):
        place = one.place if isinstance(one, Object) else one
        parts = place.key.split("/")[depth:]
        if isinstance(one, Object):
            if matches(parts, pattern):
                yield one
        elif not deep and rest and fits(parts[-1], first):
            yield from _below(store, one, rest)
