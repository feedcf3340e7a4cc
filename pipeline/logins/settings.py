"""
What `[logins]` of the TOML says: networks that are no news, and the numbers of the rules.

    [logins]
    networks = ["office", "198.51.100.0/24"]     # names of [logins.named], of [network], or ranges
    vpn_asns = [64496]
    silent = ["vpn", "relay", "hosting"]
    least_km = 500

    [logins.named]
    office = ["192.0.2.0/24"]

Each number is declared once, in NUMBERS, with its reason; docs are generated from that table. The queries have the same
numbers as their defaults, which a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from echo.clientip import Config, ConfigFault, quote
from echo.clientip.config import check_keys, listed_ranges, place, string_list
from echo.clientip.ranges import Ranges
from pipeline.logins.networks import ASNS, CLASSES, SILENT, Network

MAX_ASN = (1 << 32) - 1  # RFC 6793
MAX_NETWORKS = 10_000  # ranges of an organisation; a list with more is somebody else's
TABLE = "logins"


class Number(NamedTuple):
    """A number of the rules: its value if none is given, the least and most that may be, what it is, and why."""

    default: float
    least: float
    most: float
    meaning: str
    reason: str


NUMBERS = {
    "history_logins": Number(
        20, 1, 1_000, "A place is known if one of so many successful logins before was there …",
        "Okta's New City looks at the last 20.",
    ),
    "history_days": Number(
        30.0, 0, 3_650, "… or one of so many days before, whichever reaches further back.",
        "Defender for Cloud Apps compares with the past month.",
    ),
    "learning_logins": Number(
        10, 0, 1_000, "A user is learned, and findings on him are kept back, until so many logins …",
        "Entra: the earlier of 10 logins or 14 days.",
    ),
    "learning_days": Number(
        14.0, 0, 365, "… or so many days after the first one, whichever is earlier.",
        "Entra, as above; Datadog 1 to 30 days.",
    ),
    "least_km": Number(
        500.0, 1, 20_038, "Travel over less, net of both places' radii, is silent.",
        "Elastic 500 km, CrowdSec 1,000 km; city databases differ by 500 km for a quarter of all addresses.",
    ),
    "least_kmh": Number(
        900.0, 1, 100_000, "Travel that is slower is silent.",
        "A jet cruises at 900 km/h: Panther 900, Okta 805, Elastic 800, Airlock 1,000.",
    ),
    "default_radius_km": Number(
        100.0, 0, 20_038, "Accuracy of a place where the geo database claims none.",
        "DB-IP Lite claims none; MaxMind's own radii for cities are mostly 5 to 200 km.",
    ),
    "shared_users": Number(
        5, 1, 100_000,
        "A network (/24, /48) that so many other users, at home there, signed in from is shared, and so no news …",
        "Entra leaves out places that others of the organisation use. At home is who was learned there, or "
        "elsewhere in the country or with the operator before: thieves do not vouch for each other.",
    ),
    "shared_days": Number(30.0, 1, 3_650, "… if they did so within so many days.", "As long as the history."),
    "dormant_days": Number(
        90.0, 1, 3_650, "An account without a login for so long that comes back is a finding.",
        "Entra's advice on inactive accounts begins at 90 days.",
    ),
    "spray_accounts": Number(
        10, 2, 1_000_000, "So many accounts that failed from an address, /24 or /48 in a day and did not get in …",
        "Splunk 30 in 5 minutes, where failures of those who get in later count too.",
    ),
    "spray_asn_accounts": Number(
        30, 2, 1_000_000, "… or from an ASN.", "An ASN holds many who forget their password for good.",
    ),
    "spray_share": Number(
        0.5, 0, 1, "… are spraying, if they are this share of all accounts tried from there.",
        "Of an office's or a carrier's accounts most get in; of a list of stolen ones few do.",
    ),
    "many_countries": Number(
        3, 2, 250, "One account signed in to from so many countries in a day, by as many networks …",
        "Elastic and Okta alert on two within half an hour; a journey home may cross two in a day.",
    ),
    "many_networks": Number(
        6, 2, 1_000_000, "… or from so many networks: ASNs, cities where those are not known.",
        "Home, mobile carrier, work, train, café are five.",
    ),
    "guess_places": Number(
        10, 2, 1_000_000, "One account failing from so many /24 and /48 in a day.",
        "A person moves through a handful; CrowdSec's grouping by ASN overflows at 10.",
    ),
    "guess_failures": Number(
        5, 1, 1_000_000, "A login after so many failures from its network, or twice as many from anywhere …",
        "fail2ban's maxretry and CrowdSec's bucket are 5.",
    ),
    "guess_minutes": Number(
        60.0, 1, 10_080, "… within so many minutes, was guessed or remembered.",
        "fail2ban's findtime is 10 minutes; who tries slowly gets an hour.",
    ),
}  # fmt: skip

# key of [logins] -> what it holds; numbers are in NUMBERS
LOGINS_KEYS = {
    "networks": "Networks of the organisation, where logins are no news: names of [logins.named] or [network], ranges, "
    "file:PATH.",
    "named": "Names for ranges, so that an explanation can say office in place of 192.0.2.0/24.",
    "silent": "Classes of networks that are no place of their user: of vpn, proxy, relay, satellite, hosting, tor.",
    **{f"{name}_asns": f"More ASNs of class {name}: {text}" for name, text in CLASSES.items()},
    "ordinary_asns": "ASNs that are of no class, whatever the list says.",
    **{name: one.meaning for name, one in NUMBERS.items()},
}


@dataclass(frozen=True, slots=True)
class Settings:
    """
    numbers   key of NUMBERS -> value
    networks  (name, ranges) of the organisation
    asns      ASN -> its class and name, those alone that are silent
    """

    numbers: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)
    networks: tuple[tuple[str, Ranges], ...] = ()
    asns: Mapping[int, Network] = field(default_factory=lambda: classes_of(SILENT))


DEFAULTS: Mapping[str, float] = MappingProxyType({name: one.default for name, one in NUMBERS.items()})


def classes_of(silent: tuple[str, ...]) -> dict[int, Network]:
    """Return ASN -> its class and name, of the classes given."""
    return {asn: network for asn, network in ASNS.items() if network.kind in silent}


def parse_settings(config: Config) -> Settings:
    """Return what [logins] says. Raises ConfigFault naming the key."""
    table = config.tables.get(TABLE, {})
    where = place(config.path, f"[{TABLE}]")
    if not isinstance(table, dict):
        raise ConfigFault(f"{TABLE} must be a table", where, f"write [{TABLE}]")
    check_keys(table, LOGINS_KEYS, config.path, f"[{TABLE}]")
    numbers = {name: _number(table[name], one, f"{where} {name}") for name, one in NUMBERS.items() if name in table}
    return Settings({**DEFAULTS, **numbers}, _networks(table, config, where), _asns(table, where))


def _number(value: object, number: Number, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not number.least <= value <= number.most:
        raise ConfigFault(
            f"must be a number from {number.least:g} to {number.most:,g}", where, f"for example {number.default:g}"
        )
    if isinstance(number.default, int) and value != int(value):
        raise ConfigFault("must be a whole number", where, f"for example {number.default:g}")
    return value


def _networks(table: Mapping[str, Any], config: Config, where: str) -> tuple[tuple[str, Ranges], ...]:
    named = table.get("named", {})
    if not isinstance(named, dict):
        raise ConfigFault("must be a table", f"{where} named", 'for example named = { office = ["192.0.2.0/24"] }')
    found: list[tuple[str, Ranges]] = []
    for entry in string_list(table, "networks", f"{where} networks"):
        if entry in named:
            spot = f"{where} named {entry}"
            texts = [text for one in string_list(named, entry, spot) for text in listed_ranges(config, one, spot)]
        else:
            texts = list(listed_ranges(config, entry, f"{where} networks"))
        found.append((entry, Ranges(texts)))
    if sum(len(ranges.firsts) for _, ranges in found) > MAX_NETWORKS:
        raise ConfigFault(f"more than {MAX_NETWORKS:,} ranges", f"{where} networks", "name those of the organisation")
    return tuple(found)


def _asns(table: Mapping[str, Any], where: str) -> dict[int, Network]:
    silent = string_list(table, "silent", f"{where} silent", list(SILENT))
    for name in silent:
        if name not in CLASSES:
            raise ConfigFault(f"{quote(name)} is no class", f"{where} silent", f"classes are {', '.join(CLASSES)}")
    found = classes_of(tuple(silent))
    for kind in CLASSES:
        for asn in _numbers(table, f"{kind}_asns", where):
            if kind in silent:
                found[asn] = Network(kind, f"AS{asn}")
    for asn in _numbers(table, "ordinary_asns", where):
        found.pop(asn, None)
    return found


def _numbers(table: Mapping[str, Any], key: str, where: str) -> list[int]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(type(one) is int and 0 < one <= MAX_ASN for one in value):
        raise ConfigFault("must be a list of AS numbers", f"{where} {key}", f"for example {key} = [64496]")
    return value
