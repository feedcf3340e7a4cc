"""
The pages docs/reference/queries/<use>/<name>.md and their index: each question, what it answers, and its SQL.

A page is made of the file's header, the columns that it has over a lake without rows, the rules that ask it, and
its examples among the tests, whose near misses say what it leaves alone.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pyarrow as pa

from docs.pages.markdown import table
from pipeline import query
from pipeline.attacks import stages
from pipeline.attacks.rules import RULES
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.logins import RULES as LOGIN_RULES
from pipeline.logins import Settings
from pipeline.logins.stages import register
from pipeline.portable import BESIDE, TRAPS
from pipeline.query import Query
from pipeline.regions.answers import RELATIONS
from pipeline.rows import REJECT_SCHEMA, ROW_SCHEMA

EXAMPLES = Path(__file__).parents[2] / "tests" / "pipeline" / "queries"
TECHNIQUE = re.compile(r"\bT(\d{4})(?:\.(\d{3}))?\b")
CALL = re.compile(r"\b\w+\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
ATTACK_URL = "https://attack.mitre.org/techniques/"
UP = "../../../.."  # from a page to the project
TITLES = {
    "attacks": "Attacks",
    "logins": "Logins",
    "regions": "Regions",
    "trace": "Traces",
}
TYPES = (
    (pa.types.is_string, "text"), (pa.types.is_timestamp, "timestamp"), (pa.types.is_date, "date"),
    (pa.types.is_integer, "int"), (pa.types.is_floating, "float"), (pa.types.is_decimal, "number"),
    (pa.types.is_boolean, "yes or no"), (pa.types.is_binary, "bytes"),
)  # fmt: skip


def index() -> str:
    """Return the list of queries, and what SQL may be in them."""
    parts = [
        "# Queries\n",
        (
            "Each question that whofrom asks a lake is a file of SQL with a header. `whofrom sql` runs the text of\n"
            "those that read `requests` alone, with its parameters filled in.\n"
        ),
    ]
    for use in sorted({name.partition("/")[0] for name in query.names()}):
        parts.append(f"## {TITLES.get(use, use.capitalize())}\n")
        rows = (
            (f"[{name.rpartition('/')[2]}](queries/{name}.md)", query.load(name).header["question"])
            for name in query.names()
            if name.startswith(f"{use}/")
        )
        parts.append(table(("query", "question"), rows))
    parts.append(
        "## One text for DuckDB and Spark\n\n"
        'The same files are to run on Spark, as sqlglot translates them (`read="duckdb", write="spark"`). What it\n'
        "lets pass and Spark answers otherwise, or not at all, is not in them; a test sees to that. Their functions\n"
        "are those that both have, and the [macros](sql.md#macros) `unix_micros`, `timestamp_micros` and\n"
        "`percentile`, which are Spark's own names. A macro that Spark has not, such as `ip_prefix`, is what an\n"
        "engine brings along.\n"
    )
    rows = ((f"`{trap.written}`", trap.why, _code(trap.instead)) for trap in TRAPS)
    parts.append(table(("not written", "on Spark", "but"), rows))
    parts.append("And what no test finds:\n")
    parts.append(table(("not written", "on Spark", "but"), ((f"`{one}`", why, _code(to)) for one, why, to in BESIDE)))
    return "\n".join(parts)


def page(name: str) -> str:
    """Return the page of a query."""
    loaded = query.load(name)
    header = loaded.header
    parts = [f"# {name}\n", f"**{header['question']}**\n"]
    parts.append("\n".join(f"- {shown}: {write(header[key])}" for key, shown, write in FACTS if key in header) + "\n")
    if loaded.parameters:
        rows = (
            (f"`{one.name}`", one.type, "–" if one.default is None else one.default, one.meaning)
            for one in loaded.parameters
        )
        parts += ["## Parameters\n", table(("parameter", "type", "default", "meaning"), rows)]
    shown = ((f"`{column}`", kind) for column, kind in columns(loaded))
    parts += ["## Columns\n", table(("column", "type"), shown)]
    parts += _rules(name)
    parts += _examples(name)
    parts += ["## SQL\n", f"```sql\n{_body(loaded)}\n```\n"]
    return "\n".join(parts)


PAGES = {"queries.md": index, **{f"queries/{name}.md": partial(page, name) for name in query.names()}}


def columns(loaded: Query) -> list[tuple[str, str]]:
    """Return the columns of a query and their types, as a lake without rows has them."""
    schema = loaded.run(_engine()).schema
    return [(field.name, _type(field.type)) for field in schema]


@cache
def _engine() -> Engine:
    """Return an engine on a lake without rows, with all relations that queries make."""
    place = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    lake = Lake(f"{place}/lake")
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(ROW_SCHEMA.empty_table()), rejects, "docs", Mark(1, 0), None)
    engine = Engine(lake)
    register(engine, Settings())
    for name, relation in RELATIONS.items():
        engine.register(name, relation.empty_table())
    stages.prepare(engine, None, None, query.makers())
    return engine


def _type(kind: pa.DataType) -> str:
    """Return an Arrow type in plain words."""
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    return next((words for test, words in TYPES if test(kind)), str(kind))


def _body(loaded: Query) -> str:
    """Return a file's text without its header."""
    lines = loaded.sql.splitlines()
    head = next(number for number, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(lines[head:]).strip()


def _rules(name: str) -> list[str]:
    """Return the rules that ask a query."""
    asked = [rule for rule in LOGIN_RULES.values() if rule.query == name]
    if asked:
        told = ((f"`{one.code}`", one.severity, _techniques(", ".join(one.techniques)), one.meaning) for one in asked)
        return ["## Rules\n", table(("rule", "severity", "ATT&CK", "meaning"), told)]
    own = [rule for rule in RULES if rule.query == name or (rule.kinds and name == "attacks/buckets")]
    if not own:
        return []
    rows = (
        (
            f"`{rule.code}`", rule.severity, _techniques(", ".join(rule.techniques)), rule.source,
            rule.false_positives,
        )
        for rule in own
    )  # fmt: skip
    return ["## Rules\n", table(("rule", "severity", "ATT&CK", "after", "false positives"), rows)]


def _examples(name: str) -> list[str]:
    """Return what the examples say that is left alone."""
    cases = sorted(path for path in (EXAMPLES / name).glob("*") if path.is_dir())
    links = ", ".join(
        f"[{case.name.replace('_', ' ')}]({UP}/tests/pipeline/queries/{name}/{case.name})" for case in cases
    )
    rows = [
        json.loads(line) for case in cases for line in (case / "rows.jsonl").read_text("utf-8").splitlines() if line
    ]
    misses = dict.fromkeys(row["miss"] for row in rows if "miss" in row)
    parts = ["## Examples\n", f"Rows in and rows out: {links}.\n"] if cases else []
    if misses:
        parts.append("Left alone there:\n\n" + "\n".join(f"- {miss}" for miss in misses) + "\n")
    return parts


def _code(text: str) -> str:
    """Return a text with what is SQL in it marked as such."""
    return CALL.sub(lambda found: f"`{found[0]}`", text)


def _reads(text: str) -> str:
    """Return what a query reads, with a link to the queries that make it."""
    for made, maker in query.makers().items():
        text = re.sub(rf"\b{made}\b", f"[`{made}`](../{maker}.md)", text)
    return re.sub(r"(?<![\w`/])requests\b(?!`)", f"[`requests`]({'../..'}/lake.md#requests)", text, count=1)


def _makes(text: str) -> str:
    return f"`{text}`, which other queries read"


def _techniques(text: str) -> str:
    """Return ids of techniques as links."""
    return TECHNIQUE.sub(
        lambda found: f"[{found[0]}]({ATTACK_URL}T{found[1]}/{f'{found[2]}/' if found[2] else ''})", text
    )


# key of a header -> how it is called, and written
FACTS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("grain", "Grain", str),
    ("reads", "Reads", _reads),
    ("makes", "Makes", _makes),
    ("source", "After", str),
    ("false positives", "False positives", str),
    ("attack", "ATT&CK", _techniques),
)
