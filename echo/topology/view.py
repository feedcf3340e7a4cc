"""
Fields of an object, asked for by path. JSON has no schema: a field of the wrong shape is said, and reads as absent.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from echo.clientip import printable, quote
from echo.topology.nets import Net, parse_block, parse_host

MAX_COMPLAINTS = 20  # said in full; a file with more faults than that has one cause
MAX_NAMED = 3  # names behind one another, before the rest is counted
MAX_NAME = 253 + 1 + 63  # characters of namespace/name that Kubernetes allows; longer ones are cut

# what Python makes of JSON -> what to call it
SHAPES = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


class Complaints:
    """What was found wrong, each fault once and in order, not more than MAX_COMPLAINTS of them."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}
        self._more = 0

    def __call__(self, text: str) -> None:
        """Keep a line."""
        if len(self._said) < MAX_COMPLAINTS:
            self._said[text] = None
        elif text not in self._said:
            self._more += 1

    def lines(self) -> list[str]:
        """Return the lines, and how many there were beside them."""
        rest = [f"and {self._more:,} more of such faults; write the input anew"] if self._more else []
        return [*self._said, *rest]


class View:
    """
    An object of the JSON.

    place   what complaints call it: the file and item, until `called` gives it its name
    prefix  of its fields' paths: where it stands in the object of that name
    """

    __slots__ = ("_prefix", "_say", "_value", "place")

    def __init__(self, value: dict[str, Any], place: str, say: Complaints, prefix: tuple[str, ...] = ()) -> None:
        self._value = value
        self._say = say
        self._prefix = prefix
        self.place = place

    def called(self, name: str) -> "View":
        """Return the same object under the name that complaints shall give it."""
        return View(self._value, name, self._say)

    def text(self, *path: str) -> str:
        """Return the text at path, "" if there is none."""
        value = self._at(path, str)
        return value if isinstance(value, str) else ""

    def flag(self, *path: str) -> bool:
        """Return whether true stands at path."""
        return self._at(path, bool) is True

    def items(self, *path: str) -> list[Any]:
        """Return the list at path, unread."""
        value = self._at(path, list)
        return value if isinstance(value, list) else []

    def texts(self, *path: str) -> list[str]:
        """Return the texts of the list at path."""
        return [item for item in self.items(*path) if self._is(item, str, path, " item")]

    def views(self, *path: str) -> list["View"]:
        """Return the objects of the list at path."""
        prefix = self._prefix + path
        items = (item for item in self.items(*path) if self._is(item, dict, path, " item"))
        return [View(item, self.place, self._say, prefix) for item in items]

    def table(self, *path: str, keys: Iterable[str] | None = None) -> dict[str, str]:
        """Return the texts of the object at path, by key; only those of `keys`, if they are given."""
        value = self._at(path, dict)
        if not isinstance(value, dict):
            return {}
        wanted = value if keys is None else [key for key in keys if key in value]
        return {
            key: value[key] for key in wanted if value[key] is not None and self._is(value[key], str, (*path, key), "")
        }

    def hosts(self, texts: Iterable[str], field: str) -> tuple[Net, ...]:
        """Return texts of a field as addresses; what is none is said, but that there is no text."""
        return self._nets(texts, field, parse_host, "an address")

    def blocks(self, texts: Iterable[str], field: str) -> tuple[Net, ...]:
        """Return texts of a field as CIDRs; what is none is said."""
        return self._nets(texts, field, parse_block, "a CIDR of a cluster")

    def complain(self, fault: str) -> None:
        """Say what is wrong with the object."""
        self._say(f"{self.place}: {fault}")

    def _nets(self, texts: Iterable[str], field: str, parse: Callable[[str], Net | None], what: str) -> tuple[Net, ...]:
        found: dict[Net, None] = {}
        for text in filter(None, texts):
            net = parse(text)
            if net is None:
                self.complain(f"{field} {quote(text)} is not {what}; passed over: kubectl get -o yaml shows the field")
            else:
                found[net] = None
        return tuple(found)

    def _at(self, path: tuple[str, ...], wanted: type) -> object:
        value: Any = self._value
        for depth, key in enumerate(path):
            if not self._is(value, dict, path[:depth], ""):
                return None
            value = value.get(key)
            if value is None:
                return None
        return value if self._is(value, wanted, path, "") else None

    def _is(self, value: object, wanted: type, path: tuple[str, ...], suffix: str) -> bool:
        if isinstance(value, wanted):
            return True
        field = printable(".".join(self._prefix + path))[:MAX_NAME] + suffix
        self.complain(
            f"{field} is {shape(value)}, not {SHAPES[wanted]}; passed over: kubectl get -o yaml shows the field"
        )
        return False


def shape(value: object) -> str:
    """Return what a value is called."""
    return "nothing" if value is None else SHAPES.get(type(value), "something else")


def shown(namespace: str, name: str) -> str:
    """Return namespace/name, fit for a terminal and of bounded length."""
    text = printable(f"{namespace}/{name}"[:MAX_NAME] if namespace else name[:MAX_NAME])
    return text[:MAX_NAME]


def few(names: Sequence[str]) -> str:
    """Return names behind one another, the first of them where they are many."""
    rest = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + rest


def counted(number: int, word: str, words: str = "") -> str:
    """Return `1 node`, `2 nodes`; `words` where the plural has more to it than an s."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {words or word + 's'}"
