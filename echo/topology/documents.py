"""
From bytes to the objects of Kubernetes in them: one JSON document or several behind one another, lists opened.

The bytes are bounded before they are parsed. A file that is no JSON ends the run, with the place; a document that is no
object of Kubernetes is said and passed over.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any

from echo.clientip import Fault
from echo.topology.view import Complaints, View, shape

# 256 MiB hold the pods of some 30,000 (8 KB each); parsed they take several times that
MAX_INPUT_BYTES = 256 << 20
MAX_LISTS = 8  # lists within lists; kubectl writes one
BLANKS = " \t\r\n"
KUBECTL = "kubectl get nodes,pods,svc,ingress,endpointslices,configmaps,ingressclasses -A -o json"
LIST = "List"


def documents(data: bytes, name: str) -> Iterator[Any]:
    """Yield the JSON documents in data. Raises Fault, naming the file, line and column of what is none."""
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        raise Fault(f"byte {error.start} is not UTF-8, as JSON is", name, f"write it anew: {KUBECTL}") from None
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:  # its message quotes nothing of the text
            where = f"{name} line {error.lineno} column {error.colno}"
            raise Fault(f"no JSON: {error.msg}", where, f"write it with -o json: {KUBECTL}") from None
        except RecursionError:
            raise Fault("nested deeper than any object of Kubernetes", name, f"write it anew: {KUBECTL}") from None
        except ValueError:  # a number of 5,000 digits
            raise Fault("a number in it is too long", name, f"write it anew: {KUBECTL}") from None
        yield value
        at = _skip(text, at)


def objects(document: Any, name: str, say: Complaints) -> Iterator[tuple[str, View]]:
    """Yield kind and object of each object in a document; `name` is the file's, for what is said."""
    waiting = [(document, "", name, 0)]
    while waiting:
        value, kind, place, depth = waiting.pop()
        if not isinstance(value, dict):
            say(f"{place}: {shape(value)} where an object of Kubernetes was expected; passed over")
            continue
        view = View(value, place, say)
        kind = view.text("kind") or kind
        if not kind:
            say(f"{place}: an object without a kind; passed over: is it kubectl's own output?")
        elif kind.endswith(LIST):
            if depth == MAX_LISTS:
                say(f"{place}: more than {MAX_LISTS} lists within one another; passed over")
                continue
            items = enumerate(view.items("items"), 1)
            inner = [(item, kind.removesuffix(LIST), f"{place} item {number}", depth + 1) for number, item in items]
            yield kind, view
            waiting += reversed(inner)
        else:
            yield kind, view


def _encoding(data: bytes) -> str:
    """PowerShell's `>` writes UTF-16, and others a byte order mark."""
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in BLANKS:
        at += 1
    return at
