"""Many values of one type: an Arrow array that is a sequence to those who take them one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

import pyarrow as pa

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
