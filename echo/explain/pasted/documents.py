"""
JSON objects to what was pasted: our records and explanations, whoami's /api, access logs of proxies.

Whatever a field holds that it should not is no reason to stop: what is no text is passed over, what must be there and
is not makes the object another form's.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from echo.clientip import parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.explain.pasted.http import LOOPBACK, remote
from echo.explain.pasted.pasted import UNIX, Form, Logged, NoRequest, Pasted, Unlike, endpoint, text_of
from echo.explain.pasted.split import JSON, Piece
from echo.explain.report import JSON_VERSION
from echo.record import SCHEMA_VERSION

MAX_ERROR_CHARS = 80
MAX_SECONDS = 1 << 38  # since 1970: some 8,700 years, as far as dates go; NaN is no less

Document = Mapping[str, Any]


def document(piece: Piece) -> Document:
    """Return the object that a piece holds. Raises Unlike."""
    try:
        loaded = orjson.loads("\n".join(piece.lines))
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Unlike(f"not JSON: {str(error)[:MAX_ERROR_CHARS]}") from None
    if not isinstance(loaded, dict):
        raise Unlike("no JSON object")
    return loaded


def read_record(document: Document) -> Pasted:
    """Read a record of our log."""
    _version(document, SCHEMA_VERSION)
    if not isinstance(document.get("headers"), dict) or "peer_ip" not in document:
        raise Unlike("field peer_ip or headers is missing")
    peer = endpoint(document["peer_ip"], document.get("peer_port"))
    proxied = endpoint(document.get("proxied_ip"), document.get("proxied_port"))
    method, error = text_of(document, "method"), text_of(document, "error")
    if not document.get("status") and error:
        raise NoRequest(f"a record of no request: {quote(error)}")
    local = text_of(document, "local_ip")
    return Pasted(
        "record",
        f"{method} {text_of(document, 'target')}".strip(),
        Arrival(UNIX if document["peer_ip"] is None else peer, list(fields(document["headers"])), proxied),
        lacks=""
        if peer or document["peer_ip"] is None
        else f"peer_ip is {quote(str(document['peer_ip']))}, no address",
        own=(local,) if local and not local.startswith(LOOPBACK) else (),
        in_pod=bool(text_of(document, "node", "namespace")),
        time=moment(document.get("ts")),
        logged=Logged(text_of(document, "client_ip"), text_of(document, "finding")),
        error=error if not method else "",
    )


def read_explanation(document: Document) -> Pasted:
    """Read what /explain?format=json answers."""
    _version(document, JSON_VERSION)
    request, finding = document.get("request"), document.get("finding")
    if not isinstance(request, dict) or not isinstance(finding, dict) or not isinstance(request.get("headers"), list):
        raise Unlike("no explanation with its request in it")
    peer, proxied = _object(request, "peer"), _object(request, "proxied")
    end = endpoint(peer.get("ip"), peer.get("port"))
    return Pasted(
        "explanation",
        f"{text_of(request, 'method')} {text_of(request, 'target')}".strip(),
        Arrival(
            end or UNIX,
            [(pair[0], pair[1]) for pair in request["headers"] if _is_pair(pair)],
            endpoint(proxied.get("ip"), proxied.get("port")),
        ),
        logged=Logged(text_of(_object(document, "client"), "ip"), text_of(finding, "code")),
    )


def read_api(document: Document) -> Pasted:
    """Read what whoami and whofrom answer at /api."""
    if "remoteAddr" not in document or "method" not in document:
        raise Unlike("no remoteAddr and method")
    text = text_of(document, "remoteAddr")
    peer = UNIX if text == UNIX else remote(text)
    addresses = document.get("ip") if isinstance(document.get("ip"), list) else []
    host = text_of(document, "host")
    return Pasted(
        "api",
        f"{text_of(document, 'method')} {text_of(document, 'url')}".strip(),
        Arrival(peer, [*([("Host", host)] if host else []), *fields(_object(document, "headers"))]),
        lacks="" if peer else f"remoteAddr is {quote(text)}, no address",
        own=tuple(one for one in addresses or () if isinstance(one, str) and not one.startswith(LOOPBACK)),
    )


def read_traefik(document: Document) -> Pasted:
    """Read a line of Traefik's access log: ClientAddr is the peer, ClientHost what it takes for the client."""
    if "ClientAddr" not in document or "RequestMethod" not in document:
        raise Unlike("no ClientAddr and RequestMethod")
    address, host = text_of(document, "ClientAddr"), text_of(document, "ClientHost")
    peer = remote(address)
    headers = [
        (key.removeprefix("request_"), value)
        for key, value in document.items()
        if key.startswith("request_") and isinstance(value, str)
    ]
    names = {name.lower() for name, _ in headers}
    if "host" not in names and text_of(document, "RequestHost"):
        headers.insert(0, ("Host", text_of(document, "RequestHost")))
    notes = ["of-a-proxy", "traefik-headers"]
    if "x-forwarded-for" not in names and peer and host and parse_hop(host) != parse_hop(peer):
        headers.append(("X-Forwarded-For", host))
        notes.append("traefik-host")
    return Pasted(
        "traefik",
        f"{text_of(document, 'RequestMethod')} {text_of(document, 'RequestPath')}",
        Arrival(peer, headers),
        lacks="" if peer else f"ClientAddr is {quote(address)}, no address",
        notes=tuple(notes),
        time=moment(document.get("StartUTC")),
    )


# key of a JSON log, lower case, `_` for `-` -> header; keys of Envoy and Istio, and those that people give nginx's
HEADER_KEYS = {
    "authority": "Host",
    ":authority": "Host",
    "http_host": "Host",
    "x_forwarded_for": "X-Forwarded-For",
    "http_x_forwarded_for": "X-Forwarded-For",
    "forwarded": "Forwarded",
    "http_forwarded": "Forwarded",
    "x_real_ip": "X-Real-IP",
    "http_x_real_ip": "X-Real-IP",
    "x_original_forwarded_for": "X-Original-Forwarded-For",
    "http_x_original_forwarded_for": "X-Original-Forwarded-For",
    "x_envoy_external_address": "X-Envoy-External-Address",
    "cf_connecting_ip": "CF-Connecting-IP",
    "http_cf_connecting_ip": "CF-Connecting-IP",
    "true_client_ip": "True-Client-IP",
    "http_true_client_ip": "True-Client-IP",
    "user_agent": "User-Agent",
    "http_user_agent": "User-Agent",
}
METHODS = ("method", "request_method", ":method")
TARGETS = ("x_envoy_original_path", "x_envoy_origin_path", "path", ":path", "request_uri", "uri")
TIMES = ("start_time", "time_iso8601", "@timestamp", "timestamp", "ts", "time")
ENVOY_PEER, ENVOY_DERIVED = "downstream_direct_remote_address", "downstream_remote_address"
NGINX_PEER, NGINX_DERIVED = "realip_remote_addr", "remote_addr"


def read_envoy(document: Document) -> Pasted:
    """Read a line of Envoy's or Istio's access log: the direct remote address is the peer, the other is derived."""
    keys = _normal(document)
    if not {ENVOY_PEER, ENVOY_DERIVED, "upstream_host", "response_flags"} & keys.keys():
        raise Unlike(f"no {ENVOY_PEER} or {ENVOY_DERIVED}")
    direct, derived = remote(text_of(keys, ENVOY_PEER)), remote(text_of(keys, ENVOY_DERIVED))
    notes = ["of-a-proxy", "envoy-forwarded", *(() if direct or not derived else ("envoy-derived",))]
    return _of_a_proxy("envoy", keys, direct, derived, notes)


def read_nginx(document: Document) -> Pasted:
    """Read a JSON log that is made of nginx's variables, by their names."""
    keys = _normal(document)
    if not {NGINX_PEER, NGINX_DERIVED} & keys.keys():
        raise Unlike(f"no {NGINX_DERIVED} or {NGINX_PEER}")
    direct = endpoint(keys.get(NGINX_PEER), keys.get("realip_remote_port"))
    derived = endpoint(keys.get(NGINX_DERIVED), keys.get("remote_port"))
    notes = ["of-a-proxy", *(() if direct else ("column-derived",))]
    return _of_a_proxy("nginx-json", keys, direct, derived, notes)


def read_caddy(document: Document) -> Pasted:
    """Read a line of Caddy's access log: remote_ip is the peer, client_ip is derived."""
    request = document.get("request")
    if not isinstance(request, dict) or "remote_ip" not in request:
        raise Unlike("no request.remote_ip")
    peer = endpoint(request["remote_ip"], request.get("remote_port"))
    headers = list(fields(_object(request, "headers")))
    host = text_of(request, "host")
    return Pasted(
        "caddy",
        f"{text_of(request, 'method')} {text_of(request, 'uri')}".strip(),
        Arrival(peer, [*([("Host", host)] if host else []), *headers]),
        lacks="" if peer else f"request.remote_ip is {quote(str(request['remote_ip']))}, no address",
        notes=("of-a-proxy",),
        time=moment(document.get("ts")),
        logged=Logged(text_of(request, "client_ip")),
    )


def fields(headers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of an object name -> list of values."""
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str):
                yield name, value


def moment(value: object) -> float | None:
    """Return seconds since 1970 of RFC 3339 text or of a number; None if it is neither."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if abs(value) < MAX_SECONDS else None
    try:
        return datetime.fromisoformat(value[:40]).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _of_a_proxy(form: str, keys: Document, direct: str | None, derived: str | None, notes: list[str]) -> Pasted:
    headers = [(HEADER_KEYS[key], value) for key, value in keys.items() if key in HEADER_KEYS and text_of(keys, key)]
    words = text_of(keys, "request").split(" ")
    asked = f"{text_of(keys, *METHODS) or words[0]} {text_of(keys, *TARGETS) or ' '.join(words[1:-1])}".strip()
    return Pasted(
        form,
        asked,
        Arrival(direct or derived, headers),
        sure=direct is not None,
        lacks="" if direct or derived else "its fields name no other end of the connection",
        notes=tuple(notes),
        time=next((at for name in TIMES if (at := moment(keys.get(name))) is not None), None),
        logged=Logged(_ip(derived) if direct and derived else ""),
    )


def _ip(end: str) -> str:
    return str(parse_hop(end) or "")


def _object(document: Document, key: str) -> dict[str, Any]:
    """Return the object that a field holds, an empty one where it holds none."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _normal(document: Document) -> dict[str, Any]:
    return {key.lower().replace("-", "_"): value for key, value in document.items()}


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)


def _version(document: Document, known: int) -> None:
    version = document.get("v")
    if type(version) is not int or version < 1:
        raise Unlike("field v is missing")
    if version > known:
        raise Unlike(f"version {version} is newer than {known}: upgrade whofrom")


def _form(name: str, meaning: str, read: Callable[[Document], Pasted]) -> Form:
    return Form(name, JSON, meaning, lambda piece: read(document(piece)))


JSON_FORMS = (
    _form("record", "a record of whofrom's log", read_record),
    _form("explanation", "what /explain?format=json answers", read_explanation),
    _form("api", "what whoami and whofrom answer at /api", read_api),
    _form("traefik", "Traefik's JSON access log", read_traefik),
    _form("envoy", "Envoy's and Istio's JSON access log", read_envoy),
    _form("caddy", "Caddy's access log", read_caddy),
    _form("nginx-json", "a JSON log of nginx's variables, by their names", read_nginx),
)
