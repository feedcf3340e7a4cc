"""
RFC 7239 Forwarded: the grammar (`grammar`), the strict reading of a field (`strict`), the lenient reading of one
element that our strategies walk by (`lenient`), and how other programs read a field (`readers`).
"""

from echo.clientip.forwarded.lenient import DEVIATIONS, Deviation, parse_element
from echo.clientip.forwarded.strict import Element, ForwardedError, Node, parse_field, parse_node

__all__ = [
    "DEVIATIONS",
    "Deviation",
    "Element",
    "ForwardedError",
    "Node",
    "parse_element",
    "parse_field",
    "parse_node",
]
