"""
The findings: what can be said about where the client's address is, each with its cause and its remedy.

The codes are stable: records, metrics and alerts carry them. `{peer}`, `{client}`, `{hop}`, `{header}` and `{other}`
are filled in. `echo.explain.choose` decides which it is.
"""

from echo.explain.findings.at_the_socket import AT_THE_SOCKET
from echo.explain.findings.finding import CLIENT, PEER, VERDICTS, Finding
from echo.explain.findings.in_headers import IN_HEADERS
from echo.explain.findings.not_http import NOT_HTTP
from echo.explain.findings.stories import STORIES, Story

FINDINGS: dict[str, Finding] = {finding.code: finding for finding in (*AT_THE_SOCKET, *IN_HEADERS, *NOT_HTTP)}
MALFORMED = FINDINGS["malformed-request"]
# kind of what is malformed (echo.malformed.KINDS) -> finding, where it is more than that
BY_MALFORMED_KIND = {
    "tls-on-plain": FINDINGS["tls-on-plain-port"],
    "plain-on-tls": FINDINGS["plain-on-tls-port"],
    "tls-handshake": FINDINGS["tls-handshake-failed"],
    "proxy-unexpected": FINDINGS["proxy-header-unexpected"],
    "proxy-untrusted": FINDINGS["proxy-header-from-stranger"],
    "proxy-missing": FINDINGS["proxy-header-missing"],
    "proxy-broken": FINDINGS["proxy-header-broken"],
}


def finding_on_malformed(kind: str) -> Finding:
    """Return the finding on what is no request, of a kind of echo.malformed.KINDS."""
    return BY_MALFORMED_KIND.get(kind, MALFORMED)


__all__ = [
    "CLIENT",
    "FINDINGS",
    "PEER",
    "STORIES",
    "VERDICTS",
    "Finding",
    "Story",
    "finding_on_malformed",
]
