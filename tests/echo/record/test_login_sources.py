"""Where the user of a login is found beside the target: tokens, cookies, fields of JSON logs; when it is believed."""

import json
import tomllib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.record import parse_login_rules
from echo.record.login import MAX_RULES
from echo.record.login_user import MAX_TOKEN_CHARS, MAX_USER_CHARS, cookie_value, field_value, jwt_claim


def rule(keys):
    (only,) = parse_login_rules(tomllib.loads(f"[[login]]\n{keys}")["login"], "whofrom.toml")
    return only


def token(claims, signature="c2ln"):
    parts = ({"alg": "HS256"}, claims)
    return ".".join([*(urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts), signature])


ADA = token({"sub": "ada"})
BEARER = {"authorization": [f"Bearer {ADA}"]}
JWT = 'path = "/session"\nuser = "jwt:sub"'

# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "claim", "user"),
    [
        # realistic
        (ADA, "sub", "ada"),
        (token({"https://example.com/mail": "ada@example.com"}), "https://example.com/mail", "ada@example.com"),
        (token({"sub": 17}), "sub", "17"),
        (token({"sub": "Zoë"}), "sub", "Zoë"),
        (token({"sub": "ada"}, signature=""), "sub", "ada"),  # alg none: the application's to refuse
        (ADA, "email", None),
        (None, "sub", None),
        # synthetic
        ("opaque", "sub", None),
        ("a.b", "sub", None),
        ("a.b.c.d.e", "sub", None),  # encrypted: nothing to read
        ("a.W10.c", "sub", None),  # a list
        ("a.bnVsbA.c", "sub", None),
        (token({"sub": ""}), "sub", None),
        (token({"sub": True}), "sub", None),
        (token({"sub": {"name": "ada"}}), "sub", None),
        # pathological
        ("a.%%%%.c", "sub", None),
        ("a._w.c", "sub", None),
        ("é.é.é", "sub", None),
        ("a." + urlsafe_b64encode(b"[" * 4_000).decode() + ".c", "sub", None),
        (token({"sub": "x" * 1_000}), "sub", "x" * MAX_USER_CHARS),
        (token({"sub": "x" * MAX_TOKEN_CHARS}), "sub", None),
        (token({"sub": 10**400}), "sub", None),
    ],
)
def test_a_claim(text, claim, user):
    assert jwt_claim(text, claim) == user


def test_a_claim_is_believed_only_where_the_application_said_yes():
    """It has checked the signature; on 401 the token may be anybody's."""
    assert rule(JWT).match("POST", "/session", 200, BEARER) == ("ada", "success")
    assert rule(JWT).match("POST", "/session", 401, BEARER) == (None, "failure")
    assert rule(JWT).match("POST", "/session", 500, BEARER) is None


def test_a_token_in_a_cookie():
    login = rule(f'{JWT}\ncookie = "session"')
    assert login.match("POST", "/session", 200, {"cookie": [f'a=b; session="{ADA}"; c']}) == ("ada", "success")
    assert login.match("POST", "/session", 200, BEARER) == (None, "success")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["id=1"], "1"), (["a=2; id=1; id=3"], "1"), (["a=2", "id=1"], "1"), (['id="1"'], "1"), (["id=a=b"], "a=b"),
        (["ID=1"], None), (["id"], None), (["xid=1"], None), ([], None), (["a=" + "b" * 20_000 + "; id=1"], None),
    ],
)  # fmt: skip
def test_a_cookie(values, found):
    assert cookie_value(values, "id") == found


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda data: f"a.{urlsafe_b64encode(data).decode()}.c"))
def test_any_token_is_read_or_not_without_failing(text):
    assert jwt_claim(text, "sub") is None or isinstance(jwt_claim(text, "sub"), str)


# --- fields of a JSON log ---------------------------------------------------------------------------------------------

EVENTS = """
method = "*"
field = { event = "user.login", kind = ["web", "app"] }
outcome = "result.ok"
user = ["field:account.name", "field:user"]
"""


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"event": "user.login", "kind": "web", "result": {"ok": True}, "user": "ada"}, ("ada", "success")),
        ({"event": "user.login", "kind": "app", "result.ok": "FALSE", "user": "ada"}, ("ada", "failure")),
        ({"event": "user.login", "kind": "web", "result": {"ok": True}, "account": {"name": "eve"}, "user": "ada"},
         ("eve", "success")),
        ({"event": "user.login", "kind": "web", "result": {"ok": True}}, (None, "success")),
        ({"event": "user.login", "kind": "web", "result": {"ok": "maybe"}, "user": "ada"}, None),
        ({"event": "user.login", "kind": "cli", "result": {"ok": True}, "user": "ada"}, None),
        ({"event": "user.logout", "kind": "web", "result": {"ok": True}, "user": "ada"}, None),
        ({"result": {"ok": True}, "user": "ada"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_log_that_names_logins_itself(fields, expected):
    assert rule(EVENTS).match("GET", "/anything", 500, {}, fields=fields) == expected


def test_a_rule_may_want_a_path_a_field_and_a_status():
    login = rule('path = "/login"\nfield = { form = 1 }\nuser = "field:user"')
    assert login.match("POST", "/login", 401, {}, fields={"form": 1, "user": "ada"}) == ("ada", "failure")
    assert login.match("POST", "/", 401, {}, fields={"form": 1, "user": "ada"}) is None
    assert login.match("POST", "/login", 401, {}, fields={"form": 2, "user": "ada"}) is None


@pytest.mark.parametrize(
    ("fields", "name", "found"),
    [
        ({"a": {"b": "c"}}, "a.b", "c"),
        ({"a.b": "d", "a": {"b": "c"}}, "a.b", "d"),
        ({"a": 1.5}, "a", "1.5"),
        ({"a": False}, "a", "false"),
        ({"a": "-"}, "a", None),
        ({"a": ["c"]}, "a", None),
        ({"a": None}, "a.b", None),
        ({"a": "x" * 1_000}, "a", "x" * MAX_USER_CHARS),
    ],
)
def test_a_field(fields, name, found):
    assert field_value(fields, name) == found


# --- several places, and none -----------------------------------------------------------------------------------------


def test_the_first_place_that_has_a_name_counts():
    login = rule('path = "/"\nuser = ["header:X-User", "query:user", "auth"]')
    assert login.match("POST", "/?user=ada", 200, {"x-user": ["eve"]}, peer_trusted=True) == ("eve", "success")
    assert login.match("POST", "/?user=ada", 200, {"x-user": ["eve"]}) == ("ada", "success")
    assert login.match("POST", "/", 200, {}, auth_user="bob") == ("bob", "success")


def test_a_rule_for_requests_that_name_a_user():
    login = rule('path = ".*"\nmethod = "*"\nknown_only = true')
    assert login.match("GET", "/", 401, {}) is None
    assert login.match("GET", "/", 401, {}, auth_user="ada") == ("ada", "failure")


WRONG = {
    'path = "/"\nuser = "jwt"': "user 'jwt' is unknown; use auth",
    'path = "/"\nuser = "field:"': "user 'field:' is unknown; use auth",
    'path = "/"\nuser = []': "user: names no place",
    'path = "/"\nquery = "("': "query '(' is no regular expression",
    'path = "/"\nquery = 5': "query: must be a regular expression",
    'path = "/"\ncookie = ""': "cookie: must be a text",
    'path = "/"\nfield = "event"': "field: must be a table",
    'path = "/"\nfield = { event = [] }': "field event: must be a text or a list of texts",
    'path = "/"\noutcome = "result"\nsuccess = [1.5]': "success: must be a text or a list of texts",
    'path = "/"\nknown_only = 1': "known_only: must be true or false",
}


@pytest.mark.parametrize(("keys", "said"), WRONG.items())
def test_wrong_rule(keys, said):
    with pytest.raises(ConfigFault) as caught:
        rule(keys)
    assert said in str(caught.value)


def test_rules_are_bounded():
    with pytest.raises(ConfigFault, match=f"more than {MAX_RULES} login rules"):
        parse_login_rules([{"path": "/login"}] * (MAX_RULES + 1))
