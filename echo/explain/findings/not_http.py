"""Findings on what is no HTTP request, or not on this port."""

from echo.explain import remedies
from echo.explain.findings.finding import Finding
from echo.explain.findings.references import MALFORMED_PAGE, PROBES, PROXY

NOT_HTTP = (
    Finding(
        "malformed-request",
        "malformed",
        "The bytes were no HTTP request.",
        "The client, or something between, speaks another protocol or broken HTTP.",
        "The record's `error` says what was wrong.",
        reference=MALFORMED_PAGE,
    ),
    Finding(
        "proxy-header-unexpected",
        "malformed",
        "A PROXY header came where none is taken.",
        "The balancer speaks PROXY protocol to a server, or from an address, from which it is not taken.",
        "Start the server with --proxy-protocol optional (from --trust ranges) or required; or switch it off at the "
        "balancer.",
        remedies.PROXY_OPTIONAL,
        reference=PROXY,
    ),
    Finding(
        "proxy-header-missing",
        "malformed",
        "No PROXY header came where one is required.",
        "The balancer does not speak PROXY protocol, or somebody connected past it (a health check, a port-forward).",
        "Switch PROXY protocol on at the balancer, or start the server with --proxy-protocol optional or off.",
        remedies.PROXY_OPTIONAL,
        reference=PROXY,
    ),
    Finding(
        "proxy-header-from-stranger",
        "malformed",
        "A connection that must begin with a PROXY header came from outside the trusted ranges.",
        "Only the balancers may say whom they connect for.",
        "Connect through the balancer, or add this peer to [trust] ranges.",
        remedies.PROXY_OPTIONAL,
        reference=PROXY,
    ),
    Finding(
        "proxy-header-broken",
        "malformed",
        "A PROXY header came that does not parse.",
        "Another protocol was taken for it, or the balancer writes it wrongly.",
        "The record's `error` says what was wrong. Have the balancer send it as the standard has it.",
        reference=PROXY,
    ),
    Finding(
        "tls-on-plain-port",
        "malformed",
        "A TLS hello came on the plain port.",
        "The client, or the balancer, speaks HTTPS to a server that speaks HTTP.",
        "Call http://, have the balancer end TLS, or serve it here with --cert and --key.",
        remedies.TLS,
        reference=MALFORMED_PAGE,
    ),
    Finding(
        "plain-on-tls-port",
        "malformed",
        "Plain HTTP came on the TLS port.",
        "The client, the balancer or a health check speaks HTTP to a server that speaks HTTPS.",
        "Call https://, or have the balancer use HTTPS to its backends (probes: scheme: HTTPS).",
        reference=PROBES,
    ),
    Finding(
        "tls-handshake-failed",
        "malformed",
        "A TLS handshake failed.",
        "The two ends have no version, cipher or certificate in common, or the client left.",
        "The record's `error` says what was wrong.",
        reference=MALFORMED_PAGE,
    ),
)
