"""
Who is the client: the one definition, for both halves of whofrom.

Rules of this package:

1. Standard library only, no I/O but the reading of the TOML in `config` and of lists of ranges in `lists`.
2. A policy is built once and validated there; applying it to a request cannot fail.
3. No untrusted header decides anything: where ranges are trusted, a header is read only after the peer was found in
   them (or is no address at all). A strategy without ranges believes whoever connects, and its name says so.
4. Where the boundary is not an address, the client is None and the reason says why. No address is invented.
"""

from echo.clientip.address import Address, parse_address, parse_hop
from echo.clientip.chain import Hop, chain_of
from echo.clientip.config import Config, load_config, parse_config
from echo.clientip.faults import ConfigFault, Fault, printable, quote
from echo.clientip.ranges import NAMED_RANGES, PUBLIC, Ranges, classify, parse_range
from echo.clientip.resolve import REASONS, Reason, Resolution
from echo.clientip.strategies import STRATEGIES, Strategy
from echo.clientip.trust import Policy, make_policy

__all__ = [
    "NAMED_RANGES",
    "PUBLIC",
    "REASONS",
    "STRATEGIES",
    "Address",
    "Config",
    "ConfigFault",
    "Fault",
    "Hop",
    "Policy",
    "Ranges",
    "Reason",
    "Resolution",
    "Strategy",
    "chain_of",
    "classify",
    "load_config",
    "make_policy",
    "parse_address",
    "parse_config",
    "parse_hop",
    "parse_range",
    "printable",
    "quote",
]
