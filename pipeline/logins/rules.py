"""
The rules: what each finds, how bad that is, and what to do.

A rule's query is named; the five of `logins/unusual` are told apart by it. Severity is that of the table, unless
`words` says otherwise of one finding.
"""

from __future__ import annotations

from typing import NamedTuple

UNUSUAL = "logins/unusual"
ASK = "Ask the user, by another way than that account, whether it was he."
LOCK = "If not: end the account's sessions, change its password, and look at what it did since."


class Rule(NamedTuple):
    """A rule. `meaning` is a sentence for people; techniques are ids of MITRE ATT&CK."""

    code: str
    query: str
    severity: str
    confidence: str
    meaning: str
    techniques: tuple[str, ...]
    remedy: str


_RULES = (
    Rule(
        "impossible_travel", UNUSUAL, "high", "medium",
        "Two logins too far apart for the time between, both places as wrong as they may be, one of them new; medium "
        "where the user is known with the operators of new places, since a database may be wrong about a network.",
        ("T1078",), f"{ASK} {LOCK} If it was a VPN, name its network in [logins].",
    ),
    Rule(
        "new_country", UNUSUAL, "medium", "medium", "A login from a country that is not in the user's history; low "
        "where the user is known with the network's operator.",
        ("T1078",), f"{ASK} {LOCK}",
    ),
    Rule(
        "new_region", UNUSUAL, "low", "low", "A login from a region, of a known country, that is not in the "
        "history; info where the user is known with the network's operator.",
        ("T1078",), "Look at it beside other findings; geo databases are unsure of regions.",
    ),
    Rule(
        "new_asn", UNUSUAL, "info", "low", "A login by a network operator that is not in the history.",
        ("T1078",), "Nothing, alone: people change trains, cafés and carriers.",
    ),
    Rule(
        "dormant_return", "logins/dormant_return", "low", "medium",
        "An account that nobody signed in to for months; medium where the place or the network is new, too.",
        ("T1078",), f"Is the account still needed? If not, close it. {ASK}",
    ),
    Rule(
        "spraying", "logins/spraying", "medium", "high",
        "Many accounts tried from one address, network or ASN; high where one of them was entered.",
        ("T1110.003",), "Block the source, and end the sessions of the accounts that were entered from there.",
    ),
    Rule(
        "many_places", "logins/many_places", "medium", "medium",
        "One account signed in to from many countries or networks in a day.", ("T1078",),
        f"A shared account should be several. {ASK} {LOCK}",
    ),
    Rule(
        "guessing", "logins/guessing", "medium", "high", "One account tried from many networks in a day.",
        ("T1110.001",), "Ask for a second factor on this account; a block by address does not help.",
    ),
    Rule(
        "guessed", "logins/guessed", "high", "medium",
        "A login after a burst of failures; low where the user has signed in from that network before.",
        ("T1110", "T1078"), f"{ASK} {LOCK} Block the source.",
    ),
)  # fmt: skip
RULES = {rule.code: rule for rule in _RULES}

# why a finding is kept back -> what that means
SILENT = {
    "own_network": "the address is of a network named in [logins] networks",
    "vpn": "the address is an exit of a VPN service, which is not where the user is",
    "proxy": "the address is a gateway that a company's traffic leaves by",
    "relay": "the address is a relay's, which is not where the user is",
    "satellite": "the address is a ground station's, which is not where the user is",
    "hosting": "the address is a hoster's or a cloud's, where nobody lives",
    "tor": "the address is a Tor exit",
    "shared_network": "others of the organisation sign in from that network",
    "learning": "the user is still learned",
    "both_known": "the user is known at both places",
    "one_operator": "the user is known with the network's operator, whose exits are anywhere in the country",
}
