"""Fuzz every strategy with header text."""

from echo.clientip import make_policy, parse_address

RANGES = ["10.0.0.0/8", "2001:db8:10::/48"]
STRANGER, PROXY = "203.0.113.9", "10.0.0.1"
POLICIES = [
    make_policy(strategy, trusted=ranges)
    for ranges in ((), RANGES)
    for strategy in (
        "rightmost-untrusted",
        "rightmost-untrusted:Forwarded",
        "rightmost-count:2",
        "rightmost-nonprivate:Forwarded",
        "leftmost-nonprivate",
        "single-header:X-Real-IP",
        "chain(single-header:X-Real-IP,rightmost-count:1:Forwarded,remote-addr)",
    )
]


def check(data: bytes) -> None:
    """No text raises; a stranger's headers change nothing where ranges are trusted; the client prints canonically."""
    values = data.decode("utf-8", "surrogateescape").split("\n")
    headers = {"x-forwarded-for": values, "forwarded": values, "x-real-ip": values}
    for policy in POLICIES:
        client = policy.resolve(PROXY, headers).client
        assert client is None or parse_address(str(client)) == client
        if policy.trusted:
            assert policy.resolve(STRANGER, headers) == policy.resolve(STRANGER, {})
