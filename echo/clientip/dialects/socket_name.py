"""The other end of the socket, as programs have it that hand the text on and read no address in it."""

from echo.clientip.dialects.dialect import Arrival
from echo.clientip.dialects.golang import split_host_port

UNIX = ("@", "unix")  # how a peer without an address is written


def host_and_port(arrival: Arrival) -> tuple[str, str]:
    """Return the peer's address and port as text, brackets off; "" for what it does not have."""
    text = arrival.proxied or arrival.peer or ""
    return ("", "") if text.startswith(UNIX) else split_host_port(text) or (text, "")
