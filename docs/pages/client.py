"""docs/reference/client.md: strategies, reasons, ranges and the keys of the TOML."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.clientip import NAMED_RANGES, REASONS, STRATEGIES
from echo.clientip.config import PROXY_PROTOCOL, TRUST_KEYS
from echo.clientip.lists import PROVIDERS, RangeList, provider_list
from echo.clientip.network import INGRESS_NGINX_KEYS, NETWORK_KEYS, POLICIES, SERVICE_KEYS
from echo.record import LOGIN_KEYS, PRESETS
from echo.record.login import USER_SOURCES
from pipeline.geo import GEO_KEYS
from pipeline.logins import LOGINS_KEYS
from pipeline.logins import NUMBERS as LOGIN_NUMBERS
from pipeline.logins.networks import ASNS, CLASSES
from pipeline.logins.networks import SILENT as SILENT_CLASSES


def page() -> str:
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
