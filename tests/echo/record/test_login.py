"""Login rules: which requests are logins, did they succeed, who signed in."""

import re
import tomllib
import warnings
from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault, parse_config
from echo.record import LOGIN_KEYS, parse_login_rules
from echo.record.login import MAX_QUERY_PARAMETERS, MAX_TARGET_CHARS, MAX_USER_CHARS, basic_user


def rules(text):
    return parse_login_rules(tomllib.loads(text)["login"], "whofrom.toml")


def rule(keys):
    (only,) = rules(f"[[login]]\n{keys}")
    return only


def basic(credentials):
    return {"authorization": ["Basic " + b64encode(credentials.encode()).decode()]}


SHOP = 'path = "/login"\nuser = "query:user"'

# --- which requests are logins ----------------------------------------------------------------------------------------

# rule, method, target, status -> user and outcome, or None
MATCHES = [
    # realistic
    (SHOP, "POST", "/login?user=ada", 200, ("ada", "success")),
    (SHOP, "POST", "/login?user=ada", 302, ("ada", "success")),
    (SHOP, "POST", "/login?user=ada", 401, ("ada", "failure")),
    (SHOP, "POST", "/login?user=ada", 429, ("ada", "failure")),
    (SHOP, "POST", "/login?user=ada", 404, None),
    (SHOP, "POST", "/login?user=ada", 500, None),
    (SHOP, "GET", "/login?user=ada", 200, None),
    (SHOP, "POST", "/", 200, None),
    (SHOP, "POST", "/login/help?user=ada", 200, None),
    (SHOP, "POST", "/x/login?user=ada", 200, None),
    (SHOP, "POST", "/login", 200, (None, "success")),
    (SHOP, "POST", "/login?name=ada", 200, (None, "success")),
    (SHOP, "POST", "/login?user=ada%40example.com&x=1", 200, ("ada@example.com", "success")),
    (SHOP, "POST", "/login?a=b&user=ada&user=eve", 200, ("ada", "success")),
    # a path in other clothes is the same path
    (SHOP, "POST", "/%6cogin?user=ada", 200, ("ada", "success")),
    # synthetic
    (SHOP + '\nmethod = ["GET", "PUT"]', "PUT", "/login?user=ada", 200, ("ada", "success")),
    (SHOP + '\nmethod = "GET"', "POST", "/login?user=ada", 200, None),
    (SHOP + "\nsuccess = 204", "POST", "/login?user=ada", 204, ("ada", "success")),
    (SHOP + "\nsuccess = 204", "POST", "/login?user=ada", 200, None),
    (SHOP + '\nsuccess = ["200", 302]', "POST", "/login?user=ada", 302, ("ada", "success")),
    (SHOP + '\nsuccess = ["2xx"]\nfailure = "302"', "POST", "/login?user=ada", 302, ("ada", "failure")),
    (SHOP + '\nfailure = ["2xx"]\nsuccess = ["200"]', "POST", "/login?user=ada", 200, ("ada", "success")),
    ('path = "/u/(?P<user>[^/]+)/login"\nuser = "path"', "POST", "/u/ada/login", 200, ("ada", "success")),
    ('path = "/u/(?P<user>[^/]*)/login"\nuser = "path"', "POST", "/u//login", 200, (None, "success")),
    ('path = "/u(/(?P<user>[^/]+))?/login"\nuser = "path"', "POST", "/u/login", 200, (None, "success")),
    # pathological
    (SHOP, "POST", "/login?user=", 200, (None, "success")),
    (SHOP, "POST", "/login?user=%00%1b[2J", 200, ("\0\x1b[2J", "success")),
    (SHOP, "POST", "/login?user=" + "x" * 1_000, 200, ("x" * MAX_USER_CHARS, "success")),
    (SHOP, "POST", "/login?" + "a=b&" * MAX_QUERY_PARAMETERS + "user=ada", 200, (None, "success")),
    (SHOP, "POST", "/login?a=" + "b" * MAX_TARGET_CHARS + "&user=ada", 200, (None, "success")),
    (SHOP, "POST", "", 200, None),
    (SHOP, "POST", "/login\n?user=ada", 200, None),
]


@pytest.mark.parametrize(("keys", "method", "target", "status", "expected"), MATCHES)
def test_match(keys, method, target, status, expected):
    assert rule(keys).match(method, target, status, {}) == expected


# --- where the user is found ------------------------------------------------------------------------------------------


def test_the_authenticated_user_is_the_default():
    login = rule('path = "/"')
    assert login.match("POST", "/", 200, basic("ada:secret")) == ("ada", "success")
    assert login.match("POST", "/", 200, {}, auth_user="ada") == ("ada", "success")
    assert login.match("POST", "/", 200, {}) == (None, "success")


def test_a_header_is_believed_only_from_a_trusted_peer():
    """A stranger can write any header: X-User would let him sign in as anyone, in our books."""
    login = rule('path = "/"\nuser = "header:X-User"')
    headers = {"x-user": ["ada", "eve"]}
    assert login.match("POST", "/", 200, headers, peer_trusted=True) == ("ada", "success")
    assert login.match("POST", "/", 200, headers) == (None, "success")
    assert login.match("POST", "/", 200, {}, peer_trusted=True) == (None, "success")


@pytest.mark.parametrize(
    ("values", "user"),
    [
        # realistic
        (basic("ada:secret")["authorization"], "ada"),
        (basic("ada:a:b:c")["authorization"], "ada"),
        (basic("Zoë:secret")["authorization"], "Zoë"),
        (basic("ada:")["authorization"], "ada"),
        (["basic YWRhOng="], "ada"),
        ([], None),
        (["Bearer YWRhOng="], None),
        # synthetic
        (["Basic"], None),
        (["Basic "], None),
        (["Basic YWRh"], None),  # no colon
        (["Basic Onh4"], None),  # no user
        (["Basic YWRhOng"], None),  # no padding
        (["Basic YWRhOng=", "Basic ZXZlOng="], None),  # which of the two?
        # pathological
        (["Basic YWRh\x00Ong="], None),
        (["Basic é"], None),
        (["Basic /////w=="], None),
        (["Basic //86eA=="], "\ufffd\ufffd"),
    ],
)
def test_basic_user(values, user):
    assert basic_user(values) == user


def test_no_password_is_in_what_is_found():
    assert "secret" not in str(rule('path = "/"').match("POST", "/", 200, basic("ada:secret")))


# --- rules as written in the TOML -------------------------------------------------------------------------------------


def test_no_table_no_rules():
    assert parse_login_rules(parse_config("", "").tables.get("login")) == ()


def test_a_rule_is_called_by_its_name_or_its_path():
    shop, admin = rules('[[login]]\nname = "shop"\npath = "/login"\n[[login]]\npath = "/admin"')
    assert (shop.name, admin.name) == ("shop", "/admin")


WRONG = {
    # realistic
    'paht = "/login"': "whofrom.toml [[login]] number 1: 'paht' is unknown; did you mean path?",
    'name = "shop"': 'whofrom.toml [[login]] number 1: path is missing; for example path = "/login"',
    'path = "/login("': "whofrom.toml [[login]] number 1: path '/login(' is no regular expression: missing ), ",
    'path = "/"\nuser = "cookie:id"': "whofrom.toml [[login]] number 1: user 'cookie:id' is unknown; use auth, ",
    'path = "/"\nuser = "header"': "whofrom.toml [[login]] number 1: user 'header' is unknown; use auth, ",
    'path = "/"\nuser = "auth:x"': "whofrom.toml [[login]] number 1: user 'auth:x' is unknown; use auth, ",
    'path = "/"\nuser = "path"': "whofrom.toml [[login]] number 1: path has no group named user; write (?P<user>",
    'path = "/"\nsuccess = ["2x"]': "whofrom.toml [[login]] number 1 success: '2x' is no status; write 200 or 2xx",
    'path = "/"\nfailure = 40': "whofrom.toml [[login]] number 1 failure: '40' is no status; write 200 or 2xx",
    'path = "/"\nmethod = 5': "whofrom.toml [[login]] number 1 method: must be a list of strings; for example method",
    # synthetic
    "path = 5": "whofrom.toml [[login]] number 1: path is missing",
    'path = "/"\nuser = 5': "whofrom.toml [[login]] number 1: user '5' is unknown",
    'path = "/"\nsuccess = [true]': "whofrom.toml [[login]] number 1 success: must be a list of statuses",
    'path = "/"\nsuccess = {}': "whofrom.toml [[login]] number 1 success: must be a list of statuses",
    # pathological
    'path = "a{99999999999999999999}"': "whofrom.toml [[login]] number 1: path 'a{99999999999999999999}' is no",
    f'path = "{"(" * 5_000}"': "whofrom.toml [[login]] number 1: path '((((",
}


@pytest.mark.parametrize(("keys", "said"), WRONG.items(), ids=lambda value: value[:40])
def test_wrong_rule(keys, said):
    with pytest.raises(ConfigFault) as caught:
        rule(keys)
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 300


def test_the_wrong_one_of_several_rules_is_counted():
    with pytest.raises(ConfigFault, match=r"\[\[login\]\] number 2: path is missing"):
        rules('[[login]]\npath = "/"\n[[login]]\nname = "second"')


@pytest.mark.parametrize("table", ['[login]\npath = "/"', 'login = "/login"', "login = [5]"])
def test_a_login_that_is_no_list_of_tables(table):
    with pytest.raises(ConfigFault, match=r"whofrom\.toml: login must be a list of tables; write \[\[login\]\]"):
        rules(table)


@pytest.mark.parametrize("key", LOGIN_KEYS)
def test_a_misspelt_key_is_answered_with_the_right_one(key):
    with pytest.raises(ConfigFault, match=f"did you mean {key}"):
        rule(f"{key}z = 1")


@given(st.text("()[]{}*+?|\\^$.-az09P<>:=!,", max_size=12) | st.text(max_size=12))
def test_any_pattern_is_a_rule_or_a_fault(pattern):
    with warnings.catch_warnings(), suppress(ConfigFault):
        warnings.simplefilter("ignore", FutureWarning)  # "possible nested set" is Python's to say
        assert isinstance(parse_login_rules([{"path": pattern}])[0].path, re.Pattern)


@given(st.text(max_size=30), st.integers(100, 599), st.dictionaries(st.just("authorization"), st.lists(st.text())))
def test_any_request_is_matched_or_not_without_failing(target, status, headers):
    for keys in (SHOP, 'path = ".*"', 'path = ".*(?P<user>.*)"\nuser = "path"'):
        found = rule(keys).match("POST", target, status, headers)
        assert found is None or found[1] in ("success", "failure")
