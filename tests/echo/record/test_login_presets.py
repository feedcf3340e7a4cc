"""Presets: what each takes for a login of its application, and what it leaves alone."""

import re

import pytest

from echo.clientip import ConfigFault
from echo.record import LOGIN_KEYS, PRESETS, parse_login_rules


def outcome(tables, method, target, status, **more):
    """What the first rule that matches says."""
    headers = more.pop("headers", {})
    found = (rule.match(method, target, status, headers, **more) for rule in parse_login_rules(tables))
    return next((match for match in found if match is not None), None)


YES, NO = (None, "success"), (None, "failure")
# preset, method, target, status -> user and outcome
CASES = [
    ("wordpress", "POST", "/wp-login.php", 302, YES),
    ("wordpress", "POST", "/wp-login.php?action=login&redirect_to=%2F", 302, YES),
    ("wordpress", "POST", "/blog/wp-login.php", 200, NO),
    ("wordpress", "POST", "/wp-login.php?action=lostpassword", 302, None),
    ("wordpress", "POST", "/wp-login.php?a=b&action=postpass", 302, None),
    ("wordpress", "GET", "/wp-login.php", 200, None),
    ("wordpress", "POST", "/xmlrpc.php", 200, None),
    ("grafana", "POST", "/login", 200, YES),
    ("grafana", "POST", "/login", 401, NO),
    ("grafana", "GET", "/login", 200, None),
    ("gitlab", "POST", "/users/sign_in", 302, YES),
    ("gitlab", "POST", "/users/auth/ldapmain/callback", 422, NO),
    ("rails-devise", "POST", "/users/sign_in", 303, YES),
    ("rails-devise", "POST", "/admins/sign_in", 422, NO),
    ("django-admin", "POST", "/admin/login/", 302, YES),
    ("django-admin", "POST", "/admin/login/?next=/admin/", 200, NO),
    ("nextcloud", "GET", "/login?direct=1&user=ada", 200, ("ada", "failure")),
    ("nextcloud", "GET", "/index.php/login?user=ada&direct=1", 200, ("ada", "failure")),
    ("nextcloud", "GET", "/login", 200, None),
    ("nextcloud", "POST", "/login", 303, None),
    ("keycloak", "POST", "/realms/shop/login-actions/authenticate?session_code=x", 302, YES),
    ("keycloak", "POST", "/auth/realms/shop/login-actions/authenticate", 200, NO),
    ("keycloak", "POST", "/realms/shop/protocol/openid-connect/token", 401, NO),
    ("jenkins", "GET", "/loginError", 401, NO),
    ("jenkins", "POST", "/j_spring_security_check", 302, None),
    ("phpmyadmin", "POST", "/phpmyadmin/index.php?route=/", 302, YES),
    ("phpmyadmin", "POST", "/phpmyadmin/index.php", 200, NO),
    ("phpmyadmin", "POST", "/phpmyadmin/index.php?route=/sql", 200, None),
    ("drupal", "POST", "/user/login", 303, YES),
    ("gitea", "POST", "/user/login", 303, YES),
    ("gitea", "POST", "/user/login", 200, NO),
    ("mattermost", "POST", "/api/v4/users/login", 401, NO),
    ("jellyfin", "POST", "/Users/authenticatebyname", 200, YES),
    ("vaultwarden", "POST", "/identity/connect/token", 400, NO),
    ("argocd", "POST", "/api/v1/session", 200, YES),
    ("sonarqube", "POST", "/api/authentication/login?login=ada", 401, ("ada", "failure")),
    ("authelia", "POST", "/api/firstfactor", 200, YES),
]


@pytest.mark.parametrize(("preset", "method", "target", "status", "expected"), CASES)
def test_a_preset(preset, method, target, status, expected):
    assert outcome([{"preset": preset}], method, target, status) == expected


def test_users_in_headers_are_believed_from_a_trusted_peer_only():
    headers = {"remote-user": ["ada"]}
    asked = ([{"preset": "forward-auth"}], "GET", "/", 200)
    assert outcome(*asked, headers=headers, peer_trusted=True) == ("ada", "success")
    assert outcome(*asked, headers=headers) is None
    proxied = {"x-auth-request-user": ["ada"]}
    assert outcome([{"preset": "oauth2-proxy"}], "GET", "/", 302, headers=proxied, peer_trusted=True) is not None


def test_a_web_servers_own_authentication():
    """A browser first asks without a user and is asked for one: no failure of anybody."""
    assert outcome([{"preset": "basic-auth"}], "GET", "/", 401) is None
    assert outcome([{"preset": "basic-auth"}], "GET", "/", 401, auth_user="ada") == ("ada", "failure")
    assert outcome([{"preset": "basic-auth"}], "GET", "/", 200, auth_user="ada") == ("ada", "success")


def test_own_keys_go_before_a_presets():
    tables = [{"preset": "wordpress", "prefix": "/blog/", "failure": 403, "user": "query:user", "name": "blog"}]
    assert outcome(tables, "POST", "/blog/wp-login.php?user=ada", 302) == ("ada", "success")
    assert outcome(tables, "POST", "/wp-login.php?user=ada", 302) is None
    assert outcome(tables, "POST", "/blog/wp-login.php?user=ada", 200) is None
    assert [rule.name for rule in parse_login_rules(tables)] == ["blog"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"preset": "wordpres"}, "did you mean wordpress?"),
        ({"preset": 5}, "known are basic-auth"),
        ({"preset": "keycloak", "path": "/x"}, "preset keycloak has 2 paths; write prefix"),
        ({"preset": "grafana", "prefix": ""}, "prefix: must be a text"),
    ],
)
def test_a_wrong_preset(table, said):
    with pytest.raises(ConfigFault, match=re.escape(said)):
        parse_login_rules([table])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_its_facts_and_an_example(name):
    preset = PRESETS[name]
    assert all((preset.about, preset.user, preset.source))
    assert all(rule.keys() <= LOGIN_KEYS.keys() for rule in preset.rules)
    assert name in {case[0] for case in CASES} | {"forward-auth", "oauth2-proxy", "basic-auth"}
