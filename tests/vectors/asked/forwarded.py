"""Forwarded by its grammar, strict and as others read it."""

from collections.abc import Mapping

from echo.clientip.forwarded import Element, ForwardedError, parse_element, parse_field, parse_node
from echo.clientip.forwarded.readers import aiohttp, forwarded_parse, haproxy_valid
from echo.clientip.headers import fields
from tests.vectors.rows import Answer, Asked, Row, Skip, text_or_none


def values(row: Row) -> list[str]:
    return fields(row["headers"], "Forwarded")


def stated(row: Row, elements: list[Element] | None) -> Answer:
    """Return the elements if the row states any; some rows only ask whether the header is taken."""
    return {} if row["expect"].get("elements") is None else {"elements": elements}


def strict(row: Row, _: str) -> Answer:
    """The RFC's examples by the RFC; those observed on the npm package by its reading of it."""
    try:
        if row["peer"] == "forwarded-parse":
            return {**stated(row, forwarded_parse(values(row))), "error": False}
        elements = [element for value in values(row) for element in parse_field(value)]
    except ForwardedError:
        return {"client_ip": None, "error": True}
    node = parse_node(elements[-1].get("for", "")) if elements else None
    client = node.address if node else None
    return {**stated(row, elements), "client_ip": text_or_none(client), "error": False}


def valid(row: Row, _: str) -> Answer:
    return {"error": not all(haproxy_valid(value) for value in values(row))}


def node(row: Row, _: str) -> Answer:
    try:
        (element,) = parse_field(*values(row))
    except ForwardedError:
        return {"node": None, "node_port": None, "error": True}
    found = parse_node(element.get("for") or element.get("by", ""))
    if found is None:
        return {"node": None, "node_port": None, "error": True}
    return {
        "node": found.name,
        "node_port": found.port or None,
        "client_ip": text_or_none(found.address),
        "error": False,
    }


def recovering(row: Row, _: str) -> Answer:
    return {**stated(row, aiohttp(values(row))), "error": False}


def element_lenient(row: Row, _: str) -> Answer:
    return {"client_ip": text_or_none(parse_element(values(row)[0])), "error": False}


def list_lenient(row: Row, _: str) -> Answer:
    entries = [entry for value in values(row) for entry in value.split(",")]
    return {"entries": [text_or_none(parse_element(entry)) for entry in entries], "error": False}


def emitted(_row: Row, _: str) -> Skip:
    return Skip("the row does not say what the proxy was configured to write")


ANSWERS: Mapping[str, Asked] = {
    "forwarded-rfc7239": strict,
    "forwarded-valid-strict": valid,
    "forwarded-node": node,
    "forwarded-lenient": recovering,
    "forwarded-element-lenient": element_lenient,
    "forwarded-list-lenient": list_lenient,
    "forwarded-emit": emitted,
}
