"""
The one TOML file that both halves read: what addresses mean ([network]) and whom to believe ([trust]).

    [network]
    nodes = ["192.168.0.0/24"]
    pods = ["172.18.0.0/16"]
    node_pod_prefix = 26
    load_balancers = ["100.64.0.0/10"]
    [[network.service]]                             # see echo.clientip.network
    name = "ingress-nginx/controller"
    policy = "Cluster"
    endpoints = ["192.168.253.10"]
    [trust]
    strategy = "rightmost-untrusted"
    headers = ["X-Forwarded-For"]
    ranges = ["load_balancers", "198.51.100.0/24"]   # names of [network], NAMED_RANGES or PROVIDERS, CIDRs, file:PATH

Tables of other stages ([[login]], [geo]) are handed on unread in `tables`. An unknown table or key is an error, with
the nearest known name as the next step: a misspelt `ranges` must not silently trust nobody.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from echo.clientip.faults import ConfigFault, printable, quote
from echo.clientip.lists import FILE, PROVIDERS, provider_list, read_list
from echo.clientip.network import (
    INGRESS_NGINX,
    INGRESS_NGINX_KEYS,
    MAX_NODE_POD_PREFIX,
    MAX_SERVICES,
    MIN_NODE_POD_PREFIX,
    NETWORK_KEYS,
    NETWORK_RANGES,
    NODE_POD_PREFIX,
    POLICIES,
    SERVICE,
    SERVICE_KEYS,
    Service,
)
from echo.clientip.ranges import NAMED_RANGES, Ranges, parse_range
from echo.clientip.strategies import REMOTE_ADDR, RIGHTMOST_UNTRUSTED, parse_strategy
from echo.clientip.trust import DEFAULT_HEADER, Policy, make_policy

MAX_CONFIG_BYTES = 4 << 20  # a TOML with every CIDR of every CDN is some 100 KB; more is not our file

# key of [trust] -> what it holds
TRUST_KEYS = {
    "strategy": (
        "How the client is chosen, as in the table of strategies. Without it: remote-addr, or rightmost-untrusted "
        "where ranges are given."
    ),
    "headers": "The header of a strategy that names none, one name; X-Forwarded-For if not given.",
    "ranges": (
        "Whose hops are believed: names of [network], named ranges, providers, CIDRs, addresses, or file:PATH, a list "
        "with one range a line (from the TOML's own folder if it is relative; in [network] too)."
    ),
    "proxy_protocol": "Whether a connection begins with a PROXY header: off, optional or required.",
}
PROXY_OFF, PROXY_OPTIONAL, PROXY_REQUIRED = "off", "optional", "required"
# value of [trust] proxy_protocol -> what the server does
PROXY_PROTOCOL = {
    PROXY_OFF: "A PROXY header is no HTTP and is answered with 400.",
    PROXY_OPTIONAL: "A peer in the trusted ranges may begin with one; from any other it is answered with 400.",
    PROXY_REQUIRED: (
        "Every connection begins with one; without one it is answered with 400. Where ranges are trusted, so is a peer "
        "outside them: it could name whomever it likes."
    ),
}
TABLES = ("network", "trust", "login", "geo", "attacks", "alerts", "logins")


@dataclass(frozen=True, slots=True)
class Config:
    """
    network          key of NETWORK_RANGES -> its ranges
    policy           the trust policy
    tables           the tables that other stages read, as tomllib gives them
    path             the file it came from, "" if none was read
    proxy_protocol   a key of PROXY_PROTOCOL
    node_pod_prefix  prefix length of each node's block of pod addresses, None if unknown
    services         the Services of [[network.service]], in their order
    ingress_nginx    keys and values of ingress-nginx's ConfigMap
    """

    network: dict[str, Ranges] = field(default_factory=dict)
    policy: Policy = field(default_factory=make_policy)
    tables: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    node_pod_prefix: int | None = None
    proxy_protocol: str = PROXY_OFF
    services: tuple[Service, ...] = ()
    ingress_nginx: Mapping[str, str] = field(default_factory=dict)


def load_config(path: str | None, trust: Sequence[str] = (), proxy_protocol: str | None = None) -> Config:
    """
    Read the file, if one is named, add the ranges of `--trust`, and have `--proxy-protocol` go before the file's.

    Raises ConfigFault naming the file and the key.
    """
    if path is None:
        return parse_config("", "", trust, proxy_protocol)
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigFault(
            f"cannot read it: {error.strerror or error}", place=printable(path), next_step="name a readable TOML file"
        ) from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigFault(f"larger than {MAX_CONFIG_BYTES} bytes", printable(path), "name a whofrom.toml")
    try:
        return parse_config(data.decode("utf-8"), path, trust, proxy_protocol)
    except UnicodeDecodeError as error:
        raise ConfigFault(f"byte {error.start} is not UTF-8", printable(path), "save the file as UTF-8") from None


def parse_config(text: str, path: str, trust: Sequence[str] = (), proxy_protocol: str | None = None) -> Config:
    """Parse the TOML text of the file at path (named in errors only); flags add to it, or go before it."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is an integer of 5,000 digits
        raise ConfigFault(f"not TOML: {str(error)[:200]}", printable(path), "correct the line") from None
    check_keys(document, TABLES, path, "")
    network_table = _table(document, "network", NETWORK_KEYS, path)
    trust_table = _table(document, "trust", TRUST_KEYS, path)
    folder = Path(path).parent
    named: dict[str, list[str]] = {}
    for key in NETWORK_RANGES:
        if key in network_table:
            where = place(path, f"[network] {key}")
            listed = string_list(network_table, key, where)
            named[key] = [text for entry in listed for text in _range_texts(entry, where, folder)]
    network = {key: Ranges(texts) for key, texts in named.items()}
    services = _services(network_table, path, folder, named)
    ingress_nginx = _ingress_nginx(network_table, path)

    where = place(path, "[trust] ranges")
    entries = [(entry, where, folder) for entry in string_list(trust_table, "ranges", where)]
    entries += [(entry, "--trust", Path()) for entry in trust]
    texts = [text for entry in entries for text in _trusted_texts(*entry, named)]
    headers = string_list(trust_table, "headers", place(path, "[trust] headers"), [DEFAULT_HEADER])
    if len(headers) != 1:
        raise ConfigFault("give exactly one header", place(path, "[trust] headers"), 'for example ["X-Forwarded-For"]')
    where = "--proxy-protocol" if proxy_protocol is not None else place(path, "[trust] proxy_protocol")
    proxy_protocol = proxy_protocol if proxy_protocol is not None else trust_table.get("proxy_protocol", PROXY_OFF)
    if not isinstance(proxy_protocol, str) or proxy_protocol not in PROXY_PROTOCOL:
        raise ConfigFault(
            f"must be one of {', '.join(PROXY_PROTOCOL)}",
            where,
            f'for example proxy_protocol = "{PROXY_REQUIRED}"',
        )
    if proxy_protocol == PROXY_OPTIONAL and not texts:
        raise ConfigFault(
            "optional takes PROXY headers from trusted ranges, and there are none",
            where,
            f'name the balancers in [trust] ranges or with --trust; or "{PROXY_REQUIRED}" if nobody else can connect',
        )
    strategy = trust_table.get("strategy")
    if strategy is not None and not isinstance(strategy, str):
        raise ConfigFault("must be a string", place(path, "[trust] strategy"), 'for example "rightmost-untrusted"')
    if strategy == REMOTE_ADDR and texts and proxy_protocol == PROXY_OFF:  # else they say who may send PROXY
        raise ConfigFault(
            f"strategy {REMOTE_ADDR} reads no header, so trusted ranges would do nothing",
            place(path, "[trust] strategy"),
            "leave the ranges out, or set rightmost-untrusted",
        )
    try:
        policy = make_policy(strategy, headers[0], texts)
        if not policy.headers:  # a header that no strategy will read must at least be one that could be walked
            parse_strategy(RIGHTMOST_UNTRUSTED, headers[0])
    except ConfigFault as error:
        raise ConfigFault(error.fault, place(path, "[trust]"), error.next_step) from None
    rest = {key: value for key, value in document.items() if key not in ("network", "trust")}
    prefix = _node_pod_prefix(network_table, path)
    return Config(network, policy, rest, path, prefix, proxy_protocol, services, ingress_nginx)


def place(path: str, where: str) -> str:
    """Return how an error names a spot of the file."""
    return f"{printable(path)} {where}".rstrip() if path else where


def check_keys(table: Mapping[str, Any], known: Sequence[str] | Mapping[str, Any], path: str, where: str) -> None:
    """Raise ConfigFault for the first key of table that is not known, with the nearest known one."""
    for key in table:
        if key not in known:
            near = get_close_matches(key, list(known), 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise ConfigFault(f"{quote(key)} is unknown", place(path, where), hint)


def string_list(table: Mapping[str, Any], key: str, where: str, default: list[str] | None = None) -> list[str]:
    """Return table[key] as a list of strings; a single string counts as a list of one."""
    value = table.get(key, default if default is not None else [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigFault("must be a list of strings", where, f'for example {key} = ["…"]')
    return value


def _table(document: Mapping[str, Any], name: str, known: Mapping[str, str], path: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise ConfigFault(f"{name} must be a table", printable(path), f"write [{name}]")
    check_keys(table, known, path, f"[{name}]")
    return table


def _node_pod_prefix(table: Mapping[str, Any], path: str) -> int | None:
    value = table.get(NODE_POD_PREFIX)
    if value is None:
        return None
    if type(value) is not int or not MIN_NODE_POD_PREFIX <= value <= MAX_NODE_POD_PREFIX:  # a bool is an int to Python
        raise ConfigFault(
            f"must be a whole number from {MIN_NODE_POD_PREFIX} to {MAX_NODE_POD_PREFIX}",
            place(path, f"[network] {NODE_POD_PREFIX}"),
            f"for example {NODE_POD_PREFIX} = 26",
        )
    return value


def _services(
    table: Mapping[str, Any], path: str, folder: Path, named: Mapping[str, Sequence[str]]
) -> tuple[Service, ...]:
    """Return the Services of [[network.service]]. Raises ConfigFault."""
    entries = table.get(SERVICE, [])
    where = place(path, f"[[network.{SERVICE}]]")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigFault("must be tables", where, f"write [[network.{SERVICE}]] over each")
    if len(entries) > MAX_SERVICES:
        raise ConfigFault(f"more than {MAX_SERVICES} of them", where, "name those that requests come through")
    found = []
    for number, entry in enumerate(entries, 1):
        where = place(path, f"[[network.{SERVICE}]] {number}")
        check_keys(entry, SERVICE_KEYS, path, f"[[network.{SERVICE}]] {number}")
        name, policy = entry.get("name", ""), entry.get("policy")
        if not isinstance(name, str):
            raise ConfigFault("must be a string", f"{where} name", 'for example name = "default/whofrom"')
        if not isinstance(policy, str) or policy not in POLICIES:
            raise ConfigFault(f"must be one of {', '.join(POLICIES)}", f"{where} policy", 'for example "Cluster"')
        ranges = {}
        for key in ("endpoints", "addresses"):
            listed = string_list(entry, key, f"{where} {key}")
            ranges[key] = Ranges(
                [text for one in listed for text in _trusted_texts(one, f"{where} {key}", folder, named)]
            )
        if not entry.get("endpoints"):
            raise ConfigFault("missing", f"{where} endpoints", 'name the pods behind it, for example ["ingress"]')
        found.append(Service(name, policy, ranges["endpoints"], ranges["addresses"]))
    return tuple(found)


def _ingress_nginx(table: Mapping[str, Any], path: str) -> Mapping[str, str]:
    """Return what [network.ingress_nginx] says of the ConfigMap. Raises ConfigFault."""
    entries = table.get(INGRESS_NGINX, {})
    where = f"[network.{INGRESS_NGINX}]"
    if not isinstance(entries, dict):
        raise ConfigFault("must be a table", place(path, where), f"write {where}")
    check_keys(entries, INGRESS_NGINX_KEYS, path, where)
    for key, value in entries.items():
        if not isinstance(value, str):
            raise ConfigFault("must be a string", place(path, f"{where} {key}"), f'as in the ConfigMap: {key} = "true"')
    return entries


def _trusted_texts(entry: str, where: str, folder: Path, named: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the ranges that an entry of [trust] ranges stands for; named are those of [network]."""
    if entry in named:
        return named[entry]
    if entry in NETWORK_RANGES:
        raise ConfigFault(f"{quote(entry)} is not set in [network]", where, f"add {entry} = […] to [network]")
    return _range_texts(entry, where, folder)


def listed_ranges(config: Config, entry: str, where: str) -> Sequence[str]:
    """Return the ranges that an entry of another table stands for, as in [trust] ranges. Raises ConfigFault."""
    known = {name: ranges.texts for name, ranges in config.network.items()}
    return _trusted_texts(entry, where, Path(config.path).parent, known)


def _range_texts(entry: str, where: str, folder: Path) -> Sequence[str]:
    """Return the ranges that an entry stands for. Raises ConfigFault, which names `where`."""
    if entry in NAMED_RANGES:
        return NAMED_RANGES[entry][0]
    try:
        if entry in PROVIDERS:
            return provider_list(entry).ranges
        if entry.startswith(FILE):
            return read_list(folder / entry.removeprefix(FILE)).ranges
        parse_range(entry)
    except ConfigFault as error:
        near = get_close_matches(entry.lower(), [*NETWORK_RANGES, *NAMED_RANGES, *PROVIDERS], 1)
        next_step = f"did you mean {near[0]}?" if near else error.next_step
        raise ConfigFault(error.fault, f"{where}: {error.place}" if error.place else where, next_step) from None
    return [entry]
