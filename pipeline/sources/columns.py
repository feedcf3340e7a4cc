"""Arrow arrays: as sequences to those who take values one by one, row by row to columns, read once a distinct value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar, overload

import pyarrow as pa
import pyarrow.compute as pc

T = TypeVar("T")


class Column(Sequence[T], Generic[T]):
    """An Arrow array without nulls, as a sequence of Python values that are made when they are asked for."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: int | slice) -> T | list[T]:
        """Return one value, or a list of some."""
        found = self.array[at]
        made: T | list[T] = found.to_pylist() if isinstance(at, slice) else found.as_py()
        return made

    def __iter__(self) -> Iterator[T]:
        return iter(self.array.to_pylist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list has none


def array_of(values: Sequence[T], kind: pa.DataType) -> pa.Array:
    """Return values as an Arrow array."""
    return values.array if isinstance(values, Column) else pa.array(values, kind)


def columns_of(values: pa.Array, width: int) -> list[pa.Array]:
    """Return the columns of rows of `width` values each, which stand one row after the other."""
    starts = pc.multiply(pa.arange(0, len(values) // width), width)
    return [values.take(pc.add(starts, number)) for number in range(width)]


def by_distinct(column: pa.Array, read: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return what is read from each value of a column, read once from each distinct one."""
    encoded = column.dictionary_encode()
    return read(encoded.dictionary).take(encoded.indices)
