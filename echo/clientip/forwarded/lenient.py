"""
Forwarded as it is met: one element of a list to the address of its `for`, for walks over untidy headers.

The caller splits at every comma, inside quotes as well, from the right. That cannot be fooled by what stands further
left: an open quote swallows nothing. The element is then read with less than RFC 7239 asks, as realclientip-go
(revision 0718295, parseForwardedListItem) reads it. DEVIATIONS has each kind of difference; a test reads it, and the
reference prints it. `unknown`, obfuscated names and everything else that is no address stop a walk.
"""

from typing import NamedTuple

from echo.clientip.address import Address, parse_hop


class Deviation(NamedTuple):
    """
    Where the lenient reading differs from the grammar.

    element  an example, one list element
    rfc      what RFC 7239 makes of it: the address, or "" where it has none or is an error
    lenient  what the lenient reading makes of it
    why      why it is read so
    """

    element: str
    rfc: str
    lenient: str
    why: str


DEVIATIONS = (
    Deviation("for=[2001:4860::7]", "", "2001:4860::7", "IPv6 without quotes is common, and means one thing only."),
    Deviation('for="2001:4860::7"', "", "2001:4860::7", "Without brackets too; a port cannot follow then."),
    Deviation("for=203.0.113.7:4711", "", "203.0.113.7", "A port without quotes; the port is dropped unread."),
    Deviation('for="203.0.113.7:port"', "", "203.0.113.7", "A port that is none; it is dropped unread."),
    Deviation('for="[203.0.113.7]"', "", "203.0.113.7", "IPv4 in brackets."),
    Deviation('for="fe80::7%eth0"', "", "fe80::7%eth0", "A zone, which the grammar has no place for."),
    Deviation("for= 203.0.113.7", "", "203.0.113.7", "Blanks behind `=`, as some proxies write."),
    Deviation("for=203.0.113.7%", "", "203.0.113.7", "An empty zone is none."),
    Deviation('for="203.0.113.7:99999"', "", "203.0.113.7", "A port beyond 65535; it is dropped unread."),
    Deviation("by=x; for=203.0.113.7", "", "203.0.113.7", "Blanks around `;`."),
    Deviation("for=203.0.113.7;@!=x", "", "203.0.113.7", "What the other parameters are is not looked at."),
    Deviation("for=203.0.113.7;for=198.51.100.9", "", "203.0.113.7", "The first of two; one writer wrote both."),
    Deviation("for=x=y;for=203.0.113.7", "", "203.0.113.7", "A pair with a second `=` is passed over."),
    Deviation('for="203.0.113.\\7"', "203.0.113.7", "", "No address needs an escape; who writes one tries something."),
    Deviation('for="203.0.113.7";by="a=b"', "203.0.113.7", "203.0.113.7", "An `=` in another value changes nothing."),
    Deviation('by="a;for=1.2.3.4;b";for=203.0.113.7', "203.0.113.7", "1.2.3.4", "Quotes do not keep `;` together."),
)


def parse_element(text: str) -> Address | None:
    """Parse one element to the address of its first `for` that holds no `=`; None if that is no address or missing."""
    for part in text.split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if equals and name.lower() == "for" and "=" not in value:
            value = value.strip(" \t")
            if len(value) > 1 and value[0] == '"' == value[-1]:
                value = value[1:-1]
                if value != value.strip(" \t"):
                    return None
            return parse_hop(value)
    return None
