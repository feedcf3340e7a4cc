"""
DuckDB's SQL as Spark's: sqlglot translates it, and what it leaves as it stands is made to mean the same there.

Rules:

1. The macros are written into the statement, each body in its call's place: their files are the one source on both
   engines, nothing has to be made in a session first, and Spark's optimizer sees what they are.
2. RULES has what means another thing on Spark and can be said so that it does not.
3. `pipeline.portable` has what cannot: a text that walks into one of its traps is refused, and told what to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

import duckdb
import sqlglot
from sqlglot import ErrorLevel, exp

from pipeline.engine.cuts import cut
from pipeline.engine.macros import macros, named_in
from pipeline.engine.patterns import java
from pipeline.errors import QueryFault
from pipeline.portable import traps

# Spark's own, of the same name and meaning
NATIVE = frozenset({"unix_micros", "timestamp_micros", "percentile"})
# worked out here where their arguments are constants -> their types there
CONSTANT = {"ip_num": "BINARY", "cidr_range": "STRUCT<lowest: BINARY, highest: BINARY>"}
MACRO = re.compile(r"CREATE MACRO (?P<name>\w+)\((?P<parameters>[^)]*)\) AS\s(?P<body>.*)", re.DOTALL)
# letters that Java makes lower by what stands beside them, or as two; DuckDB does letter by letter
LETTERS = ("\u0130\u03a3", "i\u03c3")
# what trim(x) takes away: Unicode's spaces (category Zs), of which Spark's takes the first
SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
GROUP = re.compile(r"\\([0-9])|\\\\|\\|\$")  # in what a match is replaced by
HEX = "0x"  # before hexadecimal digits that are cast to a number


def translated(text: str, place: str = "SQL") -> str:
    """
    Return DuckDB's SQL, one statement, as Spark's; a parameter `$x` is `:x` there.

    place  what the text is called in faults

    Raises QueryFault for what cannot be said on Spark.
    """
    ((_, whole),) = stepped(text, place, whole=True)
    return whole


def stepped(text: str, place: str = "SQL", *, whole: bool = False) -> list[tuple[str, str]]:
    """
    Return the same in steps: name -> text, each to be kept by that name for those behind it; the last one has no name.

    whole  in one step
    """
    for trap in traps(text):
        raise QueryFault(f"{trap.written} is not the same on Spark: {trap.why}", place, f"write {trap.instead}")
    try:
        tree = _upwards(_upwards(_expression(text), _without_macro), _ruled)
        kept, rest = ([], tree) if whole else cut(tree)
        return [
            (name, one.sql("spark", comments=False, unsupported_level=ErrorLevel.RAISE))
            for name, one in (*kept, ("", rest))
        ]
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        words = str(error).partition("\n")[0]
        raise QueryFault(f"cannot be said on Spark: {words}", place, "write it otherwise, or ask DuckDB") from None


# macros


@cache
def _bodies() -> dict[str, tuple[dict[str, exp.Expr | None], exp.Expr]]:
    """Return macro -> its parameters with their defaults, and its body."""
    found = {}
    for macro in macros():
        parsed = MACRO.search(macro.sql)
        assert parsed is not None
        parameters = {}
        for one in parsed["parameters"].split(","):
            declared, _, default = one.partition(":=")
            parameters[declared.split()[0]] = _expression(default) if default else None
        found[macro.name] = parameters, _own_names(macro.name, _expression(parsed["body"]))
    return found


def _expression(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="duckdb")


def _own_names(name: str, body: exp.Expr) -> exp.Expr:
    """Return a macro's body with names for the variables of its lambdas that no column of a statement has."""
    for function in body.find_all(exp.Lambda):
        own = {one.name for one in function.expressions}
        for one in function.find_all(exp.Identifier):
            is_field = (isinstance(one.parent, exp.Dot) and one.arg_key == "expression") or (
                isinstance(one.parent, exp.PropertyEQ) and one.arg_key == "this"
            )
            if one.name in own and not is_field:
                one.set("this", f"{name}_{one.name}")
    return body


def _without_macro(node: exp.Expr) -> exp.Expr:
    """Return the body of a macro in place of its call."""
    name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if name not in _bodies() or name in NATIVE:
        return node
    parameters, body = _bodies()[name]
    given = [one for one in node.expressions if not isinstance(one, exp.PropertyEQ)]
    named = {one.name.lower(): one.expression for one in node.expressions if isinstance(one, exp.PropertyEQ)}
    values = {**parameters, **dict(zip(parameters, given, strict=False)), **named}
    if name in CONSTANT and all(_literal(one) is not None for one in values.values()):
        return _constant(name, *(str(_literal(one)) for one in values.values())).copy()
    return exp.Paren(this=_upwards(_filled(body, values), _without_macro))


@lru_cache(1024)  # ranges of a few statements
def _constant(name: str, *texts: str) -> exp.Expr:
    """Return what DuckDB says that a macro of texts is, so that no row of Spark's works it out again."""
    with duckdb.connect() as connection:
        for macro in named_in(f"{name}("):
            connection.execute(macro.sql)
        call = f"{name}({', '.join('?' * len(texts))})"
        ((found,),) = connection.execute(f"SELECT {call}", texts).fetchall()
    if found is None:
        return sqlglot.parse_one(f"CAST(NULL AS {CONSTANT[name]})", read="spark")
    if isinstance(found, bytes):
        return _call("UNHEX", exp.Literal.string(found.hex()))
    fields = ", ".join(f"UNHEX('{value.hex()}') AS {field}" for field, value in found.items())
    return sqlglot.parse_one(f"STRUCT({fields})", read="spark")


def _filled(body: exp.Expr, values: Mapping[str, exp.Expr | None]) -> exp.Expr:
    """Return a copy of a body with values in place of parameters."""

    def put(node: exp.Expr) -> exp.Expr:
        value = values.get(node.name) if isinstance(node, exp.Column) and not node.table else None
        return node if value is None else exp.Paren(this=value.copy())

    return body.transform(put)


def _upwards(tree: exp.Expr, change: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return a tree changed from its leaves to its root, in place."""
    for node in reversed(list(tree.walk())):
        changed = change(node)
        if changed is not node:
            if node is tree:
                return changed
            node.replace(changed)
    return tree


# what means another thing


def _ruled(node: exp.Expr) -> exp.Expr:
    rule = RULES.get(type(node))
    return node if rule is None else rule(node)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _literal(node: exp.Expr | None) -> str | None:
    """Return the text that an expression is, joined by || or not; None where it is no constant."""
    if isinstance(node, exp.Paren):
        return _literal(node.this)
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    if isinstance(node, exp.DPipe):
        left, right = _literal(node.this), _literal(node.expression)
        return None if left is None or right is None else left + right
    return None


def _pattern(node: exp.Expr, around: str = "{}", flags: str = "") -> exp.Expr:
    """Return a pattern as Java reads it."""
    text = _literal(node)
    if text is None:
        if flags or around != "{}":
            raise ValueError("a pattern that is no constant has no flags, and matches anywhere")
        return node
    pattern = around.format(text)
    return exp.Literal.string(java(f"(?{flags}){pattern}" if flags else pattern))


def _flags(node: exp.Expr, name: str, known: str) -> str:
    found = node.args.get(name)
    text = "" if found is None else _literal(found)
    if text is None or set(text) - set(known):
        raise ValueError(f"the flags {found.sql('duckdb') if found is not None else ''} of a pattern")
    return text


def _regexp_like(node: exp.Expr) -> exp.Expr:
    return exp.RegexpLike(this=node.this, expression=_pattern(node.expression, flags=_flags(node, "flag", "ims")))


def _regexp_full_match(node: exp.Expr) -> exp.Expr:
    return _call("REGEXP_LIKE", node.this, _pattern(node.expression, r"^(?:{})\z", _flags(node, "options", "ims")))


def _regexp_replace(node: exp.Expr) -> exp.Expr:
    flags = _flags(node, "modifiers", "gims")
    if "g" not in flags:
        raise ValueError("regexp_replace without the flag 'g'")
    by = _literal(node.args["replacement"])
    if by is None:
        raise ValueError("regexp_replace by what is no constant")
    escaped = GROUP.sub(lambda found: f"${found[1]}" if found[1] else rf"\{found[0][0]}", by)
    return _call(
        "REGEXP_REPLACE",
        node.this,
        _pattern(node.expression, flags=flags.replace("g", "")),
        exp.Literal.string(escaped),
    )


def _regexp_extract(node: exp.Expr) -> exp.Expr:
    name = "REGEXP_EXTRACT" if isinstance(node, exp.RegexpExtract) else "REGEXP_EXTRACT_ALL"
    group = node.args.get("group") or exp.Literal.number(0)
    return _call(name, node.this, _pattern(node.expression, flags=_flags(node, "parameters", "ims")), group)


def _lower(node: exp.Expr) -> exp.Expr:
    letters = _call("TRANSLATE", node.this, *(exp.Literal.string(one) for one in LETTERS))
    return _call("LOWER", letters)


def _trim(node: exp.Expr) -> exp.Expr:
    if node.expression is None:
        node.set("expression", exp.Literal.string(SPACES))
    return node


def _concat(node: exp.Expr) -> exp.Expr:
    """Of what is no text Spark makes none beside ''."""
    texts = [
        one if isinstance(one, exp.Literal) and one.is_string
        else exp.Coalesce(this=exp.cast(one, exp.DType.TEXT), expressions=[exp.Literal.string("")])
        for one in node.expressions
    ]  # fmt: skip
    return _call("CONCAT", *texts)


def _bracket(node: exp.Expr) -> exp.Expr:
    """An element beyond a list's end is NULL, where Spark's brackets fail; the tree counts from 0."""
    (index, *others) = node.expressions
    if others or not (isinstance(index, exp.Literal) and index.is_int):
        return node
    return _call("TRY_ELEMENT_AT", node.this, exp.Literal.number(int(index.this) + 1))


def _cast(node: exp.Expr) -> exp.Expr:
    """A number of hexadecimal digits."""
    parts = list(node.this.flatten()) if isinstance(node.this, exp.DPipe) else []
    if len(parts) == 2 and _literal(parts[0]) == HEX:
        number = _call("CONV", parts[1], exp.Literal.number(16), exp.Literal.number(10))
        return exp.cast(number, node.args["to"].copy())
    return node


def _try(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node.this, exp.Unhex) else node  # which is NULL on Spark for what is no hexadecimal


def _is_finite(node: exp.Expr) -> exp.Expr:
    if node.name.lower() != "isfinite":
        return node
    (value,) = node.expressions
    return exp.Paren(this=exp.LT(this=exp.Abs(this=value), expression=exp.cast("'Infinity'", exp.DType.DOUBLE)))


RULES: dict[type[Any], Callable[[Any], exp.Expr]] = {
    exp.RegexpLike: _regexp_like,
    exp.RegexpFullMatch: _regexp_full_match,
    exp.RegexpReplace: _regexp_replace,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpExtractAll: _regexp_extract,
    exp.Lower: _lower,
    exp.Trim: _trim,
    exp.Concat: _concat,
    exp.Bracket: _bracket,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Try: _try,
    exp.Anonymous: _is_finite,
}
