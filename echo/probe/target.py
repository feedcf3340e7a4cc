"""Where a probe goes: its URL, read strictly."""

from typing import NamedTuple
from urllib.parse import urlsplit

from echo.clientip import ConfigFault, quote

MAX_URL = 2048  # characters; browsers take some more, nobody types as many
DEFAULT_PORTS = {"http": 80, "https": 443}


class Target(NamedTuple):
    """
    Where the server is reachable.

    base  the path that its own paths stand behind, with a slash at its end
    """

    scheme: str
    host: str
    port: int
    base: str

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return it as people write it."""
        return f"{self.scheme}://{self.authority}{self.base}"


def parse_url(text: str) -> Target:
    """Return the target of a URL. Raises ConfigFault."""

    def refused(why: str, next_step: str) -> ConfigFault:
        return ConfigFault(f"{quote(text)} {why}", "URL", next_step)

    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        raise refused("is no URL", "write https://echo.example.com/")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise refused("is no URL", "write https://echo.example.com:8443/ or http://[2001:db8::1]/") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise refused("is no http or https URL", "write https://echo.example.com/")
    if parts.username is not None or parts.password is not None:
        raise refused("holds a user or a password", "leave them out, or send -H 'Authorization: …'")
    if "?" in text or "#" in text:
        raise refused("holds a query or a fragment", "end it with the path that the server is reachable at")
    if not parts.path.isascii():
        raise refused("holds a path that is not ASCII", "percent-encode it")
    try:
        host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    except UnicodeError:
        raise refused("holds no host name", "write https://echo.example.com/") from None
    if port == 0:
        raise refused("names port 0", "name the port that the server listens on")
    base = parts.path.removesuffix("/explain")  # what one has in the browser
    base = base if base.endswith("/") else f"{base}/"
    return Target(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], base)
