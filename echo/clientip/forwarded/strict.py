"""
Forwarded as RFC 7239 has it: a field to its elements, or an error that says where.

A field is read by itself. Joining the fields of a request before parsing lets an open quote in an earlier one, which
the client wrote, swallow a later one, which a proxy wrote: `for=_injected;by="` then `for=203.0.113.7`.
"""

from typing import NamedTuple

from echo.clientip.address import UNSPECIFIED, Address, parse_any
from echo.clientip.faults import quote
from echo.clientip.forwarded.grammar import COMMA, NODE, PAIR, SEMICOLON, unquote

Element = dict[str, str]  # lower-case parameter -> value, unquoted, in order of arrival
MAX_PORT = 65535  # the grammar has 1*5DIGIT; more is no port of anything


class ForwardedError(ValueError):
    """A field is not RFC 7239's. `position` counts characters from 0; the text quotes at most 80 of them."""

    def __init__(self, what: str, text: str, position: int) -> None:
        super().__init__(f"{what} at character {position}: {quote(text[position:])}")
        self.position = position


class Node(NamedTuple):
    """
    A node (RFC 7239 §6).

    name     an IPv4 or IPv6 address as RFC 5952 prints it, `unknown`, or an obfuscated identifier with its `_`
    port     digits, at most MAX_PORT, or an obfuscated port with its `_`; "" without one
    address  the address, None where the name is none or is unspecified
    """

    name: str
    port: str
    address: Address | None


def parse_field(text: str) -> list[Element]:
    """Return the elements of one field, empty ones left out. Raises ForwardedError."""
    elements: list[Element] = []
    position = 0
    while True:
        element, position = _element(text, position)
        if element:
            elements.append(element)
        comma = COMMA.match(text, position)
        if comma is None:
            break
        position = comma.end()
    if position < len(text):
        raise ForwardedError("neither ';' nor ',' nor the end", text, position)
    return elements


def _element(text: str, position: int) -> tuple[Element, int]:
    element: Element = {}
    while True:
        pair = PAIR.match(text, position)
        if pair is not None:
            name = pair[1].lower()
            if name in element:
                raise ForwardedError(f"parameter {quote(name)} for the second time", text, position)
            element[name] = unquote(pair[2])
            position = pair.end()
        if SEMICOLON.match(text, position) is None:
            return element, position
        position += 1


def parse_node(text: str) -> Node | None:
    """Parse an unquoted `for` or `by` value; None if it is no node."""
    match = NODE.fullmatch(text)
    if match is None:
        return None
    name, port = match[1], match[2] or ""
    if port.isdigit() and int(port) > MAX_PORT:
        return None
    if name.startswith("_"):
        return Node(name, port, None)
    if name.lower() == "unknown":
        return Node("unknown", port, None)
    bracketed = name.startswith("[")
    address = parse_any(name[1:-1] if bracketed else name)
    if address is None or (":" in name) != bracketed:
        return None
    # the unspecified address is a node by the grammar, and nobody's
    return Node(str(address), port, None if address.packed in UNSPECIFIED else address)
