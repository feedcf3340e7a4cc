"""
Presets of [[login]]: where common applications sign people in, and how an access log tells that it went well.

1. A preset holds what the application itself does; what a log lacks is said in `user`: most forms send the name in a
   body, which no access log has. Then findings by user are not possible, but those by source are: a burst of failures
   of nobody in particular is for `whofrom attacks`. Where the application writes a log of its own as JSON, a rule with
   `field` reads that.
2. Where success and failure have one status, the preset has only the half that can be told, and says so.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

IN_BODY = "not in an access log: it is in the request's body"
NOT_LOGIN = r"(?!(?:.*&)?action=(?!login(?:&|$))).*"


class Preset(NamedTuple):
    """
    An application.

    about   what is told from what
    user    where an access log has the user
    source  where the facts are from
    rules   keys and values of [[login]], one table a rule
    """

    about: str
    user: str
    source: str
    rules: tuple[Mapping[str, Any], ...]


def _form(path: str, success: object, failure: object, **more: object) -> dict[str, Any]:
    return {"path": path, "success": success, "failure": failure, **more}


PRESETS: dict[str, Preset] = {
    "basic-auth": Preset(
        "HTTP Basic or Digest authentication by the web server: every request brings the user; 401 to one that names a "
        "user is a failure, 401 to one that does not is the question.",
        "the user column of the log",
        "RFC 7617, RFC 9110 §11.6.1",
        (_form(".*", ["2xx", "3xx"], ["401"], method="*", user="auth", known_only=True),),
    ),
    "wordpress": Preset(
        "POST /wp-login.php redirects (302) when it went well and shows the form again (200) when not. Other actions "
        "of that page (lost password, a post's password) redirect too, and are left out.",
        IN_BODY,
        "WordPress, wp-login.php (wp_safe_redirect after wp_signon)",
        (_form("/(?:.*/)?wp-login\\.php", "302", ["200", "403", "429"], query=NOT_LOGIN),),
    ),
    "grafana": Preset(
        "POST /login answers 200 or 401.", IN_BODY + "; Grafana's own log has uname of signed-in requests",
        "Grafana, pkg/api/login.go; crowdsecurity/hub issue 1416 shows its lines",
        (_form("/login", "200", ["400", "401", "403", "429"]),),
    ),
    "gitlab": Preset(
        "POST /users/sign_in, /users/auth/ldap…/callback: 302 when it went well; the form again (200 or 422) when not. "
        "A second factor asks with 200 as well.",
        IN_BODY,
        "GitLab, config/routes/user.rb; Devise's sessions",
        (_form("/users/(?:sign_in|auth/[^/]+/callback)", ["302", "303"], ["200", "401", "403", "422", "429"]),),
    ),
    "rails-devise": Preset(
        "POST /users/sign_in: 302, or 303 with Turbo, when it went well; 422 (since Devise 4.9), 200 or 401 when not.",
        IN_BODY,
        "heartcombo/devise pull request 5340",
        (_form("/(?:[^/]+/)?[a-z_]+/sign_in", ["302", "303"], ["200", "401", "422", "429"]),),
    ),
    "django-admin": Preset(
        "POST /admin/login/: 302 when it went well, the form again (200) when not.", IN_BODY,
        "Django, django/contrib/auth/views.py (LoginView redirects from form_valid)",
        (_form("/(?:[^/]+/)?admin/login/", "302", ["200", "403", "429"]),),
    ),
    "nextcloud": Preset(
        "POST /login redirects (303) either way; a failure leads to /login?direct=1&user=NAME, which is read. Success "
        "is told by clients alone that use Basic authentication at remote.php (WebDAV, calendars).",
        "of failures in the query of the page that follows; of WebDAV in the user column",
        "Nextcloud, core/Controller/LoginController.php (createLoginFailedResponse)",
        (
            _form("(?:/index\\.php)?/login", [], ["200"], method="GET", query="(?:.*&)?direct=1(?:&.*)?",
                  user="query:user", known_only=True),
            _form("/remote\\.php/(?:web)?dav(?:/.*)?", ["2xx"], ["401"], method="*", user="auth", known_only=True),
        ),
    ),
    "keycloak": Preset(
        "POST /realms/REALM/login-actions/authenticate: 302 when the flow goes on, the form again (200, 400) when not. "
        "The token endpoint answers 200, 400 or 401.",
        IN_BODY + "; Keycloak's own event log has it",
        "Keycloak, server developer documentation: authentication flows; RFC 6749 §5",
        (
            _form("(?:/auth)?/realms/[^/]+/login-actions/authenticate", ["302", "303"], ["200", "400", "401"]),
            _form("(?:/auth)?/realms/[^/]+/protocol/openid-connect/token", "200", ["400", "401"]),
        ),
    ),
    "jenkins": Preset(
        "POST /j_spring_security_check redirects (302, 303) either way; a failure leads to /loginError, which answers "
        "401. Success of the form cannot be told; requests of the API bring the user as Basic credentials.",
        "of the API in the user column; " + IN_BODY + " for the form",
        "Jenkins, jenkins/security/… (AuthenticationFailureHandler redirects to /loginError)",
        (
            _form("/loginError", [], ["200", "401"], method="GET"),
            _form("/(?:.*/)?api/(?:json|xml|python)", ["2xx"], ["401"], method="*", user="auth", known_only=True),
        ),
    ),
    "phpmyadmin": Preset(
        "POST /index.php (route=/ in newer ones): 302 when it went well, the form again (200) when not.", IN_BODY,
        "phpMyAdmin, src/Plugins/Auth/AuthenticationCookie.php (redirect in rememberCredentials, form in showFailure)",
        (_form("/(?:[^/]+/)?(?:index\\.php)?", "302", ["200", "401", "403"], query="(?:route=(?:/|%2F)(?:&.*)?)?"),),
    ),
    "drupal": Preset(
        "POST /user/login: 302 or 303 when it went well, the form again (200) when not.", IN_BODY,
        "Drupal, core/modules/user/src/Form/UserLoginForm.php",
        (_form("/(?:[a-z-]+/)?user/login", ["302", "303"], ["200", "403", "429"]),),
    ),
    "gitea": Preset(
        "POST /user/login of Gitea and Forgejo: 303 when it went well, the form again (200) when not.", IN_BODY,
        "Gitea, routers/web/auth/auth.go (SignInPost)",
        (_form("/user/login", ["302", "303"], ["200", "403"]),),
    ),
    "mattermost": Preset(
        "POST /api/v4/users/login answers 200, or 401.", IN_BODY, "Mattermost API reference, /api/v4/users/login",
        (_form("/api/v4/users/login", "200", ["400", "401", "403"]),),
    ),
    "jellyfin": Preset(
        "POST /Users/AuthenticateByName answers 200, or 401.", IN_BODY, "Jellyfin API, AuthenticateUserByName",
        (_form("/(?:emby/)?Users/(?i:AuthenticateByName)", "200", ["400", "401", "403"]),),
    ),
    "vaultwarden": Preset(
        "POST /identity/connect/token of Vaultwarden and Bitwarden answers 200, or 400; a second factor asks with 400.",
        IN_BODY, "Vaultwarden, src/api/identity.rs; RFC 6749 §5",
        (_form("/identity/connect/token", "200", ["400", "401", "429"]),),
    ),
    "argocd": Preset(
        "POST /api/v1/session answers 200, or 401.", IN_BODY, "Argo CD API reference, SessionService",
        (_form("/api/v1/session", "200", ["401", "403"]),),
    ),
    "sonarqube": Preset(
        "POST /api/authentication/login answers 200, or 401.", "in the query, where a client writes it there",
        "SonarQube Web API, api/authentication",
        (_form("/api/authentication/login", "200", ["401"], user="query:login"),),
    ),
    "authelia": Preset(
        "POST /api/firstfactor answers 200, or 401. Behind it, applications are sent Remote-User with each request: "
        "preset forward-auth.",
        IN_BODY, "Authelia, api/openapi.yml (/api/firstfactor)",
        (_form("/api/firstfactor", "200", ["401", "403", "429"]),),
    ),
    "oauth2-proxy": Preset(
        "Behind oauth2-proxy each request brings X-Forwarded-User, X-Auth-Request-User or their email: a session in "
        "use is taken for a login. Believed from a trusted peer alone.",
        "in headers, where the log keeps them",
        "oauth2-proxy documentation: --pass-user-headers, --set-xauthrequest",
        (
            _form(".*", ["2xx", "3xx"], [], method="*", known_only=True, user=[
                "header:X-Forwarded-User", "header:X-Auth-Request-User", "header:X-Forwarded-Email",
                "header:X-Auth-Request-Email",
            ]),
        ),
    ),
    "forward-auth": Preset(
        "Behind Authelia (Remote-User), authentik (X-authentik-username), Tailscale, Pomerium or Cloudflare Access "
        "each request brings the user: a session in use is taken for a login. Believed from a trusted peer alone.",
        "in headers, where the log keeps them",
        "Authelia documentation: trusted header SSO; authentik documentation: proxy provider, headers",
        (
            _form(".*", ["2xx", "3xx"], [], method="*", known_only=True, user=[
                "header:Remote-User", "header:X-authentik-username", "header:Tailscale-User-Login",
                "header:X-Pomerium-Claim-Email", "header:Cf-Access-Authenticated-User-Email", "header:X-Forwarded-User",
            ]),
        ),
    ),
}  # fmt: skip
