"""Items that follow one another: each begins where the one before it, or the lake, has ended."""

from __future__ import annotations

from pipeline.lake import REJECTS, TABLES, Lake, Turn
from pipeline.spread.work import Drafted


class Chain:
    """The turns that are to be committed."""

    def __init__(self, lake: Lake) -> None:
        """Begin where the lake is now."""
        self._numbers = {name: lake.numbers(name) for name in TABLES}
        self._turned: dict[str, dict[str, Turn]] = {name: {} for name in TABLES}

    def takes(self, draft: Drafted, *, rejects: bool) -> bool:
        """
        Add an item if it begins where the marks stand, and return whether it does.

        Rejects are marked where there are some, so a slice does not know what those before it have: their marks begin
        where the lake's stand, or those of the items before.

        rejects  whether its rejects are to be committed too; they are in the lake if not
        """
        tables = [name for name in TABLES if rejects or name != REJECTS]
        turns = {name: draft.turns.get(name, ()) for name in tables}
        for name in tables:
            for turn in turns[name]:
                begins = {self._number(name, turn.id)} | ({self._numbers[name](turn.id)} if name == REJECTS else set())
                if turn.before not in begins:
                    return False
        for name in tables:
            turned = self._turned[name]
            for turn in turns[name]:
                before = turned[turn.id].before if turn.id in turned else turn.before
                turned[turn.id] = Turn(turn.id, before, turn.after)
        return True

    def _number(self, name: str, one: str) -> int | None:
        turned = self._turned[name]
        return turned[one].after if one in turned else self._numbers[name](one)

    def turns(self, name: str) -> list[Turn]:
        """Return the turns of a table."""
        return list(self._turned[name].values())
