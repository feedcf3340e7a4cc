r"""
Login rules: which requests are logins, did they succeed, who signed in.

    [[login]]
    name = "shop"
    path = "/login"                 # regular expression, matched against the whole path, query excluded
    method = "POST"                 # or a list
    success = ["2xx", "302"]        # statuses; classes as 2xx
    failure = ["401", "403"]        # any other status: the rule does not match
    user = "query:user"             # where the user's name is found, see USER_SOURCES

The server applies the rules before it redacts headers; the pipeline applies the same rules to access logs.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from echo.clientip.config import check_keys, place, string_list
from echo.clientip.faults import ConfigFault, printable, quote

MAX_USER_CHARS = 256  # longer than any account name; bounds what an attacker can make us remember
MAX_TARGET_CHARS = 8192  # rules look no further into a target: a user's regular expression meets hostile text here
MAX_QUERY_PARAMETERS = 100  # parse_qsl stops here; a login form has a handful

# key of [[login]] -> what it holds
LOGIN_KEYS = {
    "name": "What the rule is called in findings.",
    "path": "Regular expression for the whole path, the query excluded.",
    "method": "Method or list of methods; POST if not given.",
    "success": "Statuses of a login that succeeded, as 200 or 2xx; 2xx and 3xx if not given.",
    "failure": "Statuses of one that failed; 400, 401, 403, 422 and 429 if not given.",
    "user": "Where the user's name is: auth, header:NAME, query:NAME or path (the group named user).",
}
USER_SOURCES = {
    "auth": "The HTTP authentication user: Basic credentials at the server, the user column of an access log.",
    "header": "header:NAME, believed only from a trusted peer: a stranger can write any header.",
    "query": "query:NAME, a parameter of the target.",
    "path": "The group (?P<user>…) of the rule's path.",
}
DEFAULT_SUCCESS = ("2xx", "3xx")
DEFAULT_FAILURE = ("400", "401", "403", "422", "429")
SUCCESS, FAILURE = "success", "failure"


@dataclass(frozen=True, slots=True)
class LoginRule:
    """One compiled rule; `statuses` maps a status to SUCCESS or FAILURE."""

    name: str
    path: re.Pattern[str]
    methods: frozenset[str]
    statuses: Mapping[int, str]
    user_source: str
    user_name: str

    def match(
        self,
        method: str,
        target: str,
        status: int,
        headers: Mapping[str, Sequence[str]],
        *,
        auth_user: str | None = None,
        peer_trusted: bool = False,
    ) -> tuple[str | None, str] | None:
        """
        Return (user or None, SUCCESS or FAILURE) if the request is a login by this rule, else None.

        headers       lower-case name -> values
        auth_user     the user the log names, where headers are not at hand
        peer_trusted  headers may be believed
        """
        outcome = self.statuses.get(status)
        if outcome is None or method not in self.methods:
            return None
        path, _, query = target[:MAX_TARGET_CHARS].partition("?")
        found = self.path.fullmatch(unquote(path))
        if found is None:
            return None
        user: str | None = None
        if self.user_source == "auth":
            user = auth_user or basic_user(headers.get("authorization", ()))
        elif self.user_source == "query":
            user = _query_value(query, self.user_name)
        elif self.user_source == "header" and peer_trusted:
            user = next(iter(headers.get(self.user_name, ())), None)
        elif self.user_source == "path":
            user = found["user"]
        return (user[:MAX_USER_CHARS] if user else None), outcome


def basic_user(values: Sequence[str]) -> str | None:
    """Return the user-id of Basic credentials (RFC 7617 §2) or None; the password is not looked at."""
    if len(values) != 1 or values[0][:6].lower() != "basic ":
        return None
    try:
        decoded = b64decode(values[0][6:].strip(), validate=True)
    except (Base64Error, ValueError):
        return None
    user, colon, _ = decoded.partition(b":")
    return user.decode("utf-8", "replace") if colon and user else None


def parse_login_rules(tables: object, path: str = "") -> tuple[LoginRule, ...]:
    """Compile the [[login]] tables of a TOML. Raises ConfigFault naming the rule and the key."""
    if tables is None:
        return ()
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigFault("login must be a list of tables", printable(path) if path else "", "write [[login]]")
    return tuple(
        _parse_rule(table, place(path, f"[[login]] number {number}")) for number, table in enumerate(tables, 1)
    )


def _parse_rule(table: Mapping[str, Any], where: str) -> LoginRule:
    check_keys(table, LOGIN_KEYS, "", where)
    pattern = table.get("path")
    if not isinstance(pattern, str):
        raise ConfigFault("path is missing", where, 'for example path = "/login"')
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:  # OverflowError: a{99999999999}
        raise ConfigFault(f"path {quote(pattern)} is no regular expression: {error}", where, "correct it") from None
    kind, _, name = str(table.get("user", "auth")).partition(":")
    if kind not in USER_SOURCES or (kind in ("header", "query")) != bool(name):
        raise ConfigFault(
            f"user {quote(str(table.get('user')))} is unknown", where, "use auth, header:NAME, query:NAME or path"
        )
    if kind == "path" and "user" not in compiled.groupindex:
        raise ConfigFault("path has no group named user", where, "write (?P<user>[^/]+) in it, or change user")
    methods = string_list(table, "method", f"{where} method", ["POST"])
    statuses = {
        status: outcome
        for outcome, default in ((FAILURE, DEFAULT_FAILURE), (SUCCESS, DEFAULT_SUCCESS))
        for text in _status_texts(table, outcome, where, default)
        for status in _statuses(text, f"{where} {outcome}")
    }
    return LoginRule(
        str(table.get("name", pattern)),
        compiled,
        frozenset(methods),
        statuses,
        kind,
        name.lower() if kind == "header" else name,
    )


def _status_texts(table: Mapping[str, Any], key: str, where: str, default: Sequence[str]) -> list[str]:
    value = table.get(key, list(default))
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in items):
        raise ConfigFault("must be a list of statuses", f"{where} {key}", f'for example {key} = ["2xx", 302]')
    return [str(item) for item in items]


def _statuses(text: str, where: str) -> range:
    if re.fullmatch("[1-9]xx", text):
        return range(int(text[0]) * 100, int(text[0]) * 100 + 100)
    if re.fullmatch("[1-9][0-9][0-9]", text):
        return range(int(text), int(text) + 1)
    raise ConfigFault(f"{quote(text)} is no status", where, "write 200 or 2xx")


def _query_value(query: str, name: str) -> str | None:
    try:
        pairs = parse_qsl(query, max_num_fields=MAX_QUERY_PARAMETERS)
    except ValueError:
        return None
    return next((value for key, value in pairs if key == name), None)
