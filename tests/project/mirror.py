"""
Which tests are about which module: its namesake in the mirrored folder, else what a row of TOLD says.

    echo/clientip/resolve.py   tests/echo/clientip/test_resolve.py
    echo/sink.py               tests/echo/server/test_sink.py: the modules that stand in echo/ itself are the server's
    pipeline/ingest.py         tests/pipeline/test_ingest.py

A module has no namesake where it cannot be seen alone: one table of several that one test walks, one step of a whole
whose ends are tested.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("echo", "pipeline")


class Row(NamedTuple):
    """Modules without a namesake (`*` stands for any text without a slash), the tests that are about them, and why."""

    modules: str
    tests: str
    why: str


SERVER, EXPLAIN, PIPE = "tests/echo/server/test_", "tests/echo/explain/test_", "tests/pipeline/test_"
FORMS, EXPORTS = "tests/pipeline/sources/test_json_formats.py", "tests/pipeline/exports/test_"

TOLD = (
    Row("echo/answering.py echo/channel.py", f"{SERVER}connection.py {SERVER}limits.py", "a connection is seen whole"),
    Row("echo/doorman.py", f"{SERVER}tls.py", "it stands at the port with TLS"),
    Row("echo/server.py echo/listeners.py echo/verbose.py echo/errors.py", f"{SERVER}cli.py", "the program is run"),
    Row("echo/worker.py", f"{SERVER}supervisor.py {SERVER}sink.py {SERVER}limits.py", "what connections share"),
    Row("echo/deviations.py", f"{SERVER}exchanges.py", "recorded exchanges of whoami are read by the table"),
    Row("echo/malformed.py", f"{SERVER}faults.py", "each kind is sent over a socket"),
    Row("echo/metrics.py", f"{SERVER}counters.py {SERVER}extras.py", "what is counted, and the page of it"),
    Row("echo/kernel.py echo/netlink.py", f"{SERVER}handshake.py {SERVER}surroundings.py", "the kernel's bytes, read"),
    Row("echo/query.py", f"{SERVER}whoami.py", "a query is read as whoami's library reads it"),
    Row("echo/clientip/network.py", "tests/echo/clientip/test_config.py", "its tables are keys of the TOML"),
    Row("echo/clientip/dialects/dialect.py", "tests/echo/clientip/dialects/test_table.py", "the shape of all dialects"),
    Row(
        "echo/clientip/dialects/node.py",
        "tests/echo/clientip/dialects/test_express.py tests/echo/clientip/dialects/test_koa.py",
        "what two programs share",
    ),
    Row("echo/clientip/forwarded/grammar.py", "tests/echo/clientip/forwarded/test_strict.py", "a reader tries it"),
    Row(
        "echo/explain/choose.py echo/explain/evidence.py echo/explain/facts.py echo/explain/headers.py"
        " echo/explain/judge.py echo/explain/origin.py echo/explain/remedies.py echo/explain/turns.py"
        " echo/explain/findings/*.py",
        f"{EXPLAIN}findings.py",
        "one truth table: request and surroundings to finding, evidence, remedy",
    ),
    Row("echo/explain/explanation.py", f"{EXPLAIN}report.py", "what the text and the JSON are told"),
    Row(
        "echo/explain/picture.py echo/explain/markup.py echo/explain/glossary.py",
        f"{EXPLAIN}page.py",
        "parts of the page",
    ),
    Row("echo/explain/command.py echo/explain/pasted/*.py", f"{EXPLAIN}pasted.py", "what is pasted to what is said"),
    Row(
        "echo/probe/answers.py echo/probe/arrival.py echo/probe/canaries.py echo/probe/notes.py"
        " echo/probe/outcomes.py echo/probe/paths.py echo/probe/report.py echo/probe/seen.py",
        "tests/echo/probe/test_judge.py tests/echo/probe/test_hostile.py",
        "steps from answers to a verdict",
    ),
    Row(
        "echo/probe/client.py echo/probe/errors.py echo/probe/run.py echo/probe/target.py",
        "tests/echo/probe/test_ways.py tests/echo/probe/test_hostile.py",
        "real requests to real and to hostile servers",
    ),
    Row("echo/health/ask.py", "tests/echo/health/test_command.py", "real servers and strangers are asked"),
    Row("echo/proxyproto/header.py", "tests/echo/proxyproto/test_reader.py", "what the reader returns and raises"),
    Row("echo/record/login_user.py", "tests/echo/record/test_login_sources.py", "where users' names stand"),
    Row(
        "echo/topology/facts.py echo/topology/known.py echo/topology/view.py",
        "tests/echo/topology/test_cluster.py tests/echo/topology/test_command.py",
        "what the rules of topology look up",
    ),
    Row(
        "pipeline/completion/command.py pipeline/completion/words.py",
        "tests/pipeline/completion/test_scripts.py",
        "shells call it",
    ),
    Row(
        "pipeline/alerts/deliver.py pipeline/alerts/journal.py pipeline/alerts/sending.py pipeline/alerts/files.py",
        "tests/pipeline/alerts/test_delivery.py",
        "each alert once, whatever fails: real receivers",
    ),
    Row("pipeline/alerts/reading.py", f"{EXPORTS}blocklist.py", "alerts of a file are read to be listed"),
    Row(
        "pipeline/alerts/rules.py pipeline/alerts/silences.py", "tests/pipeline/alerts/test_settings.py", "of [alerts]"
    ),
    Row(
        "pipeline/attacks/inside.py pipeline/attacks/relations.py pipeline/attacks/rules.py"
        " pipeline/attacks/sentences.py pipeline/attacks/settings.py pipeline/attacks/stages.py",
        "tests/pipeline/attacks/test_find.py",
        "rows to alerts: what each rule finds and leaves alone",
    ),
    Row("pipeline/commands/alerts.py", "tests/pipeline/alerts/test_command.py", "the command stands with its subject"),
    Row("pipeline/commands/attacks.py", "tests/pipeline/attacks/test_find.py", "the command stands with its subject"),
    Row("pipeline/commands/blocklist.py", f"{EXPORTS}blocklist.py", "the command stands with its subject"),
    Row("pipeline/commands/lake.py", "tests/pipeline/lake/test_*.py", "each of its commands has its test there"),
    Row("pipeline/commands/logins.py", "tests/pipeline/logins/test_command.py", "the command stands with its subject"),
    Row(
        "pipeline/commands/regions.py", "tests/pipeline/regions/test_command.py", "the command stands with its subject"
    ),
    Row("pipeline/commands/trace.py", "tests/pipeline/trace/test_command.py", "the command stands with its subject"),
    Row("pipeline/commands/watch.py", "tests/pipeline/watch/test_watch.py", "the command stands with its subject"),
    Row("pipeline/commands/rejects.py pipeline/retry.py", f"{PIPE}rejects.py", "rejects, listed and tried again"),
    Row(
        "pipeline/commands/ingest.py pipeline/commands/reading.py pipeline/commands/options.py",
        f"{PIPE}cli.py {PIPE}ingest.py tests/pipeline/spread/test_command.py",
        "what all commands do alike",
    ),
    Row(
        "pipeline/commands/sql.py pipeline/commands/results.py pipeline/commands/ending.py pipeline/engine/duckdb.py",
        f"{PIPE}sql.py",
        "a statement to what is written",
    ),
    Row("pipeline/commands/prompt.py", f"{PIPE}sql_prompt.py", "at a terminal"),
    Row(
        "pipeline/engine/base.py pipeline/engine/opening.py pipeline/engine/spark.py",
        "tests/spark/test_engine.py",
        "DuckDB and Spark answer alike",
    ),
    Row("pipeline/submit/whofrom.py", "tests/spark/test_session.py", "spark-submit is run"),
    Row("pipeline/engine/dialect.py", "tests/spark/test_dialect.py", "both engines over the same values"),
    Row("pipeline/engine/collecting.py", "tests/spark/test_session.py", "what is not told is not waited for"),
    Row("pipeline/engine/spreading.py", "tests/spark/test_spreading.py", "on a cluster"),
    Row("pipeline/engine/bound.py", f"{PIPE}sql.py", "a statement that would take all memory"),
    Row("pipeline/engine/macros.py", f"{PIPE}sql_macros.py", "each macro against Python's ipaddress"),
    Row("pipeline/engine/spill.py", f"{PIPE}spill.py", "it stands a folder up"),
    Row("pipeline/engine/views.py", f"{PIPE}engine_tables.py {PIPE}sql.py", "what SQL users see"),
    Row("pipeline/counted.py", f"{PIPE}rejects.py {PIPE}progress.py", "words in what commands say"),
    Row("pipeline/enrich.py pipeline/settings.py", f"{PIPE}ingest.py", "records to rows"),
    Row("pipeline/errors.py", f"{PIPE}cli.py {PIPE}sql.py", "what users read of a fault"),
    Row("pipeline/geodb.py", f"{PIPE}geo.py {PIPE}mmdb.py", "whole and broken databases"),
    Row("pipeline/query.py pipeline/sqlfile.py", f"{PIPE}queries.py", "every query's header"),
    Row("pipeline/portable.py", "tests/pipeline/queries/test_portable.py", "every query, transpiled"),
    Row("pipeline/rows.py", f"{PIPE}engine_tables.py {PIPE}ingest.py", "the columns, as they are stored and read"),
    Row(
        "pipeline/exports/comments.py pipeline/exports/crowdsec.py pipeline/exports/difference.py"
        " pipeline/exports/firewalls.py pipeline/exports/lists.py pipeline/exports/stix.py",
        f"{EXPORTS}formats.py",
        "entries to each format, read by its own program",
    ),
    Row(
        "pipeline/exports/guard.py pipeline/exports/merging.py", f"{EXPORTS}entries.py", "what is listed, and what not"
    ),
    Row("pipeline/exports/files.py", f"{EXPORTS}blocklist.py", "a list in a file is whole"),
    Row(
        "pipeline/lake/files.py pipeline/lake/keeper.py pipeline/lake/status.py",
        "tests/pipeline/lake/test_beside.py tests/pipeline/lake/test_compact.py",
        "what several processes do to one lake",
    ),
    Row("pipeline/lake/kinds.py", "tests/pipeline/lake/test_reresolve.py", "what is said of changed rows"),
    Row("pipeline/lake/promise.py", f"{PIPE}anonymize.py", "a lake without whole addresses stays so"),
    Row(
        "pipeline/logins/explain.py pipeline/logins/extents.py pipeline/logins/find.py pipeline/logins/networks.py"
        " pipeline/logins/rules.py pipeline/logins/stages.py pipeline/logins/words.py",
        "tests/pipeline/logins/test_unusual.py tests/pipeline/logins/test_accounts.py",
        "logins to findings, and to those kept back",
    ),
    Row(
        "pipeline/regions/levels.py pipeline/regions/periods.py pipeline/regions/words.py",
        "tests/pipeline/regions/test_answers.py tests/pipeline/regions/test_page.py",
        "parts of the answers and the page",
    ),
    Row("pipeline/report/words.py", "tests/pipeline/report/test_page.py", "the words of pages"),
    Row(
        "pipeline/signatures/catalogue/*.py pipeline/signatures/catalogue/cve/*.py pipeline/signatures/hints.py"
        " pipeline/signatures/literals.py pipeline/signatures/prefilter.py pipeline/signatures/signature.py",
        "tests/pipeline/signatures/test_catalogue.py",
        "one test walks all signatures: examples, what they leave alone, speed",
    ),
    Row(
        "pipeline/signatures/match.py pipeline/signatures/texts.py",
        "tests/pipeline/signatures/test_batch.py tests/pipeline/signatures/test_catalogue.py",
        "steps from a request to its hits",
    ),
    Row(
        "pipeline/sources/caddy.py pipeline/sources/cloudflare.py pipeline/sources/documents.py"
        " pipeline/sources/envoy_json.py pipeline/sources/nginx_json.py pipeline/sources/traefik_json.py"
        " pipeline/sources/columns.py pipeline/sources/fields.py",
        FORMS,
        "one table of lines for all formats in JSON, and what they share",
    ),
    Row("pipeline/sources/patterns.py", "tests/pipeline/sources/test_text_formats.py", "what formats of text share"),
    Row("pipeline/sources/format.py", "tests/pipeline/sources/test_sniff.py", "the shape of all formats"),
    Row("pipeline/sources/packed.py", "tests/pipeline/sources/test_opening.py", "each compression, whole and cut"),
    Row("pipeline/sources/plain.py", "tests/pipeline/spread/test_slices.py", "what is cut is read from anywhere"),
    Row("pipeline/spread/chain.py", "tests/pipeline/spread/test_driver.py", "what the driver commits"),
    Row("pipeline/sources/filesystems.py", "tests/pipeline/sources/test_objects.py", "stores on loopback"),
    Row(
        "pipeline/sources/wrappers/cri.py pipeline/sources/wrappers/docker.py pipeline/sources/wrappers/syslog.py",
        "tests/pipeline/sources/wrappers/test_wrappers.py",
        "one table of lines for all wrappers",
    ),
    Row(
        "pipeline/trace/forged.py pipeline/trace/scan.py pipeline/trace/stages.py pipeline/trace/relations.py",
        "tests/pipeline/trace/test_story.py tests/pipeline/trace/test_hops.py",
        "steps from a lake to a story",
    ),
    Row("pipeline/trace/lanes.py pipeline/trace/render_text.py", "tests/pipeline/trace/test_page.py", "a story, shown"),
    Row(
        "pipeline/world/names.py pipeline/world/projection.py pipeline/world/shapes.py",
        "tests/pipeline/world/test_world.py",
        "the data and its licence",
    ),
)

# Tests in the mirrored folders that are about several modules, or about what is around them -> what
WIDER = {
    "tests/echo/clientip/forwarded/test_deviations.py": "where the lenient reading leaves RFC 7239",
    "tests/echo/clientip/test_vectors.py": "what other programs' own tests say",
    "tests/echo/peers/test_*.py": "the server beside real proxies, browsers and clients",
    "tests/echo/server/test_proxy_protocol.py": "PROXY headers at the socket",
    "tests/echo/topology/test_explained.py": "what is written from a cluster explains requests in it",
    "tests/pipeline/attacks/test_buckets.py": "leaky buckets in SQL beside a model",
    "tests/pipeline/attacks/test_crowdsec.py": "CrowdSec's own cases",
    "tests/pipeline/attacks/test_slow.py": "what no single bucket sees",
    "tests/pipeline/kills/test_kills.py": "processes killed at random instants",
    "tests/pipeline/lake/test_disk.py": "a full disk",
    "tests/pipeline/logins/test_other_products.py": "cases that other products publish",
    "tests/pipeline/logins/test_properties.py": "what holds whatever the logins are",
    "tests/pipeline/queries/test_cases.py": "rows to expected rows, of every query",
    "tests/pipeline/signatures/test_crs.py": "the requests of the Core Rule Set's tests",
    "tests/pipeline/signatures/test_ingest.py": "signatures in the rows of an ingest",
    "tests/pipeline/sources/test_*_itself.py": "the programs whose logs these are, run",
    "tests/pipeline/sources/test_hostile.py": "lines that attackers wrote",
    "tests/pipeline/sources/test_writers.py": "how programs escape what they write",
    "tests/pipeline/spread/test_stores.py": "objects of stores, read by tasks",
    "tests/pipeline/test_ingest_wrapped.py": "wrapped logs, cut anywhere",
    "tests/pipeline/test_sql_questions.py": "the statements of docs/how-to/sql.md",
}


def modules() -> list[str]:
    """Every module of the product, packages left out, as paths from the root."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py")
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def namesakes(module: str) -> list[str]:
    """Where a module's own tests would stand."""
    folder, _, name = module.rpartition("/")
    return [f"tests/{place}/test_{name}" for place in (folder, *(["echo/server"] if folder == "echo" else []))]


def rows_of(module: str) -> list[Row]:
    """Return the rows that tell of a module."""
    return [
        row
        for row in TOLD
        if any(fnmatchcase(module, one) and one.count("/") == module.count("/") for one in row.modules.split())
    ]


def told_by(module: str) -> list[str]:
    """Return the tests that are about a module, as paths or patterns from the root."""
    own = [path for path in namesakes(module) if (ROOT / path).is_file()]
    return own or [one for row in rows_of(module) for one in row.tests.split()]
