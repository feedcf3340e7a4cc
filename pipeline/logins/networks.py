"""
Networks whose addresses are not where their users are: VPNs, relays, hosters, by AS number.

1. A list is never whole, and an AS is rarely of one kind alone: a hoster's own people sit there, too. So it silences
   findings, it makes none; `[logins]` adds to it and takes from it.
2. Numbers and names are facts of the registries (RIPE, ARIN, APNIC: `whois AS9009`); the class is what the operator
   says he sells. Where that is VPN exits among other things (M247, Datacamp), the class is vpn.
3. Apple's Private Relay leaves from Cloudflare, Akamai and Fastly (Apple, "egress-ip-ranges.csv"); satellites from
   ground stations in another country (Panther leaves out AS22351 for that).
"""

from __future__ import annotations

from typing import NamedTuple

# class -> what it is
CLASSES = {
    "vpn": "exits of VPN services",
    "proxy": "gateways that companies send their people's traffic through",
    "relay": "Apple's Private Relay, Cloudflare's WARP",
    "satellite": "satellites and aeroplanes, whose ground stations are elsewhere",
    "hosting": "hosters and clouds, where programs and private VPNs run",
    "tor": "operators of Tor exits",
}
# Tor is left out: whoever signs in through it hides on purpose, which is news
SILENT = ("vpn", "proxy", "relay", "satellite", "hosting")


class Network(NamedTuple):
    """What an AS is used for: a key of CLASSES, and who runs it."""

    kind: str
    name: str


_BY_CLASS = {
    "vpn": {
        9009: "M247", 39351: "31173 Services (Mullvad)", 136787: "TEFINCOM (NordVPN)", 207137: "PacketHub (NordVPN)",
        62371: "Proton", 209103: "Proton (Proton VPN)", 212238: "Datacamp", 60068: "Datacamp (CDN77)",
        11878: "tzulo", 46562: "Performive", 62240: "Clouvider", 203020: "HostRoyale",
    },
    "proxy": {
        22616: "Zscaler", 53813: "Zscaler", 62044: "Zscaler", 40384: "Zscaler", 55256: "Netskope",
        13150: "Cato Networks", 36692: "Cisco OpenDNS (Umbrella)", 13448: "Websense (Forcepoint)",
        44444: "Forcepoint",
    },
    "relay": {
        13335: "Cloudflare", 36183: "Akamai (Private Relay)", 20940: "Akamai", 54113: "Fastly",
    },
    "satellite": {
        14593: "SpaceX (Starlink)", 22351: "Intelsat", 7155: "Viasat", 40306: "Viasat", 31515: "Inmarsat",
        64294: "Panasonic Avionics",
    },
    "hosting": {
        16509: "Amazon", 14618: "Amazon", 396982: "Google Cloud", 8075: "Microsoft", 31898: "Oracle Cloud",
        36351: "IBM Cloud (SoftLayer)", 45102: "Alibaba Cloud", 37963: "Alibaba Cloud", 132203: "Tencent Cloud",
        45090: "Tencent Cloud", 136907: "Huawei Cloud", 55990: "Huawei Cloud", 14061: "DigitalOcean",
        16276: "OVH", 24940: "Hetzner", 213230: "Hetzner", 212317: "Hetzner", 63949: "Akamai (Linode)",
        20473: "Vultr", 12876: "Scaleway", 51167: "Contabo", 40021: "Contabo", 60781: "LeaseWeb", 28753: "LeaseWeb",
        30633: "LeaseWeb", 36352: "ColoCrossing", 54825: "Equinix Metal", 53667: "FranTech (BuyVM)",
        197540: "netcup", 47583: "Hostinger", 26496: "GoDaddy", 8560: "IONOS", 46606: "Unified Layer",
        19318: "Interserver", 49981: "WorldStream", 202425: "IP Volume", 199524: "G-Core", 20860: "iomart",
    },
    "tor": {
        60729: "Stiftung Erneuerbare Freiheit", 396507: "Emerald Onion", 205100: "F3 Netze", 4224: "Calyx Institute",
    },
}  # fmt: skip

ASNS = {asn: Network(kind, name) for kind, names in _BY_CLASS.items() for asn, name in names.items()}
