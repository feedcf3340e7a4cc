"""
The log record: one JSON object a line, one line a request, malformed requests included.

`fields` is the ordered table that the server writes from and the pipeline reads by. `login` says which requests are
logins and who signed in. Pure data and rules on values: standard library only, no I/O.
"""

from echo.record.fields import FIELDS, REDACTED, REDACTED_HEADERS, SCHEMA_VERSION, Field, header_text, json_printable
from echo.record.login import LOGIN_KEYS, LoginRule, parse_login_rules
from echo.record.login_presets import PRESETS

__all__ = [
    "FIELDS",
    "LOGIN_KEYS",
    "PRESETS",
    "REDACTED",
    "REDACTED_HEADERS",
    "SCHEMA_VERSION",
    "Field",
    "LoginRule",
    "header_text",
    "json_printable",
    "parse_login_rules",
]
