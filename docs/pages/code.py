"""
docs/reference/code.md: every module in the order in which a request, then a row, meets it, and the tests about it.

What a module is, its docstring's first sentence says; which tests are about it, `tests.project.mirror`. Here stands the
order alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from docs.pages.markdown import table
from tests.project.mirror import PACKAGES, told_by

ROOT = Path(__file__).parents[2]
UP = "../.."  # from the page to the project
SENTENCE = re.compile(r"(.+?[.!?])(?=\s+[A-Z`(]|\Z)")
PACKAGE = "__init__"
UNPLACED = "Without a place"  # modules that no stage names yet; a test fails while there is one


HEAD = """\
# A map of the code

For who wants to find something in the code, or to change it: every module in the order in which a request, then a row,
meets it. [Architecture](../explanation/architecture.md) tells the way in prose,
[CONTRIBUTING](../../CONTRIBUTING.md) which files a change touches.
"""


class Stage(NamedTuple):
    """
    A part of the way.

    modules  folder, colon, names of modules in their order; `*` stands for those that are not named before
    """

    title: str
    what: str
    modules: tuple[str, ...]


REQUEST = (
    Stage(
        "The server starts",
        "From flags, environment and TOML to listening sockets and workers.",
        (
            "echo: __init__ cli settings units errors server listeners surroundings netlink host cores tls",
            "echo: supervisor worker counters metrics verbose",
        ),
    ),
    Stage(
        "Bytes come in",
        "Sockets to bytes; what may come before a request is looked at, and taken off.",
        (
            "echo: doorman kernel handshake",
            "echo/proxyproto: __init__ reader header v1 v2 tlv crc32c receivers",
            "echo: connection channel",
        ),
    ),
    Stage(
        "A request is read, and answered",
        "A simple GET by the fast lane, all others by a task that reads them in Go's grammar.",
        (
            "echo: lane answering wire body malformed request query routes whoami deviations certificate gojson data",
            "echo: extras websocket answer",
        ),
    ),
    Stage(
        "Who is the client",
        "The one definition, for both halves, on the standard library alone.",
        (
            "echo/clientip: __init__ address ranges lists headers chain strategies trust resolve network config faults",
            "echo/clientip/forwarded: __init__ grammar strict lenient readers",
            "echo/clientip/dialects: __init__ dialect names *",
        ),
    ),
    Stage(
        "And why",
        "Addresses to meanings, meanings and evidence to a finding, a finding to text, JSON, a page.",
        (
            "echo/explain: __init__ topology headers facts shared turns origin judge choose",
            "echo/explain/findings: __init__ finding at_the_socket in_headers not_http stories phrases references",
            "echo/explain: evidence remedies glossary explanation others form report picture markup page",
        ),
    ),
    Stage(
        "The record",
        "One line of JSON a request; what both halves know of it stands in echo/record/.",
        (
            "echo/record: __init__ fields combined login login_user login_presets",
            "echo: recorder sink",
        ),
    ),
    Stage(
        "The other commands of the server",
        "`whofrom explain`, `whofrom probe`, `whofrom topology` and `whofrom health`.",
        (
            "echo/explain: command",
            "echo/explain/pasted: __init__ lines split forms http logs documents pasted offline tell run",
            "echo/probe: __init__ command target run client connections canaries answers seen paths arrival fates",
            "echo/probe: judge notes outcomes report errors",
            "echo/topology: __init__ command documents view cluster nets known facts addresses exposure trust",
            "echo/topology: proposal toml",
            "echo/health: __init__ command *",
        ),
    ),
)
ROW = (
    Stage(
        "The command",
        "A table of subcommands, each loaded when it is called; options in, one call, rows out.",
        (
            "pipeline: __init__ cli targets about installed",
            "pipeline/completion: __init__ command *",
            "pipeline/commands: __init__ options *",
            "pipeline: errors settings timespec progress counted output batches",
        ),
    ),
    Stage(
        "Sources",
        "Names of files and objects to bytes, bytes to lines, lines to records.",
        (
            "pipeline/sources: __init__ folders stores filesystems objects calls troubles opening packed reader plain",
            "pipeline/sources/wrappers: __init__ layer *",
            "pipeline/sources: format records ndjson combined quotes patterns fields documents times columns *",
        ),
    ),
    Stage(
        "Ingest",
        "Records to rows: the client resolved, placed, judged; then committed.",
        (
            "pipeline: ingest follow marks ahead enrich headers texts resolve geo geodb mmdb places",
            "pipeline/signatures: __init__ signature texts decode hints literals prefilter match batch",
            "pipeline/signatures/catalogue: __init__ *",
            "pipeline/signatures/catalogue/cve: __init__ *",
            "pipeline: anonymize retry",
            "pipeline/spread: __init__ driver chain slices work draft recipe",
        ),
    ),
    Stage(
        "The lake",
        "Two Delta tables in a folder, and what is done to them.",
        (
            "pipeline: rows",
            "pipeline/lake: __init__ table mark parts files log promise status keeper compact expire reresolve kinds",
            "pipeline/lake: export",
        ),
    ),
    Stage(
        "Queries",
        "Files of SQL to results.",
        (
            "pipeline: query sqlfile portable",
            "pipeline/engine: __init__ base choice opening duckdb views macros spill bound",
            "pipeline/engine: spark dialect cuts patterns session reach troubles collecting spreading",
            "pipeline/submit: __init__ whofrom",
        ),
    ),
    Stage(
        "The three questions",
        "Where do requests come from, did a user sign in from an unusual place, who is attacking.",
        (
            "pipeline/regions: __init__ periods levels answers table words page",
            "pipeline/logins: __init__ settings stages rules networks extents find words explain",
            "pipeline/attacks: __init__ settings relations stages steps rules inside crawlers floods campaigns",
            "pipeline/attacks: sentences find",
        ),
    ),
    Stage(
        "What is done with the answers",
        "One source's story; alerts and where they go; block lists; pages.",
        (
            "pipeline/trace: __init__ subject relations scan stages hops forged crawling findings folding blocking",
            "pipeline/trace: story render_text lanes page",
            "pipeline/alerts: __init__ alert rules find settings silences document journal files requests sending",
            "pipeline/alerts: deliver *",
            "pipeline/watch: __init__ watcher memory pace days",
            "pipeline/exports: __init__ entries guard merging formats lists firewalls crowdsec stix comments",
            "pipeline/exports: difference files",
            "pipeline/report: __init__ words figures timeline page",
            "pipeline/world: __init__ shapes projection names",
        ),
    ),
)

# folder or pattern of what is no module -> what is there
BESIDE = {
    "pipeline/queries/": "One question a file, `<use case>/<name>.sql`; its header is [its page](queries.md).",
    "pipeline/macros/": "The macros of [`whofrom sql`](sql.md), one a file.",
    "tests/echo/": "Tests of the server and its commands; `peers/` runs real proxies, browsers and clients beside it.",
    "tests/spark/": "A cluster of several processes on this machine, and what runs on it; `make test-spark` runs them.",
    "tests/pipeline/": "Tests of the pipeline; `queries/` holds rows and expected rows for each query.",
    "tests/dist/": "What is built is installed into empty environments, and used.",
    "tests/docs/": "Every page's commands are run, its links followed, the reference compared with the code.",
    "tests/deploy/": "The manifests of `deploy/`, checked against Kubernetes' schemas and against what READMEs say.",
    "tests/project/": "The project itself: locks, import contracts, the Makefile, this map.",
    "tests/benchmarks/": "The benchmarks' own parts.",
    "tests/fuzz/": "Fuzz targets, `make fuzz`; a few thousand inputs of each in the tests.",
    "tests/image/": "Both images are built without Docker's daemon, and run: `make image-test`.",
    "tests/lab/": "[The laboratory](../../tests/lab/README.md): every network of the article, as root.",
    "tests/cluster/": "A Kubernetes API server on loopback, for the pages that call `kubectl`.",
    "tests/vectors/": "What other programs answer to thousands of requests, and tests of their own say.",
    "tests/demo/": "What `make demo` runs.",
    "tests/data/": "Logs, databases, attacks and recorded exchanges, with where they are from.",
    "benchmarks/": "Measurements as code; `results/` has them with date and machine.",
    "deploy/": "[Manifests](../../deploy/README.md), an overlay for each way to a pod.",
    "docs/": "Pages for people; `pages/` writes this folder from the code.",
    "requirements/": "The locks, hashed, and the scripts that write and install them.",
    ".ci/": "`run`: all checks in stages, fast ones first.",
}


def page() -> str:
    """Return the map."""
    order = in_order()
    parts = [
        HEAD,
        *_chapter("echo/: the way of a request", REQUEST, order),
        *_chapter("pipeline/: the way of a row", ROW, order),
        *(_link(path) + "\n" for path in order.get(UNPLACED, ())),
        "## Beside the modules\n\n" + table(("where", "what"), ((_link(path), what) for path, what in BESIDE.items())),
    ]
    return "\n".join(parts)


def _chapter(title: str, stages: tuple[Stage, ...], order: dict[str, list[str]]) -> Iterator[str]:
    yield f"## {title}\n"
    for stage in stages:
        rows = ((_link(path), sentence(path), _tests(path)) for path in order[stage.title])
        yield f"### {stage.title}\n\n{stage.what}\n\n" + table(("module", "what it is", "tests"), rows)


def modules() -> list[str]:
    """Return the paths of all modules, packages too, from the root."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def in_order() -> dict[str, list[str]]:
    """Return title of a stage -> its modules. Raises LookupError for a name that is of none, or of one named before."""
    left, order = modules(), {}
    named = [
        f"{folder}/{name}.py"
        for stage in (*REQUEST, *ROW)
        for folder, names in (one.split(": ") for one in stage.modules)
        for name in names.split()
    ]
    for stage in (*REQUEST, *ROW):
        order[stage.title] = mine = []
        for folder, names in (one.split(": ") for one in stage.modules):
            for name in names.split():
                wanted = f"{folder}/{name}.py"
                taken = [
                    path
                    for path in left
                    if path == wanted
                    or (
                        name == "*"
                        and path not in named
                        and path.rpartition("/")[0] == folder
                        and fnmatchcase(path, wanted)
                    )
                ]
                if not taken:
                    raise LookupError(f"{wanted}: no such module, or named twice")
                mine += taken
                left = [path for path in left if path not in taken]
    if left:
        order[UNPLACED] = left
    return order


def sentence(path: str) -> str:
    """Return the first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or ""
    found = SENTENCE.match(" ".join(text.partition("\n\n")[0].split()))
    return found[0] if found else ""


def _link(path: str) -> str:
    shown = path.removesuffix(f"{PACKAGE}.py")
    return f"[`{shown}`]({UP}/{shown})"


def _tests(path: str) -> str:
    """Return links to the tests about a module; to their folder where they are all that is in it."""
    if path.endswith(f"{PACKAGE}.py"):
        return ""
    links = ((test.rpartition("/")[0] + "/") if "*" in test else test for test in told_by(path))
    return ", ".join(f"[{_short(link)}]({UP}/{link})" for link in links)


def _short(path: str) -> str:
    return path.removesuffix(".py").removeprefix("tests/").replace("/test_", "/")
