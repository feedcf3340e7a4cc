"""
What Node gives its programs of a request, as the dialects of those programs need it.

* Fields of one name arrive joined by `, ` (nodejs.org/api/http.html, message.headers).
* A UNIX socket has no remoteAddress.
* String.trim takes off ECMAScript's white space and line ends, which is neither ASCII's nor Python's set.
"""

from echo.clientip.dialects.dialect import Arrival
from echo.clientip.dialects.socket_name import host_and_port
from echo.clientip.headers import fields

XFF = "X-Forwarded-For"
# ECMA-262 §12.2 WhiteSpace and §12.3 LineTerminator
WHITE_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def socket_address(arrival: Arrival) -> str | None:
    """Return socket.remoteAddress: the peer without its port; None where it has none."""
    return host_and_port(arrival)[0] or None


def forwarded_for(arrival: Arrival) -> str:
    """Return request.headers["x-forwarded-for"]; "" without such a field."""
    return ", ".join(fields(arrival.headers, XFF))
