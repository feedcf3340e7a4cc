"""
Write docs/reference/ from the tables in the code: `python -m docs.generate`, or `make docs`.

A page is a function from tables to text; `tests/docs/test_reference.py` fails when a page is not what the code says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click

from docs import query_pages
from docs.alert_page import alert
from docs.attacks_page import attacks
from docs.markdown import table
from echo.clientip import NAMED_RANGES, REASONS, STRATEGIES
from echo.clientip.config import PROXY_PROTOCOL, TRUST_KEYS
from echo.clientip.dialects import DIALECTS
from echo.clientip.dialects.deviations import KNOWN_DIFFERENCES
from echo.clientip.forwarded import DEVIATIONS
from echo.clientip.lists import PROVIDERS, RangeList, provider_list
from echo.clientip.network import INGRESS_NGINX_KEYS, NETWORK_KEYS, POLICIES, SERVICE_KEYS
from echo.deviations import DEVIATIONS as WHOAMI_DEVIATIONS
from echo.explain.evidence import KINDS
from echo.explain.findings import CLIENT, FINDINGS, STORIES, VERDICTS
from echo.explain.findings import PEER as AT_PEER
from echo.explain.pasted import FORMS as PASTED_FORMS
from echo.explain.pasted import NOTES as PASTED_NOTES
from echo.explain.pasted.tell import JSON_KEYS as PASTED_KEYS
from echo.explain.report import JSON_KEYS, JSON_VERSION
from echo.explain.topology import BY_CLASS, MORE_MEANINGS, NETWORK_MEANINGS, NO_ADDRESS, OTHER_BRIDGE, OWN
from echo.malformed import KINDS as MALFORMED_KINDS
from echo.metrics import FACTS, METRICS, TIMEOUTS
from echo.probe.canaries import CANARIES
from echo.probe.client import MAX_RATE
from echo.probe.connections import CONNECTIONS
from echo.probe.fates import FATES
from echo.probe.outcomes import NOTES, OUTCOMES, PRACTICES
from echo.proxyproto.receivers import RECEIVERS
from echo.record import FIELDS, LOGIN_KEYS, PRESETS, REDACTED_HEADERS, SCHEMA_VERSION
from echo.record.login import USER_SOURCES
from echo.routes import PREFIXES, ROUTES, WHOAMI
from echo.settings import SETTINGS
from echo.topology.addresses import RULES as TOPOLOGY_RULES
from echo.topology.documents import KUBECTL
from echo.topology.known import ADDRESSES, CLOUDS, CNIS, CONTROLLERS, DIRECT_INGRESSES, DIRECT_SERVICES, NEG_ANNOTATION
from echo.topology.proposal import MISSING
from pipeline.cli import SUBCOMMANDS, whofrom
from pipeline.engine.macros import macros
from pipeline.engine.views import views
from pipeline.geo import GEO_KEYS
from pipeline.logins import LOGINS_KEYS
from pipeline.logins import NUMBERS as LOGIN_NUMBERS
from pipeline.logins.networks import ASNS, CLASSES
from pipeline.logins.networks import SILENT as SILENT_CLASSES
from pipeline.rows import ADDED_COLUMNS, RECORD_COLUMNS, REJECT_COLUMNS
from pipeline.signatures import AREAS, FAMILIES, SIGNATURES
from pipeline.sources import FORMATS
from pipeline.sources.nginx import meanings as log_format_meanings
from pipeline.sources.wrappers import WRAPPERS
from pipeline.trace.blocking import ACTIONS
from pipeline.trace.forged import CONFIDENT
from pipeline.trace.forged import MEANINGS as FORGED
from pipeline.trace.hops import ROLES
from pipeline.trace.stages import STAGE_OF_FAMILY, STAGES
from pipeline.trace.story import KEYS as TRACE_KEYS
from pipeline.trace.story import VERSION as TRACE_VERSION
from pipeline.trace.subject import KINDS as KINDS_OF_SUBJECTS

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- written by `make docs` from the tables in the code; change those -->\n\n"
WIDTH = 100  # of help texts in cli.md, whatever terminal the docs are made on


def cli() -> str:
    """Return the help of every command."""
    head = ["# Commands\n", "Exit codes: 0 done, 1 failed, 2 usage, 3 could not start, 4 found what should not be.\n"]
    names = whofrom.context_settings["help_option_names"]
    context = click.Context(
        whofrom, info_name="whofrom", terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=names
    )
    return "\n".join([*head, *(part for name in SUBCOMMANDS for part in helps(whofrom, name, context))])


def helps(group: click.Group, name: str, context: click.Context) -> Iterator[str]:
    """Yield the help of a group's command, and of those that it groups."""
    command = group.get_command(context, name)
    assert command is not None
    with click.Context(command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH) as inner:
        yield f"## {inner.command_path}\n\n```text\n{command.get_help(inner).rstrip()}\n```\n"
        if isinstance(command, click.Group):
            for below in command.list_commands(inner):
                yield from helps(command, below, inner)


def record() -> str:
    """Return the fields of the record."""
    rows = (
        (f"`{one.name}`", one.type, "yes" if one.nullable else "no", one.meaning, one.otel or "–", one.ecs or "–")
        for one in FIELDS
    )
    return (
        f"# The log record, schema version {SCHEMA_VERSION}\n\n"
        "One JSON object a line, one line a request, malformed requests included. Fields are written in this order;\n"
        "within a version fields are only added.\n\n"
        + table(("field", "type", "null", "meaning", "OpenTelemetry", "ECS"), rows)
        + f"\nThe values of these headers are redacted: {', '.join(sorted(REDACTED_HEADERS))}.\n"
    )


def lake() -> str:
    """Return the columns of the lake's tables."""
    head = ("column", "type", "meaning")
    return (
        "# The lake\n\nTwo Delta tables. In SQL all times are UTC.\n\n"
        "## requests\n\nThe fields of the [record](record.md):\n\n"
        + table(head[:2], ((f"`{column.name}`", column.type) for column in RECORD_COLUMNS))
        + "\nand what the pipeline adds:\n\n"
        + table(head, ((f"`{column.name}`", column.type, column.meaning) for column in ADDED_COLUMNS))
        + "\n## rejects\n\n"
        + table(head, ((f"`{column.name}`", column.type, column.meaning) for column in REJECT_COLUMNS))
        + "\n## Formats that ingest reads\n\n"
        + table(("format", "what"), ((f"`{form.name}`", form.meaning) for form in FORMATS.values()))
        + "\n`--format` takes an nginx `log_format` too, as it stands in nginx.conf. `$http_NAME` is that header;\n"
        "variables that are not in this table are skipped over.\n\n"
        + table(("variable", "taken for"), ((f"`${name}`", meaning) for name, meaning in log_format_meanings()))
        + "\nWrapped in one of these as well, which is found out from the lines:\n\n"
        + table(("wrapper", "what"), ((f"`{one.name}`", one.meaning) for one in WRAPPERS.values()))
    )


def client() -> str:
    """Return strategies, reasons, named ranges and the keys of the TOML."""
    return (
        "# Who is the client: strategies, reasons, configuration\n\n## Strategies\n\n"
        "A header left out is the one of `[trust] headers`. Trusted ranges guard every strategy that reads a header:\n"
        "what a peer outside them sent changes nothing.\n\n"
        + table(
            ("strategy", "the client is", "how it fails", "who can forge it"),
            ((f"`{one.form}`", one.client, one.fails, one.forger) for one in STRATEGIES.values()),
        )
        + "\n## Reasons (`client_reason`)\n\n"
        + table(("reason", "meaning"), ((f"`{reason.code}`", reason.meaning) for reason in REASONS.values()))
        + "\n## Named ranges\n\nTheir names may stand wherever ranges may; `client_class` holds them.\n\n"
        + table(
            ("name", "ranges", "source"),
            ((f"`{name}`", ", ".join(texts), why) for name, (texts, why) in NAMED_RANGES.items()),
        )
        + "\n## Providers\n\nTheir names may stand wherever ranges may. Their lists are as of the date: a range\n"
        "given up since is believed, a new one is not. The command writes a fresh list, to be named as `file:PATH`.\n\n"
        + table(
            ("name", "ranges", "what", "source", "date", "command"),
            (_provider(name, provider_list(name)) for name in PROVIDERS),
        )
        + "\n## The TOML\n\n### `[network]`\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in NETWORK_KEYS.items()))
        + "\n`[[network.service]]`:\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in SERVICE_KEYS.items()))
        + "\n`policy`:\n\n"
        + table(("value", "meaning"), ((f"`{key}`", text) for key, text in POLICIES.items()))
        + "\n`[network.ingress_nginx]`:\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in INGRESS_NGINX_KEYS.items()))
        + "\n### `[trust]`\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in TRUST_KEYS.items()))
        + "\n`proxy_protocol`:\n\n"
        + table(("value", "meaning"), ((f"`{key}`", text) for key, text in PROXY_PROTOCOL.items()))
        + "\n### `[geo]`\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in GEO_KEYS.items()))
        + "\n### `[[login]]`\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in LOGIN_KEYS.items()))
        + "\nWhere `user` is found:\n\n"
        + table(("user", "meaning"), ((f"`{key}`", text) for key, text in USER_SOURCES.items()))
        + "\n### Presets of `[[login]]`\n\nWhat each takes for a login; keys beside `preset` go before its own.\n"
        "More in [logins](../how-to/logins.md).\n\n"
        + table(
            ("preset", "what it does", "where a log has the user", "source"),
            ((f"`{name}`", one.about, one.user, one.source) for name, one in PRESETS.items()),
        )
        + "\n### `[logins]`\n\nThe numbers of `whofrom logins`, and the networks that are no news:\n\n"
        + table(
            ("key", "meaning"), ((f"`{key}`", text) for key, text in LOGINS_KEYS.items() if key not in LOGIN_NUMBERS)
        )
        + "\n"
        + table(
            ("key", "default", "from", "to", "meaning", "why"),
            (
                (f"`{key}`", f"{one.default:g}", f"{one.least:g}", f"{one.most:,g}", one.meaning, one.reason)
                for key, one in LOGIN_NUMBERS.items()
            ),
        )
        + "\nClasses of networks:\n\n"
        + table(
            ("class", "what", "silent", "known"),
            (
                (f"`{kind}`", words, "yes" if kind in SILENT_CLASSES else "no", _listed(kind))
                for kind, words in CLASSES.items()
            ),
        )
    )


def _provider(name: str, listed: RangeList) -> tuple[object, ...]:
    about = listed.about
    return f"`{name}`", len(listed.ranges), about["meaning"], about["source"], about["date"], f"`{about['refresh']}`"


def _listed(kind: str) -> str:
    return ", ".join(f"AS{asn} {one.name}" for asn, one in ASNS.items() if one.kind == kind)


def dialects() -> str:
    """Return what other programs conclude, how they receive PROXY headers, and where readings differ from the RFC."""
    return (
        "# Dialects: what other programs conclude\n\n"
        "For `whofrom explain --as NAMES` and `/explain?as=NAMES`: `all`, a program, a dialect, or a dialect with an\n"
        "argument behind a colon. They are given our trusted ranges; `{header}` is what our policy reads.\n\n"
        + table(
            ("dialect", "program", "argument", "confirmed on", "meaning"),
            (
                (f"`{one.name}`", one.program, f"`{one.argument}`" if one.argument else "–", one.version, one.meaning)
                for one in DIALECTS.values()
            ),
        )
        + "\n## PROXY headers\n\nWhat receivers read otherwise than the standard; ours reads as it has it.\n\n"
        + table(
            ("receiver", "otherwise"),
            ((name, "; ".join(one.otherwise) or "nothing") for name, one in RECEIVERS.items()),
        )
        + "\n## Forwarded\n\nThe walk reads an element with less than RFC 7239 asks. Where it differs:\n\n"
        + table(
            ("element", "by RFC 7239", "by the walk", "why"),
            ((f"`{one.element}`", one.rfc or "–", one.lenient or "–", one.why) for one in DEVIATIONS),
        )
        + "\n## Known differences\n\nWhere a dialect knowingly answers otherwise than its program:\n\n"
        + table(("program", "difference", "why"), KNOWN_DIFFERENCES)
    )


def sql() -> str:
    """Return the views and macros of `whofrom sql`."""
    parts = [
        "# What SQL finds in a lake\n",
        (
            "DuckDB's SQL, and beside the tables [requests and rejects](lake.md) what is here. How to ask, with\n"
            "twenty worked questions: [Asking the lake in SQL](../how-to/sql.md).\n"
        ),
    ]
    for view in views():
        parts.append(f"## {view.name}\n\n{view.meaning}.\n\n**Grain**: {view.grain}.\n")
        parts.append(
            table(("column", "type", "meaning"), ((f"`{name}`", kind, text) for name, kind, text in view.columns))
        )
    parts.append("## Macros\n\nWhat is no address, no range or no number is NULL, never an error.\n")
    for macro in macros():
        parts.append(f"### {macro.call}\n\n{macro.meaning}.\n")
        rows = [(f"`{name}`", kind, text) for name, kind, text in macro.parameters]
        parts.append(table(("parameter", "type", "meaning"), rows))
        examples = "\n".join(macro.examples)
        parts.append(f"**Returns** {macro.returns}.\n\nTrue:\n\n```sql\n{examples}\n```\n")
    return "\n".join(parts)


def settings() -> str:
    """Return the settings of the server."""
    head = (
        "# Settings of `whofrom serve`\n\n"
        "Flags come before environment variables, those before defaults. Flags are written as whoami's are:\n"
        "`-port 80`, `--port 80`, `-port=80` and `--port=80` are one; a switch takes a value behind `=` only.\n"
        "Times are written as `30s`, `1m30s` or `250ms`, sizes as `4096`, `64k` or `1MiB`.\n"
    )
    parts = [head]
    for group in dict.fromkeys(one.group for one in SETTINGS):
        rows = (
            (
                f"`--{one.name}`",
                one.help,
                _default(one.default),
                ", ".join(f"`{name}`" for name in one.env) or "–",
                one.origin,
            )
            for one in SETTINGS
            if one.group == group
        )
        parts.append(f"## {group}\n\n" + table(("flag", "meaning", "default", "environment", "whose"), rows))
    return "\n".join(parts)


def endpoints() -> str:
    """Return the paths of the server."""
    rows = ((f"`{route.name}`", route.help) for route in (WHOAMI, *ROUTES.values(), *PREFIXES.values()))
    return (
        "# Endpoints\n\n"
        "Paths match whole and percent-decoded; any other path is answered as `/`. Every method is taken.\n\n"
        + table(("path", "answers"), rows)
        + "\nOn every path `?header=Name:value`, repeatable, adds a field to the answer: not one that frames the\n"
        "message, nor one with which a link could make a browser act on what a stranger wrote (`Content-Type`,\n"
        "`Set-Cookie`, `Location`, …). On `/`, `?wait=1.5s` waits first, and `?env=true` prints the environment under\n"
        "`--allow-env`. The first six are whoami's; [what differs there](whoami.md) has a table.\n"
    )


def metrics() -> str:
    """Return what /metrics shows."""
    counted = (
        (f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels) or "–", one.help) for one in METRICS
    )
    facts = (
        (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels) or "–", text)
        for name, (kind, text, labels) in FACTS.items()
    )
    return (
        "# Metrics\n\n"
        "`/metrics`, in Prometheus' text format or OpenMetrics, as asked. Numbers are those of all workers, whichever\n"
        "answers. Labels take the values of our own tables alone: nothing that a client writes becomes one.\n\n"
        + table(("metric", "kind", "labels", "what"), [*counted, *facts])
        + "\n`route`: a path of the [endpoints](endpoints.md), `redirect`, `*` or `malformed`. `reason`: of the\n"
        "[reasons](client.md). `finding`: of the [findings](findings.md).\n\n`kind` of what is malformed:\n\n"
        + table(("kind", "what"), ((f"`{kind}`", text) for kind, text in MALFORMED_KINDS.items()))
        + "\n`timeout`:\n\n"
        + table(
            ("timeout", "setting, and what took too long"), ((f"`{name}`", text) for name, text in TIMEOUTS.items())
        )
    )


def whoami() -> str:
    """Return where we do otherwise than whoami."""
    rows = ((one.topic, one.whoami, one.ours, one.why) for one in WHOAMI_DEVIATIONS)
    return (
        "# Where whofrom differs from whoami\n\n"
        "`whofrom serve` stands in for traefik/whoami v1.11.0: flags, environment, paths, bytes and statuses are\n"
        "whoami's, but for these, each on purpose:\n\n" + table(("what", "whoami", "whofrom", "why"), rows)
    )


def _default(value: object) -> str:
    return {None: "–", "": "–", False: "off"}.get(value, f"`{value}`")  # type: ignore[arg-type]


def findings() -> str:
    """Return the findings."""
    parts = [
        "# Findings\n",
        (
            "What `/explain` says, and what a record's `finding` and the metric `whofrom_findings_total` hold.\n"
            "Names in braces are filled in. Sections (1.4.1: 一, section 4, item 1) are of the article on\n"
            "clients' addresses in TKE that the overlays of `deploy/` follow.\n"
        ),
        table(("verdict", "meaning"), ((f"`{code}`", words) for code, words in VERDICTS.items())),
        table(
            ("finding", "verdict", "title"),
            ((f"[{one.code}](#{one.code})", one.verdict, one.title) for one in FINDINGS.values()),
        ),
        "## Evidence\n",
        table(
            ("evidence", "what it is", "the client could have written it"),
            ((f"`{code}`", words, "yes" if forgeable else "no") for code, (words, forgeable) in KINDS.items()),
        ),
        "## Stories\n\nWho may be behind a finding, where that is not certain (`candidates` of the JSON).\n",
        table(("story", "meaning"), ((f"`{code}`", story.words) for code, story in STORIES.items())),
    ]
    for one in FINDINGS.values():
        lost = {"": "", AT_PEER: " Lost at the peer.", CLIENT: " Lost at the hop that the header names."}[one.lost_at]
        parts.append(f"## {one.code}\n\nVerdict: {one.verdict}.{lost} **{one.title}**\n")
        parts.append(f"Why: {one.cause}\n\nTo do: {one.remedy}\n")
        if one.stories:
            parts.append(f"It may be: {', '.join(f'`{story}`' for story in one.stories)}.\n")
        if one.manifest:
            parts.append(f"```yaml\n{one.manifest}```\n")
        section = f"the article's section {one.section}" if one.section else ""
        parts.append(f"See {'; '.join(filter(None, (section, one.reference)))}.\n")
    return "\n".join(parts)


def explain() -> str:
    """Return the JSON of an explanation, and what addresses may mean."""
    meanings = {
        **dict(NETWORK_MEANINGS.values()),
        **dict(OWN.values()),
        "other-bridge": OTHER_BRIDGE[1],
        **MORE_MEANINGS,
        **{name: meaning.words for name, meaning in BY_CLASS.items()},
        NO_ADDRESS.code: NO_ADDRESS.words,
    }
    keys = {code: f"`[network] {key}`" for key, (code, _) in NETWORK_MEANINGS.items()}
    return (
        "# /explain\n\n"
        "Text for curl, a page for a browser, JSON for `Accept: application/json`; `?format=text`, `json` or `html`\n"
        "goes before. `whofrom explain` says the same offline. What it says is one of the [findings](findings.md).\n\n"
        f"## JSON, version {JSON_VERSION}\n\nWithin a version keys are only added.\n\n"
        + table(("key", "meaning"), ((f"`{key}`", words) for key, words in JSON_KEYS.items()))
        + "\n## What `whofrom explain FILE` reads\n\n"
        "Known by its content, or named by `--format`. What a terminal shows around it is passed over.\n\n"
        + table(("form", "what"), ((f"`{form.name}`", form.meaning) for form in PASTED_FORMS.values()))
        + "\nIts JSON, a line for each request, has beside the keys above:\n\n"
        + table(("key", "meaning"), ((f"`{key}`", words) for key, words in PASTED_KEYS.items()))
        + "\nWhat must be known of where it comes from (`pasted.notes`):\n\n"
        + table(("note", "meaning"), ((f"`{code}`", words) for code, words in PASTED_NOTES.items()))
        + "\n## Classes of addresses\n\n"
        "First what [network] calls a proxy, then what the process knows of itself (the downward API's NODE_IP and\n"
        "POD_IP, its interfaces and routes), then the narrowest range of [network], then the lists of CDNs, then\n"
        "special-purpose ranges.\n\n"
        + table(
            ("class", "meaning", "from"),
            ((f"`{code}`", words, keys.get(code, "–")) for code, words in meanings.items()),
        )
    )


def probe() -> str:
    """Return what a probe sends, and what it says."""
    blocks = {"doc": "192.0.2", "public": "192.31.196", "private": "10.213.86", "v6": "2001:db8:213:86"}
    sent = (
        (
            f"`{one.code}`",
            "<br>".join(f"`{one.header}: {value.format_map(blocks)}`" for value in one.values),
            one.reader,
        )
        for one in CANARIES
    )
    return (
        "# whofrom probe: does my address arrive?\n\n"
        "`whofrom probe URL` runs where a client is and asks the whofrom at URL: first plain requests (`-n`), each on\n"
        "a connection of its own, then one request for each line of the table below, with that header alone, at last\n"
        "several on one connection. From how each arrived it says what the path does with the headers, whether the\n"
        "server believes a forged one, and whether the client's own address arrives. GET alone, to that URL alone,\n"
        f"at most {MAX_RATE} a second; redirects are not followed, no proxy of the environment is used. A\n"
        "traefik/whoami can be asked as well: it shows what arrives and names no client.\n\n"
        "## What is sent\n\nThe addresses are nobody's: of ranges for documentation, and of one for DNS sinks, since\n"
        "some strategies skip the former. If the path uses such addresses itself, others are taken. A header that the\n"
        "server reads (it says so) and that is not in the table is tried too.\n\n"
        + table(("code", "header", "who believes it"), sent)
        + "\n## Verdicts\n\nWhat stands in braces is filled in.\n\n"
        + table(
            ("code", "verdict", "exit", "meaning", "to do"),
            ((f"`{one.code}`", one.word, one.exit, one.says, one.todo or "–") for one in OUTCOMES.values()),
        )
        + "\n## What becomes of a header (`fate`)\n\n"
        + table(("code", "in the text", "meaning"), ((f"`{code}`", *words) for code, words in FATES.items()))
        + "\nBeside it: `copied`, the other headers in which its address turned up; `taken`, a proxy wrote it where\n"
        "it writes its client; `believed`, the server named it as the client; `hidden`, the server then named nobody.\n"
        "\n## What the path does (`practices`)\n\n"
        + table(("code", "meaning"), ((f"`{code}`", words) for code, words in PRACTICES.items()))
        + "\n## Connections (`connections`)\n\n"
        + table(("code", "meaning"), ((f"`{code}`", words) for code, words in CONNECTIONS.items()))
        + "\n## Remarks (`notes`)\n\n"
        + table(("code", "meaning"), ((f"`{code}`", words) for code, words in NOTES.items()))
    )


def topology() -> str:
    """Return how whofrom topology finds what it writes, and what it knows."""
    direct = ((f"`{key}: {value}`", f"Service: {what}") for key, (value, what) in DIRECT_SERVICES.items())
    return (
        "# whofrom topology: a whofrom.toml from the cluster\n\n"
        f"It reads what kubectl prints, all of it or a part:\n\n```sh\n{KUBECTL}\n```\n\n"
        "What a missing part would have told it says on standard error. Secrets and environment variables are not\n"
        "looked at; of ConfigMaps those of ingress-nginx, kubeadm and kube-proxy are, for the keys that matter alone.\n"
        "What is written is a proposal: names and labels in a cluster are chosen by whoever may make pods.\n\n"
        "## `[network]`\n\n"
        + table(("key", "rule"), ((f"`{key}`", text) for key, text in TOPOLOGY_RULES.items()))
        + "\n## Missing kinds\n\n"
        + table(("kind", "not known without it"), ((f"`{kind}`", cost) for kind, (_, cost) in MISSING.items()))
        + "\n## CNIs\n\nKnown by the DaemonSet of their agent, on the host network.\n\n"
        + table(
            ("CNI", "DaemonSet", "pods' addresses", "the first address of a block is the node's", "why"),
            (
                (cni.name, ", ".join(f"`{agent}`" for agent in cni.agents), ADDRESSES[cni.addresses],
                 "yes" if cni.first else "no", cni.why)
                for cni in CNIS
            ),
        )
        + "\n## Clouds\n\nKnown by the scheme of spec.providerID.\n\n"
        + table(
            ("cloud", "scheme", "balancers speak from", "and", "classes of its L7 balancer's Ingresses"),
            (
                (one.name, f"`{scheme}`", f"{', '.join(one.ranges)}: {one.source}" if one.ranges else "–", one.add,
                 ", ".join(f"`{name}`" if name else "none" for name in one.classes))
                for scheme, one in CLOUDS.items()
            ),
        )
        + "\n## Ingress controllers\n\nKnown by a label or by the name of their image.\n\n"
        + table(
            ("controller", "labels", "images"),
            (
                (one.name, ", ".join(f"`{key}={value}`" for key, value in one.labels),
                 ", ".join(f"`{image}`" for image in one.images) or "–")
                for one in CONTROLLERS
            ),
        )
        + "\n## Balancers that reach pods past kube-proxy (`Direct`)\n\n"
        + table(
            ("annotation", "of"),
            [
                *direct,
                (f"`{NEG_ANNOTATION}`", "Service that is no LoadBalancer: Google's L7 balancers reach pods"),
                *((f"`{key}: {value}`", "Ingress") for key, value in DIRECT_INGRESSES.items()),
            ],
        )
    )  # fmt: skip


def trace() -> str:
    """Return the JSON of a trace, and the tables that it judges by."""
    stages = (
        (f"`{one.code}`", one.title, one.severity, " ".join(one.techniques), one.meaning) for one in STAGES.values()
    )
    families = ((f"`{family}`", f"`{stage}`") for family, stage in STAGE_OF_FAMILY.items())
    return (
        "# whofrom trace\n\nHow to read one: [Tracing a source](../how-to/trace.md).\n\n"
        "## Subjects (`--as`)\n\n"
        + table(("kind", "what"), ((f"`{kind}`", words) for kind, words in KINDS_OF_SUBJECTS.items()))
        + f"\n## JSON, version {TRACE_VERSION}\n\nWithin a version keys are only added.\n\n"
        + table(("key", "meaning"), ((f"`{key}`", words) for key, words in TRACE_KEYS.items()))
        + "\n## Stages\n\n"
        + table(("stage", "title", "severity", "techniques", "requests of it"), stages)
        + "\nWhat matches a [signature](../../pipeline/signatures) is of the stage of its family, and of `exploit`\n"
        "if the family is not here; a signature of low severity makes a look around at most.\n\n"
        + table(("family", "stage"), families)
        + "\n## Roles of hops (`ways`)\n\n"
        + table(("role", "meaning"), ((f"`{role}`", words) for role, words in ROLES.items()))
        + "\n## Signs of forged headers (`forged`)\n\n"
        + table(
            ("sign", "meaning", "strong"),
            ((f"`{code}`", words, "yes" if code in CONFIDENT else "no") for code, words in FORGED.items()),
        )
        + "\n## What to do (`advice`)\n\n"
        + table(("action", "meaning"), ((f"`{action}`", words) for action, words in ACTIONS.items()))
    )


def signatures() -> str:
    """Return the attack signatures, a table a family."""
    parts = [
        "# Attack signatures\n\n"
        "What the column `signatures` of the [lake](lake.md) names. Every request is looked at as it reads once its\n"
        "encodings are undone: percent-escapes (several times over, `%u`, too long UTF-8), `+`, entities, `\\u` and\n"
        "`\\x`, compatible forms of Unicode; beside that without SQL comments, without quoting of a shell, with\n"
        "log4j's lookups worked out, and with base64 decoded. A hit says what was asked for, not that it was had.\n\n"
        "Severity: high is an exploit; medium an attempt to learn or read what is not public; low a probe, or what\n"
        "ordinary clients do now and then; info is worth a count. Confidence: how seldom a request that is no attack\n"
        "looks like it.\n\n"
        + table(("where", "what is looked at"), ((f"`{area}`", what) for area, what in AREAS.items()))
    ]
    for family, what in FAMILIES.items():
        rows = (
            (
                f"`{one.id}`",
                one.title,
                one.severity,
                one.confidence,
                ", ".join(one.techniques),
                ", ".join(one.where) + (f" of {', '.join(sorted(one.methods))}" if one.methods else ""),
                one.false_positives,
                ", ".join(f"[{_site(link)}]({link})" for link in one.references) or "–",
            )
            for one in SIGNATURES
            if one.family == family
        )
        head = ("id", "what", "severity", "confidence", "ATT&CK", "where", "who else does it", "references")
        parts.append(f"## {family}: {what}\n\n" + table(head, rows))
    return "\n".join(parts)


def _site(link: str) -> str:
    """Return a link's short name: a CVE's id, else the host."""
    name = link.rstrip("/").rpartition("/")[2]
    return name if name.startswith("CVE-") else link.split("/")[2]


PAGES: dict[str, Callable[[], str]] = {
    "alert.md": alert,
    "attacks.md": attacks,
    "cli.md": cli,
    "client.md": client,
    "dialects.md": dialects,
    "endpoints.md": endpoints,
    "explain.md": explain,
    "findings.md": findings,
    "lake.md": lake,
    "metrics.md": metrics,
    "probe.md": probe,
    **query_pages.PAGES,
    "record.md": record,
    "settings.md": settings,
    "signatures.md": signatures,
    "sql.md": sql,
    "topology.md": topology,
    "trace.md": trace,
    "whoami.md": whoami,
}


def main() -> None:
    """Write all pages."""
    for path in FOLDER.rglob("*.md"):  # of a query that has gone
        if path.relative_to(FOLDER).as_posix() not in PAGES:
            path.unlink()
    for name, page in PAGES.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    main()
