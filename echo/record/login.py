r"""
Login rules: which requests are logins, did they succeed, who signed in.

    [[login]]
    name = "shop"
    path = "/login"                 # regular expression, matched against the whole path, query excluded
    method = "POST"                 # or a list
    success = ["2xx", "302"]        # statuses; classes as 2xx
    failure = ["401", "403"]        # any other status: the rule does not match
    user = "query:user"             # where the user's name is found, see USER_SOURCES; or a list, the first that has it

    [[login]]
    preset = "wordpress"            # facts of common applications, see login_presets; other keys go before its own

    [[login]]
    name = "events"                 # a log that names logins itself, as JSON
    method = "*"
    field = { event = "user.login" }
    outcome = "result"              # the field that says how it ended
    success = "granted"
    failure = "denied"
    user = "field:account.name"

The server applies the rules before it redacts headers; the pipeline applies the same rules to access logs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from echo.clientip.config import check_keys, place, string_list
from echo.clientip.faults import ConfigFault, printable, quote
from echo.record.login_presets import PRESETS
from echo.record.login_user import (
    MAX_QUERY_PARAMETERS,
    MAX_USER_CHARS,
    NAMED_SOURCES,
    USER_SOURCES,
    basic_user,
    bearer_token,
    cookie_value,
    field_value,
    jwt_claim,
    query_value,
)

__all__ = [
    "FAILURE",
    "LOGIN_KEYS",
    "MAX_QUERY_PARAMETERS",
    "MAX_TARGET_CHARS",
    "MAX_USER_CHARS",
    "SUCCESS",
    "USER_SOURCES",
    "LoginRule",
    "UserSource",
    "basic_user",
    "parse_login_rules",
]

MAX_TARGET_CHARS = 8192  # rules look no further into a target: a user's regular expression meets hostile text here
MAX_RULES = 200  # each request may be looked at by each
ANY = "*"

# key of [[login]] -> what it holds
LOGIN_KEYS = {
    "preset": "An application of the table of presets, whose facts these keys go before.",
    "prefix": "Path that the application is mounted under, such as /blog; in front of path.",
    "name": "What the rule is called in findings.",
    "path": "Regular expression for the whole path, the query excluded; any path where field is given.",
    "query": "Regular expression for the whole query, what is behind the first ?; any if not given.",
    "method": "Method or list of methods, * for any; POST if not given.",
    "success": "Statuses of a login that succeeded, as 200 or 2xx; 2xx and 3xx if not given. With outcome its values.",
    "failure": "Statuses of one that failed; 400, 401, 403, 422 and 429 if not given. With outcome its values.",
    "user": "Where the user's name is: auth, header:NAME, jwt:CLAIM, query:NAME, field:NAME or path (the group named "
    "user); or a list of these, of which the first that has a name is taken.",
    "cookie": "Name of the cookie that holds the token of jwt:CLAIM, in place of Authorization: Bearer.",
    "field": "Table of keys of a JSON log line and the value, or list of values, that each has in a login.",
    "outcome": "Key of a JSON log line that says how the login ended, in place of the status.",
    "known_only": "true: a request that names no user is none of the rule's.",
}
DEFAULT_SUCCESS = ("2xx", "3xx")
DEFAULT_FAILURE = ("400", "401", "403", "422", "429")
DEFAULT_OUTCOMES = {"success": ("success", "succeeded", "ok", "true"), "failure": ("failure", "failed", "false")}
SUCCESS, FAILURE = "success", "failure"
NO_FIELDS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class UserSource:
    """One place of USER_SOURCES; `name` of those that have one, of a header in lower case."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class LoginRule:
    """
    One compiled rule.

    path, query   None is any
    methods       empty is any
    statuses      a status -> SUCCESS or FAILURE
    users         where the user's name may be, in this order
    fields        key of a log line -> values that it may have
    outcome       key of a log line that says how it ended, "" for the status
    outcomes      value of that, in lower case -> SUCCESS or FAILURE
    """

    name: str
    path: re.Pattern[str] | None
    methods: frozenset[str]
    statuses: Mapping[int, str]
    users: tuple[UserSource, ...]
    query: re.Pattern[str] | None = None
    cookie: str = ""
    fields: tuple[tuple[str, frozenset[str]], ...] = ()
    outcome: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    known_only: bool = False

    @property
    def reads_fields(self) -> bool:
        """Return whether the rule looks at the keys of a log line."""
        return bool(self.fields or self.outcome or any(one.kind == "field" for one in self.users))

    @property
    def of_logs(self) -> bool:
        """Return whether the rule can match log lines alone: a server has no such keys."""
        return bool(self.fields or self.outcome)

    def takes(self, method: str) -> bool:
        """Return whether the rule looks at requests of a method."""
        return not self.methods or method in self.methods

    def match(
        self,
        method: str,
        target: str,
        status: int,
        headers: Mapping[str, Sequence[str]],
        *,
        auth_user: str | None = None,
        peer_trusted: bool = False,
        fields: Mapping[str, Any] = NO_FIELDS,
    ) -> tuple[str | None, str] | None:
        """
        Return (user or None, SUCCESS or FAILURE) if the request is a login by this rule, else None.

        headers       lower-case name -> values
        auth_user     the user the log names, where headers are not at hand
        peer_trusted  headers may be believed
        fields        the keys of the log line, where it is JSON
        """
        if not self.takes(method):
            return None
        if self.outcome:
            outcome = self.outcomes.get((field_value(fields, self.outcome) or "").lower())
        else:
            outcome = self.statuses.get(status)
        if outcome is None:
            return None
        if any(field_value(fields, name) not in values for name, values in self.fields):
            return None
        path, _, query = target[:MAX_TARGET_CHARS].partition("?")
        found = None if self.path is None else self.path.fullmatch(unquote(path))
        if (self.path is not None and found is None) or (self.query and not self.query.fullmatch(query)):
            return None
        user: str | None = None
        for source in self.users:
            if source.kind == "path":
                user = found["user"] if found is not None else None
            elif source.kind == "query":
                user = query_value(query, source.name)
            elif source.kind == "field":
                user = field_value(fields, source.name)
            elif source.kind == "auth":
                user = auth_user or basic_user(headers.get("authorization", ()))
            elif source.kind == "jwt" and outcome == SUCCESS:
                user = jwt_claim(self._token(headers), source.name)
            elif source.kind == "header" and peer_trusted:
                user = next(iter(headers.get(source.name, ())), None)
            if user:
                break
        if self.known_only and not user:
            return None
        return (user[:MAX_USER_CHARS] if user else None), outcome

    def _token(self, headers: Mapping[str, Sequence[str]]) -> str | None:
        if self.cookie:
            return cookie_value(headers.get("cookie", ()), self.cookie)
        return bearer_token(headers.get("authorization", ()))


def parse_login_rules(tables: object, path: str = "") -> tuple[LoginRule, ...]:
    """Compile the [[login]] tables of a TOML. Raises ConfigFault naming the rule and the key."""
    if tables is None:
        return ()
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigFault("login must be a list of tables", printable(path) if path else "", "write [[login]]")
    rules = [
        rule
        for number, table in enumerate(tables, 1)
        for rule in _parse_table(table, place(path, f"[[login]] number {number}"))
    ]
    if len(rules) > MAX_RULES:
        raise ConfigFault(f"more than {MAX_RULES} login rules", place(path, "[[login]]"), "join paths with |")
    return tuple(rules)


def _parse_table(table: Mapping[str, Any], where: str) -> list[LoginRule]:
    """Return the rule of a table, or those of the preset that it names."""
    check_keys(table, LOGIN_KEYS, "", where)
    name = table.get("preset")
    if name is None:
        return [_parse_rule(table, where)]
    if not isinstance(name, str) or name not in PRESETS:
        check_keys({str(name): 0}, PRESETS, "", f"{where} preset")
        raise ConfigFault("must be a preset's name", f"{where} preset", 'for example preset = "wordpress"')
    rules = PRESETS[name].rules
    if len(rules) > 1 and "path" in table:
        raise ConfigFault(
            f"preset {name} has {len(rules)} paths", f"{where} path", "write prefix, or a rule without preset"
        )
    return [_parse_rule({"name": name, **rule, **table}, where) for rule in rules]


def _parse_rule(table: Mapping[str, Any], where: str) -> LoginRule:
    fields = _fields(table, where)
    prefix = _text(table, "prefix", where, "/blog")
    pattern = table.get("path", ".*" if fields and not prefix else None)
    if not isinstance(pattern, str):
        raise ConfigFault("path is missing", where, 'for example path = "/login"')
    compiled = _pattern(pattern if not prefix else f"{re.escape(prefix.rstrip('/'))}(?:{pattern})", "path", where)
    query = table.get("query")
    users = tuple(_user(text, table, compiled, where) for text in _user_texts(table, where))
    methods = string_list(table, "method", f"{where} method", ["POST"])
    outcome = _text(table, "outcome", where, "result")
    known_only = table.get("known_only", False)
    if not isinstance(known_only, bool):
        raise ConfigFault("must be true or false", f"{where} known_only", "for example known_only = true")
    return LoginRule(
        str(table.get("name", pattern)),
        compiled if "path" in table or prefix else None,
        frozenset() if ANY in methods else frozenset(methods),
        {} if outcome else _statuses_of(table, where),
        users,
        None if query is None else _pattern(query, "query", where),
        _text(table, "cookie", where, "session"),
        fields,
        outcome,
        _outcomes(table, where) if outcome else {},
        known_only,
    )


def _pattern(pattern: object, key: str, where: str) -> re.Pattern[str]:
    if not isinstance(pattern, str):
        raise ConfigFault("must be a regular expression", f"{where} {key}", f'for example {key} = "/login"')
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:  # OverflowError: a{99999999999}
        raise ConfigFault(f"{key} {quote(pattern)} is no regular expression: {error}", where, "correct it") from None


def _text(table: Mapping[str, Any], key: str, where: str, example: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or (key in table and not value):
        raise ConfigFault("must be a text", f"{where} {key}", f'for example {key} = "{example}"')
    return value


def _user_texts(table: Mapping[str, Any], where: str) -> list[object]:
    value = table.get("user", "auth")
    if isinstance(value, list) and not value:
        raise ConfigFault("names no place", f"{where} user", 'for example user = "auth"')
    return value if isinstance(value, list) else [value]


def _user(text: object, table: Mapping[str, Any], path: re.Pattern[str], where: str) -> UserSource:
    kind, _, name = str(text).partition(":")
    if kind not in USER_SOURCES or (kind in NAMED_SOURCES) != bool(name):
        raise ConfigFault(
            f"user {quote(str(text))} is unknown",
            where,
            "use auth, header:NAME, jwt:CLAIM, query:NAME, field:NAME or path",
        )
    if kind == "path" and "user" not in path.groupindex:
        raise ConfigFault("path has no group named user", where, "write (?P<user>[^/]+) in it, or change user")
    return UserSource(kind, name.lower() if kind == "header" else name)


def _fields(table: Mapping[str, Any], where: str) -> tuple[tuple[str, frozenset[str]], ...]:
    value = table.get("field", {})
    example = 'for example field = { event = "login" }'
    if not isinstance(value, dict):
        raise ConfigFault("must be a table", f"{where} field", example)
    return tuple((key, frozenset(_texts(one, f"{where} field {key}", example))) for key, one in value.items())


def _texts(value: object, where: str, example: str) -> list[str]:
    """Return a value, or a list of values, as log lines are compared with them."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int) for item in items):
        raise ConfigFault("must be a text or a list of texts", where, example)
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def _outcomes(table: Mapping[str, Any], where: str) -> dict[str, str]:
    return {
        text.lower(): outcome
        for outcome in (FAILURE, SUCCESS)
        for text in _texts(
            table.get(outcome, list(DEFAULT_OUTCOMES[outcome])), f"{where} {outcome}", f'for example {outcome} = "ok"'
        )
    }


def _statuses_of(table: Mapping[str, Any], where: str) -> dict[int, str]:
    return {
        status: outcome
        for outcome, default in ((FAILURE, DEFAULT_FAILURE), (SUCCESS, DEFAULT_SUCCESS))
        for text in _status_texts(table, outcome, where, default)
        for status in _statuses(text, f"{where} {outcome}")
    }


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
